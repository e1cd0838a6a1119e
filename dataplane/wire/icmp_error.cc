#include "dataplane/wire/icmp_error.h"

#include <algorithm>
#include <limits>

#include "dataplane/wire/byte_order.h"
#include "dataplane/wire/checksum.h"
#include "dataplane/wire/pseudo_header.h"

namespace limpid::wire {

namespace {

constexpr std::size_t kIcmpSize = 8;
constexpr std::size_t kQuotedTcp = 8;  // ports and sequence number

bool is_error(unsigned type, bool v6) {
  if (v6) return type >= 1 && type <= 4;  // unreachable, too big, time exceeded, parameter problem
  return type == 3 || type == 11 || type == 12;
}

bool checksum_valid(const IpView& packet, Bytes message) {
  std::uint32_t sum = 0;
  if (packet.v6) {
    sum = pseudo_header_sum({packet.source_bytes(), packet.address_size() * 2}, message.size(),
                            kProtocolIcmpV6);
  }
  return checksum_finish(checksum_add(sum, message)) == 0;
}

/// Steps over the quoted IP header; where the TCP header begins, or nothing.
std::optional<std::size_t> transport_of(const IpView& quoted, std::size_t end) {
  const std::size_t room = end - quoted.ip_offset;
  const std::byte* header = quoted.frame.data() + quoted.ip_offset;
  if (quoted.v6) {
    if (room < kIpv6Size + kQuotedTcp || std::to_integer<unsigned>(header[0]) >> 4U != 6) return std::nullopt;
    if (std::to_integer<std::uint8_t>(header[6]) != kProtocolTcp) return std::nullopt;
    return quoted.ip_offset + kIpv6Size;
  }
  if (room < kIpv4Size || std::to_integer<unsigned>(header[0]) >> 4U != 4) return std::nullopt;
  const std::size_t size = (std::to_integer<std::size_t>(header[0]) & 0x0fU) * 4;
  if (size < kIpv4Size || room < size + kQuotedTcp) return std::nullopt;
  const bool later_fragment = (load16(header + 6) & 0x1fffU) != 0;
  if (later_fragment || std::to_integer<std::uint8_t>(header[9]) != kProtocolTcp) return std::nullopt;
  return quoted.ip_offset + size;
}

}  // namespace

std::optional<IcmpError> parse_icmp_error(const IpView& packet) {
  if (packet.fragment || packet.protocol != (packet.v6 ? kProtocolIcmpV6 : kProtocolIcmp))
    return std::nullopt;
  const Bytes message = packet.frame.subspan(packet.transport_offset, packet.end - packet.transport_offset);
  if (message.size() < kIcmpSize) return std::nullopt;
  const auto type = std::to_integer<unsigned>(message[0]);
  const auto code = std::to_integer<unsigned>(message[1]);
  if (!is_error(type, packet.v6)) return std::nullopt;

  IcmpError error;
  error.quoted = packet;
  error.quoted.ip_offset = static_cast<std::uint16_t>(packet.transport_offset + kIcmpSize);
  error.quoted.protocol = kProtocolTcp;
  const std::optional<std::size_t> transport = transport_of(error.quoted, packet.end);
  if (!transport || !checksum_valid(packet, message)) return std::nullopt;
  error.quoted.transport_offset = static_cast<std::uint16_t>(*transport);
  const std::byte* tcp = packet.frame.data() + *transport;
  error.source_port = load16(tcp);
  error.destination_port = load16(tcp + 2);
  error.seq = load32(tcp + 4);
  error.too_big = packet.v6 ? type == 2 : type == 3 && code == 4;
  if (error.too_big) error.mtu = packet.v6 ? load32(message.data() + 4) : load16(message.data() + 6);
  return error;
}

}  // namespace limpid::wire
