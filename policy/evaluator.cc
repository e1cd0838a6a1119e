#include "policy/evaluator.h"

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

Decision Evaluator::decide_hello(const FlowFacts& facts, std::optional<std::string_view> sni) {
  const CompiledPolicy& compiled = rules_->compiled();
  const FlowPoints flow(facts);
  std::uint32_t first = compiled.without_sni.lowest(flow, kNoRule);
  if (!sni) return compiled.decision(first);
  const std::optional<std::string_view> host = normalize_host(*sni, scratch_->host.data());
  if (!host) return compiled.decision(first);
  first = compiled.any_name.lowest(flow, first);
  const std::size_t matched = compiled.patterns->find(*host, scratch_->scan, scratch_->matched);
  for (std::size_t i = 0; i < matched; ++i) {
    first = compiled.by_pattern[scratch_->matched[i]].lowest(flow, first);
  }
  return compiled.decision(first);
}

Explanation Evaluator::explain(const FlowFacts& facts, std::optional<std::string_view> sni) const {
  return policy::explain(rules_->policy(), rules_->names(), facts, sni);
}

}  // namespace limpid::policy
