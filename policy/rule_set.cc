#include "policy/rule_set.h"

#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "policy/compiled_policy.h"

namespace limpid::policy {

namespace {

using Entries = std::vector<ConnectionIndex::Entry>;

/// Sorts the rules of a policy into the lists that the indices are made of.
class Compiler {
 public:
  explicit Compiler(CompiledPolicy& made) : made_(made) {}

  /// The error is a sentence.
  Result<bool, std::string> compile() {
    const std::vector<Rule>& rules = made_.policy.rules;
    if (rules.size() > kRulesMax) return too_many("rules", rules.size(), kRulesMax);
    for (std::uint32_t number = 0; number < rules.size(); ++number) {
      if (!file(number, rules[number].when)) {
        return too_many("host patterns", by_pattern_.size(), kHostPatternsMax);
      }
    }
    for (std::uint32_t number = 0; number < rules.size(); ++number) {
      const Rule& rule = rules[number];
      made_.decisions.push_back({.action = rule.then,
                                 .rule = static_cast<std::int32_t>(number),
                                 .rule_name = rule.name,
                                 .tools = rule.tools,
                                 .tool_ports = rule.tool_ports,
                                 .names_tools = rule.names_tools || !rule.tools.empty(),
                                 .direction = rule.direction,
                                 .client_certificate = rule.client_certificate,
                                 .learning = rule.learning,
                                 .versions = &rule.versions,
                                 .verification = rule.verification});
    }
    made_.decisions.push_back({.action = made_.policy.default_action});
    made_.without_sni = ConnectionIndex(std::move(without_sni_));
    made_.after_syn = ConnectionIndex(std::move(after_syn_));
    made_.with_sni = ConnectionIndex(std::move(with_sni_));
    made_.any_name = ConnectionIndex(std::move(any_name_));
    made_.by_pattern.reserve(by_pattern_.size());
    for (Entries& entries : by_pattern_) made_.by_pattern.emplace_back(std::move(entries));

    auto patterns = PatternDatabase::compile(patterns_);
    if (!patterns) return Failure{patterns.error()};
    made_.patterns = std::move(patterns).value();
    return true;
  }

 private:
  struct HashOfTarget {
    std::size_t operator()(const ConnectionConditions* when) const { return when->hash(); }
  };
  struct EqualTargets {
    bool operator()(const ConnectionConditions* a, const ConnectionConditions* b) const { return *a == *b; }
  };

  static Failure<std::string> too_many(const char* what, std::size_t count, std::size_t limit) {
    return Failure{"the policy has " + std::to_string(count) + " " + what + "; the limit is " +
                   std::to_string(limit)};
  }

  const ConnectionConditions* interned(const Conditions& when) {
    made_.conditions.emplace_back(when);
    const auto [known, fresh] = known_.insert(std::pair{&made_.conditions.back(), Seen{}});
    if (!fresh) made_.conditions.pop_back();
    return known->first;
  }

  /// False: too many patterns.
  bool file(std::uint32_t number, const Conditions& when) {
    const ConnectionConditions* conditions = interned(when);
    Seen& seen = known_[conditions];
    // Of rules with the same conditions, only the first can decide, or be the first that needs more.
    if (when.known_at_hello() && when.sni.empty()) {
      if (!std::exchange(seen.without_sni, true)) without_sni_.push_back({number, conditions});
      return true;
    }
    if (!std::exchange(seen.after_syn, true)) after_syn_.push_back({number, conditions});
    if (!when.known_at_hello()) {
      (when.certificate.any() ? made_.after_certificate : made_.after_upgrade)
          .push_back({number, conditions});
      return true;
    }
    if (!std::exchange(seen.with_sni, true)) with_sni_.push_back({number, conditions});
    for (const std::string& pattern : when.sni) add_once(entries_of(pattern), {number, conditions});
    return by_pattern_.size() <= kHostPatternsMax;
  }

  Entries& entries_of(const std::string& pattern) {
    if (pattern == "*") return any_name_;
    const auto [known, fresh] =
        pattern_numbers_.try_emplace(pattern, static_cast<std::uint32_t>(by_pattern_.size()));
    if (fresh) {
      by_pattern_.emplace_back();
      patterns_.push_back(pattern);
    }
    return by_pattern_[known->second];
  }

  static void add_once(Entries& entries, ConnectionIndex::Entry entry) {
    if (entries.empty() || entries.back().rule != entry.rule) entries.push_back(entry);
  }

  struct Seen {
    bool without_sni = false;
    bool after_syn = false;
    bool with_sni = false;
  };

  CompiledPolicy& made_;
  std::unordered_map<const ConnectionConditions*, Seen, HashOfTarget, EqualTargets> known_;
  std::unordered_map<std::string, std::uint32_t> pattern_numbers_;
  std::vector<std::string> patterns_;
  Entries without_sni_;
  Entries after_syn_;
  Entries with_sni_;
  Entries any_name_;
  std::vector<Entries> by_pattern_;
};

}  // namespace

Result<std::shared_ptr<const RuleSet>, std::string> RuleSet::compile(Policy policy, Names names) {
  auto made = std::make_unique<CompiledPolicy>();
  made->policy = std::move(policy);
  made->names = std::move(names);
  const Result<bool, std::string> compiled = Compiler(*made).compile();
  if (!compiled) return Failure{compiled.error()};
  return std::shared_ptr<const RuleSet>(new RuleSet(std::move(made)));
}

RuleSet::RuleSet(std::unique_ptr<const CompiledPolicy> compiled) : compiled_(std::move(compiled)) {}
RuleSet::~RuleSet() = default;

const Policy& RuleSet::policy() const { return compiled_->policy; }
const Names& RuleSet::names() const { return compiled_->names; }
std::size_t RuleSet::database_bytes() const { return compiled_->patterns->bytes(); }

}  // namespace limpid::policy
