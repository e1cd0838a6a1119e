// CompiledPolicy: the tables behind a RuleSet. Inside policy/ only: RuleSet builds them, Evaluator asks them.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <vector>

#include "policy/connection_index.h"
#include "policy/dimension.h"
#include "policy/pattern_database.h"
#include "policy/rule.h"

namespace limpid::policy {

class CompiledPolicy {
 public:
  Policy policy;
  Names names;

  std::vector<Decision> decisions;  // of every rule, and at last of the default; views into `policy`

  std::deque<ConnectionConditions> conditions;  // each combination once; the indices point into it
  ConnectionIndex without_sni;                  // rules that the connection alone decides
  ConnectionIndex after_syn;                    // rules that need more, by their conditions of the connection
  ConnectionIndex with_sni;                     // of these, those that need a server name and nothing else
  ConnectionIndex any_name;                     // of these again, those whose pattern is "*"
  std::vector<ConnectionIndex> by_pattern;      // and those of each pattern of the database
  std::vector<ConnectionIndex::Entry> after_upgrade;  // rules that need_upgrade(), in order; asked one by one
  std::vector<ConnectionIndex::Entry> after_certificate;  // rules with a certificate's conditions, likewise
  std::unique_ptr<const PatternDatabase> patterns;

  /// The first of these rules before `first` whose connection conditions and whose rest hold; else `first`.
  template <typename Holds>
  std::uint32_t lowest_of(const std::vector<ConnectionIndex::Entry>& rules, const FlowPoints& flow,
                          std::uint32_t first, const Holds& rest_holds) const {
    for (const ConnectionIndex::Entry& entry : rules) {
      if (entry.rule >= first) break;
      if (entry.when->hold(flow) && rest_holds(policy.rules[entry.rule])) return entry.rule;
    }
    return first;
  }

  const Decision& decision(std::uint32_t rule) const {
    return rule == kNoRule ? decisions.back() : decisions[rule];
  }
};

}  // namespace limpid::policy
