// Policies and flows for tests, in few words. Text that does not parse ends the test.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "policy/evaluator.h"
#include "policy/rule.h"
#include "policy/rule_set.h"

namespace limpid::policy {

inline std::vector<IpPrefix> prefixes(std::initializer_list<std::string_view> texts) {
  std::vector<IpPrefix> list;
  for (const std::string_view text : texts) list.push_back(IpPrefix::parse(text).value());
  return list;
}

inline FlowFacts flow(std::string_view client, std::string_view server) {
  FlowFacts facts;
  facts.client = SocketAddress::parse(client).value();
  facts.server = SocketAddress::parse(server).value();
  return facts;
}

inline FlowFacts web_flow() { return flow("10.0.0.5:50000", "198.51.100.7:443"); }

inline std::shared_ptr<const RuleSet> compiled(Policy policy, Names names = {}) {
  auto rules = RuleSet::compile(std::move(policy), std::move(names));
  EXPECT_TRUE(rules.ok()) << (rules.ok() ? "" : rules.error());
  return rules.value();
}

}  // namespace limpid::policy
