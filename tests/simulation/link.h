// Link: one direction of the wire in virtual time. Loses (independently and in bursts), duplicates, damages,
// delays, reorders, and limits the rate with a queue of bounded length, all from its own dice. What it
// carries may be anything that can tell its size and be marked or damaged: values, or the bytes of whole
// frames.
#pragma once

#include <cstdint>
#include <optional>
#include <queue>
#include <string>
#include <utility>
#include <vector>

#include "tests/simulation/ethernet.h"
#include "tests/simulation/wire.h"

namespace limpid::simulation {

struct LinkModel {
  Duration delay = std::chrono::milliseconds{5};
  Duration jitter{};       // uniformly added; keeps the order
  double loss = 0;         // each frame by itself
  double burst_begin = 0;  // a burst of losses begins with this frame
  double burst_end = 0.3;  // and ends with this probability at each further frame
  double mark = 0;         // of the frames that may be marked instead of dropped (ECN)
  double duplicate = 0;
  double damage = 0;  // a bit of these frames arrives wrong
  // Which of eight. Links in a row each have their own: two damages to one frame must not hide each other.
  std::uint8_t damaged_bit = 0;
  double reorder = 0;  // these frames are held for reorder_delay
  Duration reorder_delay{};
  std::uint64_t bytes_per_second = 0;  // 0: as fast as light
  std::size_t queue_bytes = 1U << 20U;
  /// The largest IP packet that gets through from `narrows_at` on, counted from the start; 0: any. What is
  /// larger is reported to its sender, unless the link is a black hole.
  std::uint16_t mtu = 0;
  Duration narrows_at{};
  bool black_hole = false;
};

std::string describe(const LinkModel& model);

/// What becomes of one frame.
struct Passage {
  bool lost = false;
  std::optional<std::uint16_t> told_mtu{};  // too big, and its sender is to be told
  Instant at{};
  std::optional<Instant> copy_at{};
  bool marked = false;
  std::optional<std::uint64_t> damage{};  // to which bit, in numbers that may be beyond the end
};

/// Decides what becomes of each frame, without having it.
class Passages {
 public:
  Passages(const LinkModel& model, std::uint64_t seed, Instant start)
      : model_(model), dice_(seed), start_(start) {}

  /// `size`: what takes up time on the wire.
  Passage next(std::size_t size, std::size_t ip_size, bool may_be_marked, Instant now);
  void heal();

 private:
  bool lose();
  /// When the last bit of a frame has left; nothing where the queue is full.
  std::optional<Instant> departure(std::size_t size, Instant now);

  LinkModel model_;
  Dice dice_;
  Instant start_;
  Instant free_at_{};
  Instant last_arrival_{};
  bool in_burst_ = false;
};

template <class Carried>
class LinkOf {
 public:
  LinkOf(const LinkModel& model, std::uint64_t seed, Instant start) : passages_(model, seed, start) {}

  Passage send(Carried carried, Instant now) {
    Passage passage = passages_.next(wire_size(carried), ip_size(carried), may_be_marked(carried), now);
    if (!passage.lost && passage.damage) passage.lost = !survives_damage(carried, *passage.damage);
    if (passage.lost) {
      ++lost_;
      return passage;
    }
    if (passage.marked) mark(carried);
    if (passage.copy_at) queue_.push({*passage.copy_at, order_++, carried});
    queue_.push({passage.at, order_++, std::move(carried)});
    return passage;
  }
  /// From now on nothing is lost, doubled, damaged or reordered.
  void heal() { passages_.heal(); }
  Instant next_arrival() const { return queue_.empty() ? kNever : queue_.top().at; }
  std::optional<Carried> arrived(Instant now) {
    if (queue_.empty() || queue_.top().at > now) return std::nullopt;
    Carried carried = queue_.top().carried;
    queue_.pop();
    return carried;
  }
  std::uint64_t lost() const { return lost_; }

 private:
  struct InFlight {
    Instant at;
    std::uint64_t order;
    Carried carried;
    bool operator<(const InFlight& other) const {  // the queue gives the greatest first
      return at != other.at ? at > other.at : order > other.order;
    }
  };

  Passages passages_;
  std::priority_queue<InFlight> queue_;
  std::uint64_t order_ = 0;
  std::uint64_t lost_ = 0;
};

using Link = LinkOf<Frame>;

}  // namespace limpid::simulation
