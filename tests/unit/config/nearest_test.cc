#include "config/nearest.h"

#include <gtest/gtest.h>

namespace limpid::config {
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

}  // namespace
}  // namespace limpid::config
