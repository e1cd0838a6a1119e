// Scoreboard: what is known of each segment in flight (RFC 6675): acknowledged by SACK, lost, retransmitted;
// and from that the pipe, the number of bytes that are still on the wire. What is on the wire is chained in
// the order of its last transmission, so that the search for losses (RFC 8985) looks at nothing but what is
// lost, and one more. SACK blocks touch only what they newly cover.
#pragma once

#include <cstdint>
#include <optional>

#include "dataplane/base/clock.h"
#include "dataplane/tcp/interval_set.h"
#include "dataplane/tcp/rack.h"
#include "dataplane/tcp/sent_segments.h"
#include "dataplane/tcp/sequence.h"

namespace limpid::tcp {

class Scoreboard {
 public:
  using Index = SentSegments::Index;

  /// What one acknowledgement has told, and who is to be told of each delivery.
  struct Delivery {
    Rack* rack = nullptr;  // null: no SACK
    Instant now{};
    std::optional<Instant> echoed{};  // see Rack::delivered()

    std::uint32_t bytes = 0;        // that were not known to have arrived before
    std::optional<Instant> sent{};  // when the segment was sent that a round-trip sample may come from
    bool retransmitted = false;     // a retransmitted segment is among the acknowledged ones
  };

  // --- sending ---
  bool reserve() { return segments_.reserve(); }
  void sent(Offset start, std::uint16_t size, bool fin, Instant now);
  /// The first segment that is marked lost; null if none.
  const SentSegment* next_lost();
  Offset start_of(const SentSegment& segment) const {
    return base_ + static_cast<Offset>(segment.start - static_cast<std::uint32_t>(base_));
  }
  /// What next_lost() gave has been sent again.
  void retransmitted(Instant now);
  /// The last segment was sent again though it is not taken for lost (a tail loss probe, RFC 8985 §7).
  void probed(Instant now);
  const SentSegment& last() const { return segments_.back(); }

  // --- acknowledgements ---
  /// Everything below `offset` has arrived. `offset` lies beyond what was acknowledged before.
  void acknowledge(Offset offset, Delivery& delivery);
  /// The peer has [left, right), which lies within what is in flight.
  void sack(Offset left, Offset right, Delivery& delivery);

  // --- losses ---
  /// Marks what was overtaken and has had the newest arrival's time and `window` to arrive (RFC 8985 §6.2,
  /// step 5). True if something was newly marked. `next`: when to look again; kNever if there is nothing to
  /// wait for.
  bool mark_overtaken(Duration window, Instant now, Instant& next);
  /// After a time-out: the first segment, and whatever has had its time (RFC 8985 §6.3). Everything where the
  /// peer has broken its word: it SACKed the first segment and yet never acknowledged it (RFC 2018 §8).
  void mark_timed_out(Duration window, Instant now);
  /// The first segment that the peer does not have.
  bool mark_first_lost();
  /// The same, but not if that segment is on its way for the second time.
  bool mark_first_unsent_again();
  /// Everything that the peer does not have. Forgets SACKs where the peer has broken its word.
  void mark_all_lost();
  /// Whatever has more payload than that did not get through (path MTU). True if something was newly marked.
  bool mark_longer_lost(std::uint16_t payload_max);
  /// No segment has more payload than that any more. False where there is no memory.
  bool cut(std::uint16_t payload_max);
  /// The payload of the segment in flight that contains `offset`; 0 where there is none.
  std::uint16_t payload_at(Offset offset) const;
  /// The losses were none: what has not been sent again counts as on the wire.
  void unmark_lost();

  std::uint32_t segments() const { return segments_.size(); }
  bool empty() const { return segments_.empty(); }
  /// Bytes of memory beside this object.
  std::size_t bookkeeping() const { return segments_.bookkeeping() + sacked_.bookkeeping(); }
  /// Bytes on the wire: neither known to have arrived nor taken for lost.
  std::uint32_t pipe() const { return pipe_; }
  std::uint32_t lost() const { return lost_; }
  std::uint32_t sacked() const { return sacked_bytes_; }
  std::uint32_t sacked_segments() const { return sacked_segments_; }

 private:
  void arrive(Index index, std::uint32_t bytes, Delivery& delivery);
  bool mark_lost(Index index);
  void chain_last(Index index);
  void chain_first(Index index);
  void unchain(Index index);
  void forget_sacks();

  SentSegments segments_;
  IntervalSet sacked_;
  NewestArrival newest_arrival_;
  Offset base_ = 0;   // start of the first segment
  Index oldest_ = 0;  // of the chain, which holds something where pipe_ > 0
  Index newest_ = 0;
  Index retransmit_scan_ = 0;  // nothing before is marked lost
  std::uint32_t pipe_ = 0;
  std::uint32_t lost_ = 0;
  std::uint32_t sacked_bytes_ = 0;
  std::uint32_t sacked_segments_ = 0;
};

}  // namespace limpid::tcp
