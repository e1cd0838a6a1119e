#include "dataplane/base/nearest.h"

#include <gtest/gtest.h>

namespace limpid {
namespace {

TEST(EditDistance, CountsLettersThatDiffer) {
  EXPECT_EQ(edit_distance("decrypt", "decrypt"), 0U);
  EXPECT_EQ(edit_distance("decript", "decrypt"), 1U);
  EXPECT_EQ(edit_distance("dcerypt", "decrypt"), 1U) << "neighbours swapped";
  EXPECT_EQ(edit_distance("pas", "pass"), 1U);
  EXPECT_EQ(edit_distance("", "pass"), 4U);
  EXPECT_EQ(edit_distance("DECRYPT", "decrypt"), 0U) << "the case is no difference";
  EXPECT_EQ(edit_distance("block", "decrypt"), 7U);
}

TEST(EditDistance, DoesNotCompareWordsThatNobodyMistypes) {
  EXPECT_EQ(edit_distance(std::string(100'000, 'a'), "a"), 100'000U);
}

TEST(NearestHint, NamesTheNearestWordIfOneIsNear) {
  EXPECT_EQ(nearest_hint("decript", {"decrypt", "pass", "block"}), "did you mean \"decrypt\"?");
  EXPECT_EQ(nearest_hint("sever_port", {"server", "server_port", "client_port"}),
            "did you mean \"server_port\"?");
  EXPECT_EQ(nearest_hint("reject", {"decrypt", "pass", "block"}), "");
  EXPECT_EQ(nearest_hint("x", {}), "");
}

TEST(NearestHint, TakesTheBeginningOfAWordForIt) {
  EXPECT_EQ(nearest_hint("warn", {"debug", "info", "warning", "error"}), "did you mean \"warning\"?");
  EXPECT_EQ(nearest_hint("de", {"debug", "info"}), "") << "too short to tell";
  EXPECT_EQ(nearest_hint("tls", {"tls1.2", "tls1.3"}), "") << "the beginning of several";
}

TEST(NearestHint, DoesNotGuessBetweenEquals) {
  EXPECT_EQ(nearest_hint("tls1.4", {"ssl3", "tls1.0", "tls1.1", "tls1.2", "tls1.3"}), "");
  EXPECT_EQ(nearest_hint("tls13", {"tls1.2", "tls1.3", "tls1.3"}), "did you mean \"tls1.3\"?");
  EXPECT_EQ(nearest_hint("ab", {"ac", "ad", "abc", "ab"}), "did you mean \"ab\"?");
}

}  // namespace
}  // namespace limpid
