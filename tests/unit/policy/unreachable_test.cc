#include "policy/unreachable.h"

#include <gtest/gtest.h>

#include "tests/unit/policy/policies.h"

namespace limpid::policy {
namespace {

std::vector<std::pair<std::uint32_t, std::uint32_t>> hidden(const Policy& policy) {
  std::vector<std::pair<std::uint32_t, std::uint32_t>> found;
  for (const UnreachableRule& rule : unreachable_rules(policy)) found.emplace_back(rule.rule, rule.hidden_by);
  return found;
}
using Hidden = std::vector<std::pair<std::uint32_t, std::uint32_t>>;

Rule named(std::vector<std::string> patterns) { return {.when = {.sni = std::move(patterns)}}; }
Rule to(std::initializer_list<std::string_view> servers) { return {.when = {.server = prefixes(servers)}}; }

TEST(UnreachableRules, AreAllBehindARuleWithoutConditions) {
  EXPECT_EQ(hidden({.rules = {named({"a"}), {}, named({"b"}), to({"10.0.0.1"}), {}}}),
            (Hidden{{2, 1}, {3, 1}, {4, 1}}));
}

TEST(UnreachableRules, AreHiddenByWiderPatternsAndPrefixes) {
  EXPECT_EQ(hidden({.rules = {named({"*.example"}), named({"a.example", "*.b.example"})}}), (Hidden{{1, 0}}));
  EXPECT_EQ(hidden({.rules = {to({"10.0.0.0/8"}), to({"10.1.0.0/16", "10.2.3.4"})}}), (Hidden{{1, 0}}));
  EXPECT_EQ(hidden({.rules = {named({"*"}), named({"*.a"})}}), (Hidden{{1, 0}}));
}

TEST(UnreachableRules, AreNotThoseThatMatchSomethingMore) {
  EXPECT_EQ(hidden({.rules = {named({"*.example"}), named({"example"}), named({"*.example", "a.test"})}}),
            Hidden{});
  EXPECT_EQ(hidden({.rules = {named({"*"}), {}}}), Hidden{}) << "a client may send no name";
  EXPECT_EQ(hidden({.rules = {to({"10.1.0.0/16"}), to({"10.0.0.0/8"})}}), Hidden{});
  Rule narrower = named({"*.example"});
  narrower.when.server_port = {{443, 443}};
  EXPECT_EQ(hidden({.rules = {narrower, named({"a.example"})}}), Hidden{});
}

TEST(UnreachableRules, AreFoundInLargePoliciesByTheirPatterns) {
  Policy policy;
  for (int i = 0; i < 3000; ++i) policy.rules.push_back(named({"h" + std::to_string(i) + ".example"}));
  policy.rules.push_back(named({"h7.example"}));
  policy.rules.push_back(named({"*.a.test"}));
  policy.rules.push_back(named({"x.y.a.test"}));
  policy.rules.push_back({});
  policy.rules.push_back(to({"10.0.0.1"}));
  EXPECT_EQ(hidden(policy), (Hidden{{3000, 7}, {3002, 3001}, {3004, 3003}}));
}

TEST(Unreachable, NoRuleIsHiddenByOneThatNeedsAnUpgrade) {
  Rule proxied{.name = "proxied", .then = Action::kPass};
  proxied.when.upgrade = {"connect"};
  EXPECT_TRUE(unreachable_rules({.rules = {proxied, {.name = "rest", .then = Action::kPass}}}).empty());
}

}  // namespace
}  // namespace limpid::policy
