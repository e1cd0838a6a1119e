// Link: one direction of the wire in virtual time. Loses (independently and in bursts), duplicates, delays,
// reorders, and limits the rate with a queue of bounded length, all from its own dice.
#pragma once

#include <cstdint>
#include <optional>
#include <queue>
#include <vector>

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

class Link {
 public:
  Link(const LinkModel& model, std::uint64_t seed, Instant start)
      : model_(model), dice_(seed), start_(start) {}

  /// The MTU, where the frame was too big for it and its sender is to be told.
  std::optional<std::uint16_t> send(Frame frame, Instant now);
  /// From now on nothing is lost, doubled or reordered.
  void heal();
  Instant next_arrival() const { return queue_.empty() ? kNever : queue_.top().at; }
  std::optional<Frame> arrived(Instant now);
  std::uint64_t lost() const { return lost_; }

 private:
  struct InFlight {
    Instant at;
    std::uint64_t order;
    Frame frame;
    bool operator<(const InFlight& other) const {  // the queue gives the greatest first
      return at != other.at ? at > other.at : order > other.order;
    }
  };
  bool lose();

  LinkModel model_;
  Dice dice_;
  Instant start_;
  std::priority_queue<InFlight> queue_;
  Instant free_at_{};
  Instant last_arrival_{};
  std::uint64_t order_ = 0;
  std::uint64_t lost_ = 0;
  bool in_burst_ = false;
};

}  // namespace limpid::simulation
