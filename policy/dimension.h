// Dimensions: what the connection conditions of rules look at, all brought to one form. An address, a port, a
// VLAN identifier or a segment is a Point (128 bits, left-aligned, with its family); a condition is a set of
// prefixes of such points. So one table and one search serve all of them. Values; nothing allocates on
// look-up.
#pragma once

#include <algorithm>
#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "dataplane/base/address.h"
#include "policy/rule.h"

namespace limpid::policy {

enum class Dimension : std::uint8_t { kServer, kClient, kServerPort, kClientPort, kVlan, kSegment };
inline constexpr std::size_t kDimensions = 6;

struct Point {
  std::uint8_t family = 0;  // 1: IPv6; 0: everything else
  std::uint64_t high = 0;
  std::uint64_t low = 0;

  friend auto operator<=>(const Point&, const Point&) = default;
};

/// The first `length` bits are given, the others are zero.
struct PointPrefix {
  Point point;
  std::uint8_t length = 0;

  friend bool operator==(const PointPrefix&, const PointPrefix&) = default;
};

Point point_of(const IpAddress& ip);
Point point_of(std::uint16_t number);
/// `point` with all bits beyond `length` cleared.
Point masked(const Point& point, std::uint8_t length);

/// A flow's place in every dimension.
class FlowPoints {
 public:
  explicit FlowPoints(const FlowFacts& facts);
  const Point& operator[](std::size_t dimension) const { return points_[dimension]; }

 private:
  std::array<Point, kDimensions> points_;
};

/// A rule's connection conditions: for each dimension the prefixes that it allows; none: all.
class ConnectionConditions {
 public:
  explicit ConnectionConditions(const Conditions& when);

  bool constrains(std::size_t dimension) const { return !prefixes_[dimension].empty(); }
  bool constrains_anything() const;
  /// Sorted, without repetitions.
  const std::vector<PointPrefix>& prefixes(std::size_t dimension) const { return prefixes_[dimension]; }

  bool hold(const FlowPoints& flow) const {
    for (std::size_t i = 0; i < kDimensions; ++i) {
      if (!ranges_[i].empty() && !contains(ranges_[i], flow[i])) return false;
    }
    return true;
  }

  /// Every flow for which `other` holds, these hold for too.
  bool include(const ConnectionConditions& other) const;

  std::size_t hash() const;
  friend bool operator==(const ConnectionConditions& a, const ConnectionConditions& b) {
    return a.prefixes_ == b.prefixes_;
  }

 private:
  struct Range {
    Point first;
    Point last;
  };
  static bool contains(const std::vector<Range>& ranges, const Point& point) {
    const auto after = std::upper_bound(ranges.begin(), ranges.end(), point,
                                        [](const Point& p, const Range& range) { return p < range.first; });
    return after != ranges.begin() && point <= std::prev(after)->last;
  }
  void settle();

  std::array<std::vector<PointPrefix>, kDimensions> prefixes_;
  std::array<std::vector<Range>, kDimensions> ranges_;  // the same, sorted and apart
};

}  // namespace limpid::policy
