#include "policy/rule_set.h"

#include <gtest/gtest.h>

#include "tests/unit/policy/policies.h"

namespace limpid::policy {
namespace {

TEST(RuleSet, KeepsThePolicyAsItIs) {
  Policy policy;
  policy.default_action = Action::kBlock;
  policy.rules.push_back({.name = "a", .when = {.sni = {"a.example"}}, .then = Action::kPass, .tools = {1}});
  const auto rules = compiled(policy, {{"edge"}, {"x", "y"}});
  EXPECT_EQ(rules->policy(), policy);
  EXPECT_EQ(rules->names().tools[1], "y");
  EXPECT_GT(rules->database_bytes(), 0U);
}

TEST(RuleSet, TellsWhatARuleSaysOfAToolsPortsAndWhereItSaysNothing) {
  Policy policy;
  policy.rules.push_back({.tools = {1, 2}, .tool_ports = {{.tool = 2, .ports = PortMap({{443, 80}})}}});
  Evaluator evaluator(compiled(policy));
  const Decision decision = evaluator.decide_hello(flow("10.0.0.1:9", "10.0.0.2:443"), std::nullopt);
  EXPECT_EQ(decision.ports_of(1), nullptr);
  ASSERT_NE(decision.ports_of(2), nullptr);
  EXPECT_EQ(decision.ports_of(2)->of(443), 80);
}

TEST(RuleSet, RefusesMoreRulesThanItsLimit) {
  Policy policy;
  policy.rules.resize(kRulesMax + 1);
  const auto refused = RuleSet::compile(std::move(policy), {});
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error(), "the policy has 250001 rules; the limit is 250000");
}

TEST(RuleSet, TakesTheSamePatternInManyRules) {
  Policy policy;
  for (int i = 0; i < 1000; ++i) {
    Rule rule{.name = std::to_string(i), .when = {.sni = {"*.example", "*.example", "*"}}};
    rule.when.server_port = {{static_cast<std::uint16_t>(i), static_cast<std::uint16_t>(i)}};
    policy.rules.push_back(rule);
  }
  Evaluator evaluator(compiled(policy));
  EXPECT_EQ(evaluator.decide_hello(flow("10.0.0.1:9", "10.0.0.2:777"), "a.example").rule, 777);
  EXPECT_EQ(evaluator.decide_hello(flow("10.0.0.1:9", "10.0.0.2:777"), "a.test").rule, 777);
  EXPECT_EQ(evaluator.decide_hello(flow("10.0.0.1:9", "10.0.0.2:777"), std::nullopt).rule, kDefaultRule);
}

}  // namespace
}  // namespace limpid::policy
