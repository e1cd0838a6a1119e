#include "tests/simulation/ethernet.h"

#include <algorithm>
#include <array>

namespace limpid::simulation {
namespace {

constexpr std::size_t kMacs = 12;
constexpr unsigned kVlanType = 0x8100;
constexpr unsigned kServiceVlanType = 0x88a8;
constexpr unsigned kIpv4Type = 0x0800;
constexpr unsigned kIpv6Type = 0x86dd;
constexpr std::uint8_t kTcp = 6;
constexpr std::uint8_t kIcmp = 1;
constexpr std::uint8_t kIcmpV6 = 58;
constexpr unsigned kEctZero = 2;
constexpr unsigned kCe = 3;

enum OptionKind : std::uint8_t {
  kEnd = 0,
  kNop = 1,
  kMss = 2,
  kShift = 3,
  kPermitted = 4,
  kSack = 5,
  kTimes = 8
};

// --- numbers ---

void put(RawFrame& into, std::uint64_t value, int bytes) {
  for (int i = bytes - 1; i >= 0; --i) into.push_back(static_cast<std::byte>(value >> (8 * i)));
}
void put(RawFrame& into, Bytes bytes) { into.insert(into.end(), bytes.begin(), bytes.end()); }

std::uint32_t number(Bytes from, std::size_t at, std::size_t bytes) {
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < bytes; ++i) value = value << 8U | std::to_integer<std::uint32_t>(from[at + i]);
  return value;
}

std::uint64_t sum_of(Bytes bytes) {
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    sum += std::to_integer<std::uint64_t>(bytes[i]) << (i % 2 == 0 ? 8U : 0U);
  }
  return sum;
}
std::uint16_t folded(std::uint64_t sum) {
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >> 16U);
  return static_cast<std::uint16_t>(~sum);
}
void set16(RawFrame& in, std::size_t at, std::uint16_t value) {
  in[at] = static_cast<std::byte>(value >> 8U);
  in[at + 1] = static_cast<std::byte>(value);
}

// --- the way to the TCP header ---

struct Layout {
  std::size_t ip = 0;
  std::size_t transport = 0;
  std::size_t end = 0;
  std::uint8_t protocol = 0;
  bool v6 = false;
};

/// The IP packet that begins at `ip`; a quoted one may be cut off.
std::optional<Layout> ip_layout(Bytes raw, std::size_t ip, bool quoted) {
  if (raw.size() < ip + 20) return std::nullopt;
  Layout layout{.ip = ip};
  layout.v6 = number(raw, ip, 1) >> 4U == 6;
  if (layout.v6 && raw.size() < ip + 40) return std::nullopt;
  layout.transport = ip + (layout.v6 ? 40 : 20);
  layout.end = layout.v6 ? ip + 40 + number(raw, ip + 4, 2) : ip + number(raw, ip + 2, 2);
  layout.protocol = static_cast<std::uint8_t>(number(raw, ip + (layout.v6 ? 6 : 9), 1));
  if (quoted) layout.end = std::min(layout.end, raw.size());
  if (layout.end > raw.size() || layout.end < layout.transport) return std::nullopt;
  return layout;
}

std::size_t ip_offset(Bytes raw) {
  std::size_t at = kMacs;
  while (number(raw, at, 2) == kVlanType || number(raw, at, 2) == kServiceVlanType) at += 4;
  return at + 2;
}

std::optional<Layout> layout_of(Bytes raw) {
  if (raw.size() < 60 - 6) return std::nullopt;
  return ip_layout(raw, ip_offset(raw), false);
}

std::uint64_t pseudo_sum(Bytes raw, const Layout& at) {
  const Bytes addresses = at.v6 ? raw.subspan(at.ip + 8, 32) : raw.subspan(at.ip + 12, 8);
  return sum_of(addresses) + at.protocol + (at.end - at.transport);
}

