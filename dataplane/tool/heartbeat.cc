#include "dataplane/tool/heartbeat.h"

#include <algorithm>
#include <string_view>

#include "dataplane/wire/byte_order.h"
#include "dataplane/wire/checksum.h"
#include "dataplane/wire/packet_view.h"
#include "dataplane/wire/pseudo_header.h"

namespace limpid::tool {

namespace {

using Frame = std::vector<std::byte>;

constexpr std::size_t kFrameLeast = 60;  // without FCS (IEEE 802.3)
constexpr std::size_t kUdpSize = 8;
constexpr std::size_t kNumberSize = 8;
constexpr std::size_t kTypeAt = 12;
constexpr std::uint8_t kTtl = 64;
constexpr std::string_view kGreeting = "limpid heartbeat ";

void put16(Frame& frame, std::size_t value) {
  frame.resize(frame.size() + 2);
  wire::store16(frame.data() + frame.size() - 2, static_cast<std::uint16_t>(value));
}
void put64(Frame& frame, std::uint64_t value) {
  for (int shift = 48; shift >= 0; shift -= 16)
    put16(frame, (value >> static_cast<unsigned>(shift)) & 0xffffU);
}
void put(Frame& frame, Bytes bytes) { frame.insert(frame.end(), bytes.begin(), bytes.end()); }

/// Locally administered, of the tool's side: a switch that learns addresses finds each where it belongs.
void put_mac(Frame& frame, std::uint16_t tool, bool side_b) {
  put16(frame, 0x026c);
  put16(frame, 0x7000U | (side_b ? 0xbU : 0xaU));
  put16(frame, tool);
}

/// Behind the checksums: they do not cover it. (A numbered datagram is long enough without.)
Frame padded(Frame frame) {
  frame.resize(std::max(frame.size(), kFrameLeast));
  return frame;
}

bool begins_with(Bytes bytes, Bytes beginning) {
  return bytes.size() >= beginning.size() && std::equal(beginning.begin(), beginning.end(), bytes.begin());
}

}  // namespace

HeartbeatFrames::HeartbeatFrames(const HeartbeatFrameSettings& settings)
    : settings_(settings),
      ip_at_(wire::kEthernetSize + (settings.vlan != 0 ? wire::kVlanTagSize : 0)),
      contents_at_(ip_at_) {
  if (datagram()) contents_at_ += (settings.address_a.is_v6() ? wire::kIpv6Size : wire::kIpv4Size) + kUdpSize;
  for (const HeartbeatWay way : {HeartbeatWay::kAToB, HeartbeatWay::kBToA}) {
    const auto at = static_cast<std::size_t>(way);
    put(contents_[at], as_bytes(kGreeting));
    put(contents_[at], as_bytes(way == HeartbeatWay::kAToB ? "a-b" : "b-a"));
    put64(contents_[at], settings.token + settings.tool);
    Frame all = contents_[at];
    put64(all, 0);
    positive_[at] = padded(frame_of(way, all));
    if (settings.negative.empty()) continue;
    negative_[at] = frame_of(way, as_bytes(settings.negative));
    if (datagram()) put_checksums(negative_[at]);
    negative_[at] = padded(std::move(negative_[at]));
  }
}

Frame HeartbeatFrames::frame_of(HeartbeatWay way, Bytes contents) const {
  const bool from_b = way == HeartbeatWay::kBToA;
  Frame frame;
  put_mac(frame, settings_.tool, !from_b);
  put_mac(frame, settings_.tool, from_b);
  if (settings_.vlan != 0) {
    put16(frame, wire::kTagCustomer);
    put16(frame, settings_.vlan);
  }
  if (datagram()) {
    put_ip_header(frame, way, kUdpSize + contents.size());
    put16(frame, settings_.port);
    put16(frame, settings_.port);
    put16(frame, kUdpSize + contents.size());
    put16(frame, 0);
  } else {
    put16(frame, settings_.ethertype);
  }
  put(frame, contents);
  return frame;
}

/// With the EtherType in front of it.
void HeartbeatFrames::put_ip_header(Frame& frame, HeartbeatWay way, std::size_t datagram_size) const {
  const bool from_b = way == HeartbeatWay::kBToA;
  if (settings_.address_a.is_v6()) {
    put16(frame, wire::kEtherTypeIpv6);
    put16(frame, 0x6000);  // no traffic class, no flow label
    put16(frame, 0);
    put16(frame, datagram_size);
    put16(frame, std::size_t{wire::kProtocolUdp} << 8U | kTtl);
  } else {
    put16(frame, wire::kEtherTypeIpv4);
    put16(frame, 0x4500);
    put16(frame, wire::kIpv4Size + datagram_size);
    put16(frame, 0);       // identification: it is never fragmented
    put16(frame, 0x4000);  // and must not be
    put16(frame, std::size_t{kTtl} << 8U | wire::kProtocolUdp);
    put16(frame, 0);
  }
  put(frame, (from_b ? settings_.address_b : settings_.address_a).bytes());
  put(frame, (from_b ? settings_.address_a : settings_.address_b).bytes());
}

/// Of IPv4's header, and then of UDP with its pseudo header (RFC 791 §3.1, RFC 768, RFC 8200 §8.1). Both
/// fields are zero before.
void HeartbeatFrames::put_checksums(Frame& frame) const {
  const bool v6 = settings_.address_a.is_v6();
  std::byte* ip = frame.data() + ip_at_;
  if (!v6) wire::store16(ip + 10, wire::checksum_finish(wire::checksum_add(0, Bytes(ip, wire::kIpv4Size))));
  std::byte* udp = frame.data() + contents_at_ - kUdpSize;
  const Bytes datagram(udp, wire::load16(udp + 4));
  const Bytes addresses = v6 ? Bytes(ip + 8, 32) : Bytes(ip + 12, 8);
  const std::uint32_t sum = wire::pseudo_header_sum(addresses, datagram.size(), wire::kProtocolUdp);
  const std::uint16_t checksum = wire::checksum_finish(wire::checksum_add(sum, datagram));
  wire::store16(udp + 6, checksum == 0 ? std::uint16_t{0xffff} : checksum);
}

Bytes HeartbeatFrames::numbered(HeartbeatWay way, std::uint64_t number) {
  Frame& frame = positive_[static_cast<std::size_t>(way)];
  std::byte* at = frame.data() + contents_at_ + contents_[static_cast<std::size_t>(way)].size();
  wire::store32(at, static_cast<std::uint32_t>(number >> 32U));
  wire::store32(at + 4, static_cast<std::uint32_t>(number));
  if (datagram()) {
    if (!settings_.address_a.is_v6()) wire::store16(frame.data() + ip_at_ + 10, 0);
    wire::store16(frame.data() + contents_at_ - 2, 0);
    put_checksums(frame);
  }
  return frame;
}

/// What follows the headers, with the padding of the frame where that cannot be told from it.
std::optional<Bytes> HeartbeatFrames::contents_of(Bytes frame) const {
  constexpr std::uint16_t kIdentifierBits = 0x0fff;
  if (settings_.vlan != 0) {
    if (frame.size() < ip_at_ || wire::load16(frame.data() + kTypeAt) != wire::kTagCustomer ||
        (wire::load16(frame.data() + kTypeAt + 2) & kIdentifierBits) != settings_.vlan)
      return std::nullopt;
    frame = frame.subspan(wire::kVlanTagSize);  // the addresses are now out of place, and not looked at
  }
  if (!datagram()) {
    const bool ours =
        frame.size() > wire::kEthernetSize && wire::load16(frame.data() + kTypeAt) == settings_.ethertype;
    return ours ? std::optional(frame.subspan(wire::kEthernetSize)) : std::nullopt;
  }
  const Result<wire::IpView, Reason> ip = wire::parse_ip(frame);
  if (!ip || ip->v6 != settings_.address_a.is_v6() || ip->fragment || ip->protocol != wire::kProtocolUdp)
    return std::nullopt;
  const std::size_t size = std::size_t{ip->end} - ip->transport_offset;
  if (size < kUdpSize || wire::load16(frame.data() + ip->transport_offset + 2) != settings_.port)
    return std::nullopt;
  return frame.subspan(ip->transport_offset + kUdpSize, size - kUdpSize);
}

std::optional<HeartbeatFrames::Recognised> HeartbeatFrames::recognise(Bytes frame, HeartbeatWay way) const {
  const std::optional<Bytes> contents = contents_of(frame);
  if (!contents) return std::nullopt;
  const Frame& expected = contents_[static_cast<std::size_t>(way)];
  if (begins_with(*contents, expected) && contents->size() >= expected.size() + kNumberSize) {
    const std::byte* number = contents->data() + expected.size();
    return Recognised{.number = std::uint64_t{wire::load32(number)} << 32U | wire::load32(number + 4)};
  }
  if (has_negative() && begins_with(*contents, as_bytes(settings_.negative)))
    return Recognised{.negative = true};
  return std::nullopt;
}

}  // namespace limpid::tool
