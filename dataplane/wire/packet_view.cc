#include "dataplane/wire/packet_view.h"

#include <limits>

#include "dataplane/wire/byte_order.h"
#include "dataplane/wire/checksum.h"
#include "dataplane/wire/ethertype.h"
#include "dataplane/wire/pseudo_header.h"

namespace limpid::wire {

namespace {

constexpr int kExtensionHeadersMax = 8;  // RFC 8200 §4.1 knows seven in order; more is an attack

bool is_tag(std::uint16_t type) { return type == kTagCustomer || type == kTagService || type == kTagOldQinq; }

/// Steps over the tags; `type` is the EtherType behind them.
Reason parse_ethernet(IpView& view, std::uint16_t& type) {
  const Bytes frame = view.frame;
  if (frame.size() < kEthernetSize) return Reason::frame_truncated;
  std::size_t offset = kEthernetSize;
  type = load16(frame.data() + 12);
  for (int tags = 0; is_tag(type) && tags < 2; ++tags) {
    if (frame.size() < offset + kVlanTagSize) return Reason::frame_truncated;
    const auto identifier = static_cast<std::uint16_t>(load16(frame.data() + offset) & 0x0fffU);
    (tags == 0 ? view.vlan : view.inner_vlan) = identifier;
    type = load16(frame.data() + offset + 2);
    offset += kVlanTagSize;
  }
  view.ip_offset = static_cast<std::uint16_t>(offset);
  return Reason::none;
}

Reason parse_ipv4(IpView& view) {
  const std::size_t room = view.frame.size() - view.ip_offset;
  if (room < kIpv4Size) return Reason::frame_truncated;
  const std::byte* header = view.frame.data() + view.ip_offset;
  const unsigned first = std::to_integer<unsigned>(header[0]);
  const std::size_t header_size = std::size_t{first & 0x0fU} * 4U;
  const std::size_t total = load16(header + 2);
  if (first >> 4U != 4 || header_size < kIpv4Size || total < header_size) return Reason::frame_malformed;
  if (total > room) return Reason::frame_truncated;
  view.transport_offset = static_cast<std::uint16_t>(view.ip_offset + header_size);
  view.end = static_cast<std::uint16_t>(view.ip_offset + total);
  view.protocol = std::to_integer<std::uint8_t>(header[9]);
  view.fragment = (load16(header + 6) & 0x3fffU) != 0;  // more fragments, or an offset
  return Reason::none;
}

/// The size of one extension header; 0 where `protocol` is none that can be stepped over.
std::size_t extension_size(std::uint8_t protocol, std::uint8_t length_field) {
  switch (protocol) {
    case 0:    // hop by hop
    case 43:   // routing
    case 60:   // destination options
    case 135:  // mobility
    case 139:  // host identity
    case 140:  // shim6
      return (std::size_t{length_field} + 1) * 8;
    case 51:  // authentication (RFC 4302 §2.2 counts in four bytes)
      return (std::size_t{length_field} + 2) * 4;
    default:
      return 0;
  }
}

Reason walk_extensions(IpView& view) {
  std::size_t offset = view.transport_offset;
  for (int headers = 0; headers <= kExtensionHeadersMax; ++headers) {
    if (view.protocol == kProtocolFragment) {
      view.fragment = true;
      return Reason::none;
    }
    if (extension_size(view.protocol, 0) == 0) {
      view.transport_offset = static_cast<std::uint16_t>(offset);
      return Reason::none;
    }
    if (offset + 8 > view.end) return Reason::frame_malformed;
    const std::byte* header = view.frame.data() + offset;
    offset += extension_size(view.protocol, std::to_integer<std::uint8_t>(header[1]));
    if (offset > view.end) return Reason::frame_malformed;
    view.protocol = std::to_integer<std::uint8_t>(header[0]);
  }
  return Reason::frame_malformed;
}

Reason parse_ipv6(IpView& view) {
  const std::size_t room = view.frame.size() - view.ip_offset;
  if (room < kIpv6Size) return Reason::frame_truncated;
  const std::byte* header = view.frame.data() + view.ip_offset;
  if (std::to_integer<unsigned>(header[0]) >> 4U != 6) return Reason::frame_malformed;
  const std::size_t total = kIpv6Size + load16(header + 4);
  if (total > room) return Reason::frame_truncated;
  view.v6 = true;
  view.transport_offset = static_cast<std::uint16_t>(view.ip_offset + kIpv6Size);
  view.end = static_cast<std::uint16_t>(view.ip_offset + total);
  view.protocol = std::to_integer<std::uint8_t>(header[6]);
  return walk_extensions(view);
}

Reason parse_ip_into(Bytes frame, IpView& view) {
  // Offsets are 16 bits wide; no port delivers longer frames.
  if (frame.size() > std::numeric_limits<std::uint16_t>::max()) return Reason::frame_malformed;
  view.frame = frame;
  std::uint16_t type = 0;
  const Reason reason = parse_ethernet(view, type);
  if (reason != Reason::none) return reason;
  if (type == kEtherTypeIpv4) return parse_ipv4(view);
  if (type == kEtherTypeIpv6) return parse_ipv6(view);
  return Reason::not_tcp;
}

}  // namespace

IpAddress IpView::source() const {
  return v6 ? IpAddress::v6({source_bytes(), 16}) : IpAddress::v4({source_bytes(), 4});
}
IpAddress IpView::destination() const {
  return v6 ? IpAddress::v6({destination_bytes(), 16}) : IpAddress::v4({destination_bytes(), 4});
}

bool PacketView::congestion_experienced() const {
  const std::byte* header = ip.frame.data() + ip.ip_offset;
  const unsigned traffic_class =
      ip.v6 ? (load16(header) >> 4U) & 0xffU : std::to_integer<unsigned>(header[1]);
  return (traffic_class & 3U) == 3U;
}

Result<IpView, Reason> parse_ip(Bytes frame) {
  IpView view;
  const Reason reason = parse_ip_into(frame, view);
  if (reason != Reason::none) return Failure{reason};
  return view;
}

Reason parse_into(Bytes frame, PacketView& view) {
  const Reason reason = parse_ip_into(frame, view.ip);
  if (reason != Reason::none) return reason;
  const IpView& ip = view.ip;
  if (ip.fragment) return Reason::ip_fragment;
  if (ip.protocol != kProtocolTcp) return Reason::not_tcp;
  if (ip.transport_offset + kTcpSize > ip.end) return Reason::frame_truncated;

  const std::byte* header = frame.data() + ip.transport_offset;
  const unsigned offset_byte = std::to_integer<unsigned>(header[12]);
  const std::size_t header_size = std::size_t{offset_byte >> 4U} * 4U;
  if (header_size < kTcpSize || ip.transport_offset + header_size > ip.end) return Reason::frame_malformed;
  view.source_port = load16(header);
  view.destination_port = load16(header + 2);
  view.seq = load32(header + 4);
  view.ack = load32(header + 8);
  view.flags = std::to_integer<std::uint8_t>(header[13]);
  view.accurate_ecn = (offset_byte & 1U) != 0;
  view.window = load16(header + 14);
  view.payload_offset = static_cast<std::uint16_t>(ip.transport_offset + header_size);
  return Reason::none;
}

Result<PacketView, Reason> parse(Bytes frame) {
  PacketView view;
  const Reason reason = parse_into(frame, view);
  if (reason != Reason::none) return Failure{reason};
  return view;
}

bool checksums_valid(const PacketView& view) {
  if (!view.ip.v6) {
    const std::size_t size = std::size_t{view.ip.transport_offset} - view.ip.ip_offset;
    if (checksum_finish(checksum_add(0, view.ip.frame.subspan(view.ip.ip_offset, size))) != 0) return false;
  }
  const Bytes segment = view.ip.frame.subspan(view.tcp_offset(), view.ip.end - view.tcp_offset());
  // A routing header would change the destination of the pseudo-header (RFC 8200 §8.1); deprecated, and such
  // flows are then simply not taken over.
  const std::uint32_t sum =
      pseudo_header_sum({view.ip.source_bytes(), view.ip.address_size() * 2}, segment.size());
  return checksum_finish(checksum_add(sum, segment)) == 0;
}

}  // namespace limpid::wire
