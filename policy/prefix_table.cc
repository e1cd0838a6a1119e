#include "policy/prefix_table.h"

#include <algorithm>
#include <utility>

namespace limpid::policy {

namespace {

std::size_t hash_of(const PointPrefix& prefix) {
  std::uint64_t hash = prefix.point.high * 0x9e3779b97f4a7c15U ^ prefix.point.low * 0xc2b2ae3d27d4eb4fU ^
                       (prefix.length + 256U * prefix.point.family);
  hash = (hash ^ (hash >> 30U)) * 0xbf58476d1ce4e5b9U;
  return static_cast<std::size_t>(hash ^ (hash >> 31U));
}

constexpr std::size_t kSlotsFirst = 4;

}  // namespace

std::size_t PrefixTable::slot_of(const PointPrefix& prefix) const {
  const std::size_t mask = slots_.size() - 1;
  std::size_t at = hash_of(prefix) & mask;
  while (slots_[at].bucket != kNone && !slots_[at].holds(prefix)) at = (at + 1) & mask;
  return at;
}

std::uint32_t PrefixTable::find(const PointPrefix& prefix) const {
  return slots_.empty() ? kNone : slots_[slot_of(prefix)].bucket;
}

std::uint32_t PrefixTable::add(const PointPrefix& prefix) {
  if (const std::uint32_t known = find(prefix); known != kNone) return known;
  if (slots_.size() < 2 * (std::size_t{count_} + 1)) grow();
  slots_[slot_of(prefix)] = {prefix.point.high, prefix.point.low, prefix.point.family, prefix.length, count_};
  std::vector<std::uint8_t>& lengths = lengths_[prefix.point.family];
  if (std::find(lengths.begin(), lengths.end(), prefix.length) == lengths.end()) {
    lengths.push_back(prefix.length);
  }
  return count_++;
}

void PrefixTable::grow() {
  std::vector<Slot> old = std::exchange(slots_, {});
  slots_.resize(std::max(kSlotsFirst, old.size() * 2));
  for (const Slot& slot : old) {
    if (slot.bucket != kNone) slots_[slot_of(slot.prefix())] = slot;
  }
}

}  // namespace limpid::policy
