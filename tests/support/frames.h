// Frames for tests, written byte by byte and with a checksum of their own: slow, plain, and independent of
// what dataplane/wire does.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "dataplane/base/address.h"
#include "dataplane/base/bytes.h"

namespace limpid::frames {

using Frame = std::vector<std::byte>;

/// What a test says of a TCP segment; what it does not say is ordinary.
struct Tcp {
  std::string source = "10.0.0.1:40000";
  std::string destination = "10.0.0.2:443";
  std::vector<std::uint16_t> vlans{};  // outermost first
  std::uint32_t seq = 0;
  std::uint32_t ack = 0;
  unsigned flags = 0;
  std::uint16_t window = 64'240;
  std::string options{};  // raw; padded with zeros to a multiple of four
  std::string payload{};
  unsigned ttl = 61;
  unsigned tos = 0;
  std::size_t padding = 0;  // behind the IP packet
  bool damaged = false;     // the checksum is wrong
  unsigned source_mac = 1;  // last byte
  unsigned destination_mac = 2;
};

inline void put(Frame& frame, std::uint64_t value, int bytes) {
  for (int i = bytes - 1; i >= 0; --i) frame.push_back(static_cast<std::byte>(value >> (8 * i)));
}
inline void put(Frame& frame, Bytes bytes) { frame.insert(frame.end(), bytes.begin(), bytes.end()); }

inline std::uint16_t slow_checksum(Bytes bytes) {
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    sum += std::to_integer<std::uint64_t>(bytes[i]) << (i % 2 == 0 ? 8 : 0);
  }
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >> 16);
  return static_cast<std::uint16_t>(~sum);
}

inline Frame ethernet(const Tcp& tcp, std::uint16_t type) {
  Frame frame;
  put(frame, 0x020000000000U + tcp.destination_mac, 6);
  put(frame, 0x020000000000U + tcp.source_mac, 6);
  for (std::size_t i = 0; i < tcp.vlans.size(); ++i) {
    put(frame, tcp.vlans.size() == 2 && i == 0 ? 0x88a8 : 0x8100, 2);
    put(frame, tcp.vlans[i], 2);
  }
  put(frame, type, 2);
  return frame;
}

/// An IP packet without extension headers around `body`.
inline void put_ip(Frame& frame, const Tcp& tcp, std::uint8_t protocol, std::size_t body) {
  const IpAddress source = SocketAddress::parse(tcp.source)->ip;
  const IpAddress destination = SocketAddress::parse(tcp.destination)->ip;
  if (source.is_v6()) {
    put(frame, 0x60000000U | (tcp.tos << 20U) | 0x12345U, 4);
    put(frame, body, 2);
    put(frame, protocol, 1);
    put(frame, tcp.ttl, 1);
    put(frame, source.bytes());
    put(frame, destination.bytes());
    return;
  }
  Frame header;
  put(header, 0x4500U | tcp.tos, 2);
  put(header, 20 + body, 2);
  put(header, 0x77770000U, 4);  // identification; no DF
  put(header, tcp.ttl, 1);
  put(header, protocol, 1);
  put(header, 0, 2);
  put(header, source.bytes());
  put(header, destination.bytes());
  const std::uint16_t checksum = slow_checksum(header);
  header[10] = static_cast<std::byte>(checksum >> 8);
  header[11] = static_cast<std::byte>(checksum);
  put(frame, header);
}

inline Frame segment(const Tcp& tcp) {
  std::string options = tcp.options;
  options.resize((options.size() + 3) / 4 * 4);
  Frame bytes;
  put(bytes, SocketAddress::parse(tcp.source)->port, 2);
  put(bytes, SocketAddress::parse(tcp.destination)->port, 2);
  put(bytes, tcp.seq, 4);
  put(bytes, tcp.ack, 4);
  put(bytes, (5 + options.size() / 4) << 4, 1);
  put(bytes, tcp.flags, 1);
  put(bytes, tcp.window, 2);
  put(bytes, 0, 4);
  put(bytes, as_bytes(options));
  put(bytes, as_bytes(tcp.payload));

  Frame summed;
  put(summed, SocketAddress::parse(tcp.source)->ip.bytes());
  put(summed, SocketAddress::parse(tcp.destination)->ip.bytes());
  put(summed, 6, 2);
  put(summed, bytes.size(), 2);
  put(summed, bytes);
  const std::uint16_t checksum = slow_checksum(summed) ^ (tcp.damaged ? 0x0101 : 0);
  bytes[16] = static_cast<std::byte>(checksum >> 8);
  bytes[17] = static_cast<std::byte>(checksum);
  return bytes;
}

inline Frame tcp(const Tcp& values) {
  const bool v6 = SocketAddress::parse(values.source)->ip.is_v6();
  Frame frame = ethernet(values, v6 ? 0x86dd : 0x0800);
  const Frame bytes = segment(values);
  put_ip(frame, values, 6, bytes.size());
  put(frame, bytes);
  frame.resize(frame.size() + values.padding, std::byte{0xee});
  return frame;
}

inline Frame udp(const Tcp& values) {
  const bool v6 = SocketAddress::parse(values.source)->ip.is_v6();
  Frame frame = ethernet(values, v6 ? 0x86dd : 0x0800);
  put_ip(frame, values, 17, 8 + values.payload.size());
  put(frame, SocketAddress::parse(values.source)->port, 2);
  put(frame, SocketAddress::parse(values.destination)->port, 2);
  put(frame, 8 + values.payload.size(), 2);
  put(frame, 0, 2);
  put(frame, as_bytes(values.payload));
  return frame;
}

/// An ICMP error in which `from` tells the sender of `quoted` about it; `mtu` where it says that it was too
/// big.
inline Frame icmp_error(const Tcp& quoted, std::string_view from, unsigned type, unsigned code,
                        std::uint32_t mtu = 0) {
  const bool v6 = SocketAddress::parse(quoted.source)->ip.is_v6();
  Tcp outer{.source = std::string(from), .destination = quoted.source, .vlans = quoted.vlans};
  Frame message;
  put(message, (type << 24U) | (code << 16U), 4);
  put(message, mtu, 4);
  Frame packet;
  put_ip(packet, quoted, 6, segment(quoted).size());
  put(packet, segment(quoted));
  packet.resize(std::min<std::size_t>(packet.size(), v6 ? 100 : 28));
  put(message, packet);
  Frame summed;
  if (v6) {
    put(summed, SocketAddress::parse(outer.source)->ip.bytes());
    put(summed, SocketAddress::parse(outer.destination)->ip.bytes());
    put(summed, message.size(), 4);
    put(summed, 58, 4);
  }
  put(summed, message);
  const std::uint16_t checksum = slow_checksum(summed);
  message[2] = static_cast<std::byte>(checksum >> 8);
  message[3] = static_cast<std::byte>(checksum);
  Frame frame = ethernet(outer, v6 ? 0x86dd : 0x0800);
  put_ip(frame, outer, v6 ? 58 : 1, message.size());
  put(frame, message);
  return frame;
}

/// Option bytes as a test writes them: options("0204 05b4 0402").
inline std::string hex(std::string_view text) {
  std::string bytes;
  int nibbles = 0;
  unsigned value = 0;
  for (const char c : text) {
    if (c == ' ') continue;
    value = value * 16 + static_cast<unsigned>(c <= '9' ? c - '0' : c - 'a' + 10);
    if (++nibbles % 2 == 0) {
      bytes.push_back(static_cast<char>(value));
      value = 0;
    }
  }
  return bytes;
}

}  // namespace limpid::frames
