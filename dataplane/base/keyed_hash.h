// Hashing with a secret of this process, so that nobody outside can aim at one bucket. Not cryptographic.
#pragma once

#include <cstdint>
#include <cstring>

#include "dataplane/base/bytes.h"

namespace limpid {

/// 64 x 64 -> 128 bits, folded: every bit of the factors reaches the result.
inline std::uint64_t fold(std::uint64_t one, std::uint64_t other) {
  __extension__ using Wide = unsigned __int128;
  const Wide product = Wide{one} * other;
  return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64U);
}

inline constexpr std::uint64_t kOdd1 = 0x9e3779b97f4a7c15ULL;  // fractional bits of the golden ratio
inline constexpr std::uint64_t kOdd2 = 0xbf58476d1ce4e5b9ULL;

inline std::uint64_t load64(const std::byte* at) {
  std::uint64_t value = 0;
  std::memcpy(&value, at, sizeof value);
  return value;
}

/// `bytes` are a multiple of eight.
inline std::uint64_t keyed_hash(Bytes bytes, std::uint64_t secret) {
  std::uint64_t state = secret;
  for (std::size_t at = 0; at + 8 <= bytes.size(); at += 8) {
    state = fold(load64(bytes.data() + at) ^ state ^ kOdd1, secret ^ kOdd2);
  }
  return state;
}

}  // namespace limpid
