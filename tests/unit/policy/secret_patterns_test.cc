#include "policy/secret_patterns.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

namespace limpid::policy {
namespace {

using Match = std::pair<std::uint64_t, std::uint64_t>;

std::shared_ptr<const SecretPatterns> compiled(const std::vector<std::string>& patterns) {
  auto made = SecretPatterns::compile(patterns);
  EXPECT_TRUE(made.ok()) << made.error();
  return *made;
}

std::string refusal(const std::string& pattern) {
  const auto made = SecretPatterns::compile({"fine", pattern});
  return made.ok() ? "" : made.error();
}

/// Every match in `text`, given in pieces of so many bytes.
std::set<Match> found(const std::vector<std::string>& patterns, std::string_view text,
                      std::size_t piece = SIZE_MAX) {
  SecretSearch search(compiled(patterns));
  SecretSearch::Stream stream(search);
  std::set<Match> matches;
  const auto note = [&](std::uint64_t from, std::uint64_t to) { matches.emplace(from, to); };
  for (; !text.empty(); text.remove_prefix(std::min(piece, text.size())))
    stream.scan(as_bytes(text.substr(0, piece)), note);
  stream.finish(note);
  return matches;
}

TEST(SecretPatterns, MatchesBeginAndEndWhereTheyDo) {
  EXPECT_EQ(found({"key-[0-9]{4}"}, "a key-1234 b"), (std::set<Match>{{2, 10}}));
}

TEST(SecretPatterns, MatchesAreTheSameHoweverTheStreamIsCut) {
  const std::string text = "id=AKIA0123456789ABCDEF; token: s3cr3t-77!\npin 4711\nend";
  const std::vector<std::string> patterns{"AKIA[0-9A-Z]{16}", "s3cr3t-[0-9]{1,9}", "^pin [0-9]{4}$", "end$"};
  const std::set<Match> whole = found(patterns, text);
  EXPECT_TRUE(whole.contains({3, 23}));
  EXPECT_EQ(whole.rbegin()->second, text.size()) << "the end of the stream ends a line";
  EXPECT_EQ(whole.size(), 5U) << "each end of s3cr3t-77 is one";
  for (std::size_t piece = 1; piece < 12; ++piece) EXPECT_EQ(found(patterns, text, piece), whole) << piece;
}

TEST(SecretPatterns, KnowTheirLongestMatch) { EXPECT_EQ(compiled({"abc", "[0-9]{3,17}"})->longest(), 17U); }

TEST(SecretPatterns, RefuseWhatMasksNothingOrTooMuch) {
  EXPECT_EQ(refusal("[0-9]+"), "\"[0-9]+\" may match more than 256 bytes");
  EXPECT_EQ(refusal("a{257}"), "\"a{257}\" may match more than 256 bytes");
  EXPECT_EQ(refusal("a{0,3}"), "\"a{0,3}\" matches no bytes at all");
  EXPECT_THAT(refusal("(a"), testing::StartsWith("\"(a\" is not a pattern: "));
  EXPECT_EQ(refusal("a{256}"), "");
  EXPECT_EQ(refusal(std::string(257, 'a')), "a pattern has 256 characters at most");
}

}  // namespace
}  // namespace limpid::policy
