#include "dataplane/wire/header_template.h"

#include <algorithm>
#include <cstring>

#include "dataplane/wire/byte_order.h"
#include "dataplane/wire/checksum.h"
#include "dataplane/wire/pseudo_header.h"

namespace limpid::wire {

namespace {

constexpr std::byte kTtlOfAnswers{64};
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
    ip[7] = kTtlOfAnswers;
  } else {
    std::swap_ranges(ip + 12, ip + 16, ip + 16);
    ip[8] = kTtlOfAnswers;
  }
  std::swap(source_port_, destination_port_);
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
