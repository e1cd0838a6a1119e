#include "dataplane/flow/timer_wheel.h"

#include <algorithm>
#include <bit>
#include <chrono>

namespace limpid::flow {

namespace {

constexpr Duration kTick = std::chrono::milliseconds(1);

}  // namespace

TimerWheel::TimerWheel(std::uint32_t entries, Instant now) : origin_(now), nodes_(entries) {
  heads_.fill(kNone);
}

std::uint64_t TimerWheel::tick_before(Instant when) const {
  return when <= origin_ ? 0 : static_cast<std::uint64_t>((when - origin_) / kTick);
}
std::uint64_t TimerWheel::tick_after(Instant when) const {
  return when <= origin_ ? 0 : static_cast<std::uint64_t>((when - origin_ - Duration{1}) / kTick) + 1;
}

void TimerWheel::arm(std::uint32_t entry, Instant deadline) {
  if (deadline == kNever) return disarm(entry);
  Node& node = nodes_[entry];
  // While a slot is run, what is armed for the past waits for the next tick: run() always ends.
  const std::uint64_t due = std::max(tick_after(deadline), current_ + static_cast<std::uint64_t>(running_));
  if (node.slot != kNoSlot) {
    const bool later = due >= node.due;
    if (!later) unlink(entry);
    node.due = due;
    if (later) return;
  }
  node.due = due;
  link(entry);
}

void TimerWheel::disarm(std::uint32_t entry) {
  if (nodes_[entry].slot != kNoSlot) unlink(entry);
}

void TimerWheel::link(std::uint32_t entry) {
  Node& node = nodes_[entry];
  constexpr std::uint64_t kHorizon = (std::uint64_t{1} << (kBits * kLevels)) - 1;
  const std::uint64_t delta =
      std::min(node.due - current_, kHorizon);  // beyond it: put back when it comes up
  const std::uint64_t tick = current_ + delta;
  unsigned level = 0;
  while (level + 1 < kLevels && (delta >> (kBits * (level + 1))) != 0) ++level;
  const auto slot = static_cast<std::uint16_t>(level * kSlots + ((tick >> (kBits * level)) & kMask));
  node.slot = slot;
  node.previous = kNone;
  node.next = heads_[slot];
  if (node.next != kNone) nodes_[node.next].previous = entry;
  heads_[slot] = entry;
  occupied_[slot / 64] |= std::uint64_t{1} << (slot % 64U);
  ++linked_;
}

void TimerWheel::unlink(std::uint32_t entry) {
  Node& node = nodes_[entry];
  if (node.next != kNone) nodes_[node.next].previous = node.previous;
  if (node.previous != kNone) {
    nodes_[node.previous].next = node.next;
  } else {
    heads_[node.slot] = node.next;
    if (node.next == kNone) occupied_[node.slot / 64U] &= ~(std::uint64_t{1} << (node.slot % 64U));
  }
  node.slot = kNoSlot;
  --linked_;
}

void TimerWheel::step() {
  ++current_;
  for (unsigned level = 1; level < kLevels; ++level) {
    if ((current_ & ((std::uint64_t{1} << (kBits * level)) - 1)) != 0) return;
    cascade(level);
  }
}

void TimerWheel::cascade(unsigned level) {
  const std::uint64_t slot = level * kSlots + ((current_ >> (kBits * level)) & kMask);
  // Taken off as a whole first: an entry beyond the horizon may come back into the same slot.
  std::uint32_t entry = heads_[slot];
  heads_[slot] = kNone;
  occupied_[slot / 64] &= ~(std::uint64_t{1} << (slot % 64));
  while (entry != kNone) {
    const std::uint32_t next = nodes_[entry].next;
    --linked_;
    link(entry);
    entry = next;
  }
}

bool TimerWheel::skip_empty_slots(std::uint64_t target) {
  while (current_ <= target) {
    if (linked_ == 0) {
      current_ = target + 1;
      return false;
    }
    const std::uint64_t slot = current_ & kMask;
    const std::uint64_t distance = distance_to_occupied(0, slot);
    if (distance == 0) return true;
    // Up to the next occupied slot, but never over the boundary where the higher wheels are emptied into
    // this.
    const std::uint64_t to_boundary = kSlots - slot;
    current_ += std::min({distance, to_boundary, target - current_ + 1}) - 1;
    step();
  }
  return false;
}

std::uint64_t TimerWheel::distance_to_occupied(unsigned level, std::uint64_t from) const {
  constexpr std::uint64_t kWords = kSlots / 64;
  const std::uint64_t* words = occupied_.data() + level * kWords;
  for (std::uint64_t i = 0; i <= kWords; ++i) {
    const std::uint64_t word_index = (from / 64 + i) % kWords;
    std::uint64_t word = words[word_index];
    if (i == 0) word &= ~std::uint64_t{0} << (from % 64);
    if (word == 0) continue;
    const std::uint64_t slot = word_index * 64 + static_cast<std::uint64_t>(std::countr_zero(word));
    return (slot - from) & kMask;
  }
  return kSlots;
}

Instant TimerWheel::next_deadline() const {
  if (linked_ == 0) return kNever;
  std::uint64_t earliest = ~std::uint64_t{0};
  for (unsigned level = 0; level < kLevels; ++level) {
    // A higher wheel's current slot has been emptied already: what lies in it is one turn away.
    const std::uint64_t base = (current_ >> (kBits * level)) + static_cast<std::uint64_t>(level != 0);
    const std::uint64_t distance = distance_to_occupied(level, base & kMask);
    if (distance != kSlots) earliest = std::min(earliest, (base + distance) << (kBits * level));
  }
  return origin_ + kTick * static_cast<Duration::rep>(earliest);
}

}  // namespace limpid::flow
