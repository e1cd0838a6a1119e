// PrefixTable: from the prefixes of one dimension to bucket numbers. A look-up is one probe of a flat hash
// table for each prefix length in use (33 at most for IPv4, 129 for IPv6), however many prefixes there are.
// Built once, then immutable.
#pragma once

#include <array>
#include <bitset>
#include <cstdint>
#include <vector>

#include "policy/dimension.h"

namespace limpid::policy {

class PrefixTable {
 public:
  /// The bucket of this prefix: an old one, or the next number from 0.
  std::uint32_t add(const PointPrefix& prefix);
  std::uint32_t buckets() const { return count_; }
  /// The bucket of exactly this prefix; kNone.
  std::uint32_t find(const PointPrefix& prefix) const;

  /// Calls `bucket(number)` for every prefix that contains the point.
  template <typename Bucket>
  void visit(const Point& point, const Bucket& bucket) const {
    for (const std::uint8_t length : lengths_[point.family]) {
      const std::uint32_t number = find({masked(point, length), length});
      if (number != kNone) bucket(number);
    }
  }

  static constexpr std::uint32_t kNone = 0xffffffffU;

 private:
  /// 24 bytes: a look-up in a large table costs what its cache misses cost.
  struct Slot {
    std::uint64_t high = 0;
    std::uint64_t low = 0;
    std::uint8_t family = 0;
    std::uint8_t length = 0;
    std::uint32_t bucket = kNone;

    bool holds(const PointPrefix& prefix) const {
      return high == prefix.point.high && low == prefix.point.low && length == prefix.length &&
             family == prefix.point.family;
    }
    PointPrefix prefix() const { return {{family, high, low}, length}; }
  };
  static_assert(sizeof(Slot) == 24);
  std::size_t slot_of(const PointPrefix& prefix) const;
  void grow();

  std::array<std::vector<std::uint8_t>, 2> lengths_;  // in use, by family
  std::vector<Slot> slots_;                           // a power of two, at most half full
  std::uint32_t count_ = 0;
};

}  // namespace limpid::policy