bool checksums_right(Bytes raw, const Layout& at) {
  if (!at.v6 && folded(sum_of(raw.subspan(at.ip, 20))) != 0) return false;
  const std::uint64_t pseudo = at.protocol == kIcmp ? 0 : pseudo_sum(raw, at);
  return folded(pseudo + sum_of(raw.subspan(at.transport, at.end - at.transport))) == 0;
}

void set_checksum(RawFrame& raw, std::size_t ip, std::size_t offset) {
  const Layout at = *ip_layout(raw, ip, false);
  const std::uint64_t pseudo = at.protocol == kIcmp ? 0 : pseudo_sum(raw, at);
  set16(raw, at.transport + offset,
        folded(pseudo + sum_of(Bytes(raw).subspan(at.transport, at.end - at.transport))));
}

// --- making ---

RawFrame link_header(const Route& route) {
  RawFrame frame;
  put(frame, 0x020000000000U + route.to_mac, 6);
  put(frame, 0x020000000000U + route.from_mac, 6);
  for (std::size_t i = 0; i < route.vlans.size(); ++i) {
    put(frame, route.vlans.size() == 2 && i == 0 ? kServiceVlanType : kVlanType, 2);
    put(frame, route.vlans[i], 2);
  }
  put(frame, route.from.ip.is_v6() ? kIpv6Type : kIpv4Type, 2);
  return frame;
}

void put_ip(RawFrame& frame, const Route& route, std::uint8_t protocol, unsigned ecn, std::size_t size) {
  const unsigned service = static_cast<unsigned>(route.dscp) << 2U | ecn;
  if (route.from.ip.is_v6()) {
    put(frame, 0x60000000U | service << 20U, 4);
    put(frame, size, 2);
    put(frame, protocol, 1);
    put(frame, route.ttl, 1);
  } else {
    const std::size_t begins = frame.size();
    put(frame, 0x4500U | service, 2);
    put(frame, 20 + size, 2);
    put(frame, 0x00004000U, 4);  // DF
    put(frame, route.ttl, 1);
    put(frame, protocol, 1);
    const std::uint64_t addresses = sum_of(route.from.ip.bytes()) + sum_of(route.to.ip.bytes());
    put(frame, folded(addresses + sum_of(Bytes(frame).subspan(begins))), 2);
  }
  put(frame, route.from.ip.bytes());
  put(frame, route.to.ip.bytes());
}

RawFrame options_of(const wire::TcpOptions& options) {
  RawFrame bytes;
  if (options.mss) put(bytes, 0x02040000U | *options.mss, 4);
  if (options.window_scale) put(bytes, 0x01030300U | *options.window_scale, 4);
  if (options.sack_permitted) put(bytes, 0x01010402U, 4);
  if (options.timestamps) {
    put(bytes, 0x0101080aU, 4);
    put(bytes, options.timestamps->value, 4);
    put(bytes, options.timestamps->echo, 4);
  }
  if (options.sack_blocks > 0) put(bytes, 0x01010502U + 8U * options.sack_blocks, 4);
  for (std::size_t i = 0; i < options.sack_blocks; ++i) {
    put(bytes, options.sack[i].left, 4);
    put(bytes, options.sack[i].right, 4);
  }
  return bytes;
}

// --- reading ---

/// One option of `size` bytes, kind and size included.
bool read_option(wire::TcpOptions& options, Bytes option) {
  switch (number(option, 0, 1)) {
    case kMss:
      if (option.size() != 4) return false;
      options.mss = static_cast<std::uint16_t>(number(option, 2, 2));
      return true;
    case kShift:
      if (option.size() != 3) return false;
      options.window_scale = static_cast<std::uint8_t>(number(option, 2, 1));
      return true;
    case kPermitted:
      options.sack_permitted = true;
      return option.size() == 2;
    case kTimes:
      if (option.size() != 10) return false;
      options.timestamps = wire::Timestamps{number(option, 2, 4), number(option, 6, 4)};
      return true;
    case kSack:
      if (option.size() % 8 != 2 || option.size() > 34) return false;
      options.sack_blocks = static_cast<std::uint8_t>(option.size() / 8);
      for (std::size_t i = 0; i < options.sack_blocks; ++i) {
        options.sack[i] = {number(option, 2 + 8 * i, 4), number(option, 6 + 8 * i, 4)};
      }
      return true;
    default:
      return true;
  }
}

