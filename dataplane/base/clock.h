// Time as an argument. Code below control/ never asks what time it is: it is given an Instant
// (monotonic, for timers) or a WallTime (for records and certificates) by whoever calls it.
#pragma once

#include <chrono>

namespace limpid {

using Duration = std::chrono::nanoseconds;

/// The monotonic time line of one process. It has no now(): only a Clock has.
struct MonotonicLine {
  using duration = Duration;
  using rep = duration::rep;
  using period = duration::period;
  using time_point = std::chrono::time_point<MonotonicLine, duration>;
  static constexpr bool is_steady = true;
};
using Instant = MonotonicLine::time_point;
using WallTime = std::chrono::sys_time<Duration>;

inline constexpr Instant kNever = Instant::max();

/// Gives the time. SystemClock in production, ManualClock in tests and in the simulator.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual Instant now() const = 0;
  virtual WallTime wall() const = 0;
};

}  // namespace limpid
