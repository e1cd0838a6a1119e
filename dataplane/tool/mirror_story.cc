#include "dataplane/tool/mirror_story.h"

#include <algorithm>
#include <cstring>

#include "dataplane/tcp/segment.h"
#include "dataplane/wire/byte_order.h"
#include "dataplane/wire/ethertype.h"
#include "dataplane/wire/packet.h"
#include "dataplane/wire/packet_view.h"
#include "dataplane/wire/pseudo_header.h"
#include "dataplane/wire/segment_composer.h"

namespace limpid::tool {

namespace {

constexpr std::size_t kFrameMax = wire::kEthernetSize + wire::kVlanTagSize + kPacketMax;
constexpr std::uint16_t kWindow = 0xffff;
constexpr std::uint8_t kWindowScale = 10;  // 64 MB: never a limit to what is in flight
constexpr std::byte kHopLimit{64};

/// One frame at a time, on the stack.
class OneFrame final : public wire::PacketPool {
 public:
  wire::Packet allocate(std::size_t size) override {
    return size <= bytes_.size() ? wire::Packet(*this, bytes_.data(), bytes_.data(), size) : wire::Packet();
  }
  void free(void*) override {}
  std::size_t available() const override { return 1; }

 private:
  std::array<std::byte, kFrameMax> bytes_;
};

std::uint32_t hash(Bytes bytes, std::uint32_t state = 2'166'136'261U) {  // FNV-1a
  for (const std::byte byte : bytes) state = (state ^ std::to_integer<std::uint32_t>(byte)) * 16'777'619U;
  return state;
}

/// 02:… is locally administered; the last four bytes follow from the address.
void put_mac(std::byte* at, const IpAddress& ip) {
  at[0] = std::byte{0x02};
  at[1] = std::byte{0x4c};
  wire::store32(at + 2, ip.is_v6() ? hash(ip.bytes()) : wire::load32(ip.bytes().data()));
}

/// Differs from connection to connection, so that a reused port is not taken for a retransmission.
std::uint32_t initial_sequence(const SocketAddress& who, WallTime when) {
  const auto time_ns = static_cast<std::uint64_t>(when.time_since_epoch().count());
  std::uint32_t value = hash(who.ip.bytes());
  value = hash(as_bytes({reinterpret_cast<const char*>(&who.port), sizeof who.port}), value);
  return hash(as_bytes({reinterpret_cast<const char*>(&time_ns), sizeof time_ns}), value);
}

std::size_t put_ethernet(std::byte* frame, const FlowFacts& facts) {
  put_mac(frame, facts.server.ip);
  put_mac(frame + 6, facts.client.ip);
  std::size_t at = 12;
  if (facts.vlan != 0) {
    wire::store16(frame + at, wire::kTagCustomer);
    wire::store16(frame + at + 2, facts.vlan);
    at += wire::kVlanTagSize;
  }
  wire::store16(frame + at, facts.client.ip.is_v6() ? wire::kEtherTypeIpv6 : wire::kEtherTypeIpv4);
  return at + 2;
}

std::size_t put_ip(std::byte* ip, const FlowFacts& facts) {
  if (facts.client.ip.is_v6()) {
    ip[0] = std::byte{0x60};
    wire::store16(ip + 4, wire::kTcpSize);
    ip[6] = std::byte{wire::kProtocolTcp};
    ip[7] = kHopLimit;
    std::memcpy(ip + 8, facts.client.ip.bytes().data(), 16);
    std::memcpy(ip + 24, facts.server.ip.bytes().data(), 16);
    return wire::kIpv6Size;
  }
  ip[0] = std::byte{0x45};
  wire::store16(ip + 2, wire::kIpv4Size + wire::kTcpSize);
  ip[8] = kHopLimit;
  ip[9] = std::byte{wire::kProtocolTcp};
  std::memcpy(ip + 12, facts.client.ip.bytes().data(), 4);
  std::memcpy(ip + 16, facts.server.ip.bytes().data(), 4);
  return wire::kIpv4Size;
}

std::uint16_t mss_of(const FlowFacts& facts, std::size_t packet_max) {
  const std::size_t headers = (facts.client.ip.is_v6() ? wire::kIpv6Size : wire::kIpv4Size) + wire::kTcpSize;
  return static_cast<std::uint16_t>(std::min(packet_max, kPacketMax) - headers);
}

constexpr Direction opposite(Direction direction) {
  return direction == Direction::kFromClient ? Direction::kFromServer : Direction::kFromClient;
}

}  // namespace

TcpStory::TcpStory(const FlowFacts& facts, WallTime when, FrameSink& sink, std::size_t packet_max)
    : mss_(mss_of(facts, packet_max)) {
  learn_headers(facts);
  sender(Direction::kFromClient).next = initial_sequence(facts.client, when);
  sender(Direction::kFromServer).next = initial_sequence(facts.server, when);
  tell_handshake(when, sink);
}

// The template learns from a frame, so it is shown one: an empty segment from the client to the server.
void TcpStory::learn_headers(const FlowFacts& facts) {
  std::array<std::byte, wire::kEthernetSize + wire::kVlanTagSize + wire::kIpv6Size + wire::kTcpSize> frame{};
  std::size_t size = put_ethernet(frame.data(), facts);
  size += put_ip(frame.data() + size, facts);
  std::byte* tcp = frame.data() + size;
  wire::store16(tcp, facts.client.port);
  wire::store16(tcp + 2, facts.server.port);
  tcp[12] = std::byte{wire::kTcpSize / 4 << 4U};
  tcp[13] = std::byte{tcp::kAck};
  const auto view = wire::parse(Bytes{frame}.first(size + wire::kTcpSize));
  LIMPID_CHECK(view.ok(), "a mirror's own frame is well-formed");
  sender(Direction::kFromClient).headers.learn(*view);
  sender(Direction::kFromServer).headers.learn_mirrored(*view);
}

void TcpStory::tell_handshake(WallTime when, FrameSink& sink) {
  wire::TcpOptions options;
  options.mss = mss_;
  options.window_scale = kWindowScale;
  options.sack_permitted = true;
  tell_segment(Direction::kFromClient, tcp::kSyn, {}, when, sink, options);
  tell_segment(Direction::kFromServer, tcp::kSyn | tcp::kAck, {}, when, sink, options);
  acknowledge(Direction::kFromClient, when, sink);
}

void TcpStory::tell_bytes(Direction direction, Bytes bytes, WallTime when, FrameSink& sink) {
  if (over_ || sender(direction).ending != Ending::kOpen || bytes.empty()) return;
  while (!bytes.empty()) {
    const Bytes piece = bytes.first(std::min<std::size_t>(bytes.size(), mss_));
    bytes = bytes.subspan(piece.size());
    const std::uint8_t push = bytes.empty() ? tcp::kPsh : 0;
    tell_segment(direction, static_cast<std::uint8_t>(tcp::kAck | push), piece, when, sink);
  }
  acknowledge(opposite(direction), when, sink);
}

void TcpStory::skip(Direction direction, std::uint64_t bytes) {
  if (sender(direction).ending == Ending::kOpen) sender(direction).next += static_cast<std::uint32_t>(bytes);
}

void TcpStory::tell_end(Direction direction, WallTime when, FrameSink& sink) {
  if (over_ || sender(direction).ending != Ending::kOpen) return;
  sender(direction).ending = Ending::kEnded;
  tell_segment(direction, tcp::kFin | tcp::kAck, {}, when, sink);
  acknowledge(opposite(direction), when, sink);
  switch (receiver(direction).ending) {
    case Ending::kOpen:
      return;
    case Ending::kEnded:
      over_ = true;
      return;
    case Ending::kBroken:
      return reset(opposite(direction), when, sink);
  }
}

void TcpStory::tell_reset(Direction direction, WallTime when, FrameSink& sink) {
  if (over_ || sender(direction).ending != Ending::kOpen) return;
  sender(direction).ending = Ending::kBroken;
  if (receiver(direction).ending != Ending::kOpen) reset(direction, when, sink);
}

void TcpStory::tell_over(WallTime when, FrameSink& sink) {
  if (over_) return;
  const bool client_ended = sender(Direction::kFromClient).ending == Ending::kEnded;
  const bool server_broke = sender(Direction::kFromServer).ending == Ending::kBroken;
  reset(client_ended || server_broke ? Direction::kFromServer : Direction::kFromClient, when, sink);
}

void TcpStory::reset(Direction direction, WallTime when, FrameSink& sink) {
  tell_segment(direction, tcp::kRst | tcp::kAck, {}, when, sink);
  over_ = true;
}

void TcpStory::acknowledge(Direction direction, WallTime when, FrameSink& sink) {
  tell_segment(direction, tcp::kAck, {}, when, sink);
}

void TcpStory::tell_segment(Direction direction, std::uint8_t flags, Bytes payload, WallTime when,
                            FrameSink& sink, const wire::TcpOptions& options) {
  Side& from = sender(direction);
  wire::SegmentValues values;
  values.seq = from.next;
  values.ack = (flags & tcp::kAck) != 0 ? receiver(direction).next : 0;
  values.window = kWindow;
  values.flags = flags;
  values.payload_first = payload;
  OneFrame pool;
  const wire::Packet packet = wire::compose_segment(pool, from.headers, values, options);
  from.next += static_cast<std::uint32_t>(payload.size());
  if ((flags & (tcp::kSyn | tcp::kFin)) != 0) ++from.next;
  sink.on_frame(packet.bytes(), when);
}

}  // namespace limpid::tool
