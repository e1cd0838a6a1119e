#include "policy/rule.h"

#include <gtest/gtest.h>

namespace limpid::policy {
namespace {

TEST(Action, HasTheWordOfTheConfiguration) {
  EXPECT_EQ(name(Action::kDecrypt), "decrypt");
  EXPECT_EQ(name(Action::kPass), "pass");
  EXPECT_EQ(name(Action::kBlock), "block");
}

}  // namespace
}  // namespace limpid::policy
