// Recovery: what the sender makes of acknowledgements and time-outs. Owns the scoreboard, the congestion
// window and the round-trip estimate, and moves between three phases: open, fast recovery (RACK, RFC 8985,
// with SACK; RFC 6582 without; the window falls by RFC 6937) and loss recovery after a time-out (RFC 5681
// §3.1). With SACK, the tail of a flight that nobody acknowledges is probed for before the time-out (TLP, RFC
// 8985 §7). What turns out to have been spurious is undone (by timestamps, RFC 3522 and 4015; by DSACK, RFC
// 3708). It sends nothing: may_send(), tail_probe_due() and board().next_lost() tell the sender what to do.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>

#include "dataplane/base/clock.h"
#include "dataplane/tcp/congestion.h"
#include "dataplane/tcp/endpoint_settings.h"
#include "dataplane/tcp/rack.h"
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
    Interval again{};                             // reported as received twice (DSACK); empty: nothing
    bool window_closed = false;                   // the peer takes nothing at present
    bool duplicate = false;                       // by the definition of RFC 5681 §2
    bool congestion = false;                      // ECN-Echo (RFC 3168 §6.1.2)
    std::optional<Duration> echoed_round_trip{};  // by the timestamp that came back
  };

  Recovery(const EndpointSettings& settings, std::uint32_t segment_size, bool sack, Duration round_trip,
           Instant now);

  // --- events ---
  void on_ack(const Ack& ack, Instant now);
  /// The retransmission timer has run out. `unacknowledged`, `next`: SND.UNA, SND.NXT.
  void on_timeout(Offset unacknowledged, Offset next, Instant now);
  /// The retransmission timer has run out while a tail loss probe was still waited for: then it is due now
  /// (RFC 8985 §7.2), and this is no time-out. False: it is one.
  bool probe_the_tail();
  /// deadline() has passed: something is lost by now, or a tail loss probe is due.
  void on_loss_timer(Offset unacknowledged, Offset next, Instant now);
  /// As on_timeout(), but it was a window probe: says nothing of the path.
  void on_probe_timeout();
  /// The probe interval grows: a probe was sent, or answered without a window.
  void on_probe_backoff();
  /// The peer's window has opened again while a probe was on its way: send it again at once.
  void on_window_opened();
  /// The window was closed, and is not any more: how often was asked for it says nothing of the path.
  void on_probing_over() {
    if (timeouts_ == 0) backoff_ = 0;
  }
  void on_sent(Offset start, std::uint16_t size, bool fin, Instant now);
  void on_retransmitted(Instant now);
  /// A tail loss probe has left: new text, or the last segment once more. `next`: SND.NXT after it.
  void on_tail_probe(bool again, Offset next, Instant now);
  /// Something is outstanding that the peer should acknowledge: it is waited for (RFC 8985 §7.2).
  void arm_tail_probe(const EndpointSettings& settings, Instant now);
  /// A flush is over. `limited`: nothing but the congestion window stopped it.
  void on_flushed(bool limited);
  /// Segments carry at most `payload_max` from now on: what is in flight and longer is lost, which says
  /// nothing of congestion.
  void on_path_narrowed(std::uint16_t payload_max, Offset next);
  void on_path_widened(std::uint16_t payload_max) { congestion_.set_segment(payload_max); }
  void on_idle() { congestion_.restart(); }
  void clear();

  // --- questions ---
  /// Makes sure that on_sent() has room. False where there is no memory.
  bool reserve();
  /// The first segment that is to be sent again; null if none.
  const SentSegment* next_lost() { return flight_ == nullptr ? nullptr : flight_->board.next_lost(); }
  /// No segment in flight has more payload than that any more. False where there is no memory.
  bool cut(std::uint16_t payload_max) { return flight_ == nullptr || flight_->board.cut(payload_max); }
  bool may_send(std::uint32_t length) const {
    const std::uint32_t in_flight = pipe();
    return in_flight == 0 || in_flight + length <= congestion_.window();
  }
  bool may_retransmit(std::uint32_t length) const { return forced_ || may_send(length); }
  /// One segment is to be sent, whatever the window says: new text if there is any, else the last segment.
  bool tail_probe_due() const {
    return tail_probe_due_ && !board().empty() && board().lost() == 0 &&
           !board().last().is(SentSegment::kSacked);
  }
  /// When on_loss_timer() wants to be called; kNever if not.
  Instant deadline() const { return loss_at_; }
  // NOLINTNEXTLINE(clang-analyzer-core.uninitialized.UndefReturn): it was just compared
  const Scoreboard& board() const { return flight_ == nullptr ? kNothing : flight_->board; }
  /// Bytes on the wire, as far as is known.
  std::uint32_t pipe() const;
  std::uint32_t window() const { return congestion_.window(); }
  std::uint32_t threshold() const { return congestion_.threshold(); }
  Phase phase() const { return phase_; }
  Duration round_trip() const { return rtt_.smoothed(); }
  /// The retransmission time-out now, back-off included.
  Duration timeout(const EndpointSettings& settings) const;
  /// Time-outs since the peer last acknowledged something.
  std::uint8_t timeouts_in_a_row() const { return timeouts_; }
  std::uint32_t recoveries() const { return recoveries_; }
  /// Recoveries and time-outs that turned out to have been for nothing.
  std::uint32_t undone() const { return undone_; }
  /// The window was reduced, and the peer does not know yet (RFC 3168 §6.1.2).
  bool reduction_to_report() const { return reduction_to_report_; }
  void reduction_reported() { reduction_to_report_ = report_before_ = false; }
  /// Bytes of memory.
  std::size_t bookkeeping() const {
    return flight_ == nullptr ? 0 : sizeof(Flight) + flight_->board.bookkeeping();
  }

 private:
  void sample(const Ack& ack, const Scoreboard::Delivery& delivery, Instant now);
  std::uint32_t count_duplicates(const Ack& ack, std::uint32_t delivered);
  bool should_recover(const Ack& ack) const;
  bool mark_overtaken(Instant now);
  struct Progress {
    std::uint32_t delivered = 0;  // bytes
    bool marked = false;          // something was found lost
    bool completes = false;       // the end of a recovery is acknowledged
  };
  void react(const Ack& ack, const Progress& progress, Instant now);
  void land();
  void enter_fast(Offset acknowledged, Offset next);
  void complete(const Ack& ack);
  void reduce(std::uint32_t delivered, bool advanced, bool marked);
  void grow(const Ack& ack, Instant now);
  void on_congestion(const Ack& ack);
  void reacted(Offset next);

  // --- undo ---
  void remember(Offset acknowledged, Offset next);
  void judge_recovery(const Ack& ack, const Scoreboard::Delivery& delivery);
  void undo(const Ack& ack, std::uint32_t delivered);
  void judge_tail_probe(const Ack& ack);

  /// What is of use only while something is in flight, and is allocated then.
  struct Flight {
    Scoreboard board;
    std::uint32_t reduced_from = 0;         // RFC 6937: RecoverFS
    std::uint32_t delivered = 0;            // RFC 6937: prr_delivered
    std::uint32_t sent = 0;                 // RFC 6937: prr_out
    std::uint32_t flushed_pipe = 0;         // pipe() when the last flush was over
    std::uint32_t retransmitted_at_ms = 0;  // the first retransmission of a recovery
  };
  static const Scoreboard kNothing;

  std::unique_ptr<Flight> flight_;  // null: nothing is in flight
  Congestion congestion_;
  RttEstimator rtt_;
  Rack rack_;
  Offset recover_ = -1;       // recovery ends when this is acknowledged (RFC 6582: "recover")
  Instant loss_at_ = kNever;  // to look for losses again, or the tail loss probe
  // Positions in sequence space: low halves of offsets.
  std::uint32_t reacted_until_ = 0;   // one reduction by ECN per window: not before this is acknowledged
  std::uint32_t tail_probe_end_ = 0;  // TLP.end_seq
  std::uint32_t undo_from_ = 0;       // SND.UNA when the recovery began
  std::uint32_t undo_until_ = 0;      // what is acknowledged beyond is too late for an undo
  std::uint32_t undo_bytes_ = 0;      // retransmitted in it, and not yet reported to have been duplicates
  Congestion::Before before_{};       // what its reduction changed

  std::uint16_t recoveries_ = 0;
  std::uint16_t undone_ = 0;
  std::uint16_t duplicates_ = 0;  // duplicate ACKs that stand for segments that have left the wire; no SACK
  std::uint8_t backoff_ = 0;      // of time-outs and of window probes
  std::uint8_t timeouts_ = 0;     // since something was acknowledged
  Phase phase_ = Phase::kOpen;
  bool sack_ : 1;
  bool forced_ : 1 = false;  // the first retransmission of an event goes out whatever the window says
  bool limited_ : 1 = false;
  bool reducing_ : 1 = false;  // reacted_until_ counts
  bool reduction_to_report_ : 1 = false;
  bool tail_probe_armed_ : 1 = false;  // loss_at_ is the tail loss probe's
  bool tail_probe_due_ : 1 = false;
  bool tail_probe_out_ : 1 = false;    // TLP.end_seq is set
  bool tail_probe_again_ : 1 = false;  // TLP.is_retrans
  bool undoable_ : 1 = false;
  // What an undo leaves as it was: the peer has spoken of congestion (RFC 3168), and waits for CWR.
  bool reducing_before_ : 1 = false;
  bool report_before_ : 1 = false;
  bool echo_decides_ : 1 = false;  // the next acknowledgement's timestamp says what it is for
};

}  // namespace limpid::tcp
