#include "policy/prefix_table.h"

#include <gtest/gtest.h>

#include <vector>

namespace limpid::policy {
namespace {

PointPrefix prefix(std::string_view text) {
  const IpPrefix parsed = IpPrefix::parse(text).value();
  return {point_of(parsed.address), parsed.length};
}

std::vector<std::uint32_t> found(const PrefixTable& table, std::string_view ip) {
  std::vector<std::uint32_t> numbers;
  table.visit(point_of(IpAddress::parse(ip).value()),
              [&](std::uint32_t number) { numbers.push_back(number); });
  std::sort(numbers.begin(), numbers.end());
  return numbers;
}

TEST(PrefixTable, FindsEveryPrefixThatContainsThePoint) {
  PrefixTable table;
  EXPECT_EQ(table.add(prefix("10.0.0.0/8")), 0U);
  EXPECT_EQ(table.add(prefix("10.1.0.0/16")), 1U);
  EXPECT_EQ(table.add(prefix("2001:db8::/32")), 2U);
  EXPECT_EQ(table.add(prefix("0.0.0.0/0")), 3U);
  EXPECT_EQ(table.add(prefix("10.1.0.0/16")), 1U) << "a prefix has one bucket";
  EXPECT_EQ(found(table, "10.1.2.3"), (std::vector<std::uint32_t>{0, 1, 3}));
  EXPECT_EQ(found(table, "10.2.2.3"), (std::vector<std::uint32_t>{0, 3}));
  EXPECT_EQ(found(table, "2001:db8::1"), (std::vector<std::uint32_t>{2}));
  EXPECT_EQ(found(table, "::1"), (std::vector<std::uint32_t>{}));
}

TEST(PrefixTable, KeepsEverythingWhileItGrows) {
  PrefixTable table;
  for (std::uint32_t i = 0; i < 10'000; ++i) {
    EXPECT_EQ(table.add({point_of(static_cast<std::uint16_t>(i)), 16}), i);
  }
  for (std::uint32_t i = 0; i < 10'000; ++i) {
    EXPECT_EQ(table.find({point_of(static_cast<std::uint16_t>(i)), 16}), i);
  }
  EXPECT_EQ(table.find({point_of(std::uint16_t{10'000}), 16}), PrefixTable::kNone);
}

TEST(PrefixTable, IsEmptyAtFirst) { EXPECT_EQ(PrefixTable().find({}), PrefixTable::kNone); }

}  // namespace
}  // namespace limpid::policy
