// Instants in 32 bits, for what is only ever compared with a recent one: two stamps are subtracted, and the
// difference is right for less than 49 days (milliseconds) or 136 years (seconds).
#pragma once

#include <chrono>
#include <cstdint>

#include "dataplane/base/clock.h"

namespace limpid::tcp {

inline std::uint32_t milliseconds(Instant at) {
  return static_cast<std::uint32_t>(
      std::chrono::floor<std::chrono::milliseconds>(at.time_since_epoch()).count());
}

inline std::uint32_t whole_seconds(Instant at) {
  return static_cast<std::uint32_t>(std::chrono::floor<std::chrono::seconds>(at.time_since_epoch()).count());
}

}  // namespace limpid::tcp
