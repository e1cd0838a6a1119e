#include "dataplane/tcp/reset.h"

namespace limpid::tcp {

std::uint32_t length_of(const wire::PacketView& segment) {
  const bool syn = (segment.flags & kSyn) != 0;
  const bool fin = (segment.flags & kFin) != 0;
  return static_cast<std::uint32_t>(segment.payload_size()) + static_cast<std::uint32_t>(syn) +
         static_cast<std::uint32_t>(fin);
}

std::optional<SegmentOut> reset_for(const wire::PacketView& segment) {
  if ((segment.flags & kRst) != 0) return std::nullopt;
  SegmentOut out;
  if ((segment.flags & kAck) != 0) {
    out.seq = segment.ack;
    out.flags = kRst;
  } else {
    out.ack = segment.seq + length_of(segment);
    out.flags = kRst | kAck;
  }
  return out;
}

}  // namespace limpid::tcp
