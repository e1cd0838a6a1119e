// The frames of the whole-box runs: bytes of Ethernet, VLAN tags, IPv4 or IPv6 and TCP, made of values and
// read back, checksums included. Written for the simulator alone, so that dataplane/wire is judged by a
// second reader.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>
#include <vector>

#include "dataplane/base/address.h"
#include "tests/simulation/wire.h"

namespace limpid::simulation {

using RawFrame = std::vector<std::byte>;

/// By which frames are known again.
inline std::size_t hash_of(const RawFrame& raw) { return std::hash<std::string_view>{}(as_text(raw)); }

/// One direction of a connection: what stands in front of its TCP header.
struct Route {
  SocketAddress from{};
  SocketAddress to{};
  std::vector<std::uint16_t> vlans{};  // outermost first, at most two
  std::uint8_t from_mac = 1;           // last byte
  std::uint8_t to_mac = 2;
  std::uint8_t ttl = 64;
  std::uint8_t dscp = 0;

  Route back() const;
};

RawFrame encode(const Route& route, const Frame& frame);
/// The segment; nothing where there is none, or where a checksum is wrong.
std::optional<Frame> decode(Bytes raw);

/// ICMP: the segment at `seq` was bigger than `mtu`, which leaves so much for payload and options.
struct TooBig {
  std::uint32_t seq = 0;
  std::uint16_t segment_max = 0;
};
/// A router's report to the sender of `dropped`, whose sequence number it tells as `seq`.
RawFrame encode_too_big(Bytes dropped, std::uint32_t seq, std::uint16_t mtu);
std::optional<TooBig> decode_too_big(Bytes raw);

/// In whose name a frame is.
struct Identity {
  RawFrame name{};  // MAC addresses, tags, IP addresses, ports
  std::uint8_t ttl = 0;
  std::uint8_t dscp = 0;
  friend bool operator==(const Identity&, const Identity&) = default;
};
Identity identity(Bytes raw);

// What a link asks of what it carries.
inline std::size_t wire_size(const RawFrame& frame) { return frame.size(); }
std::size_t ip_size(const RawFrame& frame);
bool may_be_marked(const RawFrame& frame);
void mark(RawFrame& frame);
bool survives_damage(RawFrame& frame, std::uint64_t bit);

}  // namespace limpid::simulation
