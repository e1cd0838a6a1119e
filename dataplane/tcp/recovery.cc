#include "dataplane/tcp/recovery.h"

#include <algorithm>
#include <new>

#include "dataplane/tcp/stamps.h"

namespace limpid::tcp {
namespace {

constexpr std::uint16_t kDupThresh = 3;
constexpr std::uint16_t kDuplicatesMax = 4096;
constexpr std::uint8_t kBackoffMax = 16;
constexpr Duration kTailProbeMin = std::chrono::milliseconds{2};  // machines are not faster than that
constexpr Duration kTailProbeUnknown = std::chrono::seconds{1};   // RFC 8985 §7.2: no round trip known

std::uint32_t low(Offset offset) { return static_cast<std::uint32_t>(offset); }
bool before(std::uint32_t a, std::uint32_t b) { return static_cast<std::int32_t>(a - b) < 0; }

Instant whole_milliseconds(Instant at) { return std::chrono::floor<std::chrono::milliseconds>(at); }

}  // namespace

const Scoreboard Recovery::kNothing;

Recovery::Recovery(const EndpointSettings& settings, std::uint32_t segment_size, bool sack,
                   Duration round_trip, Instant now)
    : congestion_(settings.congestion, segment_size, settings.initial_window_segments), sack_(sack) {
  if (round_trip == Duration::zero()) return;
  rtt_.add(round_trip);
  rack_.note_round_trip(round_trip, now);
}

// --- acknowledgements ---

void Recovery::on_ack(const Ack& ack, Instant now) {
  const bool advanced = ack.acknowledged > ack.previous;
  Scoreboard::Delivery delivery{.rack = sack_ ? &rack_ : nullptr, .now = now};
  if (ack.echoed_round_trip) delivery.echoed = whole_milliseconds(now) - *ack.echoed_round_trip;
  // Positions are 32 bits wide: what is passed must be forgotten before they come round again.
  rack_.acknowledged(low(ack.acknowledged));
  if (!before(low(ack.acknowledged), reacted_until_)) reducing_ = false;
  if (ack.again.right > ack.again.left) rack_.on_duplicate(low(ack.next));
  if (flight_ == nullptr) {  // it can only tell of what is over
    judge_tail_probe(ack);
    judge_recovery(ack, delivery);
    return;
  }
  if (advanced) flight_->board.acknowledge(ack.acknowledged, delivery);
  for (const Interval& block : ack.sacked) flight_->board.sack(block.left, block.right, delivery);
  sample(ack, delivery, now);
  if (delivery.bytes > 0) tail_probe_due_ = false;  // the peer speaks
  if (advanced) timeouts_ = 0;
  if (advanced && !ack.window_closed) backoff_ = 0;
  const std::uint32_t delivered = sack_ ? delivery.bytes : count_duplicates(ack, delivery.bytes);
  judge_tail_probe(ack);
  judge_recovery(ack, delivery);
  const bool marked = mark_overtaken(now);

  const bool completes = phase_ != Phase::kOpen && ack.acknowledged >= recover_;
  // Whatever was taken for lost has arrived before anything was sent again.
  const bool groundless = phase_ != Phase::kOpen && undoable_ && undo_bytes_ == 0;
  if (groundless && (completes || flight_->board.lost() == 0)) undo(ack, delivered);
  if (completes && phase_ != Phase::kOpen) complete(ack);
  react(ack, {.delivered = delivered, .marked = marked, .completes = completes}, now);
  land();
}

// What the acknowledgement does to the window, by phase.
void Recovery::react(const Ack& ack, const Progress& progress, Instant now) {
  const bool advanced = ack.acknowledged > ack.previous;
  switch (phase_) {
    case Phase::kOpen:
      if (ack.congestion) on_congestion(ack);
      if (should_recover(ack)) {
        enter_fast(ack.acknowledged, ack.next);
        reduce(progress.delivered, advanced, true);
      } else if (advanced && !progress.completes && !ack.congestion) {
        grow(ack, now);
      }
      break;
    case Phase::kFast: {
      // Without SACK, a partial acknowledgement uncovers the next hole (RFC 6582 §3.2 (5)).
      const bool uncovered = advanced && !sack_ && flight_->board.mark_first_unsent_again();
      reduce(progress.delivered, advanced, progress.marked || uncovered);
      forced_ = forced_ || uncovered;
      break;
    }
    case Phase::kLoss:
      if (advanced) {
        congestion_.acknowledged(static_cast<std::uint32_t>(ack.acknowledged - ack.previous), now,
                                 rtt_.smoothed());
      }
      break;
  }
}

// An idle endpoint holds nothing.
void Recovery::land() {
  if (!flight_->board.empty()) return;
  flight_.reset();
  loss_at_ = kNever;
  tail_probe_armed_ = false;
}

bool Recovery::reserve() {
  if (flight_ == nullptr) flight_.reset(new (std::nothrow) Flight);
  return flight_ != nullptr && flight_->board.reserve();
}

void Recovery::sample(const Ack& ack, const Scoreboard::Delivery& delivery, Instant now) {
  if (delivery.sent && !delivery.retransmitted) {
    rtt_.add(now - *delivery.sent);
  } else if (ack.acknowledged > ack.previous && ack.echoed_round_trip) {
    rtt_.add(*ack.echoed_round_trip);
  }
}

// Without SACK a duplicate ACK says that one more segment has arrived, not which one. Returns the bytes
// delivered.
std::uint32_t Recovery::count_duplicates(const Ack& ack, std::uint32_t delivered) {
  if (ack.duplicate) {
    duplicates_ = std::min<std::uint16_t>(static_cast<std::uint16_t>(duplicates_ + 1), kDuplicatesMax);
    return congestion_.segment();
  }
  if (delivered == 0) return 0;
  const std::uint32_t counted = std::min<std::uint32_t>(duplicates_, delivered / congestion_.segment());
  duplicates_ = phase_ == Phase::kFast ? static_cast<std::uint16_t>(duplicates_ - counted) : std::uint16_t{0};
  return delivered - counted * congestion_.segment();
}

bool Recovery::should_recover(const Ack& ack) const {
  if (board().empty()) return false;
  if (board().lost() > 0) return true;
  return !sack_ && duplicates_ >= kDupThresh && ack.acknowledged > recover_;
}

// RFC 8985 §6.2, step 5. Where segments have been overtaken, but may still arrive, the timer looks again.
bool Recovery::mark_overtaken(Instant now) {
  if (!sack_ || flight_ == nullptr) return false;
  Scoreboard& board = flight_->board;
  const Duration window = rack_.window(phase_ != Phase::kOpen, board.sacked_segments(), rtt_.smoothed());
  Instant next = kNever;
  const bool marked = board.mark_overtaken(window, now, next);
  const bool waits_for_probe = tail_probe_armed_ && next == kNever && board.sacked_segments() == 0;
  if (!waits_for_probe || marked) {
    loss_at_ = next;
    tail_probe_armed_ = false;
  }
  return marked;
}

void Recovery::enter_fast(Offset acknowledged, Offset next) {
  if (flight_->board.lost() == 0) flight_->board.mark_first_lost();
  phase_ = Phase::kFast;
  recover_ = next;
  flight_->reduced_from =
      static_cast<std::uint32_t>(std::max<Offset>(next - acknowledged, congestion_.segment()));
  flight_->delivered = 0;
  flight_->sent = 0;
  remember(acknowledged, next);
  // Once per window, whatever speaks of congestion (RFC 3168 §6.1.2).
  if (!reducing_) congestion_.loss(flight_->reduced_from);
  reacted(next);
  congestion_.set_window(pipe());
  forced_ = true;
  tail_probe_due_ = tail_probe_armed_ = false;
  ++recoveries_;
}

void Recovery::complete(const Ack& ack) {
  if (phase_ == Phase::kFast) congestion_.recovery_complete();
  phase_ = Phase::kOpen;
  duplicates_ = 0;
  forced_ = false;
  rack_.on_recovered();
  undo_until_ = low(ack.next);
}

// RFC 6937 §3.1: sends in proportion to what is delivered, so that the window reaches the threshold as the
// recovery ends, and never bursts.
void Recovery::reduce(std::uint32_t delivered, bool advanced, bool marked) {
  flight_->delivered += delivered;
  const std::int64_t threshold = congestion_.threshold();
  const std::int64_t in_flight = pipe();
  std::int64_t allowed = 0;
  if (in_flight > threshold) {
    allowed =
        (std::int64_t{flight_->delivered} * threshold + flight_->reduced_from - 1) / flight_->reduced_from -
        flight_->sent;
  } else {
    const std::int64_t limit =
        std::max<std::int64_t>(std::int64_t{flight_->delivered} - flight_->sent, delivered) +
        (advanced && !marked ? congestion_.segment() : 0);
    allowed = std::min(threshold - in_flight, limit);
  }
  congestion_.set_window(static_cast<std::uint32_t>(in_flight + std::max<std::int64_t>(allowed, 0)));
}

void Recovery::grow(const Ack& ack, Instant now) {
  // A window that was not used tells nothing about the path (RFC 7661, 9438 §5.8).
  const bool used = congestion_.in_slow_start() ? flight_->flushed_pipe > congestion_.window() / 2 : limited_;
  if (!used) {
    congestion_.idle();
    return;
  }
  congestion_.acknowledged(static_cast<std::uint32_t>(ack.acknowledged - ack.previous), now, rtt_.smoothed());
}

// --- congestion without loss (RFC 3168 §6.1.2) ---

// Exactly there, the peer cannot have seen the CWR, which goes with what is sent next: it still echoes the
// same.
void Recovery::on_congestion(const Ack& ack) {
  if (reducing_ || low(ack.acknowledged) == reacted_until_) return;
  congestion_.loss(static_cast<std::uint32_t>(ack.next - ack.acknowledged));
  congestion_.recovery_complete();
  reacted(ack.next);
}

void Recovery::reacted(Offset next) {
  reducing_ = true;
  reacted_until_ = low(next);
  reduction_to_report_ = true;
}

// --- what was spurious ---

// A reduction is about to be made that may have to be taken back.
void Recovery::remember(Offset acknowledged, Offset next) {
  undoable_ = true;
  echo_decides_ = false;
  undo_from_ = low(acknowledged);
  undo_until_ = low(next) + 0x40000000U;  // not before the recovery is over
  undo_bytes_ = 0;
  reducing_before_ = reducing_;
  report_before_ = reduction_to_report_;
  // What was in flight is no measure where the window has only just been reduced for congestion.
  before_ = congestion_.before(reducing_ ? 0 : static_cast<std::uint32_t>(next - acknowledged));
}

// Two ways to see that the originals had arrived: the first acknowledgement after the first retransmission
// answers to something older (RFC 3522), or every retransmission is reported as a duplicate (RFC 3708).
void Recovery::judge_recovery(const Ack& ack, const Scoreboard::Delivery& delivery) {
  if (!undoable_) return;
  if (before(undo_until_, low(ack.acknowledged))) {
    undoable_ = false;
    return;
  }
  if (ack.acknowledged > ack.previous && echo_decides_) {
    echo_decides_ = false;
    if (delivery.echoed && before(milliseconds(*delivery.echoed), flight_->retransmitted_at_ms)) {
      return undo(ack, delivery.bytes);
    }
  }
  const Interval& again = ack.again;
  if (again.right <= again.left || undo_bytes_ == 0 || before(low(again.left), undo_from_)) return;
  undo_bytes_ -= std::min(undo_bytes_, static_cast<std::uint32_t>(again.right - again.left));
  if (undo_bytes_ == 0) undo(ack, delivery.bytes);
}

void Recovery::undo(const Ack& ack, std::uint32_t delivered) {
  undoable_ = false;
  reducing_ = reducing_before_;
  reduction_to_report_ = reduction_to_report_ && report_before_;
  ++undone_;
  if (phase_ == Phase::kLoss && ack.echoed_round_trip) rtt_.add_after_spurious(*ack.echoed_round_trip);
  if (phase_ != Phase::kOpen) {
    phase_ = Phase::kOpen;
    if (flight_ != nullptr) flight_->board.unmark_lost();
    rack_.on_recovered();
    duplicates_ = 0;
    forced_ = false;
  }
  congestion_.undo(before_, pipe(), delivered);
}

// RFC 8985 §7.4.2: if the probe repaired a loss, that loss counts like any other.
void Recovery::judge_tail_probe(const Ack& ack) {
  if (!tail_probe_out_ || before(low(ack.acknowledged), tail_probe_end_)) return;
  const bool twice = ack.again.right > ack.again.left && low(ack.again.right) == tail_probe_end_;
  const bool beyond = before(tail_probe_end_, low(ack.acknowledged));
  const bool copy_arrived = ack.duplicate && ack.sacked.empty();
  const bool repaired = tail_probe_again_ && !twice && beyond;
  if (tail_probe_again_ && !twice && !beyond && !copy_arrived) return;  // not known yet
  tail_probe_out_ = false;
  if (!repaired || phase_ != Phase::kOpen) return;
  congestion_.loss(static_cast<std::uint32_t>(ack.next - ack.previous));
  congestion_.recovery_complete();
  reacted(ack.next);
}

// --- timers ---

void Recovery::on_timeout(Offset unacknowledged, Offset next, Instant now) {
  if (flight_ == nullptr) return;
  // Two kinds of evidence of a loss: no way back.
  if (phase_ == Phase::kOpen) {
    remember(unacknowledged, next);
  } else if (phase_ == Phase::kFast || timeouts_ == 0) {
    undoable_ = false;
  }
  congestion_.timeout(static_cast<std::uint32_t>(next - unacknowledged), timeouts_ > 0);
  timeouts_ = std::min<std::uint8_t>(static_cast<std::uint8_t>(timeouts_ + 1), kBackoffMax);
  if (sack_) {
    flight_->board.mark_timed_out(rack_.window(true, flight_->board.sacked_segments(), rtt_.smoothed()), now);
  } else {
    flight_->board.mark_all_lost();
  }
  phase_ = Phase::kLoss;
  recover_ = next;
  duplicates_ = 0;
  forced_ = true;
  loss_at_ = kNever;
  tail_probe_armed_ = tail_probe_due_ = tail_probe_out_ = false;
  reacted(next);
  on_probe_backoff();
}

bool Recovery::probe_the_tail() {
  if (!tail_probe_armed_) return tail_probe_due();
  loss_at_ = kNever;
  tail_probe_armed_ = false;
  tail_probe_due_ = true;
  return true;
}

void Recovery::on_loss_timer(Offset unacknowledged, Offset next, Instant now) {
  if (now < loss_at_) return;
  loss_at_ = kNever;
  if (tail_probe_armed_) {
    tail_probe_armed_ = false;
    tail_probe_due_ = phase_ == Phase::kOpen && !board().empty();
    return;
  }
  if (!mark_overtaken(now)) return;
  if (phase_ == Phase::kOpen) {
    enter_fast(unacknowledged, next);
  } else if (phase_ == Phase::kFast) {
    reduce(0, false, true);
    forced_ = true;
  }
}

void Recovery::arm_tail_probe(const EndpointSettings& settings, Instant now) {
  if (!sack_ || phase_ != Phase::kOpen || tail_probe_due_ || tail_probe_out_) return;
  if (board().empty() || board().sacked_segments() > 0) return;
  if (loss_at_ != kNever && !tail_probe_armed_) return;
  Duration wait = rtt_.known() ? std::max(2 * rtt_.smoothed(), kTailProbeMin) : kTailProbeUnknown;
  if (board().segments() == 1) wait += settings.rto_min;  // the peer may delay its acknowledgement
  loss_at_ = now + wait;
  tail_probe_armed_ = true;
}

void Recovery::on_tail_probe(bool again, Offset next, Instant now) {
  tail_probe_due_ = tail_probe_armed_ = false;
  loss_at_ = kNever;
  tail_probe_out_ = true;
  tail_probe_again_ = again;
  tail_probe_end_ = low(next);
  if (again) flight_->board.probed(now);
}

void Recovery::on_path_narrowed(std::uint16_t payload_max, Offset next) {
  congestion_.set_segment(payload_max);
  if (flight_ == nullptr || !flight_->board.mark_longer_lost(payload_max) || phase_ != Phase::kOpen) return;
  phase_ = Phase::kLoss;
  recover_ = next;
  undoable_ = false;
  tail_probe_armed_ = tail_probe_due_ = false;
  loss_at_ = kNever;
}

void Recovery::on_probe_timeout() {
  if (flight_ != nullptr) flight_->board.mark_all_lost();
  forced_ = true;
  on_probe_backoff();
}

void Recovery::on_probe_backoff() {
  backoff_ = std::min<std::uint8_t>(static_cast<std::uint8_t>(backoff_ + 1), kBackoffMax);
}

void Recovery::on_window_opened() {
  backoff_ = 0;
  if (flight_ != nullptr && flight_->board.mark_first_lost()) forced_ = true;
}

Duration Recovery::timeout(const EndpointSettings& settings) const {
  const Duration once = rtt_.timeout(settings.rto_initial, settings.rto_min, settings.rto_max);
  return std::min(once * (std::int64_t{1} << backoff_), settings.rto_max);
}

// --- sending ---

void Recovery::on_sent(Offset start, std::uint16_t size, bool fin, Instant now) {
  flight_->board.sent(start, size, fin, now);
  if (phase_ == Phase::kFast) flight_->sent += size;
}

void Recovery::on_retransmitted(Instant now) {
  const std::uint32_t length = flight_->board.next_lost()->length();
  if (phase_ == Phase::kFast) flight_->sent += length;
  if (undoable_ && phase_ != Phase::kOpen) {
    if (undo_bytes_ == 0) {
      flight_->retransmitted_at_ms = milliseconds(now);
      echo_decides_ = true;
    }
    undo_bytes_ += length;
  }
  flight_->board.retransmitted(now);
  forced_ = false;
}

void Recovery::on_flushed(bool limited) {
  limited_ = limited;
  if (flight_ != nullptr) flight_->flushed_pipe = pipe();
}

void Recovery::clear() {
  flight_.reset();
  loss_at_ = kNever;
  tail_probe_armed_ = tail_probe_due_ = tail_probe_out_ = false;
}

std::uint32_t Recovery::pipe() const {
  if (duplicates_ == 0 || phase_ == Phase::kLoss) return board().pipe();
  // Before a loss is certain at most two segments are sent on duplicate ACKs (RFC 3042).
  const std::uint32_t arrived =
      phase_ == Phase::kOpen ? std::min<std::uint32_t>(duplicates_, 2) : duplicates_;
  return board().pipe() - std::min(board().pipe(), arrived * congestion_.segment());
}

}  // namespace limpid::tcp
