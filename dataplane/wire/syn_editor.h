// What a candidate flow's SYN and SYN-ACK lose on their way through, so that limpid can take the flow over
// later: options it does not speak, accurate ECN, a too large MSS, TCP Fast Open data. Edits in place and
// keeps the checksum right incrementally, so that a segment that was damaged before stays recognisably
// damaged.
#pragma once

#include <cstdint>

#include "dataplane/wire/packet.h"
#include "dataplane/wire/packet_view.h"

namespace limpid::wire {

/// Replaces by NOP every option but MSS, window scale, SACK-permitted and timestamps; lowers the MSS to
/// `mss_max`; clears AE, which leaves of accurate ECN (RFC 9768 §3.1.1) what RFC 3168 knows. `view` is a view
/// of `frame` with well-formed options. True where something changed.
bool edit_syn(MutableBytes frame, const PacketView& view, std::uint16_t mss_max);

/// A copy of the segment without its payload, for a SYN with data; an empty Packet where the pool has no
/// buffer.
Packet copy_without_payload(PacketPool& pool, const PacketView& view);

}  // namespace limpid::wire
