// One frame of every kind that a bump in the wire meets, for tests that compare what comes out byte by byte.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "tests/support/frames.h"

namespace limpid::frames {

struct NamedFrame {
  std::string name;
  Frame frame;
};

/// Ethernet header, tags (type, tag), type, and `size` further bytes that are different everywhere.
inline Frame raw(std::vector<std::pair<unsigned, unsigned>> tags, unsigned type, std::size_t size) {
  Frame frame;
  put(frame, 0x020000000002U, 6);
  put(frame, 0x020000000001U, 6);
  for (const auto& [tag_type, tag] : tags) {
    put(frame, tag_type, 2);
    put(frame, tag, 2);
  }
  put(frame, type, 2);
  for (std::size_t i = 0; i < size; ++i) put(frame, (i * 7 + type) & 0xff, 1);
  return frame;
}

/// A UDP fragment over IPv4, perhaps tagged.
inline Frame fragment(std::vector<std::uint16_t> vlans, bool first) {
  Tcp values;
  values.vlans = std::move(vlans);
  Frame frame = ethernet(values, 0x0800);
  const std::size_t start = frame.size();
  put_ip(frame, values, 17, 800);
  const std::uint16_t field = first ? 0x2000 : 100;  // more fragments; or 800 bytes in
  frame[start + 6] = static_cast<std::byte>(field >> 8);
  frame[start + 7] = static_cast<std::byte>(field);
  frame[start + 10] = frame[start + 11] = std::byte{0};
  const std::uint16_t checksum = slow_checksum(Bytes(frame).subspan(start, 20));
  frame[start + 10] = static_cast<std::byte>(checksum >> 8);
  frame[start + 11] = static_cast<std::byte>(checksum);
  for (int i = 0; i < 800; ++i) put(frame, static_cast<unsigned>(first ? i & 0xff : (i * 3) & 0xff), 1);
  return frame;
}

/// Every kind, up to this MTU.
inline std::vector<NamedFrame> every_kind(std::size_t mtu) {
  Tcp v6;
  v6.source = "[2001:db8::1]:40000";
  v6.destination = "[2001:db8::2]:443";
  Tcp tagged;
  tagged.vlans = {0x6064};
  tagged.payload = std::string(700, 't');
  return {
      {"ARP, minimum size", raw({}, 0x0806, 46)},
      {"shorter than Ethernet's minimum", raw({}, 0x88b5, 3)},
      {"LLDP", raw({}, 0x88cc, 90)},
      {"unknown EtherType", raw({}, 0x88b5, 500)},
      {"802.3 with a length", raw({}, 38, 46)},
      {"as long as the MTU", raw({}, 0x0800, mtu)},
      {"TCP over IPv4", tcp({.payload = "some bytes"})},
      {"TCP over IPv6", tcp(v6)},
      {"UDP", udp({.payload = "a datagram"})},
      {"VLAN", tcp(tagged)},
      {"VLAN, as long as the MTU", raw({{0x8100, 0x6064}}, 0x88b5, mtu)},
      {"priority tag", raw({{0x8100, 0xe000}}, 0x88b5, 100)},
      {"802.1ad tag", raw({{0x88a8, 0x2065}}, 0x88b5, 100)},
      {"QinQ", raw({{0x88a8, 0x2065}, {0x8100, 0x4066}}, 0x88b5, 200)},
      {"two 802.1Q tags", raw({{0x8100, 0x2065}, {0x8100, 0x4066}}, 0x88b5, 200)},
      {"three tags", raw({{0x88a8, 1}, {0x8100, 2}, {0x8100, 3}}, 0x88b5, 200)},
      {"IPv4 fragment, first", fragment({}, true)},
      {"IPv4 fragment, last", fragment({}, false)},
      {"tagged IPv4 fragment, first", fragment({0x0064}, true)},
      {"tagged IPv4 fragment, last", fragment({0x0064}, false)},
  };
}

}  // namespace limpid::frames
