#include "dataplane/tool/heartbeat.h"

#include <algorithm>
#include <string_view>

#include "dataplane/wire/byte_order.h"
#include "dataplane/wire/checksum.h"
#include "dataplane/wire/packet_view.h"

namespace limpid::tool {

namespace {

using Frame = std::vector<std::byte>;

constexpr std::size_t kFrameLeast = 60;  // without FCS (IEEE 802.3)
constexpr std::size_t kUdpSize = 8;
constexpr std::size_t kNumberSize = 8;
constexpr std::size_t kHeadersSize = wire::kEthernetSize + wire::kIpv4Size + kUdpSize;
constexpr std::uint8_t kUdp = 17;
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

/// Of IPv4's header, and then of UDP with its pseudo header (RFC 791 §3.1, RFC 768).
void put_checksums(Frame& frame) {
  std::byte* ip = frame.data() + wire::kEthernetSize;
  wire::store16(ip + 10, wire::checksum_finish(wire::checksum_add(0, Bytes(ip, wire::kIpv4Size))));
  const Bytes datagram(ip + wire::kIpv4Size, frame.size() - wire::kEthernetSize - wire::kIpv4Size);
  std::uint32_t sum = wire::checksum_add(0, Bytes(ip + 12, 8));
  sum = wire::checksum_add(sum, std::uint16_t{kUdp});
  sum = wire::checksum_add(sum, static_cast<std::uint16_t>(datagram.size()));
  const std::uint16_t checksum = wire::checksum_finish(wire::checksum_add(sum, datagram));
  wire::store16(ip + wire::kIpv4Size + 6, checksum == 0 ? std::uint16_t{0xffff} : checksum);
}

Frame frame_of(const HeartbeatFrameSettings& settings, HeartbeatWay way, Bytes contents) {
  const bool from_b = way == HeartbeatWay::kBToA;
  Frame frame;
  put_mac(frame, settings.tool, !from_b);
  put_mac(frame, settings.tool, from_b);
  put16(frame, settings.ethertype);
  if (settings.ethertype == kEtherTypeIpv4) {
    put16(frame, 0x4500);
    put16(frame, wire::kIpv4Size + kUdpSize + contents.size());
    put16(frame, 0);       // identification: it is never fragmented
    put16(frame, 0x4000);  // and must not be
    put16(frame, std::size_t{kTtl} << 8U | kUdp);
    put16(frame, 0);
    put(frame, from_b ? settings.address_b : settings.address_a);
    put(frame, from_b ? settings.address_a : settings.address_b);
    put16(frame, settings.port);
    put16(frame, settings.port);
    put16(frame, kUdpSize + contents.size());
    put16(frame, 0);
  }
  put(frame, contents);
  return frame;
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

HeartbeatFrames::HeartbeatFrames(const HeartbeatFrameSettings& settings) : settings_(settings) {
  for (const HeartbeatWay way : {HeartbeatWay::kAToB, HeartbeatWay::kBToA}) {
    const auto at = static_cast<std::size_t>(way);
    put(contents_[at], as_bytes(kGreeting));
    put(contents_[at], as_bytes(way == HeartbeatWay::kAToB ? "a-b" : "b-a"));
    put64(contents_[at], settings.token + settings.tool);
    Frame all = contents_[at];
    put64(all, 0);
    positive_[at] = padded(frame_of(settings, way, all));
    if (settings.negative.empty()) continue;
    negative_[at] = frame_of(settings, way, as_bytes(settings.negative));
    if (settings.ethertype == kEtherTypeIpv4) put_checksums(negative_[at]);
    negative_[at] = padded(std::move(negative_[at]));
  }
}

Bytes HeartbeatFrames::numbered(HeartbeatWay way, std::uint64_t number) {
  Frame& frame = positive_[static_cast<std::size_t>(way)];
  const bool ip = settings_.ethertype == kEtherTypeIpv4;
  std::byte* at = frame.data() + (ip ? kHeadersSize : wire::kEthernetSize) +
                  contents_[static_cast<std::size_t>(way)].size();
  wire::store32(at, static_cast<std::uint32_t>(number >> 32U));
  wire::store32(at + 4, static_cast<std::uint32_t>(number));
  if (ip) {
    wire::store16(frame.data() + wire::kEthernetSize + 10, 0);
    wire::store16(frame.data() + kHeadersSize - 2, 0);
    put_checksums(frame);
  }
  return frame;
}

/// What follows the headers, with the padding of the frame where that cannot be told from it.
std::optional<Bytes> HeartbeatFrames::contents_of(Bytes frame) const {
  if (settings_.ethertype != kEtherTypeIpv4) {
    const bool ours =
        frame.size() > wire::kEthernetSize && wire::load16(frame.data() + 12) == settings_.ethertype;
    return ours ? std::optional(frame.subspan(wire::kEthernetSize)) : std::nullopt;
  }
  const Result<wire::IpView, Reason> ip = wire::parse_ip(frame);
  if (!ip || ip->v6 || ip->fragment || ip->protocol != kUdp) return std::nullopt;
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
