#include "dataplane/wire/header_template.h"

#include <algorithm>
#include <cstring>

#include "dataplane/wire/byte_order.h"
#include "dataplane/wire/checksum.h"
#include "dataplane/wire/pseudo_header.h"

namespace limpid::wire {

namespace {

constexpr std::uint16_t kDontFragment = 0x4000;

}  // namespace

void HeaderTemplate::learn(const PacketView& view) {
  v6_ = view.ip.v6;
  ip_offset_ = static_cast<std::uint8_t>(view.ip.ip_offset);
  size_ = static_cast<std::uint8_t>(ip_offset_ + (v6_ ? kIpv6Size : kIpv4Size));
  std::memcpy(header_.data(), view.ip.frame.data(), size_);
  source_port_ = view.source_port;
  destination_port_ = view.destination_port;

  std::byte* ip = header_.data() + ip_offset_;
  if (v6_) {
    ip[1] &= std::byte{0xcf};  // the ECN bits of the traffic class are each packet's own
    ip[6] = std::byte{kProtocolTcp};
  } else {
    ip[0] = std::byte{0x45};
    ip[1] &= std::byte{0xfc};
    store16(ip + 6, kDontFragment);
  }
}

void HeaderTemplate::learn_mirrored(const PacketView& view) {
  learn(view);
  std::swap_ranges(header_.begin(), header_.begin() + 6, header_.begin() + 6);
  std::byte* ip = header_.data() + ip_offset_;
  if (v6_) {
    std::swap_ranges(ip + 8, ip + 24, ip + 24);
  } else {
    std::swap_ranges(ip + 12, ip + 16, ip + 16);
  }
  std::swap(source_port_, destination_port_);
  set_manner({.hops = Manner{}.hops, .dscp = manner().dscp});
}

HeaderTemplate::Manner HeaderTemplate::manner() const {
  const std::byte* ip = header_.data() + ip_offset_;
  const unsigned traffic_class =
      v6_ ? (load16(ip) >> 4U) & 0xffU
          : std::to_integer<unsigned>(ip[1]);  // the IPv6 one lies across two bytes
  return {.hops = std::to_integer<std::uint8_t>(ip[v6_ ? 7 : 8]),
          .dscp = static_cast<std::uint8_t>(traffic_class >> 2U)};
}

void HeaderTemplate::set_manner(Manner manner) {
  std::byte* ip = header_.data() + ip_offset_;
  ip[v6_ ? 7 : 8] = std::byte{manner.hops};
  if (v6_) {
    const unsigned without = load16(ip) & 0xf03fU;
    store16(ip, static_cast<std::uint16_t>(without | unsigned{manner.dscp} << 6U));
  } else {
    ip[1] = static_cast<std::byte>(manner.dscp << 2U);
  }
}

HeaderTemplate::Link HeaderTemplate::link() const {
  Link link;
  link.size = ip_offset_;
  std::memcpy(link.bytes.data(), header_.data(), ip_offset_);
  return link;
}

HeaderTemplate HeaderTemplate::over(const Link& link, const SocketAddress& from, const SocketAddress& to) {
  HeaderTemplate made;
  if (link.size < kEthernetSize || link.size > link.bytes.size()) return made;
  made.v6_ = from.ip.is_v6();
  made.ip_offset_ = link.size;
  made.size_ = static_cast<std::uint8_t>(link.size + (made.v6_ ? kIpv6Size : kIpv4Size));
  made.source_port_ = from.port;
  made.destination_port_ = to.port;
  std::memcpy(made.header_.data(), link.bytes.data(), link.size);
  std::byte* ip = made.header_.data() + link.size;
  if (made.v6_) {
    ip[0] = std::byte{0x60};
    ip[6] = std::byte{kProtocolTcp};
  } else {
    ip[0] = std::byte{0x45};
    store16(ip + 6, kDontFragment);
    ip[9] = std::byte{kProtocolTcp};
  }
  std::byte* source = ip + (made.v6_ ? 8 : 12);
  std::memcpy(source, from.ip.bytes().data(), from.ip.bytes().size());
  std::memcpy(source + from.ip.bytes().size(), to.ip.bytes().data(), to.ip.bytes().size());
  made.set_manner({});
  return made;
}

void HeaderTemplate::write(MutableBytes into, std::size_t segment_size, bool ect) {
  std::memcpy(into.data(), header_.data(), size_);
  std::byte* ip = into.data() + ip_offset_;
  if (v6_) {
    if (ect) ip[1] |= std::byte{0x20};
    store16(ip + 4, static_cast<std::uint16_t>(segment_size));
    return;
  }
  if (ect) ip[1] |= std::byte{0x02};
  store16(ip + 2, static_cast<std::uint16_t>(kIpv4Size + segment_size));
  store16(ip + 4, identification_++);
  store16(ip + 10, 0);
  store16(ip + 10, checksum_finish(checksum_add(0, Bytes{ip, kIpv4Size})));
}

Bytes HeaderTemplate::addresses() const {
  return v6_ ? Bytes{header_.data() + ip_offset_ + 8, 32} : Bytes{header_.data() + ip_offset_ + 12, 8};
}

}  // namespace limpid::wire
