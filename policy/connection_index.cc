#include "policy/connection_index.h"

#include <algorithm>
#include <array>
#include <utility>

#include "policy/prefix_table.h"

namespace limpid::policy {

namespace {

constexpr std::size_t kUndividedMax = 8;  // so many are asked one by one
// A rule with many clients and many servers stands in many buckets; no policy may blow the tree up.
constexpr std::size_t kFiledMax = 4'000'000;

}  // namespace

struct ConnectionIndex::Inside {
  struct Split {
    std::size_t dimension = 0;
    PrefixTable table;
    std::vector<Node> buckets;
  };
  std::vector<Entry> entries;  // asked one by one, in order: few, or indivisible
  std::vector<Split> splits;
};

ConnectionIndex::Node::Node() = default;
ConnectionIndex::Node::~Node() = default;
ConnectionIndex::Node::Node(Node&&) noexcept = default;
ConnectionIndex::Node& ConnectionIndex::Node::operator=(Node&&) noexcept = default;

struct ConnectionIndex::Builder {
  using Used = std::array<bool, kDimensions>;

  std::size_t filed = 0;

  Node node(std::vector<Entry> entries, const Used& used) {
    Node made;
    if (entries.empty()) return made;
    made.first = entries.front().rule;
    drop_unreachable(entries, used);
    made.certain = entries.size() == 1 && holds_here(entries.front(), used);
    if (made.certain) return made;
    made.inside = std::make_unique<Inside>();
    if (entries.size() <= kUndividedMax || !affordable(entries)) {
      made.inside->entries = std::move(entries);
    } else {
      divide(std::move(entries), used, *made.inside);
    }
    return made;
  }

 private:
  /// The conditions in the used dimensions hold for whatever reaches this node: are there no others?
  static bool holds_here(const Entry& entry, const Used& used) {
    for (std::size_t i = 0; i < kDimensions; ++i) {
      if (!used[i] && entry.when->constrains(i)) return false;
    }
    return true;
  }

  /// Behind a rule that holds here, none is asked.
  static void drop_unreachable(std::vector<Entry>& entries, const Used& used) {
    const auto always = std::find_if(entries.begin(), entries.end(),
                                     [&](const Entry& entry) { return holds_here(entry, used); });
    if (always != entries.end()) entries.erase(std::next(always), entries.end());
  }

  bool affordable(const std::vector<Entry>& entries) {
    std::size_t most = 0;
    for (const Entry& entry : entries) {
      std::size_t prefixes = 1;
      for (std::size_t i = 0; i < kDimensions; ++i) {
        prefixes = std::max(prefixes, entry.when->prefixes(i).size());
      }
      most += prefixes;
    }
    return filed + most <= kFiledMax;
  }

  static std::array<std::vector<std::uint32_t>, kDimensions> count(
      const std::vector<Entry>& entries, const Used& used, std::array<PrefixTable, kDimensions>& tables) {
    std::array<std::vector<std::uint32_t>, kDimensions> sharers;
    for (std::size_t i = 0; i < kDimensions; ++i) {
      if (used[i]) continue;
      for (const Entry& entry : entries) {
        for (const PointPrefix& prefix : entry.when->prefixes(i)) {
          const std::uint32_t bucket = tables[i].add(prefix);
          sharers[i].resize(tables[i].buckets());
          ++sharers[i][bucket];
        }
      }
    }
    return sharers;
  }

  /// The dimension in which an entry shares its prefixes with the fewest others; kDimensions: none is left.
  static std::size_t most_telling(const Entry& entry, const Used& used,
                                  const std::array<PrefixTable, kDimensions>& tables,
                                  const std::array<std::vector<std::uint32_t>, kDimensions>& sharers) {
    std::size_t best = kDimensions;
    std::uint32_t fewest = 0xffffffffU;
    for (std::size_t i = 0; i < kDimensions; ++i) {
      if (used[i] || !entry.when->constrains(i)) continue;
      std::uint32_t most = 0;
      for (const PointPrefix& prefix : entry.when->prefixes(i)) {
        most = std::max(most, sharers[i][tables[i].find(prefix)]);
      }
      if (most < fewest) {
        fewest = most;
        best = i;
      }
    }
    return best;
  }

  void divide(std::vector<Entry> entries, const Used& used, Inside& filled) {
    std::array<PrefixTable, kDimensions> tables;
    const auto sharers = count(entries, used, tables);
    std::array<PrefixTable, kDimensions> kept;
    std::array<std::vector<std::vector<Entry>>, kDimensions> buckets;
    for (const Entry& entry : entries) {
      const std::size_t dimension = most_telling(entry, used, tables, sharers);
      if (dimension == kDimensions) {
        filled.entries.push_back(entry);
        continue;
      }
      for (const PointPrefix& prefix : entry.when->prefixes(dimension)) {
        const std::uint32_t bucket = kept[dimension].add(prefix);
        buckets[dimension].resize(kept[dimension].buckets());
        buckets[dimension][bucket].push_back(entry);
        ++filed;
      }
    }
    entries = {};
    for (std::size_t i = 0; i < kDimensions; ++i) {
      if (buckets[i].empty()) continue;
      Used below = used;
      below[i] = true;
      Inside::Split split{i, std::move(kept[i]), {}};
      split.buckets.reserve(buckets[i].size());
      for (std::vector<Entry>& bucket : buckets[i]) split.buckets.push_back(node(std::move(bucket), below));
      filled.splits.push_back(std::move(split));
    }
  }
};

ConnectionIndex::ConnectionIndex() = default;
ConnectionIndex::ConnectionIndex(std::vector<Entry> entries)
    : root_(Builder{}.node(std::move(entries), Builder::Used{})) {}
ConnectionIndex::~ConnectionIndex() = default;
ConnectionIndex::ConnectionIndex(ConnectionIndex&&) noexcept = default;
ConnectionIndex& ConnectionIndex::operator=(ConnectionIndex&&) noexcept = default;

std::uint32_t ConnectionIndex::lowest(const FlowPoints& flow, std::uint32_t below) const {
  return lowest(root_, flow, below);
}

std::uint32_t ConnectionIndex::lowest(const Node& node, const FlowPoints& flow, std::uint32_t below) {
  if (node.first >= below) return below;
  if (node.certain) return node.first;
  for (const Entry& entry : node.inside->entries) {
    if (entry.rule >= below) break;
    if (entry.when->hold(flow)) {
      below = entry.rule;
      break;
    }
  }
  for (const Inside::Split& split : node.inside->splits) {
    split.table.visit(flow[split.dimension],
                      [&](std::uint32_t bucket) { below = lowest(split.buckets[bucket], flow, below); });
  }
  return below;
}

}  // namespace limpid::policy
