// ConnectionIndex: which is the lowest of many rules whose connection conditions hold for a flow? A tree:
// a node files each rule under that one of its conditions which the fewest rules share, and the rules that
// land in one bucket together are divided again by another dimension. So neither a hundred thousand addresses
// nor a grid of clients and servers is ever walked. Built once by RuleSet, immutable, asked by workers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "policy/dimension.h"

namespace limpid::policy {

inline constexpr std::uint32_t kNoRule = 0xffffffffU;

class ConnectionIndex {
 public:
  struct Entry {
    std::uint32_t rule = kNoRule;
    const ConnectionConditions* when = nullptr;  // outlives the index
  };

  ConnectionIndex();
  /// In ascending order of rules.
  explicit ConnectionIndex(std::vector<Entry> entries);
  ~ConnectionIndex();
  ConnectionIndex(ConnectionIndex&&) noexcept;
  ConnectionIndex& operator=(ConnectionIndex&&) noexcept;

  /// The lowest matching rule, if it is lower than `below`; else `below`.
  std::uint32_t lowest(const FlowPoints& flow, std::uint32_t below) const;

 private:
  struct Inside;
  struct Builder;
  /// 16 bytes: most nodes of a large index are leaves of one rule.
  struct Node {
    Node();
    ~Node();
    Node(Node&&) noexcept;
    Node& operator=(Node&&) noexcept;

    std::uint32_t first = kNoRule;   // the lowest rule in here
    bool certain = false;            // it matches whatever reaches this node: nothing else is asked
    std::unique_ptr<Inside> inside;  // null where it is certain, or nothing is in here
  };
  static std::uint32_t lowest(const Node& node, const FlowPoints& flow, std::uint32_t below);

  Node root_;
};

}  // namespace limpid::policy
