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
  ConnectionIndex with_sni;                 // rules that need a server name, by the rest of their conditions
  ConnectionIndex any_name;                 // of these, those whose pattern is "*"
  std::vector<ConnectionIndex> by_pattern;  // and those of each pattern of the database
  std::vector<ConnectionIndex::Entry> after_upgrade;  // rules that need_upgrade(), in order; asked one by one
  std::unique_ptr<const PatternDatabase> patterns;

  const Decision& decision(std::uint32_t rule) const {
    return rule == kNoRule ? decisions.back() : decisions[rule];
  }
};

}  // namespace limpid::policy
