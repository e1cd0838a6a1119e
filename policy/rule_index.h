// RuleIndex: which rules could hold for these addresses and ports, without asking all of them. Each rule is
// filed once, under its most telling condition (server prefix, client prefix, server port); what has none of
// them is asked always. Built once, immutable.
#pragma once

#include <cstdint>
#include <span>
#include <unordered_map>
#include <vector>

#include "dataplane/base/address.h"
#include "policy/rule.h"

namespace limpid::policy {

class RuleIndex {
 public:
  /// `number` is the rule's place in the policy. Call in ascending order.
  void add(std::uint32_t number, const When& when);

  /// Calls `candidate(number)` for every rule that could hold, in no particular order, perhaps more than
  /// once.
  template <typename Candidate>
  void for_each_candidate(const FlowFacts& facts, const Candidate& candidate) const {
    by_server_.visit(facts.server.ip, candidate);
    by_client_.visit(facts.client.ip, candidate);
    if (const auto found = by_server_port_.find(facts.server.port); found != by_server_port_.end()) {
      for (const std::uint32_t number : found->second) candidate(number);
    }
    for (const std::uint32_t number : general_) candidate(number);
  }

 private:
  struct MaskedHash {
    std::size_t operator()(const IpPrefix& prefix) const;
  };
  /// Prefixes by length: one hash look-up for each length in use.
  class PrefixTable {
   public:
    void add(const IpPrefix& prefix, std::uint32_t number);
    template <typename Candidate>
    void visit(const IpAddress& ip, const Candidate& candidate) const {
      for (const std::uint8_t length : ip.is_v6() ? lengths_v6_ : lengths_v4_) {
        const auto found = rules_.find(masked(ip, length));
        if (found == rules_.end()) continue;
        for (const std::uint32_t number : found->second) candidate(number);
      }
    }

   private:
    std::vector<std::uint8_t> lengths_v4_;
    std::vector<std::uint8_t> lengths_v6_;
    std::unordered_map<IpPrefix, std::vector<std::uint32_t>, MaskedHash> rules_;
  };
  static IpPrefix masked(const IpAddress& ip, std::uint8_t length);

  PrefixTable by_server_;
  PrefixTable by_client_;
  std::unordered_map<std::uint16_t, std::vector<std::uint32_t>> by_server_port_;
  std::vector<std::uint32_t> general_;
  bool general_ends_ = false;  // a rule that always holds is filed: later general rules cannot win
};

}  // namespace limpid::policy
