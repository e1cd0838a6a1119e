#include "dataplane/tcp/recovery.h"

#include <algorithm>

namespace limpid::tcp {
namespace {

constexpr std::uint16_t kDupThresh = 3;
constexpr std::uint16_t kDuplicatesMax = 4096;
constexpr std::uint8_t kBackoffMax = 16;

}  // namespace

Recovery::Recovery(const EndpointSettings& settings, std::uint32_t segment_size, bool sack,
                   Duration round_trip)
    : congestion_(settings.congestion, segment_size, settings.initial_window_segments),
      segment_(segment_size),
      sack_(sack) {
  if (round_trip > Duration::zero()) rtt_.add(round_trip);
}

// --- acknowledgements ---

void Recovery::on_ack(const Ack& ack, Instant now) {
  const bool advanced = ack.acknowledged > ack.previous;
  Scoreboard::Delivery delivery;
  if (advanced) board_.acknowledge(ack.acknowledged, delivery);
  for (const Interval& block : ack.sacked) board_.sack(block.left, block.right, delivery);
  sample(ack, delivery, now);
  if (advanced && !ack.window_closed) backoff_ = 0;
  const std::uint32_t delivered = sack_ ? delivery.bytes : count_duplicates(ack, delivery.bytes);
  const bool marked = board_.mark_losses(segment_);

  const bool complete = phase_ != Phase::kOpen && ack.acknowledged >= recover_;
  if (complete) {
    if (phase_ == Phase::kFast) congestion_.recovery_complete();
    phase_ = Phase::kOpen;
    duplicates_ = 0;
    forced_ = false;
  }
  switch (phase_) {
    case Phase::kOpen:
      if (should_recover(ack)) {
        enter_fast(ack);
      } else if (advanced && !complete) {
        grow(ack, now);
      }
      break;
    case Phase::kFast: {
      // A partial acknowledgement uncovers the next hole (RFC 6582 §3.2 (5)).
      const bool hole = advanced && (!sack_ || board_.sacked() > 0);
      const bool uncovered = hole && board_.mark_first_unsent_again();
      reduce(delivered, advanced, marked || uncovered);
      forced_ = forced_ || uncovered;
      break;
    }
    case Phase::kLoss:
      if (advanced)
        congestion_.acknowledged(static_cast<std::uint32_t>(ack.acknowledged - ack.previous), now,
                                 rtt_.smoothed());
      break;
  }
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
    return segment_;
  }
  if (delivered == 0) return 0;
  const std::uint32_t counted = std::min<std::uint32_t>(duplicates_, delivered / segment_);
  duplicates_ = phase_ == Phase::kFast ? static_cast<std::uint16_t>(duplicates_ - counted) : std::uint16_t{0};
  return delivered - counted * segment_;
}

bool Recovery::should_recover(const Ack& ack) const {
  if (board_.empty()) return false;
  if (board_.lost() > 0) return true;
  return !sack_ && duplicates_ >= kDupThresh && ack.acknowledged > recover_;
}

void Recovery::enter_fast(const Ack& ack) {
  if (board_.lost() == 0) board_.mark_first_lost();
  phase_ = Phase::kFast;
  recover_ = ack.next;
  reduced_from_ = static_cast<std::uint32_t>(std::max<Offset>(ack.next - ack.acknowledged, segment_));
  delivered_ = 0;
  sent_ = 0;
  congestion_.loss(reduced_from_);
  congestion_.set_window(pipe());
  forced_ = true;
  ++recoveries_;
}

// RFC 6937 §3.1: sends in proportion to what is delivered, so that the window reaches the threshold as the
// recovery ends, and never bursts.
void Recovery::reduce(std::uint32_t delivered, bool advanced, bool marked) {
  delivered_ += delivered;
  const std::int64_t threshold = congestion_.threshold();
  const std::int64_t in_flight = pipe();
  std::int64_t allowed = 0;
  if (in_flight > threshold) {
    allowed = (std::int64_t{delivered_} * threshold + reduced_from_ - 1) / reduced_from_ - sent_;
  } else {
    const std::int64_t limit = std::max<std::int64_t>(std::int64_t{delivered_} - sent_, delivered) +
                               (advanced && !marked ? segment_ : 0);
    allowed = std::min(threshold - in_flight, limit);
  }
  congestion_.set_window(static_cast<std::uint32_t>(in_flight + std::max<std::int64_t>(allowed, 0)));
}

void Recovery::grow(const Ack& ack, Instant now) {
  // A window that was not used tells nothing about the path (RFC 7661, 9438 §5.8).
  const bool used = congestion_.in_slow_start() ? flushed_pipe_ > congestion_.window() / 2 : limited_;
  if (!used) {
    congestion_.idle();
    return;
  }
  congestion_.acknowledged(static_cast<std::uint32_t>(ack.acknowledged - ack.previous), now, rtt_.smoothed());
}

// --- time-outs ---

void Recovery::on_timeout(Offset next, std::size_t outstanding) {
  congestion_.timeout(static_cast<std::uint32_t>(outstanding), backoff_ > 0);
  board_.mark_all_lost();
  phase_ = Phase::kLoss;
  recover_ = next;
  duplicates_ = 0;
  forced_ = true;
  on_probe_backoff();
}

void Recovery::on_probe_timeout() {
  board_.mark_all_lost();
  forced_ = true;
  on_probe_backoff();
}

void Recovery::on_probe_backoff() {
  backoff_ = std::min<std::uint8_t>(static_cast<std::uint8_t>(backoff_ + 1), kBackoffMax);
}

void Recovery::on_window_opened() {
  backoff_ = 0;
  if (board_.mark_first_lost()) forced_ = true;
}

Duration Recovery::timeout(const EndpointSettings& settings) const {
  const Duration once = rtt_.timeout(settings.rto_initial, settings.rto_min, settings.rto_max);
  return std::min(once * (std::int64_t{1} << backoff_), settings.rto_max);
}

// --- sending ---

void Recovery::on_sent(Offset start, std::uint16_t size, bool fin, Instant now) {
  board_.sent(start, size, fin, now);
  if (phase_ == Phase::kFast) sent_ += size;
}

void Recovery::on_retransmitted(Instant now) {
  if (phase_ == Phase::kFast) sent_ += board_.next_lost()->length();
  board_.retransmitted(now);
  forced_ = false;
}

void Recovery::on_flushed(bool limited) {
  limited_ = limited;
  flushed_pipe_ = pipe();
}

std::uint32_t Recovery::pipe() const {
  if (duplicates_ == 0 || phase_ == Phase::kLoss) return board_.pipe();
  // Before a loss is certain at most two segments are sent on duplicate ACKs (RFC 3042).
  const std::uint32_t arrived =
      phase_ == Phase::kOpen ? std::min<std::uint32_t>(duplicates_, 2) : duplicates_;
  return board_.pipe() - std::min(board_.pipe(), arrived * segment_);
}

}  // namespace limpid::tcp
