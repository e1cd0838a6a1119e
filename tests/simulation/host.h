// Host: one end of the simulated connection: a TCP of some kind with an application on top.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "dataplane/base/reasons.h"
#include "tests/simulation/application.h"
#include "tests/simulation/wire.h"

namespace limpid::simulation {

using Emit = std::function<void(Frame)>;

class Host {
 public:
  virtual ~Host() = default;
  virtual void receive(const Frame& frame, Instant now) = 0;
  /// Timers, then the application, then what is to be sent.
  virtual std::optional<Complaint> run(Instant now, const Emit& emit) = 0;
  virtual Instant deadline() const = 0;
  virtual const Application& application() const = 0;
  virtual Reason failure() const = 0;
  /// Nothing more to do, but for TIME_WAIT.
  virtual bool ended() const = 0;
  virtual std::string describe() const = 0;
  /// After the end: nothing may be left behind.
  virtual std::optional<Complaint> check_end() = 0;
};

}  // namespace limpid::simulation