bool read_options(wire::TcpOptions& options, Bytes rest) {
  while (!rest.empty() && number(rest, 0, 1) != kEnd) {
    if (number(rest, 0, 1) == kNop) {
      rest = rest.subspan(1);
      continue;
    }
    const std::size_t size = rest.size() < 2 ? 0 : number(rest, 1, 1);
    if (size < 2 || size > rest.size() || !read_option(options, rest.first(size))) return false;
    rest = rest.subspan(size);
  }
  return true;
}

std::size_t service_offset(Bytes raw) { return ip_offset(raw) + 1; }

unsigned ecn_of(Bytes raw) {
  const bool v6 = number(raw, ip_offset(raw), 1) >> 4U == 6;
  return number(raw, service_offset(raw), 1) >> (v6 ? 4U : 0U) & 3U;
}

}  // namespace

Route Route::back() const {
  Route back = *this;
  std::swap(back.from, back.to);
  std::swap(back.from_mac, back.to_mac);
  return back;
}

RawFrame encode(const Route& route, const Frame& frame) {
  const RawFrame options = options_of(frame.options);
  RawFrame raw = link_header(route);
  const std::size_t ip = raw.size();
  raw.reserve(ip + 60 + options.size() + frame.payload.size());
  const unsigned ecn = frame.ce ? kCe : frame.ect ? kEctZero : 0;
  put_ip(raw, route, kTcp, ecn, 20 + options.size() + frame.payload.size());
  put(raw, route.from.port, 2);
  put(raw, route.to.port, 2);
  put(raw, frame.seq, 4);
  put(raw, frame.ack, 4);
  put(raw, (5 + options.size() / 4) << 4U, 1);
  put(raw, frame.flags, 1);
  put(raw, frame.window, 2);
  put(raw, 0, 4);
  put(raw, options);
  put(raw, frame.payload);
  set_checksum(raw, ip, 16);
  return raw;
}

std::optional<Frame> decode(Bytes raw) {
  const std::optional<Layout> at = layout_of(raw);
  if (!at || at->protocol != kTcp || at->end < at->transport + 20 || !checksums_right(raw, *at)) {
    return std::nullopt;
  }
  const Bytes tcp = raw.subspan(at->transport, at->end - at->transport);
  const std::size_t header = std::size_t{number(tcp, 12, 1) >> 4U} * 4;
  if (header < 20 || header > tcp.size()) return std::nullopt;
  Frame frame{.seq = number(tcp, 4, 4),
              .ack = number(tcp, 8, 4),
              .window = static_cast<std::uint16_t>(number(tcp, 14, 2)),
              .flags = static_cast<std::uint8_t>(number(tcp, 13, 1))};
  if (!read_options(frame.options, tcp.subspan(20, header - 20))) return std::nullopt;
  frame.payload.assign(tcp.begin() + static_cast<std::ptrdiff_t>(header), tcp.end());
  frame.ect = ecn_of(raw) == kEctZero;
  frame.ce = ecn_of(raw) == kCe;
  return frame;
}

