// What RACK-TLP knows of time (RFC 8985 §6). NewestArrival: which transmission of a flight is the newest of
// those that have arrived, and how long it took. Rack: for how long segments may be overtaken on this path
// before they count as lost; it outlives flights. Only with SACK. The scoreboard tells of each delivery and
// marks by the answer; recovery asks.
#pragma once

#include <cstdint>
#include <optional>

#include "dataplane/base/clock.h"
#include "dataplane/tcp/sent_segments.h"

namespace limpid::tcp {

struct NewestArrival {
  Instant sent{};             // RACK.xmit_ts
  Duration round_trip{};      // RACK.rtt
  std::uint32_t end = 0;      // RACK.end_seq; low half of the offset, as all of these
  std::uint32_t highest = 0;  // RACK.fack
  bool any = false;           // something has arrived
  bool known = false;         // and its transmission is known, so that others can be compared with it

  /// `segment` was sent before that transmission.
  bool overtook(const SentSegment& segment) const {
    if (segment.sent != sent) return segment.sent < sent;
    return static_cast<std::int32_t>(end - segment.end()) > 0;
  }
};

class Rack {
 public:
  /// A round trip was measured otherwise: in the handshake.
  void note_round_trip(Duration round_trip, Instant now);
  /// The segment has arrived (§6.2, steps 1 to 3). `echoed`: when the peer's answer says that what it answers
  /// was sent, in whole milliseconds; nothing without timestamps.
  void delivered(const SentSegment& segment, NewestArrival& newest, Instant now,
                 std::optional<Instant> echoed);
  /// Everything below has arrived: low half of the offset.
  void acknowledged(std::uint32_t offset) {
    if (in_round_ && static_cast<std::int32_t>(offset - round_end_) >= 0) in_round_ = false;
  }
  /// The peer has reported a duplicate: the window was too small. Grows once per round trip (step 4).
  void on_duplicate(std::uint32_t next);
  /// A recovery is over.
  void on_recovered();

  /// How much longer than the newest arrival an overtaken segment may take: the reordering window.
  Duration window(bool recovering, std::uint32_t sacked_segments, Duration smoothed) const;
  bool reordering_seen() const { return reordering_seen_; }

 private:
  std::uint32_t round_end_ = 0;         // RACK.dsack_round
  std::uint32_t minimum_ = UINT32_MAX;  // RACK.min_RTT in nanoseconds, or 4 s where it is more or unknown
  std::uint32_t minimum_at_ = 0;        // when it was seen, in units of about a second
  std::uint8_t multiplier_ = 1;         // RACK.reo_wnd_mult
  std::uint8_t persist_ = 0;            // RACK.reo_wnd_persist
  bool reordering_seen_ : 1 = false;
  bool in_round_ : 1 = false;  // RACK.dsack_round is set
};

}  // namespace limpid::tcp
