#include "policy/rule.h"

#include <gtest/gtest.h>

namespace limpid::policy {
namespace {

TEST(Action, HasTheWordOfTheConfiguration) {
  EXPECT_EQ(name(Action::kDecrypt), "decrypt");
  EXPECT_EQ(name(Action::kPass), "pass");
  EXPECT_EQ(name(Action::kBlock), "block");
}

TEST(Policy, DetoursFlowsWhereAPassRuleNamesToolsOrSomeListOfTcpDoes) {
  EXPECT_FALSE(Policy{}.detours_flows());
  EXPECT_FALSE((Policy{.rules = {{.then = Action::kDecrypt, .tools = {1}}}}.detours_flows()));
  EXPECT_FALSE((Policy{.rules = {{.then = Action::kPass, .names_tools = true}}}.detours_flows()));
  EXPECT_TRUE((Policy{.rules = {{.then = Action::kPass, .tools = {1}}}}.detours_flows()));
  EXPECT_TRUE(Policy{.not_decrypted = {.tls = {1}}}.detours_flows());
  EXPECT_TRUE(Policy{.not_decrypted = {.other_tcp = {1}}}.detours_flows());
  EXPECT_FALSE(Policy{.not_decrypted = {.non_tcp = {1}}}.detours_flows()) << "frames, not flows";
}

}  // namespace
}  // namespace limpid::policy
