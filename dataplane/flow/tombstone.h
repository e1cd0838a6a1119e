// Tombstone: what is left of an adopted flow: enough to acknowledge a retransmitted FIN, and to answer
// stragglers of an aborted flow with RST, on behalf of the side that was impersonated (tcp.md, traps C, E).
// The real ends keep their own TIME_WAIT. A value of 40 bytes; pure.
#pragma once

#include <cstdint>
#include <optional>

#include "dataplane/tcp/segment.h"
#include "dataplane/wire/header_template.h"
#include "dataplane/wire/packet_view.h"

namespace limpid::flow {

/// One leg's end: how we answer the peer on it.
struct LegEnd {
  std::uint32_t next = 0;      // our next sequence number
  std::uint32_t expected = 0;  // the peer's next
  std::uint32_t ts_value = 0;  // our last TSval
  std::uint16_t window = 0;    // as last announced, unscaled
  bool reset = false;          // the leg was aborted by either side
  bool timestamps = false;
  wire::HeaderTemplate::Manner manner{};  // of the side that was impersonated
};
static_assert(sizeof(LegEnd) == 20);

struct Tombstone {
  LegEnd client;
  LegEnd server;
};

/// The answer to a segment from the leg's peer; nothing where it needs none.
std::optional<tcp::SegmentOut> answer(const LegEnd& end, const wire::PacketView& segment);

}  // namespace limpid::flow
