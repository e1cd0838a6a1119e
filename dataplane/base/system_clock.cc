#include "dataplane/base/system_clock.h"

namespace limpid {

Instant SystemClock::now() const { return Instant(std::chrono::steady_clock::now().time_since_epoch()); }

WallTime SystemClock::wall() const {
  return std::chrono::time_point_cast<Duration>(std::chrono::system_clock::now());
}

}  // namespace limpid
