// ActiveOpen: a connection in SYN-SENT (RFC 9293 §3.10.7.3), until its peer has answered: the SYN and its
// repetitions go out, and what comes back says how an Endpoint goes on from there. As pure as the Endpoint:
// segments and a clock reading in, segments out of flush(). It has no patience of its own: whoever opened it
// gives up. Thread: the flow's worker.
#pragma once

#include <cstdint>
#include <optional>

#include "dataplane/base/clock.h"
#include "dataplane/tcp/endpoint_settings.h"
#include "dataplane/tcp/segment.h"

namespace limpid::tcp {

/// What the SYN says.
struct SynOffer {
  std::uint32_t sequence = 0;
  std::uint16_t mss = 536;
  std::optional<std::uint8_t> window_shift{};
  bool sack = false;
  bool ecn = false;  // RFC 3168 §6.1.1; the repetitions do without
  bool timestamps = false;
  std::uint32_t ts_value = 0;  // with the first SYN; one more each millisecond
};

class ActiveOpen {
 public:
  enum class State : std::uint8_t { kWaiting, kOpen, kRefused, kAborted };

  /// The SYN goes out with the next flush(), and again after `repeat_after`, then twice as long each time.
  ActiveOpen(const SynOffer& offer, Duration repeat_after, Instant now);

  void on_segment(const SegmentIn& segment, Instant now);
  void flush(SegmentSink& sink, Instant now);
  Instant deadline() const { return state_ == State::kWaiting ? syn_at_ : kNever; }
  State state() const { return state_; }
  /// Takes the SYN back: whoever has it is sent a RST with the next flush().
  void abort();

  /// Where kOpen: what an Endpoint of `leg` goes on from, with segments of `mss_max` at most.
  Adoption adoption(Leg leg, std::uint16_t mss_max, Instant now) const;

 private:
  std::uint32_t timestamp(Instant now) const;
  void on_answer(const SegmentIn& answer, Instant now);
  bool send_syn(SegmentSink& sink, Instant now) const;

  SynOffer offer_;
  SegmentIn answer_{};  // without its payload
  std::optional<SegmentOut> reply_;
  std::uint32_t stamp_base_;
  Duration pause_;
  Instant syn_at_;
  Instant first_syn_ = kNever;
  Duration round_trip_{};
  std::uint32_t syns_ = 0;
  bool hurried_ = false;
  State state_ = State::kWaiting;
};

}  // namespace limpid::tcp
