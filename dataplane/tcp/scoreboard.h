// Scoreboard: what is known of each segment in flight (RFC 6675): acknowledged by SACK, lost, retransmitted;
// and from that the pipe, the number of bytes that are still on the wire. Every record is visited a bounded
// number of times in its life: SACK blocks touch only what they newly cover, and the search for losses never
// goes back.
#pragma once

#include <cstdint>
#include <optional>

#include "dataplane/base/clock.h"
#include "dataplane/tcp/interval_set.h"
#include "dataplane/tcp/sent_segments.h"
#include "dataplane/tcp/sequence.h"

namespace limpid::tcp {

class Scoreboard {
 public:
  using Index = SentSegments::Index;

  /// What one acknowledgement has told.
  struct Delivery {
    std::uint32_t bytes = 0;      // that were not known to have arrived before
    std::optional<Instant> sent;  // when the segment was sent that a round-trip sample may come from
    bool retransmitted = false;   // a retransmitted segment is among the acknowledged ones
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

  // --- acknowledgements ---
  /// Everything below `offset` has arrived. `offset` lies beyond what was acknowledged before.
  void acknowledge(Offset offset, Delivery& delivery);
  /// The peer has [left, right), which lies within what is in flight.
  void sack(Offset left, Offset right, Delivery& delivery);

  // --- losses ---
  /// Marks what RFC 6675's IsLost() says. True if something was newly marked.
  bool mark_losses(std::uint32_t segment_size);
  /// The first segment that the peer does not have.
  bool mark_first_lost();
  /// The same, but not if that segment is on its way for the second time.
  bool mark_first_unsent_again();
  /// Everything that the peer does not have (a time-out). Forgets SACKs where the peer has broken its word:
  /// the first segment was SACKed and yet never acknowledged (RFC 2018 §8).
  void mark_all_lost();
  void clear();

  std::uint32_t segments() const { return segments_.size(); }
  bool empty() const { return segments_.empty(); }
  /// Bytes on the wire: neither known to have arrived nor taken for lost.
  std::uint32_t pipe() const { return pipe_; }
  std::uint32_t lost() const { return lost_; }
  std::uint32_t sacked() const { return sacked_bytes_; }
  std::uint32_t sacked_segments() const { return sacked_segments_; }

 private:
  std::optional<Offset> loss_edge(std::uint32_t segment_size) const;
  void account_arrival(SentSegment& segment, std::uint32_t bytes, Delivery& delivery);
  bool mark_lost(Index index);

  SentSegments segments_;
  IntervalSet sacked_;
  Offset base_ = 0;            // start of the first segment
  Index loss_scan_ = 0;        // everything before has been judged by mark_losses()
  Index retransmit_scan_ = 0;  // nothing before is marked lost
  std::uint32_t pipe_ = 0;
  std::uint32_t lost_ = 0;
  std::uint32_t sacked_bytes_ = 0;
  std::uint32_t sacked_segments_ = 0;
};

}  // namespace limpid::tcp
