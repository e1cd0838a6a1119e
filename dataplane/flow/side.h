// The two physical sides of a segment, and where a frame came from. Which of them holds the client of a flow
// is a property of the flow (a SYN may come from either), not of the side.
#pragma once

#include <cstdint>

namespace limpid::flow {

enum class Side : std::uint8_t { kClient, kServer };

constexpr Side opposite(Side side) { return side == Side::kClient ? Side::kServer : Side::kClient; }

struct Arrival {
  std::uint16_t segment = 0;  // index into the configuration's segments
  Side side = Side::kClient;
};

}  // namespace limpid::flow
