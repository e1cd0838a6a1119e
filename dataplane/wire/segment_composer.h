// Makes a complete frame, checksums included, from a HeaderTemplate and the values of one TCP segment.
// Pure but for the packet buffer it takes.
#pragma once

#include <cstdint>

#include "dataplane/base/bytes.h"
#include "dataplane/wire/header_template.h"
#include "dataplane/wire/packet.h"
#include "dataplane/wire/tcp_options.h"

namespace limpid::wire {

/// The payload may lie in two pieces.
struct SegmentValues {
  std::uint32_t seq = 0;
  std::uint32_t ack = 0;
  std::uint16_t window = 0;  // as on the wire
  std::uint8_t flags = 0;    // tcp::Flag
  Bytes payload_first{};
  Bytes payload_second{};
  bool ect = false;  // ECT(0) in the IP header (RFC 3168 §5)
};

/// An empty Packet where the pool has no buffer. `headers` is known().
Packet compose_segment(PacketPool& pool, HeaderTemplate& headers, const SegmentValues& values,
                       const TcpOptions& options);

}  // namespace limpid::wire
