// One validated look at a frame: Ethernet, up to two VLAN tags, IPv4 or IPv6, TCP. What parse() accepts,
// nobody checks again: every offset of a PacketView lies inside its frame. A frame that is not one whole TCP
// segment yields the Reason why it is only forwarded. Pure; the view lives as long as the frame's bytes.
#pragma once

#include <cstdint>

#include "dataplane/base/address.h"
#include "dataplane/base/bytes.h"
#include "dataplane/base/reasons.h"
#include "dataplane/base/result.h"

namespace limpid::wire {

inline constexpr std::size_t kEthernetSize = 14;
inline constexpr std::size_t kVlanTagSize = 4;
inline constexpr std::size_t kIpv4Size = 20;
inline constexpr std::size_t kIpv6Size = 40;
inline constexpr std::size_t kTcpSize = 20;

/// Ethernet, VLAN (802.1Q, 802.1ad) and IP. Offsets from the frame's first byte.
struct IpView {
  Bytes frame;
  std::uint16_t ip_offset = 0;
  std::uint16_t transport_offset = 0;  // behind IPv4 options or IPv6 extension headers
  std::uint16_t end = 0;               // of the IP packet; what follows is padding of the frame
  std::uint16_t vlan = 0;              // outermost identifier; 0: untagged
  std::uint16_t inner_vlan = 0;        // the second tag's; 0: none
  std::uint8_t protocol = 0;
  bool v6 = false;
  bool fragment = false;  // transport_offset is then without meaning

  const std::byte* source_bytes() const { return frame.data() + ip_offset + (v6 ? 8 : 12); }
  const std::byte* destination_bytes() const { return frame.data() + ip_offset + (v6 ? 24 : 16); }
  std::size_t address_size() const { return v6 ? 16 : 4; }
  IpAddress source() const;
  IpAddress destination() const;
};

/// Reasons: frame_truncated, frame_malformed, not_tcp (which here means: not IP).
Result<IpView, Reason> parse_ip(Bytes frame);

struct PacketView {
  IpView ip;
  std::uint16_t source_port = 0;
  std::uint16_t destination_port = 0;
  std::uint32_t seq = 0;
  std::uint32_t ack = 0;
  std::uint16_t window = 0;  // as on the wire
  std::uint16_t payload_offset = 0;
  std::uint8_t flags = 0;     // tcp::Flag
  bool accurate_ecn = false;  // the AE bit (RFC 9768), formerly NS

  std::size_t tcp_offset() const { return ip.transport_offset; }
  Bytes payload() const { return ip.frame.subspan(payload_offset, std::size_t{ip.end} - payload_offset); }
  std::size_t payload_size() const { return std::size_t{ip.end} - payload_offset; }
  Bytes option_bytes() const {
    return ip.frame.subspan(tcp_offset() + kTcpSize, payload_offset - tcp_offset() - kTcpSize);
  }
  SocketAddress source() const { return {ip.source(), source_port}; }
  SocketAddress destination() const { return {ip.destination(), destination_port}; }
  /// IP says Congestion Experienced (RFC 3168 §5).
  bool congestion_experienced() const;
};

/// Reasons: those of parse_ip(), not_tcp, ip_fragment.
Result<PacketView, Reason> parse(Bytes frame);
/// The same for the hot path: Reason::none and a fresh `view` filled, or the reason and a view of no use.
Reason parse_into(Bytes frame, PacketView& view);

/// The TCP checksum, and IPv4's header checksum, are right.
bool checksums_valid(const PacketView& view);

}  // namespace limpid::wire
