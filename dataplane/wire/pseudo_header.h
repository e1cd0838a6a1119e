// The pseudo-header of the checksums of TCP and ICMPv6 (RFC 9293 §3.1, RFC 8200 §8.1) and the protocol
// numbers of IP.
#pragma once

#include <cstdint>

#include "dataplane/base/bytes.h"
#include "dataplane/wire/checksum.h"

namespace limpid::wire {

inline constexpr std::uint8_t kProtocolIcmp = 1;
inline constexpr std::uint8_t kProtocolTcp = 6;
inline constexpr std::uint8_t kProtocolUdp = 17;
inline constexpr std::uint8_t kProtocolFragment = 44;
inline constexpr std::uint8_t kProtocolIcmpV6 = 58;

/// `addresses`: source and destination as they lie side by side in the IP header.
inline std::uint32_t pseudo_header_sum(Bytes addresses, std::size_t segment_size,
                                       std::uint8_t protocol = kProtocolTcp) {
  std::uint32_t sum = checksum_add(0, addresses);
  sum = checksum_add(sum, std::uint16_t{protocol});
  return checksum_add(sum, static_cast<std::uint16_t>(segment_size));
}

}  // namespace limpid::wire
