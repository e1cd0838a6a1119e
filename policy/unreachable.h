// Rules that can never match, because one rule before them matches everything that they would: mistakes that
// config/ warns of. Pure.
#pragma once

#include <cstdint>
#include <vector>

#include "policy/rule.h"

namespace limpid::policy {

struct UnreachableRule {
  std::uint32_t rule = 0;
  std::uint32_t hidden_by = 0;  // the first rule that includes it
};

/// In ascending order. Exact for one rule hiding another in policies of up to a few thousand rules; in larger
/// ones, rules without conditions and rules that share a host pattern or its parents are looked at, no more,
/// so that the work stays in proportion. (Several rules that hide one only together are not found.)
std::vector<UnreachableRule> unreachable_rules(const Policy& policy);

}  // namespace limpid::policy
