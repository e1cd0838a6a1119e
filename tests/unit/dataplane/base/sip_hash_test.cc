#include "dataplane/base/sip_hash.h"

#include <gtest/gtest.h>

#include <array>
#include <cstddef>

namespace limpid {
namespace {

constexpr SipKey kKey{0x0706050403020100ULL, 0x0f0e0d0c0b0a0908ULL};

std::uint64_t of_first(std::size_t count) {
  std::array<std::byte, 64> bytes{};
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<std::byte>(i);
  return sip_hash(Bytes(bytes).first(count), kKey);
}

// The vectors of SipHash's authors: bytes 0, 1, 2, …, the key the same.
TEST(SipHash, IsThatOfItsAuthorsForWholeWordsAndForRests) {
  EXPECT_EQ(of_first(0), 0x726fdb47dd0e0e31ULL);
  EXPECT_EQ(of_first(1), 0x74f839c593dc67fdULL);
  EXPECT_EQ(of_first(8), 0x93f5f5799a932462ULL);
  EXPECT_EQ(of_first(15), 0xa129ca6149be45e5ULL);
}

TEST(SipHash, DependsOnBothHalvesOfItsKey) {
  const std::array<std::byte, 8> bytes{};
  const std::uint64_t plain = sip_hash(bytes, {1, 2});
  EXPECT_NE(plain, sip_hash(bytes, {3, 2}));
  EXPECT_NE(plain, sip_hash(bytes, {1, 3}));
}

}  // namespace
}  // namespace limpid
