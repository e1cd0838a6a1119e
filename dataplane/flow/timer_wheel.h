// TimerWheel: one deadline for each of a fixed number of entries (flow indices), tick 1 ms. Moving a deadline
// later only stores it: an entry that comes up early is put back (lazy re-arm), so a busy flow pays nothing.
// Everything is O(1) but next_deadline(), which looks at a few words. Four wheels of 256 slots: 49 days
// ahead. Thread: the worker's.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "dataplane/base/clock.h"

namespace limpid::flow {

class TimerWheel {
 public:
  TimerWheel(std::uint32_t entries, Instant now);

  /// Sets the entry's deadline, earlier or later than before; kNever disarms. It fires at the first tick that
  /// is not before it, and at the next one where it has passed already.
  void arm(std::uint32_t entry, Instant deadline);
  void disarm(std::uint32_t entry);
  bool armed(std::uint32_t entry) const { return nodes_[entry].slot != kNoSlot; }

  /// Calls fire(entry) for every entry whose deadline has passed, at most `budget` of them (a mass expiry
  /// must not stall reception; the rest is due at the next call). A fired entry is disarmed before its call,
  /// which may arm or disarm any entry.
  template <typename Fire>
  void run(Instant now, std::size_t budget, Fire&& fire) {
    const std::uint64_t target = tick_before(now);
    running_ = true;
    while (current_ <= target && budget > 0) {
      if (!skip_empty_slots(target)) break;
      while (heads_[current_ & kMask] != kNone && budget > 0) {
        const std::uint32_t entry = heads_[current_ & kMask];
        unlink(entry);
        if (nodes_[entry].due > current_) {
          link(entry);
          continue;
        }
        --budget;
        fire(entry);
      }
      if (heads_[current_ & kMask] == kNone) step();
    }
    running_ = false;
  }

  /// When run() wants to be called: the tick of the earliest deadline, or before it (a call then only moves
  /// entries on); kNever if none is armed.
  Instant next_deadline() const;

 private:
  static constexpr std::uint32_t kNone = 0xffffffffU;
  static constexpr std::uint16_t kNoSlot = 0xffffU;
  static constexpr unsigned kBits = 8;
  static constexpr std::uint64_t kSlots = 1U << kBits;
  static constexpr std::uint64_t kMask = kSlots - 1;
  static constexpr unsigned kLevels = 4;

  struct Node {
    std::uint64_t due = 0;  // tick
    std::uint32_t next = kNone;
    std::uint32_t previous = kNone;
    std::uint16_t slot = kNoSlot;
  };

  /// The first tick at or after `when`; the last one at or before it.
  std::uint64_t tick_after(Instant when) const;
  std::uint64_t tick_before(Instant when) const;
  void link(std::uint32_t entry);
  void unlink(std::uint32_t entry);
  void step();
  void cascade(unsigned level);
  /// Moves current_ on to an occupied slot, or beyond `target`: false.
  bool skip_empty_slots(std::uint64_t target);
  /// How many slots from `from` on until an occupied one, in level `level`; kSlots if none.
  std::uint64_t distance_to_occupied(unsigned level, std::uint64_t from) const;

  Instant origin_;
  std::uint64_t current_ = 0;  // the tick whose slot is run next
  std::size_t linked_ = 0;
  bool running_ = false;
  std::vector<Node> nodes_;
  std::array<std::uint32_t, kLevels * kSlots> heads_;
  std::array<std::uint64_t, kLevels * kSlots / 64> occupied_{};

 public:
  /// What one entry costs.
  static constexpr std::size_t kEntrySize = sizeof(Node);
};

}  // namespace limpid::flow
