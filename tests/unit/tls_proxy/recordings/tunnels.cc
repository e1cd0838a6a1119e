#include "tests/unit/tls_proxy/recordings/tunnels.h"

#include <algorithm>
#include <cstdint>
#include <utility>

#include "dataplane/wire/byte_order.h"
#include "dataplane/wire/packet_view.h"

namespace limpid::testing {

namespace {

constexpr std::uint8_t kUdp = 17;
constexpr std::size_t kUdpSize = 8;
constexpr std::uint16_t kGenevePort = 6081;
constexpr std::uint16_t kGtpPort = 2152;
constexpr std::uint16_t kPppoe = 0x8864;

unsigned number(std::string_view text, std::size_t at) {
  return at + 2 > text.size() ? 0U : unsigned{wire::load16(as_bytes(text).data() + at)};
}

std::string ethernet_around(std::string_view ip) {
  if (ip.empty()) return {};
  const bool v6 = (static_cast<unsigned char>(ip[0]) >> 4U) == 6;
  return std::string(12, '\0') + (v6 ? "\x86\xdd" : std::string("\x08\0", 2)) + std::string(ip);
}

std::string_view behind(std::string_view text, std::size_t size) {
  return text.substr(std::min(size, text.size()));
}

/// Empty: it is none.
std::string in_pppoe(std::string_view frame) {
  std::size_t type = 12;
  while (number(frame, type) == 0x8100 || number(frame, type) == 0x88a8) type += wire::kVlanTagSize;
  constexpr std::size_t kHeaders = 2 + 6 + 2;  // type, PPPoE, PPP's protocol
  return number(frame, type) == kPppoe ? ethernet_around(behind(frame, type + kHeaders)) : std::string();
}

std::string in_geneve(std::string_view payload) {
  constexpr unsigned kEthernetWithin = 0x6558;
  if (payload.size() < 8 || number(payload, 2) != kEthernetWithin) return {};
  const std::size_t options = std::size_t{static_cast<unsigned char>(payload[0]) & 0x3fU} * 4;
  return std::string(behind(payload, 8 + options));
}

std::string in_gtp(std::string_view payload) {
  constexpr char kUserData = '\xff';
  if (payload.size() < 8 || payload[1] != kUserData) return {};
  const unsigned flags = static_cast<unsigned char>(payload[0]);
  constexpr unsigned kExtension = 4;  // further headers, which no recording with TLS has
  if (flags >> 5U != 1 || (flags & kExtension) != 0) return {};
  return ethernet_around(behind(payload, (flags & 3U) != 0 ? 12 : 8));
}

std::string in_udp(std::string_view frame) {
  const auto ip = wire::parse_ip(as_bytes(frame));
  if (!ip || ip->protocol != kUdp || ip->fragment) return {};
  const std::string_view udp =
      frame.substr(ip->transport_offset, std::size_t{ip->end} - ip->transport_offset);
  const std::string_view payload = behind(udp, kUdpSize);
  for (const std::size_t port : {0U, 2U}) {
    if (number(udp, port) == kGenevePort) return in_geneve(payload);
    if (number(udp, port) == kGtpPort) return in_gtp(payload);
  }
  return {};
}

}  // namespace

std::string innermost(std::string_view frame) {
  std::string outer(frame);
  for (;;) {
    std::string inner = in_pppoe(outer);
    if (inner.empty()) inner = in_udp(outer);
    if (inner.empty()) return outer;
    outer = std::move(inner);
  }
}

}  // namespace limpid::testing
