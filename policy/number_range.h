// A range of numbers that rules name: ports, VLAN identifiers, sizes of keys. A value.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

namespace limpid::policy {

/// Both ends belong to it. Of VLAN identifiers, 0 stands for untagged.
struct NumberRange {
  std::uint16_t first = 0;
  std::uint16_t last = 0;

  bool contains(std::uint32_t number) const { return first <= number && number <= last; }
  friend bool operator==(const NumberRange&, const NumberRange&) = default;
};

/// No ranges: every number.
inline bool holds(const std::vector<NumberRange>& ranges, std::uint32_t number) {
  return ranges.empty() || std::any_of(ranges.begin(), ranges.end(),
                                       [&](const NumberRange& range) { return range.contains(number); });
}

}  // namespace limpid::policy
