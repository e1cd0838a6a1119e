// Host: one end of the simulated connection: a TCP of some kind with an application on top.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "dataplane/base/reasons.h"
#include "tests/simulation/application.h"
#include "tests/simulation/wire.h"

namespace limpid::simulation {

/// How often something happened that the seeds are there to bring about.
struct Coverage {
  std::uint64_t recoveries = 0;
  std::uint64_t timeouts = 0;
  std::uint64_t tail_probes = 0;
  std::uint64_t undone = 0;
  std::uint64_t echoed = 0;    // endpoints that told of congestion
  std::uint64_t narrowed = 0;  // endpoints whose path has become narrower

  void add(const Coverage& other);
};

using Emit = std::function<void(Frame)>;

class Host {
 public:
  virtual ~Host() = default;
  virtual void receive(const Frame& frame, Instant now) = 0;
  /// ICMP: the segment at `seq` was longer than the path takes, which is `segment_max` of payload and
  /// options. May be a lie.
  virtual void too_big(std::uint32_t seq, std::uint16_t segment_max) = 0;
  /// Timers, then the application, then what is to be sent.
  virtual std::optional<Complaint> run(Instant now, const Emit& emit) = 0;
  virtual Instant deadline() const = 0;
  virtual const Application& application() const = 0;
  /// A tool turns these bits of what it is going to read over.
  virtual void expect_mask(std::byte mask) = 0;
  virtual Reason failure() const = 0;
  /// Nothing more to do, but for TIME_WAIT.
  virtual bool ended() const = 0;
  virtual std::string describe() const = 0;
  virtual void cover(Coverage& /*into*/) const {}
  /// After the end: nothing may be left behind.
  virtual std::optional<Complaint> check_end() = 0;
};

}  // namespace limpid::simulation
