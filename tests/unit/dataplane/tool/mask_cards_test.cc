#include "dataplane/tool/mask_cards.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

namespace limpid::tool {
namespace {

std::string masked(std::string text, std::size_t piece = SIZE_MAX) {
  CardMask cards;
  const std::string original = text;
  const auto found = [&](std::uint64_t offset) { text[offset] = 'x'; };
  for (std::size_t at = 0; at < original.size(); at += std::min(piece, original.size() - at))
    cards.take(as_bytes(std::string_view(original).substr(at, piece)), at, found);
  cards.finish(found);
  return text;
}

TEST(CardMask, MasksNumbersOfEveryLengthWhoseCheckDigitIsRight) {
  EXPECT_EQ(masked("4222222222222 378282246310005 4111111111111111 6304000000000000000."),
            "xxxxxxxxxxxxx xxxxxxxxxxxxxxx xxxxxxxxxxxxxxxx xxxxxxxxxxxxxxxxxxx.");
  EXPECT_EQ(masked("4111111111111112"), "4111111111111112");
}

TEST(CardMask, MasksTheDigitsOfGroups) {
  EXPECT_EQ(masked("a 4111-1111-1111-1111,3782 822463 10005"), "a xxxx-xxxx-xxxx-xxxx,xxxx xxxxxx xxxxx");
  EXPECT_EQ(masked("4111--1111-1111-1111, 4111  1111 1111 1111"),
            "4111--1111-1111-1111, 4111  1111 1111 1111");
}

TEST(CardMask, FindsANumberAmongOtherGroups) {
  EXPECT_EQ(masked("no 17 4111 1111 1111 1111 12/29"), "no 17 xxxx xxxx xxxx xxxx 12/29");
}

TEST(CardMask, LeavesDigitsOfALongerNumberAlone) {
  EXPECT_EQ(masked("41111111111111110000"), "41111111111111110000");
  EXPECT_EQ(masked("00004111111111111111"), "00004111111111111111");
  EXPECT_EQ(masked("123456789012"), "123456789012");
}

TEST(CardMask, FindsTheSameHoweverTheStreamIsCut) {
  const std::string text =
      "{\"pan\":\"4111 1111 1111 1111\",\"ref\":\"17-378282246310005-1\"} 5555555555554444";
  const std::string whole = masked(text);
  EXPECT_EQ(std::count(whole.begin(), whole.end(), 'x'), 16 + 15 + 16);
  for (std::size_t piece = 1; piece < 25; ++piece) EXPECT_EQ(masked(text, piece), whole) << piece;
}

TEST(CardMask, HoldsBackOnlyWhatMayBelongToANumber) {
  CardMask cards;
  const auto none = [](std::uint64_t) { FAIL(); };
  cards.take(as_bytes("no digits"), 0, none);
  EXPECT_EQ(cards.undecided(), std::nullopt);
  cards.take(as_bytes(" 12 3"), 9, none);
  EXPECT_EQ(cards.undecided(), 10U);
  cards.take(as_bytes(","), 14, none);
  EXPECT_EQ(cards.undecided(), std::nullopt);
  cards.take(as_bytes(std::string(1'000, '7')), 15, none);
  EXPECT_EQ(cards.undecided(), 15U + 1'000 - CardMask::kDigitsMax);
}

}  // namespace
}  // namespace limpid::tool
