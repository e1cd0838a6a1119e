// The Internet checksum (RFC 1071), whole and incremental (RFC 1624). Pure functions.
#pragma once

#include <cstdint>

#include "dataplane/base/bytes.h"

namespace limpid::wire {

/// Adds `bytes` to a running sum. Every piece but the last has an even length.
std::uint32_t checksum_add(std::uint32_t sum, Bytes bytes);
/// Adds one 16-bit word in host order.
inline std::uint32_t checksum_add(std::uint32_t sum, std::uint16_t word) {
  sum += word;
  return (sum & 0xffffU) + (sum >> 16U);
}
/// The value for the checksum field, in host order.
inline std::uint16_t checksum_finish(std::uint32_t sum) {
  while ((sum >> 16U) != 0) sum = (sum & 0xffffU) + (sum >> 16U);
  return static_cast<std::uint16_t>(~sum);
}

/// The checksum after one 16-bit word changed: HC' = ~(~HC + ~m + m') (RFC 1624 §3, equation 3).
inline std::uint16_t checksum_update(std::uint16_t checksum, std::uint16_t before, std::uint16_t after) {
  std::uint32_t sum = static_cast<std::uint16_t>(~checksum);
  sum += static_cast<std::uint16_t>(~before);
  sum += after;
  return checksum_finish(sum);
}

}  // namespace limpid::wire
