// Which connection of a session an endpoint keeps, and the words for its failures.
#pragma once

#include <cstdint>

#include "dataplane/base/reasons.h"

namespace limpid::tcp {

enum class Leg : std::uint8_t { kClient, kServer, kTool };

/// The peer on this leg has sent a RST.
constexpr Reason reset_reason(Leg leg) {
  if (leg == Leg::kTool) return Reason::tool_reset;
  return leg == Leg::kClient ? Reason::client_reset : Reason::server_reset;
}
/// The peer on this leg has acknowledged nothing for too long.
constexpr Reason timeout_reason(Leg leg) {
  if (leg == Leg::kTool) return Reason::tool_timeout;
  return leg == Leg::kClient ? Reason::client_timeout : Reason::server_timeout;
}

}  // namespace limpid::tcp
