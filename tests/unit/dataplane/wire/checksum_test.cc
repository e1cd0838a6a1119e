#include "dataplane/wire/checksum.h"

#include <gtest/gtest.h>

#include <vector>

#include "dataplane/base/random.h"
#include "tests/support/frames.h"

namespace limpid::wire {
namespace {

TEST(Checksum, AgreesWithTheSlowSumForEverySizeAndAlignment) {
  SeededRandom random(1);
  std::vector<std::byte> bytes(200);
  random.fill(bytes);
  for (std::size_t begin = 0; begin < 8; ++begin) {
    for (std::size_t size = 0; begin + size <= bytes.size(); ++size) {
      const Bytes part = Bytes{bytes}.subspan(begin, size);
      ASSERT_EQ(checksum_finish(checksum_add(0, part)), frames::slow_checksum(part)) << begin << "+" << size;
    }
  }
}

TEST(Checksum, CarriesOfAllOnesComeBackIn) {
  const std::vector<std::byte> ones(1500, std::byte{0xff});
  EXPECT_EQ(checksum_finish(checksum_add(0, ones)), 0);
}

TEST(Checksum, OfTwoPiecesIsThatOfTheWhole) {
  SeededRandom random(2);
  std::vector<std::byte> bytes(333);
  random.fill(bytes);
  const std::uint32_t first = checksum_add(0, Bytes{bytes}.first(120));
  EXPECT_EQ(checksum_finish(checksum_add(first, Bytes{bytes}.subspan(120))), frames::slow_checksum(bytes));
}

TEST(Checksum, AnIncrementalUpdateEqualsANewSum) {
  SeededRandom random(3);
  for (int run = 0; run < 1000; ++run) {
    std::vector<std::byte> bytes(40);
    random.fill(bytes);
    const std::uint16_t whole = frames::slow_checksum(bytes);
    const auto word = [&] { return static_cast<std::uint16_t>(random.next()); };
    const std::size_t at = random.next() % 20 * 2;
    const auto before = static_cast<std::uint16_t>((std::to_integer<unsigned>(bytes[at]) << 8U) |
                                                   std::to_integer<unsigned>(bytes[at + 1]));
    const std::uint16_t after = word();
    bytes[at] = static_cast<std::byte>(after >> 8U);
    bytes[at + 1] = static_cast<std::byte>(after & 0xffU);
    EXPECT_EQ(checksum_update(whole, before, after), frames::slow_checksum(bytes));
  }
}

}  // namespace
}  // namespace limpid::wire
