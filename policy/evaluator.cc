#include "policy/evaluator.h"

#include <algorithm>

#include "policy/host_pattern.h"

namespace limpid::policy {

namespace {

template <typename List, typename Holds>
bool any_or_empty(const List& list, const Holds& holds) {
  return list.empty() || std::any_of(list.begin(), list.end(), holds);
}

/// All conditions but the server name.
bool connection_holds(const When& when, const FlowFacts& facts) {
  return any_or_empty(when.client, [&](const IpPrefix& prefix) { return prefix.contains(facts.client.ip); }) &&
         any_or_empty(when.server, [&](const IpPrefix& prefix) { return prefix.contains(facts.server.ip); }) &&
         any_or_empty(when.client_port, [&](const PortRange& range) { return range.contains(facts.client.port); }) &&
         any_or_empty(when.server_port, [&](const PortRange& range) { return range.contains(facts.server.port); }) &&
         any_or_empty(when.vlan, [&](std::uint16_t vlan) { return vlan == facts.vlan; }) &&
         any_or_empty(when.segment, [&](std::uint16_t segment) { return segment == facts.segment; });
}

constexpr std::size_t kListedMax = 3;

template <typename List, typename Text>
std::string listed(const List& list, const Text& text) {
  std::string out;
  for (std::size_t i = 0; i < list.size() && i < kListedMax; ++i) out += (i == 0 ? "" : ", ") + text(list[i]);
  if (list.size() > kListedMax) out += " and " + std::to_string(list.size() - kListedMax) + " more";
  return out;
}

std::string text_of(const PortRange& range) {
  return range.first == range.last ? std::to_string(range.first)
                                   : std::to_string(range.first) + "-" + std::to_string(range.last);
}

/// The first condition that does not hold, in words; empty where all hold.
std::string why_not(const When& when, const FlowFacts& facts, std::optional<std::string_view> sni) {
  const auto prefix_text = [](const IpPrefix& prefix) { return prefix.text(); };
  const auto number_text = [](std::uint16_t number) { return std::to_string(number); };
  if (!any_or_empty(when.client, [&](const IpPrefix& prefix) { return prefix.contains(facts.client.ip); })) {
    return "client " + facts.client.ip.text() + " is not in " + listed(when.client, prefix_text);
  }
  if (!any_or_empty(when.server, [&](const IpPrefix& prefix) { return prefix.contains(facts.server.ip); })) {
    return "server " + facts.server.ip.text() + " is not in " + listed(when.server, prefix_text);
  }
  if (!any_or_empty(when.client_port, [&](const PortRange& range) { return range.contains(facts.client.port); })) {
    return "client port " + std::to_string(facts.client.port) + " is not " + listed(when.client_port, text_of);
  }
  if (!any_or_empty(when.server_port, [&](const PortRange& range) { return range.contains(facts.server.port); })) {
    return "server port " + std::to_string(facts.server.port) + " is not " + listed(when.server_port, text_of);
  }
  if (!any_or_empty(when.vlan, [&](std::uint16_t vlan) { return vlan == facts.vlan; })) {
    return (facts.vlan == 0 ? std::string("untagged") : "VLAN " + std::to_string(facts.vlan)) + " is not VLAN " +
           listed(when.vlan, number_text);
  }
  if (!any_or_empty(when.segment, [&](std::uint16_t segment) { return segment == facts.segment; })) {
    return "it is another segment";
  }
  if (when.sni.empty()) return "";
  if (!sni) return "the client named no server (no SNI)";
  const std::string host = normal_host(*sni);
  if (any_or_empty(when.sni, [&](const std::string& pattern) { return matches(pattern, host); })) return "";
  return "server name " + host + " is not " + listed(when.sni, [](const std::string& pattern) { return pattern; });
}

}  // namespace

Evaluator::Evaluator(std::shared_ptr<const RuleSet> rules) : rules_(std::move(rules)), scratch_(*rules_->patterns_) {}

Decision Evaluator::decision_of(std::uint32_t number) const {
  const Policy& policy = rules_->policy();
  if (number == kNoRule) return {policy.default_action, kDefaultRule, "default", policy.default_tools};
  const Rule& rule = policy.rules[number];
  return {rule.then, static_cast<std::int32_t>(number), rule.name, rule.tools};
}

std::uint32_t Evaluator::first_match(const RuleIndex& index, const FlowFacts& facts) const {
  std::uint32_t first = kNoRule;
  index.for_each_candidate(facts, [&](std::uint32_t number) {
    if (number < first && connection_holds(rules_->policy().rules[number].when, facts)) first = number;
  });
  return first;
}

std::optional<Decision> Evaluator::decide_connection(const FlowFacts& facts) const {
  const std::uint32_t decided = first_match(rules_->without_sni_, facts);
  const std::uint32_t undecided = first_match(rules_->with_sni_, facts);
  if (undecided < decided) return std::nullopt;
  return decision_of(decided);
}

Decision Evaluator::decide_hello(const FlowFacts& facts, std::optional<std::string_view> sni) {
  std::uint32_t first = first_match(rules_->without_sni_, facts);
  if (sni) {
    matched_.clear();
    rules_->patterns_->find(normal_host(*sni), scratch_, matched_);
    for (const std::uint32_t pattern : matched_) {
      for (const std::uint32_t number : rules_->rules_of_pattern_[pattern]) {
        if (number >= first) break;
        if (connection_holds(rules_->policy().rules[number].when, facts)) first = number;
      }
    }
  }
  return decision_of(first);
}

Explanation Evaluator::explain(const FlowFacts& facts, std::optional<std::string_view> sni) const {
  Explanation explanation;
  const bool at_connection = decide_connection(facts).has_value();
  explanation.phase = at_connection ? "connection" : "SNI";
  std::uint32_t decided = kNoRule;
  const std::vector<Rule>& rules = rules_->policy().rules;
  for (std::uint32_t number = 0; number < rules.size() && decided == kNoRule; ++number) {
    const std::string why = why_not(rules[number].when, facts, sni);
    if (why.empty()) decided = number;
    explanation.tried.push_back({rules[number].name, why.empty(), why.empty() ? "every condition holds" : why});
  }
  explanation.decision = decision_of(decided);
  return explanation;
}

}  // namespace limpid::policy
