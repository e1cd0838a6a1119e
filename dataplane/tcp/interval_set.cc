#include "dataplane/tcp/interval_set.h"

namespace limpid::tcp {

std::size_t IntervalSet::first_ending_after(Offset offset) const {
  const Interval* found = std::partition_point(intervals_.begin(), intervals_.end(),
                                               [offset](const Interval& i) { return i.right <= offset; });
  return static_cast<std::size_t>(found - intervals_.begin());
}

std::size_t IntervalSet::first_ending_at_or_after(Offset offset) const {
  const Interval* found = std::partition_point(intervals_.begin(), intervals_.end(),
                                               [offset](const Interval& i) { return i.right < offset; });
  return static_cast<std::size_t>(found - intervals_.begin());
}

bool IntervalSet::has_room_for(Offset left, Offset right, std::size_t intervals_max) const {
  if (size() < intervals_max) return true;
  const std::size_t first = first_ending_at_or_after(left);
  return first < size() && intervals_[first].left <= right;
}

bool IntervalSet::add(Offset left, Offset right, std::size_t intervals_max) {
  const std::size_t first = first_ending_at_or_after(left);
  std::size_t last = first;
  while (last < size() && intervals_[last].left <= right) ++last;
  if (first == last) return size() < intervals_max && intervals_.insert(first, {left, right});
  intervals_[first].left = std::min(left, intervals_[first].left);
  intervals_[first].right = std::max(right, intervals_[last - 1].right);
  intervals_.erase(first + 1, last);
  return true;
}

void IntervalSet::remove_below(Offset offset) {
  intervals_.erase(0, first_ending_after(offset));
  if (!empty()) intervals_[0].left = std::max(intervals_[0].left, offset);
}

const Interval* IntervalSet::find(Offset offset) const {
  const std::size_t i = first_ending_after(offset);
  return i < size() && intervals_[i].left <= offset ? &intervals_[i] : nullptr;
}

bool IntervalSet::covers(Offset left, Offset right) const {
  const Interval* const found = find(left);
  return found != nullptr && found->right >= right;
}

}  // namespace limpid::tcp
