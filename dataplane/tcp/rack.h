// Rack: what RACK-TLP knows of time (RFC 8985 §6): which transmission is the newest of those that have
// arrived, how long it took, and for how long segments may be overtaken on this path before they count as
// lost. Only with SACK. The scoreboard tells it of each delivery and marks by its answer; recovery asks it.
#pragma once

#include <cstdint>
#include <optional>

#include "dataplane/base/clock.h"
#include "dataplane/tcp/sent_segments.h"

namespace limpid::tcp {

class Rack {
 public:
  /// A round trip was measured otherwise: in the handshake.
  void note_round_trip(Duration round_trip, Instant now);
  /// The segment has arrived (§6.2, steps 1 to 3). `echoed`: when the peer's answer says that what it answers
  /// was sent, in whole milliseconds; nothing without timestamps.
  void delivered(const SentSegment& segment, Instant now, std::optional<Instant> echoed);
  /// The peer has reported a duplicate: the window was too small. Grows once per round trip (step 4).
  void on_duplicate(std::uint32_t acknowledged, std::uint32_t next);
  /// A recovery is over.
  void on_recovered();

  /// Something has arrived that later transmissions can be compared with.
  bool known() const { return known_; }
  /// `segment` was sent before the newest transmission that has arrived.
  bool overtaken(const SentSegment& segment) const {
    if (segment.sent != sent_) return segment.sent < sent_;
    return static_cast<std::int32_t>(end_ - segment.end()) > 0;
  }
  /// How long after its transmission an overtaken segment is lost: RACK.rtt and the reordering window.
  Duration allowance(bool recovering, std::uint32_t sacked_segments, Duration smoothed) const;
  bool reordering_seen() const { return reordering_seen_; }

 private:
  Instant sent_{};                      // RACK.xmit_ts
  Duration round_trip_{};               // RACK.rtt
  std::uint32_t end_ = 0;               // RACK.end_seq; low half of the offset, as all of these
  std::uint32_t highest_ = 0;           // RACK.fack
  std::uint32_t round_end_ = 0;         // RACK.dsack_round
  std::uint32_t minimum_ = UINT32_MAX;  // RACK.min_RTT in nanoseconds, or 4 s where it is more or unknown
  std::uint32_t minimum_at_ = 0;        // when it was seen, in seconds
  std::uint8_t multiplier_ = 1;         // RACK.reo_wnd_mult
  std::uint8_t persist_ = 0;            // RACK.reo_wnd_persist
  bool known_ : 1 = false;
  bool reordering_seen_ : 1 = false;
  bool in_round_ : 1 = false;  // RACK.dsack_round is set
};

}  // namespace limpid::tcp
