#include "policy/evaluator.h"

#include <algorithm>
#include <array>
#include <utility>

#include "dataplane/base/check.h"
#include "policy/compiled_policy.h"
#include "policy/host_pattern.h"

namespace limpid::policy {

class Evaluator::Scratch {
 public:
  PatternScratch scan;
  std::array<char, kHostBytesMax> host{};
  std::array<std::uint32_t, PatternDatabase::kMatchesMax> matched{};
};

Evaluator::Evaluator(std::shared_ptr<const RuleSet> rules) : scratch_(std::make_unique<Scratch>()) {
  use(std::move(rules));
}

Evaluator::~Evaluator() = default;

void Evaluator::use(std::shared_ptr<const RuleSet> rules) {
  LIMPID_CHECK(rules != nullptr, "an Evaluator without rules");
  rules->compiled().patterns->prepare(scratch_->scan);
  rules_ = std::move(rules);
}

std::optional<Decision> Evaluator::decide_connection(const FlowFacts& facts) {
  const CompiledPolicy& compiled = rules_->compiled();
  const FlowPoints flow(facts);
  const std::uint32_t first = compiled.without_sni.lowest(flow, kNoRule);
  if (compiled.with_sni.lowest(flow, first) != first) return std::nullopt;  // a rule before it needs the name
  return compiled.decision(first);
}

namespace {

bool any_matches(const std::vector<std::string>& patterns, std::optional<std::string_view> host) {
  return patterns.empty() || (host && std::any_of(patterns.begin(), patterns.end(),
                                                  [&](const std::string& p) { return matches(p, *host); }));
}

/// All of a rule's conditions but those of the connection. `host`: the server's name.
bool upgrade_holds(const Conditions& when, std::optional<std::string_view> host,
                   const UpgradeFacts& upgrade) {
  const bool spoken = when.upgrade.empty() || std::find(when.upgrade.begin(), when.upgrade.end(),
                                                        upgrade.spoken) != when.upgrade.end();
  const bool port =
      when.connect_port.empty() ||
      std::any_of(when.connect_port.begin(), when.connect_port.end(), [&](const NumberRange& range) {
        return !upgrade.host.empty() && range.first <= upgrade.port && upgrade.port <= range.last;
      });
  if (!spoken || !port || !any_matches(when.sni, host)) return false;
  std::array<char, kHostBytesMax> buffer{};
  return any_matches(when.connect_host, normalize_host(upgrade.host, buffer.data()));
}

}  // namespace

/// Of the rules that no upgrade is needed for.
std::uint32_t Evaluator::lowest(const FlowPoints& flow, std::optional<std::string_view> host) {
  const CompiledPolicy& compiled = rules_->compiled();
  std::uint32_t first = compiled.without_sni.lowest(flow, kNoRule);
  if (!host) return first;
  first = compiled.any_name.lowest(flow, first);
  const std::size_t matched = compiled.patterns->find(*host, scratch_->scan, scratch_->matched);
  for (std::size_t i = 0; i < matched; ++i) {
    first = compiled.by_pattern[scratch_->matched[i]].lowest(flow, first);
  }
  return first;
}

Decision Evaluator::decide_hello(const FlowFacts& facts, std::optional<std::string_view> sni,
                                 const UpgradeFacts* upgrade) {
  const CompiledPolicy& compiled = rules_->compiled();
  const FlowPoints flow(facts);
  const std::optional<std::string_view> host =
      sni ? normalize_host(*sni, scratch_->host.data()) : std::nullopt;
  const std::uint32_t first = lowest(flow, host);
  if (upgrade == nullptr) return compiled.decision(first);
  for (const ConnectionIndex::Entry& entry : compiled.after_upgrade) {
    if (entry.rule >= first) break;
    const Conditions& when = compiled.policy.rules[entry.rule].when;
    if (entry.when->hold(flow) && upgrade_holds(when, host, *upgrade)) return compiled.decision(entry.rule);
  }
  return compiled.decision(first);
}

Explanation Evaluator::explain(const FlowFacts& facts, std::optional<std::string_view> sni) const {
  return policy::explain(rules_->policy(), rules_->names(), facts, sni);
}

}  // namespace limpid::policy
