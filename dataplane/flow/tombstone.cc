#include "dataplane/flow/tombstone.h"

#include "dataplane/tcp/reset.h"
#include "dataplane/wire/tcp_options.h"

namespace limpid::flow {

std::optional<tcp::SegmentOut> answer(const LegEnd& end, const wire::PacketView& segment) {
  if (end.reset) return tcp::reset_for(segment);
  if ((segment.flags & tcp::kRst) != 0 || tcp::length_of(segment) == 0) return std::nullopt;
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
