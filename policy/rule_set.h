// RuleSet: a policy compiled once and shared by all workers, immutable. All its host patterns are one
// Hyperscan database; its address, port, VLAN and segment conditions are prefix tables, so that a look-up
// costs about the same with ten rules and with a hundred thousand. Built on the control thread; asked
// through an Evaluator on each worker.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "dataplane/base/generation.h"
#include "dataplane/base/result.h"
#include "policy/rule.h"

namespace limpid::policy {

inline constexpr std::size_t kRulesMax = 250'000;
inline constexpr std::size_t kHostPatternsMax = 1'000'000;  // over all rules

class CompiledPolicy;

class RuleSet {
 public:
  /// Takes the policy as it is: conditions are validated by config/. The error is a sentence (a limit is
  /// exceeded, or the pattern database could not be built). 100,000 host patterns take some seconds.
  static Result<std::shared_ptr<const RuleSet>, std::string> compile(Policy policy, Names names);
  ~RuleSet();
  RuleSet(const RuleSet&) = delete;
  RuleSet& operator=(const RuleSet&) = delete;

  const Policy& policy() const;
  const Names& names() const;
  /// Memory of the pattern database alone.
  std::size_t database_bytes() const;
  /// Differs between any two rule sets of a process: what was remembered under one is not used under another.
  std::uint64_t generation() const { return generation_; }
  /// For Evaluator only.
  const CompiledPolicy& compiled() const { return *compiled_; }

 private:
  explicit RuleSet(std::unique_ptr<const CompiledPolicy> compiled);
  std::unique_ptr<const CompiledPolicy> compiled_;
  std::uint64_t generation_ = next_generation();
};

}  // namespace limpid::policy
