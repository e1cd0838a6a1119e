#include "dataplane/tcp/frame.h"

#include "dataplane/wire/segment_composer.h"

namespace limpid::tcp {

SegmentIn segment_of(const wire::PacketView& view, const wire::TcpOptions& options) {
  return {.seq = view.seq,
          .ack = view.ack,
          .window = view.window,
          .flags = view.flags,
          .options = options,
          .payload = view.payload(),
          .ce = view.congestion_experienced()};
}

wire::Packet frame_of(wire::PacketPool& pool, wire::HeaderTemplate& headers, const SegmentOut& segment) {
  const wire::SegmentValues values{.seq = segment.seq,
                                   .ack = segment.ack,
                                   .window = segment.window,
                                   .flags = segment.flags,
                                   .payload_first = segment.payload_first,
                                   .payload_second = segment.payload_second,
                                   .ect = segment.ect};
  return wire::compose_segment(pool, headers, values, segment.options);
}

}  // namespace limpid::tcp
