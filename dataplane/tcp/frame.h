// Between frames and segments, for whoever keeps endpoints.
#pragma once

#include "dataplane/tcp/segment.h"
#include "dataplane/wire/header_template.h"
#include "dataplane/wire/packet.h"
#include "dataplane/wire/packet_view.h"

namespace limpid::tcp {

/// The segment that a frame carries. `options` are those of the frame; the payload stays in it.
SegmentIn segment_of(const wire::PacketView& view, const wire::TcpOptions& options);

/// The frame that carries a segment; empty where the pool has no buffer. `headers` is known().
wire::Packet frame_of(wire::PacketPool& pool, wire::HeaderTemplate& headers, const SegmentOut& segment);

}  // namespace limpid::tcp
