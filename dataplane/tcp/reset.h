// The answer of a host that has no such connection (RFC 9293 §3.10.7.1). Pure.
#pragma once

#include <optional>

#include "dataplane/tcp/segment.h"
#include "dataplane/wire/packet_view.h"

namespace limpid::tcp {

/// The sequence numbers that a segment takes (SEG.LEN).
std::uint32_t length_of(const wire::PacketView& segment);

/// A RST that the segment's sender accepts; nothing for a RST.
std::optional<SegmentOut> reset_for(const wire::PacketView& segment);

}  // namespace limpid::tcp
