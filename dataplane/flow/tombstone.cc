#include "dataplane/flow/tombstone.h"

#include "dataplane/wire/tcp_options.h"

namespace limpid::flow {

namespace {

/// The sequence space a segment takes.
std::uint32_t length_of(const wire::PacketView& segment) {
  const bool syn = (segment.flags & tcp::kSyn) != 0;
  const bool fin = (segment.flags & tcp::kFin) != 0;
  return static_cast<std::uint32_t>(segment.payload_size()) + static_cast<std::uint32_t>(syn) +
         static_cast<std::uint32_t>(fin);
}

}  // namespace

std::optional<tcp::SegmentOut> reset_for(const wire::PacketView& segment) {
  if ((segment.flags & tcp::kRst) != 0) return std::nullopt;
  tcp::SegmentOut out;
  if ((segment.flags & tcp::kAck) != 0) {
    out.seq = segment.ack;
    out.flags = tcp::kRst;
  } else {
    out.ack = segment.seq + length_of(segment);
    out.flags = tcp::kRst | tcp::kAck;
  }
  return out;
}

std::optional<tcp::SegmentOut> answer(const LegEnd& end, const wire::PacketView& segment) {
  if (end.reset) return reset_for(segment);
  if ((segment.flags & tcp::kRst) != 0 || length_of(segment) == 0) return std::nullopt;
  tcp::SegmentOut out;
  out.seq = end.next;
  out.ack = end.expected;
  out.window = end.window;
  out.flags = tcp::kAck;
  if (end.timestamps) {
    const std::optional<wire::TcpOptions> theirs = wire::parse_tcp_options(segment.option_bytes());
    const bool has_value = theirs && theirs->timestamps;
    out.options.timestamps =
        wire::Timestamps{.value = end.ts_value, .echo = has_value ? theirs->timestamps->value : 0};
  }
  return out;
}

}  // namespace limpid::flow
