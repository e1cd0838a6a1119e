// IntervalSet: disjoint ranges of a stream, in order. The receiver keeps what lies beyond a gap in one, the
// sender what the peer has SACKed. Bounded by the caller's limit; a lookup is a binary search.
#pragma once

#include <algorithm>
#include <cstddef>

#include "dataplane/tcp/plain_array.h"
#include "dataplane/tcp/sequence.h"

namespace limpid::tcp {

/// [left, right).
struct Interval {
  Offset left = 0;
  Offset right = 0;
};

class IntervalSet {
 public:
  bool empty() const { return intervals_.empty(); }
  std::size_t size() const { return intervals_.size(); }
  /// Bytes of memory beside this object.
  std::size_t bookkeeping() const { return intervals_.capacity() * sizeof(Interval); }
  const Interval& operator[](std::size_t i) const { return intervals_[i]; }
  const Interval& front() const { return intervals_[0]; }
  const Interval& back() const { return intervals_.back(); }

  /// Adds [left, right), joined with what it overlaps or touches. False, and nothing changed, where that
  /// would need one interval more than `intervals_max`, or memory that there is not.
  bool add(Offset left, Offset right, std::size_t intervals_max);
  /// add() would not be refused for the limit.
  bool has_room_for(Offset left, Offset right, std::size_t intervals_max) const;
  /// Forgets everything below `offset`.
  void remove_below(Offset offset);
  void clear() { intervals_.clear(); }

  /// The interval that contains `offset`; null if none.
  const Interval* find(Offset offset) const;
  bool covers(Offset left, Offset right) const;

  /// Calls visit(left, right) for each part of [left, right) that is not in the set, in order, until it
  /// returns false.
  template <typename Visit>
  void for_each_gap(Offset left, Offset right, Visit visit) const {
    for (std::size_t i = first_ending_after(left); left < right; ++i) {
      const Offset end = i < size() ? std::min(intervals_[i].left, right) : right;
      if (end > left && !visit(left, end)) return;
      if (i >= size()) return;
      left = std::max(left, intervals_[i].right);
    }
  }

 private:
  std::size_t first_ending_after(Offset offset) const;
  std::size_t first_ending_at_or_after(Offset offset) const;

  PlainArray<Interval> intervals_;
};

}  // namespace limpid::tcp
