#include "dataplane/wire/checksum.h"

#include <cstring>

namespace limpid::wire {

namespace {

template <typename Word>
Word load_native(const std::byte* at) {
  Word word = 0;
  std::memcpy(&word, at, sizeof word);
  return word;
}

/// One's complement addition in 64 bits: the carry comes back in at the bottom.
void add_carry(std::uint64_t& sum, std::uint64_t word) {
  sum += word;
  sum += static_cast<std::uint64_t>(sum < word);
}

}  // namespace

// Summed eight bytes at a time in the machine's own order: the sum of a byte-swapped stream is the
// byte-swapped sum (RFC 1071 §2 (B)), so one swap at the end suffices.
std::uint32_t checksum_add(std::uint32_t sum, Bytes bytes) {
  const std::byte* at = bytes.data();
  std::size_t left = bytes.size();
  std::uint64_t one = 0;
  std::uint64_t other = 0;
  for (; left >= 32; left -= 32, at += 32) {
    add_carry(one, load_native<std::uint64_t>(at));
    add_carry(other, load_native<std::uint64_t>(at + 8));
    add_carry(one, load_native<std::uint64_t>(at + 16));
    add_carry(other, load_native<std::uint64_t>(at + 24));
  }
  add_carry(one, other);
  for (; left >= 4; left -= 4, at += 4) add_carry(one, load_native<std::uint32_t>(at));
  if (left >= 2) {
    add_carry(one, load_native<std::uint16_t>(at));
    left -= 2;
    at += 2;
  }
  if (left == 1) add_carry(one, std::to_integer<std::uint64_t>(*at));  // padded with a zero behind it
  one = (one & 0xffffffffU) + (one >> 32U);
  one = (one & 0xffffffffU) + (one >> 32U);
  auto folded = static_cast<std::uint32_t>(one);
  folded = (folded & 0xffffU) + (folded >> 16U);
  folded = (folded & 0xffffU) + (folded >> 16U);
  return checksum_add(sum, __builtin_bswap16(static_cast<std::uint16_t>(folded)));
}

}  // namespace limpid::wire
