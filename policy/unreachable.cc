#include "policy/unreachable.h"

#include <algorithm>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "policy/dimension.h"
#include "policy/host_pattern.h"

namespace limpid::policy {

namespace {

constexpr std::size_t kPairsMaxRules = 2'000;    // up to so many rules, each is held against all before it
constexpr std::size_t kCandidatesMax = 64;       // beyond, against so many that share a pattern
constexpr std::size_t kPatternPairsMax = 4'096;  // pattern lists longer than this by that are not compared

bool includes(const std::vector<std::string>& wide, const std::vector<std::string>& narrow) {
  if (wide.empty()) return true;
  if (narrow.empty() || wide.size() * narrow.size() > kPatternPairsMax) return false;
  return std::all_of(narrow.begin(), narrow.end(), [&](const std::string& pattern) {
    return std::any_of(wide.begin(), wide.end(),
                       [&](const std::string& candidate) { return policy::includes(candidate, pattern); });
  });
}

class Search {
 public:
  explicit Search(const Policy& policy) : policy_(policy) {
    for (const Rule& rule : policy.rules) conditions_.emplace_back(rule.when);
  }

  std::vector<UnreachableRule> run() {
    std::vector<UnreachableRule> found;
    const bool small = policy_.rules.size() <= kPairsMaxRules;
    for (std::uint32_t rule = 0; rule < policy_.rules.size(); ++rule) {
      const std::optional<std::uint32_t> hider = small ? among_all(rule) : among_candidates(rule);
      if (hider) found.push_back({rule, *hider});
      if (!small) remember(rule);
    }
    return found;
  }

 private:
  bool hides(std::uint32_t earlier, std::uint32_t later) const {
    return policy_.rules[earlier].when.known_at_hello() && conditions_[earlier].include(conditions_[later]) &&
           includes(policy_.rules[earlier].when.sni, policy_.rules[later].when.sni);
  }

  std::optional<std::uint32_t> among_all(std::uint32_t rule) const {
    for (std::uint32_t earlier = 0; earlier < rule; ++earlier) {
      if (hides(earlier, rule)) return earlier;
    }
    return std::nullopt;
  }

  std::optional<std::uint32_t> among_candidates(std::uint32_t rule) const {
    std::optional<std::uint32_t> first = unconditional_;
    const std::vector<std::string>& patterns = policy_.rules[rule].when.sni;
    if (patterns.empty()) return first;
    const auto look = [&](const std::string& pattern) {
      const auto known = by_pattern_.find(pattern);
      if (known == by_pattern_.end()) return;
      for (const std::uint32_t earlier : known->second) {
        if (first && *first <= earlier) return;
        if (hides(earlier, rule)) first = earlier;
      }
    };
    // Whatever hides the rule includes its first pattern: by the same one, a parent of it, or "*".
    look(patterns.front());
    look("*");
    std::string_view rest = patterns.front();
    if (rest.starts_with("*.")) rest.remove_prefix(2);
    for (std::size_t dot = rest.find('.'); dot != std::string_view::npos; dot = rest.find('.')) {
      rest.remove_prefix(dot + 1);
      look("*." + std::string(rest));
    }
    return first;
  }

  void remember(std::uint32_t rule) {
    const Conditions& when = policy_.rules[rule].when;
    if (when.sni.empty() && when.known_at_hello() && !conditions_[rule].constrains_anything() &&
        !unconditional_) {
      unconditional_ = rule;
    }
    for (const std::string& pattern : when.sni) {
      std::vector<std::uint32_t>& rules = by_pattern_[pattern];
      if (rules.size() < kCandidatesMax) rules.push_back(rule);
    }
  }

  const Policy& policy_;
  std::deque<ConnectionConditions> conditions_;
  std::optional<std::uint32_t> unconditional_;
  std::unordered_map<std::string, std::vector<std::uint32_t>> by_pattern_;
};

}  // namespace

std::vector<UnreachableRule> unreachable_rules(const Policy& policy) { return Search(policy).run(); }

}  // namespace limpid::policy
