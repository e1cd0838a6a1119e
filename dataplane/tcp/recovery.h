// Recovery: what the sender makes of acknowledgements and time-outs. Owns the scoreboard, the congestion
// window and the round-trip estimate, and moves between three phases: open, fast recovery (RFC 6675 with
// SACK, 6582 without; the window falls by RFC 6937) and loss recovery after a time-out (RFC 5681 §3.1). It
// sends nothing: may_send() and board().next_lost() tell the sender what to do.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "dataplane/base/clock.h"
#include "dataplane/tcp/congestion.h"
#include "dataplane/tcp/endpoint_settings.h"
#include "dataplane/tcp/rtt.h"
#include "dataplane/tcp/scoreboard.h"

namespace limpid::tcp {

class Recovery {
 public:
  enum class Phase : std::uint8_t { kOpen, kFast, kLoss };

  /// One acceptable acknowledgement, in stream offsets.
  struct Ack {
    Offset previous = 0;      // SND.UNA before
    Offset acknowledged = 0;  // SND.UNA now
    Offset next = 0;          // SND.NXT
    std::span<const Interval> sacked{};
    bool window_closed = false;                   // the peer takes nothing at present
    bool duplicate = false;                       // by the definition of RFC 5681 §2
    std::optional<Duration> echoed_round_trip{};  // by the timestamp that came back
  };

  Recovery(const EndpointSettings& settings, std::uint32_t segment_size, bool sack, Duration round_trip);

  // --- events ---
  void on_ack(const Ack& ack, Instant now);
  /// The retransmission timer has run out. `next`: SND.NXT.
  void on_timeout(Offset next, std::size_t outstanding);
  /// As on_timeout(), but it was a window probe: says nothing of the path.
  void on_probe_timeout();
  /// The probe interval grows: a probe was sent, or answered without a window.
  void on_probe_backoff();
  /// The peer's window has opened again while a probe was on its way: send it again at once.
  void on_window_opened();
  void on_sent(Offset start, std::uint16_t size, bool fin, Instant now);
  void on_retransmitted(Instant now);
  /// A flush is over. `limited`: nothing but the congestion window stopped it.
  void on_flushed(bool limited);
  void on_idle() { congestion_.restart(); }
  void clear() { board_.clear(); }

  // --- questions ---
  bool reserve() { return board_.reserve(); }
  bool may_send(std::uint32_t length) const {
    const std::uint32_t in_flight = pipe();
    return in_flight == 0 || in_flight + length <= congestion_.window();
  }
  bool may_retransmit(std::uint32_t length) const { return forced_ || may_send(length); }
  Scoreboard& board() { return board_; }
  const Scoreboard& board() const { return board_; }
  /// Bytes on the wire, as far as is known.
  std::uint32_t pipe() const;
  std::uint32_t window() const { return congestion_.window(); }
  std::uint32_t threshold() const { return congestion_.threshold(); }
  Phase phase() const { return phase_; }
  Duration round_trip() const { return rtt_.smoothed(); }
  /// The retransmission time-out now, back-off included.
  Duration timeout(const EndpointSettings& settings) const;
  std::uint32_t recoveries() const { return recoveries_; }

 private:
  void sample(const Ack& ack, const Scoreboard::Delivery& delivery, Instant now);
  std::uint32_t count_duplicates(const Ack& ack, std::uint32_t delivered);
  bool should_recover(const Ack& ack) const;
  void enter_fast(const Ack& ack);
  void reduce(std::uint32_t delivered, bool advanced, bool marked);
  void grow(const Ack& ack, Instant now);

  Scoreboard board_;
  Congestion congestion_;
  RttEstimator rtt_;
  Offset recover_ = -1;             // recovery ends when this is acknowledged (RFC 6582: "recover")
  std::uint32_t segment_;           // a full segment's payload
  std::uint32_t reduced_from_ = 0;  // RFC 6937: RecoverFS
  std::uint32_t delivered_ = 0;     // RFC 6937: prr_delivered
  std::uint32_t sent_ = 0;          // RFC 6937: prr_out
  std::uint32_t flushed_pipe_ = 0;  // pipe() when the last flush was over
  std::uint32_t recoveries_ = 0;
  std::uint16_t duplicates_ = 0;  // duplicate ACKs that stand for segments that have left the wire; no SACK
  std::uint8_t backoff_ = 0;
  Phase phase_ = Phase::kOpen;
  bool sack_;
  bool forced_ = false;  // the first retransmission of an event goes out whatever the window says
  bool limited_ = false;
};

}  // namespace limpid::tcp
