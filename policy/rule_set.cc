#include "policy/rule_set.h"

#include <unordered_map>

namespace limpid::policy {

std::string_view name(Action action) {
  switch (action) {
    case Action::kDecrypt: return "decrypt";
    case Action::kPass: return "pass";
    case Action::kBlock: return "block";
  }
  return "";
}

Result<std::shared_ptr<const RuleSet>, std::string> RuleSet::compile(Policy policy) {
  const std::shared_ptr<RuleSet> set(new RuleSet());
  set->policy_ = std::move(policy);

  std::vector<std::string> patterns;
  std::unordered_map<std::string, std::uint32_t> index_of;
  for (std::uint32_t number = 0; number < set->policy_.rules.size(); ++number) {
    const When& when = set->policy_.rules[number].when;
    (when.sni.empty() ? set->without_sni_ : set->with_sni_).add(number, when);
    for (const std::string& pattern : when.sni) {
      const auto [known, fresh] = index_of.try_emplace(pattern, static_cast<std::uint32_t>(patterns.size()));
      if (fresh) {
        patterns.push_back(pattern);
        set->rules_of_pattern_.emplace_back();
      }
      set->rules_of_pattern_[known->second].push_back(number);
    }
  }
  Result<std::unique_ptr<const PatternDatabase>, std::string> compiled = PatternDatabase::compile(patterns);
  if (!compiled) return Failure{compiled.error()};
  set->patterns_ = std::move(compiled).value();
  return std::shared_ptr<const RuleSet>(set);
}

}  // namespace limpid::policy
