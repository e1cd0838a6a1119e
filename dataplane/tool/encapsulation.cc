#include "dataplane/tool/encapsulation.h"

#include "dataplane/wire/byte_order.h"
#include "dataplane/wire/packet_view.h"

namespace limpid::tool {

namespace {

constexpr std::size_t kVxlanSize = 8;
constexpr std::size_t kUdpSize = 8;
constexpr std::size_t kGreSize = 4;        // without options
constexpr std::size_t kGreOptionSize = 4;  // key or sequence number (RFC 2890)
constexpr std::size_t kErspanHeaderSize = 8;
constexpr std::byte kVniIsValid{0x08};
constexpr std::uint16_t kGreKeyPresent = 0x2000;
constexpr std::uint16_t kGreSequencePresent = 0x1000;
constexpr std::uint16_t kProtocolEthernet = 0x6558;  // transparent Ethernet bridging
constexpr std::uint16_t kProtocolErspan = 0x88be;
constexpr std::uint16_t kErspanVersion = 1U << 12U;  // which is type II
constexpr std::uint16_t kErspanTagKept = 3U << 11U;  // the frame has its VLAN tag still
constexpr std::uint16_t kVlanMask = 0x0fff;

std::uint32_t hash_of(const SocketAddress& who) {
  std::uint32_t state = 2'166'136'261U;  // FNV-1a
  for (const std::byte byte : who.ip.bytes())
    state = (state ^ std::to_integer<std::uint32_t>(byte)) * 16'777'619U;
  return (state ^ who.port) * 16'777'619U;
}

}  // namespace

std::size_t Encapsulation::put_gre(std::uint16_t protocol) {
  wire::store16(header_.data() + 2, protocol);
  std::uint16_t flags = 0;
  std::size_t size = kGreSize;
  if (kind_ == TunnelKind::kErspan) {
    flags = kGreSequencePresent;
    wire::store32(header_.data() + size, sequence_++);
    size += kGreOptionSize;
  } else if (id_) {
    flags = kGreKeyPresent;
    wire::store32(header_.data() + size, *id_);
    size += kGreOptionSize;
  }
  wire::store16(header_.data(), flags);
  return size;
}

Bytes Encapsulation::header_of(Bytes frame) {
  if (kind_ == TunnelKind::kVxlan) {
    header_[0] = kVniIsValid;
    wire::store32(header_.data() + 4, id_.value_or(kTunnelIdDefault) << 8U);
  } else if (kind_ == TunnelKind::kGre) {
    put_gre(kProtocolEthernet);
  } else {
    std::byte* erspan = header_.data() + put_gre(kProtocolErspan);
    const auto ip = wire::parse_ip(frame);
    const std::uint16_t vlan = ip.ok() ? ip->vlan : 0;
    wire::store16(erspan, static_cast<std::uint16_t>(kErspanVersion | (vlan & kVlanMask)));
    const auto session = static_cast<std::uint16_t>(id_.value_or(kTunnelIdDefault));
    wire::store16(erspan + 2, static_cast<std::uint16_t>((vlan != 0 ? kErspanTagKept : 0) | session));
    wire::store32(erspan + 4, 0);  // reserved, and the index of a port: none
  }
  return Bytes{header_}.first(header_size());
}

std::size_t Encapsulation::header_size() const {
  switch (kind_) {
    case TunnelKind::kVxlan:
      return kVxlanSize;
    case TunnelKind::kGre:
      return kGreSize + (id_ ? kGreOptionSize : 0);
    case TunnelKind::kErspan:
      return kGreSize + kGreOptionSize + kErspanHeaderSize;
  }
  return 0;
}

std::size_t Encapsulation::packet_max(std::size_t mtu, bool outer_v6) const {
  const std::size_t ip = outer_v6 ? wire::kIpv6Size : wire::kIpv4Size;
  const std::size_t udp = kind_ == TunnelKind::kVxlan ? kUdpSize : 0;
  return mtu - ip - udp - header_size() - wire::kEthernetSize - wire::kVlanTagSize;
}

std::uint32_t flow_entropy(Bytes frame) {
  const auto view = wire::parse(frame);
  return view.ok() ? hash_of(view->source()) ^ hash_of(view->destination()) : 0;
}

}  // namespace limpid::tool