RawFrame encode_too_big(Bytes dropped, std::uint32_t seq, std::uint16_t mtu) {
  const Layout at = *layout_of(dropped);
  RawFrame quoted(dropped.begin() + static_cast<std::ptrdiff_t>(at.ip),
                  dropped.begin() + static_cast<std::ptrdiff_t>(at.transport + 8));
  for (std::size_t i = 0; i < 4; ++i)
    quoted[quoted.size() - 4 + i] = static_cast<std::byte>(seq >> (24 - 8 * i));
  RawFrame raw(dropped.begin(), dropped.begin() + static_cast<std::ptrdiff_t>(at.ip));
  std::swap_ranges(raw.begin(), raw.begin() + 6, raw.begin() + 6);
  // A router of its own address, in the way.
  const Bytes sender = at.v6 ? dropped.subspan(at.ip + 8, 16) : dropped.subspan(at.ip + 12, 4);
  Route route{.ttl = 60};
  route.to.ip = at.v6 ? IpAddress::v6(sender) : IpAddress::v4(sender);
  route.from.ip = *IpAddress::parse(at.v6 ? "2001:db8:ffff::1" : "10.9.9.9");
  put_ip(raw, route, at.v6 ? kIcmpV6 : kIcmp, 0, 8 + quoted.size());
  put(raw, at.v6 ? 0x0200U : 0x0304U, 2);
  put(raw, 0, 2);
  put(raw, mtu, 4);
  put(raw, quoted);
  set_checksum(raw, at.ip, 2);
  return raw;
}

std::optional<TooBig> decode_too_big(Bytes raw) {
  const std::optional<Layout> at = layout_of(raw);
  if (!at || at->protocol != (at->v6 ? kIcmpV6 : kIcmp) || at->end < at->transport + 8) return std::nullopt;
  if (!checksums_right(raw, *at) || number(raw, at->transport, 2) != (at->v6 ? 0x0200U : 0x0304U)) {
    return std::nullopt;
  }
  const std::optional<Layout> quoted = ip_layout(raw, at->transport + 8, true);
  if (!quoted || quoted->protocol != kTcp || quoted->end < quoted->transport + 8) return std::nullopt;
  const std::uint32_t mtu = number(raw, at->transport + 4, 4);
  const std::uint32_t headers = at->v6 ? 60 : 40;
  if (mtu <= headers || mtu > 0xffff) return std::nullopt;
  return TooBig{.seq = number(raw, quoted->transport + 4, 4),
                .segment_max = static_cast<std::uint16_t>(mtu - headers)};
}

Identity identity(Bytes raw) {
  const std::optional<Layout> at = layout_of(raw);
  if (!at) return {};
  Identity identity;
  identity.name.assign(raw.begin(), raw.begin() + static_cast<std::ptrdiff_t>(at->ip));
  const unsigned service = number(raw, at->ip, 2) >> (at->v6 ? 4U : 0U);
  identity.dscp = static_cast<std::uint8_t>((service & 0xffU) >> 2U);
  identity.ttl = static_cast<std::uint8_t>(number(raw, at->ip + (at->v6 ? 7 : 8), 1));
  put(identity.name, at->v6 ? raw.subspan(at->ip + 8, 32) : raw.subspan(at->ip + 12, 8));
  put(identity.name, raw.subspan(at->transport, 4));
  return identity;
}

std::size_t ip_size(const RawFrame& frame) { return frame.size() - ip_offset(frame); }

bool may_be_marked(const RawFrame& frame) { return ecn_of(frame) == kEctZero; }

void mark(RawFrame& frame) {
  const std::size_t ip = ip_offset(frame);
  const bool v6 = number(frame, ip, 1) >> 4U == 6;
  const std::uint32_t before = number(frame, ip, 2);
  frame[service_offset(frame)] |= v6 ? std::byte{0x30} : std::byte{0x03};
  if (v6) return;
  // As routers do (RFC 1624): a checksum that was wrong stays so.
  const auto complement = [](std::uint32_t word) { return static_cast<std::uint16_t>(~word); };
  const std::uint32_t sum = complement(number(frame, ip + 10, 2)) + std::uint32_t{complement(before)};
  set16(frame, ip + 10, folded(sum + number(frame, ip, 2)));
}

bool survives_damage(RawFrame& frame, std::uint64_t bit) {
  // Behind the Ethernet header, whose FCS a card checks.
  const std::size_t ip = ip_offset(frame);
  const std::size_t at = ip + bit / 8 % (frame.size() - ip);
  frame[at] ^= std::byte{1} << (bit % 8);
  return true;
}

}  // namespace limpid::simulation
