// ManualClock: time as the test says. With a step, it also advances by that much at every look.
#pragma once

#include <atomic>
#include <cstdint>

#include "dataplane/base/clock.h"

namespace limpid {

class ManualClock final : public Clock {
 public:
  explicit ManualClock(Duration step = Duration::zero()) : step_ns_(step.count()) {}

  Instant now() const override { return Instant(Duration(now_ns_.fetch_add(step_ns_))); }
  WallTime wall() const override { return WallTime(Duration(now_ns_.load())); }
  void advance(Duration by) { now_ns_.fetch_add(by.count()); }

 private:
  std::int64_t step_ns_;
  mutable std::atomic<std::int64_t> now_ns_{1'000'000'000'000};
};

}  // namespace limpid
