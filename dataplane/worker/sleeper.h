// Sleeper: how a worker waits when nothing comes. PollSleeper in production; tests advance their clock.
#pragma once

#include <span>
#include <vector>

#include "dataplane/base/clock.h"

namespace limpid::worker {

class Sleeper {
 public:
  virtual ~Sleeper() = default;
  /// Returns when a descriptor is readable, and after `at_most` in any case.
  virtual void sleep(Duration at_most, std::span<const int> descriptors) = 0;
};

/// ppoll(2). One for each worker.
class PollSleeper final : public Sleeper {
 public:
  void sleep(Duration at_most, std::span<const int> descriptors) override;
};

}  // namespace limpid::worker
