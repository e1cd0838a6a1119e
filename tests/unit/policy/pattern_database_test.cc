#include "policy/pattern_database.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <string>
#include <vector>

namespace limpid::policy {
namespace {

std::vector<std::string> found(const PatternDatabase& database, std::string_view host) {
  PatternScratch scratch;
  database.prepare(scratch);
  std::array<std::uint32_t, PatternDatabase::kMatchesMax> into{};
  const std::size_t count = database.find(host, scratch, into);
  std::vector<std::string> names;
  for (std::size_t i = 0; i < count; ++i) names.emplace_back(database.pattern(into[i]));
  std::sort(names.begin(), names.end());
  return names;
}

using Names = std::vector<std::string>;

std::unique_ptr<const PatternDatabase> compiled(Names patterns) {
  auto database = PatternDatabase::compile(std::move(patterns));
  EXPECT_TRUE(database.ok());
  return std::move(database).value();
}

TEST(PatternDatabase, WithoutPatternsFindsNothing) {
  const auto database = compiled({});
  EXPECT_EQ(found(*database, "a.example"), Names{});
  EXPECT_EQ(database->bytes(), 0U);
}

TEST(PatternDatabase, FindsTheNameAndEveryParentWithAStar) {
  const auto database = compiled({"a.b.example", "*.b.example", "*.example", "b.example", "*.a.b.example"});
  EXPECT_EQ(found(*database, "a.b.example"), (Names{"*.b.example", "*.example", "a.b.example"}));
  EXPECT_EQ(found(*database, "b.example"), (Names{"*.example", "b.example"}));
  EXPECT_EQ(found(*database, "x.a.b.example"), (Names{"*.a.b.example", "*.b.example", "*.example"}));
  EXPECT_EQ(found(*database, "example"), Names{});
}

TEST(PatternDatabase, TakesTheLongestNamesWithTheMostLabels) {
  std::string host = "a";
  Names patterns;
  while (host.size() + 2 <= kHostBytesMax) {
    patterns.push_back("*." + host);
    host = "a." + host;
  }
  patterns.push_back(host);
  const auto database = compiled(patterns);
  std::sort(patterns.begin(), patterns.end());
  EXPECT_EQ(host.size(), kHostBytesMax);
  EXPECT_EQ(found(*database, host), patterns);
}

TEST(PatternDatabase, TakesAnyBytesAsAHost) {
  const auto database = compiled({"*.example", "a.example"});
  std::mt19937 random(1);
  for (int i = 0; i < 2'000; ++i) {
    std::string host(1 + random() % kHostBytesMax, ' ');
    for (char& c : host) c = static_cast<char>(random() % 8 == 0 ? '.' : random());
    EXPECT_EQ(found(*database, host), Names{});
    EXPECT_EQ(found(*database, host.substr(0, 200) + ".example"), Names{"*.example"});
  }
}

TEST(PatternDatabase, AgreesWithComparingEveryPattern) {
  std::mt19937 random(7);
  const auto name = [&] {
    std::string text;
    for (auto labels = 1 + random() % 4; labels > 0; --labels) {
      text += std::string(text.empty() ? "" : ".") + static_cast<char>('a' + random() % 4);
    }
    return text;
  };
  for (int round = 0; round < 30; ++round) {
    Names patterns;
    for (unsigned i = 0; i < 40; ++i) patterns.push_back((random() % 2 == 0 ? "*." : "") + name());
    std::sort(patterns.begin(), patterns.end());
    patterns.erase(std::unique(patterns.begin(), patterns.end()), patterns.end());
    const auto database = compiled(patterns);
    for (int i = 0; i < 200; ++i) {
      const std::string host = name();
      Names expected;
      std::copy_if(patterns.begin(), patterns.end(), std::back_inserter(expected),
                   [&](const std::string& pattern) { return matches(pattern, host); });
      ASSERT_EQ(found(*database, host), expected) << host;
    }
  }
}

TEST(PatternDatabase, NamesItsLibrary) { EXPECT_EQ(hyperscan_version().substr(0, 2), "5."); }

}  // namespace
}  // namespace limpid::policy
