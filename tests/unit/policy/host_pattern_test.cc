#include "policy/host_pattern.h"

#include <gtest/gtest.h>

#include <array>
#include <string>

namespace limpid::policy {
namespace {

std::string host(std::string_view text) {
  std::array<char, kHostBytesMax> into{};
  const auto normal = normalize_host(text, into.data());
  return normal ? std::string(*normal) : "none";
}

bool matches_text(std::string_view pattern, std::string_view name) {
  return matches(normalize_pattern(pattern).value(), host(name));
}

TEST(HostPattern, IsLowerCaseWithoutTheTrailingDot) {
  EXPECT_EQ(normalize_pattern("WWW.Bank.Example.").value(), "www.bank.example");
  EXPECT_EQ(normalize_pattern("*.Bank.Example").value(), "*.bank.example");
  EXPECT_EQ(normalize_pattern("*").value(), "*");
  EXPECT_EQ(normalize_pattern("_dmarc.xn--mnchen-3ya.example").value(), "_dmarc.xn--mnchen-3ya.example");
}

TEST(HostPattern, RefusesWhatNoClientCouldSend) {
  EXPECT_FALSE(normalize_pattern(""));
  EXPECT_FALSE(normalize_pattern("."));
  EXPECT_FALSE(normalize_pattern(".bank.example"));
  EXPECT_FALSE(normalize_pattern("a..example"));
  EXPECT_FALSE(normalize_pattern("https://bank.example"));
  EXPECT_FALSE(normalize_pattern("bank example"));
  EXPECT_FALSE(normalize_pattern(std::string(64, 'a') + ".example"));
  EXPECT_FALSE(normalize_pattern(std::string(63, 'a') + "." + std::string(63, 'b') + "." +
                                 std::string(63, 'c') + "." + std::string(63, 'd')));
}

TEST(HostPattern, SaysHowToWriteAnInternationalisedName) {
  const auto refused = normalize_pattern("m\xc3\xbcnchen.example");
  ASSERT_FALSE(refused.ok());
  EXPECT_NE(refused.error().find("xn--"), std::string::npos);
}

TEST(HostPattern, TakesAStarOnlyForWholeLeadingLabels) {
  EXPECT_FALSE(normalize_pattern("a*.example"));
  EXPECT_FALSE(normalize_pattern("a.*.example"));
  EXPECT_FALSE(normalize_pattern("*.*.example"));
}

TEST(HostPattern, StarMatchesAnyDepthBelowButNotTheNameItself) {
  EXPECT_TRUE(matches_text("*.bank.example", "www.bank.example"));
  EXPECT_TRUE(matches_text("*.bank.example", "a.b.c.bank.example"));
  EXPECT_FALSE(matches_text("*.bank.example", "bank.example"));
  EXPECT_FALSE(matches_text("*.bank.example", "mybank.example"));
  EXPECT_FALSE(matches_text("*.bank.example", "www.bank.example.org"));
}

TEST(HostPattern, WithoutStarMatchesThatNameAlone) {
  EXPECT_TRUE(matches_text("a.example", "A.EXAMPLE."));
  EXPECT_FALSE(matches_text("a.example", "b.a.example"));
  EXPECT_TRUE(matches_text("*", "anything.at.all"));
}

TEST(HostPattern, IncludesWhatMatchesNoNameThatItDoesNotMatchItself) {
  EXPECT_TRUE(includes("*", "*.example"));
  EXPECT_TRUE(includes("*.example", "*.example"));
  EXPECT_TRUE(includes("*.example", "*.a.example"));
  EXPECT_TRUE(includes("*.example", "a.example"));
  EXPECT_TRUE(includes("a.example", "a.example"));
  EXPECT_FALSE(includes("*.a.example", "*.example"));
  EXPECT_FALSE(includes("a.example", "*.example"));
  EXPECT_FALSE(includes("*.example", "example"));
  EXPECT_FALSE(includes("*.example", "*.myexample"));
  EXPECT_FALSE(includes("*.example", "*"));
}

TEST(HostPattern, OneOfManyIsEnoughForANameAsItIsSent) {
  EXPECT_TRUE(any_matches({"b.example", "*.a.example"}, "WWW.A.Example."));
  EXPECT_FALSE(any_matches({"b.example", "*.a.example"}, "a.example"));
  EXPECT_FALSE(any_matches({"*"}, "a..example"));
  EXPECT_FALSE(any_matches({}, "a.example"));
}

TEST(HostName, IsRefusedWhereNoPatternCouldMatch) {
  EXPECT_EQ(host(""), "none");
  EXPECT_EQ(host("."), "none");
  EXPECT_EQ(host("a..b"), "none");
  EXPECT_EQ(host(".a"), "none");
  EXPECT_EQ(host("a.."), "none");
  EXPECT_EQ(host(std::string(254, 'a')), "none");
  EXPECT_EQ(host(std::string(253, 'A')), std::string(253, 'a'));
}

}  // namespace
}  // namespace limpid::policy
