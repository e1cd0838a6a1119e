// What one segment does to an endpoint, in the order of RFC 9293 §3.10.7.4: timestamp (RFC 7323), sequence,
// RST and SYN (RFC 5961), ACK, text, FIN. Nothing is transmitted here.
#include <algorithm>
#include <array>

#include "dataplane/tcp/endpoint.h"
#include "dataplane/tcp/stamps.h"

namespace limpid::tcp {
namespace {

constexpr std::uint32_t kTimestampLifeSeconds = 24 * 86'400;  // RFC 7323 §5.5
constexpr std::uint8_t kDuplicatesOwedMax = 16;

bool has(const SegmentIn& segment, Flag flag) { return (segment.flags & flag) != 0; }

/// In sequence numbers.
Offset length(const SegmentIn& segment) {
  return static_cast<Offset>(segment.payload.size()) + (has(segment, kSyn) ? 1 : 0) +
         (has(segment, kFin) ? 1 : 0);
}

}  // namespace

bool Endpoint::on_segment(const SegmentIn& segment, Instant now) {
  ++counters_.segments_received;
  if (state_ == State::kClosed) {
    answer_closed(segment);
    return false;
  }
  const Offset at = receive_base_.offset(segment.seq, receive_.next());
  if (!check_timestamp(segment)) {
    ++counters_.segments_refused;
    if (whole_seconds(now) - timestamp_at_s_ < kTimestampLifeSeconds) {
      // A SYN is challenged whatever its timestamp (RFC 5961 §4); of text the sender is to know at once.
      length(segment) > 0 && !has(segment, kSyn) ? acknowledge_now() : challenge(now);
      return false;
    }
  }
  if (!check_sequence(segment, at, now)) return false;
  if (!check_reset_and_syn(segment, at, now)) return false;
  if (!has(segment, kAck)) return false;
  // Its acknowledgement first: who only guesses sequence numbers must not be able to set TS.Recent, by which
  // everything that the peer sends from then on would be too old, nor to keep a dead peer alive.
  if (!process_ack(segment, at, now)) return false;
  if (state_ == State::kClosed) return true;
  note_sign_of_life(now);
  remember_timestamp(segment, at, now);
  if (!segment.payload.empty() || has(segment, kFin)) process_text(segment, at, now);
  return true;
}

void Endpoint::note_sign_of_life(Instant now) {
  heard_ = now;
  if (slow_at_ == kNever || state_ == State::kTimeWait) return;  // nothing was asked
  keepalives_left_ = 0;
  slow_at_ = kNever;
}

// RFC 9293 §3.10.7.1, for flows that we have broken off: the peer may not have believed our first RST.
void Endpoint::answer_closed(const SegmentIn& segment) {
  if (!resets_answered_ || has(segment, kRst) || !has(segment, kAck)) return;
  reset_sequence_ = segment.ack;
  reset_due_ = reset_answers_ = flush_due_ = true;
}

// PAWS. A segment without the option is let through: some stacks leave it out of bare ACKs. A RST is exempt.
bool Endpoint::check_timestamp(const SegmentIn& segment) const {
  if (!timestamps_ || !segment.options.timestamps || has(segment, kRst)) return true;
  return static_cast<std::int32_t>(segment.options.timestamps->value - timestamp_recent_) >= 0;
}

// A segment is taken if some of it may be new: it ends at or behind what we have acknowledged, and begins at
// or before the right edge (a bare ACK of a peer that has filled our window lies exactly there).
bool Endpoint::check_sequence(const SegmentIn& segment, Offset at, Instant now) {
  // A probe, for life or for the window: one position below what we expect. Always answered at once.
  const bool probe =
      at == receive_.next() - 1 && length(segment) <= 1 && (segment.flags & (kSyn | kFin | kRst)) == 0;
  if (probe) {
    peer_probed_ = true;
    if (acknowledgement_fits(send_base_.offset(segment.ack, send_.acknowledged()))) note_sign_of_life(now);
    acknowledge_now();
  }
  const Offset edge = std::max(receive_.edge(), receive_.next());
  if (at + length(segment) >= acknowledged_to_peer_ && at <= edge + (length(segment) == 0 ? 1 : 0))
    return true;
  if (has(segment, kRst)) return false;
  if (probe) return false;
  if (length(segment) > 0 && !has(segment, kSyn)) {
    // Text that we have (our ACK was lost) or cannot take.
    ++counters_.segments_refused;
    if (sack_) receive_.note_old(at, at + static_cast<Offset>(segment.payload.size()));
    acknowledge_now();
    return false;
  }
  challenge(now);
  return false;
}

bool Endpoint::check_reset_and_syn(const SegmentIn& segment, Offset at, Instant now) {
  if (has(segment, kRst)) {
    if (state_ == State::kTimeWait) return false;  // RFC 1337
    if (at != receive_.next()) {
      challenge(now);
      return false;
    }
    // Once both sides have finished and the peer has all our bytes, a reset breaks nothing.
    const bool complete =
        (state_ == State::kLastAck || state_ == State::kClosing) && send_.acknowledged() >= send_.written();
    if (!complete) failure_ = reset_reason(leg_);
    close();
    return false;
  }
  if (has(segment, kSyn)) {
    challenge(now);
    return false;
  }
  return true;
}

// Only from the segment that we wait for: a retransmission of what we have acknowledged would shut out
// originals that are still on their way.
void Endpoint::remember_timestamp(const SegmentIn& segment, Offset at, Instant now) {
  if (!timestamps_ || !segment.options.timestamps) return;
  if (at > acknowledged_to_peer_ || at + std::max<Offset>(length(segment), 1) <= acknowledged_to_peer_)
    return;
  timestamp_recent_ = segment.options.timestamps->value;
  timestamp_at_s_ = whole_seconds(now);
}

// --- ACK ---

/// Of something that was sent, and not too old to be on its way (RFC 5961 §5).
bool Endpoint::acknowledgement_fits(Offset acknowledged) const {
  return acknowledged <= send_.next() &&
         acknowledged >= send_.acknowledged() - static_cast<Offset>(window_largest_);
}

/// The SACK blocks that make sense, beyond `acknowledged`.
Endpoint::Sacked Endpoint::read_sack(const SegmentIn& segment, Offset acknowledged) const {
  const Offset previous = send_.acknowledged();
  Sacked told;
  for (std::size_t i = 0; sack_ && i < segment.options.sack_blocks && i < told.blocks.size(); ++i) {
    const wire::SackBlock& block = segment.options.sack[i];
    const Offset left = send_base_.offset(block.left, previous);
    const Offset right = send_base_.offset(block.right, previous);
    if (left >= right || right > send_.next() || left < previous - static_cast<Offset>(window_largest_)) {
      continue;  // nonsense
    }
    // The first block may report a duplicate: it lies below the acknowledgement, or within the second (RFC
    // 2883 §4).
    const Interval first = told.blocks[0];
    if (i == 0 && right <= acknowledged) told.again = {left, right};
    if (i == 1 && told.count == 1 && left <= first.left && right >= first.right) told.again = first;
    if (right > acknowledged) told.blocks[told.count++] = {std::max(left, acknowledged), right};
  }
  return told;
}

bool Endpoint::process_ack(const SegmentIn& segment, Offset at, Instant now) {
  const Offset previous = send_.acknowledged();
  const Offset acknowledged = send_base_.offset(segment.ack, previous);
  if (!acknowledgement_fits(acknowledged)) {
    challenge(now);
    return false;
  }
  if (acknowledged < previous) return true;  // old, but the text may be new

  const Sacked sacked = read_sack(segment, acknowledged);
  const Offset edge_before = window_edge_;
  const bool was_closed = window_edge_ <= previous;
  const bool opened = update_window(segment, at, acknowledged, now);
  Recovery::Ack ack{.previous = previous, .acknowledged = acknowledged, .next = send_.next()};
  ack.sacked = {sacked.blocks.data(), sacked.count};
  ack.again = sacked.again;
  ack.window_closed = window_edge_ <= acknowledged;
  ack.congestion = ecn_ && has(segment, kEce);
  // What answers a window probe says nothing of a gap.
  ack.duplicate = acknowledged == previous && send_.outstanding() > 0 && !probing_ && length(segment) == 0 &&
                  window_edge_ == edge_before;
  if (timestamps_ && segment.options.timestamps) {
    const auto ago = static_cast<std::int32_t>(timestamp(now) - segment.options.timestamps->echo);
    if (ago >= 0) ack.echoed_round_trip = std::chrono::milliseconds{ago};
  }
  if (acknowledged > previous) send_.acknowledge(acknowledged);
  recovery_.on_ack(ack, now);
  if (acknowledged > previous) on_acknowledged(previous, now);
  if (opened && was_closed) recovery_.on_probing_over();
  if (opened && probing_) {
    probing_ = false;
    recovery_.on_window_opened();
    if (send_.outstanding() > 0) retransmit_at_ = now + recovery_.timeout(*settings_);
  }
  if (send_.end() > send_.next() || recovery_.board().lost() > 0) flush_due_ = true;
  return true;
}

// Returns whether the peer takes something beyond what it has acknowledged.
bool Endpoint::update_window(const SegmentIn& segment, Offset at, Offset acknowledged, Instant now) {
  const auto ahead = static_cast<std::int32_t>(static_cast<std::uint32_t>(at) - window_sequence_);
  const auto further =
      static_cast<std::int32_t>(static_cast<std::uint32_t>(acknowledged) - window_acknowledgement_);
  const bool newer = ahead > 0 || (ahead == 0 && further >= 0);
  if (newer) {
    const std::uint32_t window = std::uint32_t{segment.window} << peer_shift_;
    const Offset edge = acknowledged + static_cast<Offset>(window);
    if (window_edge_ <= acknowledged && edge > acknowledged) opened_at_ms_ = milliseconds(now);
    window_edge_ = edge;
    window_largest_ = std::max(window_largest_, window);
    window_sequence_ = static_cast<std::uint32_t>(at);
    window_acknowledgement_ = static_cast<std::uint32_t>(acknowledged);
  }
  return window_edge_ > acknowledged;
}

void Endpoint::on_acknowledged(Offset previous, Instant now) {
  stalled_since_ms_ = milliseconds(now);
  if (widening_ &&
      static_cast<std::int32_t>(static_cast<std::uint32_t>(send_.acknowledged()) - widening_end_) >= 0)
    widened();
  retransmit_at_ = send_.outstanding() > 0 ? now + recovery_.timeout(*settings_) : kNever;
  if (send_.outstanding() == 0) probing_ = false;
  if (!probing_) recovery_.arm_tail_probe(*settings_, now);
  // The credit may have become smaller since the user last wrote: what counts is that it was used up.
  const auto before = send_.unacknowledged() + static_cast<std::size_t>(send_.acknowledged() - previous);
  const bool waits = writer_waits_ || before * 2 > credit_target();
  if (send_.unacknowledged() == 0 || (waits && send_.unacknowledged() * 2 <= credit_target())) {
    writer_waits_ = false;
    news_ = true;
  }
  if (!send_.fin_acknowledged() || previous > send_.written()) return;
  switch (state_) {
    case State::kFinWait1:
      move_to(State::kFinWait2);
      break;
    case State::kClosing:
      move_to(State::kTimeWait);
      slow_at_ = now + settings_->time_wait;
      break;
    case State::kLastAck:
      close();
      break;
    case State::kSynSent:
    case State::kSynReceived:
    case State::kEstablished:
    case State::kFinWait2:
    case State::kCloseWait:
    case State::kTimeWait:
    case State::kClosed:
      break;
  }
}

// --- text and FIN ---

// RFC 3168 §6.1.3. CWR first: the segment that carries it may have been marked itself.
void Endpoint::note_congestion(const SegmentIn& segment) {
  if (!ecn_ || segment.payload.empty()) return;
  if (has(segment, kCwr)) congestion_seen_ = false;
  if (!segment.ce) return;
  if (!congestion_seen_) acknowledge_now();
  congestion_seen_ = true;
}

void Endpoint::process_text(const SegmentIn& segment, Offset at, Instant now) {
  if (receive_.fin_reached()) {  // a retransmission, or text behind the FIN: the answer is the same
    ++counters_.segments_refused;
    return acknowledge_now();
  }
  note_congestion(segment);
  const ReceiveQueue::Outcome outcome =
      receive_.accept(at, segment.payload, has(segment, kFin), settings_->out_of_order_ranges_max);
  const auto size = static_cast<std::uint32_t>(segment.payload.size());
  peer_segment_ = std::max(peer_segment_, static_cast<std::uint16_t>(std::min<std::uint32_t>(size, 65535)));
  if (outcome.advanced > 0) {
    news_ = true;
    duplicates_owed_ = 0;
    if (!receive_.pool().economical()) {
      receive_.tune(now, recovery_.round_trip(), static_cast<std::uint32_t>(settings_->receive_buffer_max),
                    outcome.advanced);
    }
  }
  if (outcome.out_of_order && !sack_ && duplicates_owed_ < kDuplicatesOwedMax) ++duplicates_owed_;
  if (outcome.refused) ++counters_.segments_refused;
  if (!sack_) receive_.forget_sack_news();

  unacknowledged_received_ += size;
  const bool at_once = outcome.gap_changed || outcome.duplicate || outcome.refused || outcome.fin_reached ||
                       quick_acks_ > 0 || unacknowledged_received_ > peer_segment_;
  if (quick_acks_ > 0) --quick_acks_;
  if (at_once) {
    acknowledge_now();
  } else if (acknowledge_at_ == kNever) {
    acknowledge_at_ = now + settings_->ack_delay;
  }
  if (outcome.fin_reached) on_fin(now);
}

void Endpoint::on_fin(Instant now) {
  switch (state_) {
    case State::kSynReceived:
    case State::kEstablished:
      return move_to(State::kCloseWait);
    case State::kFinWait1:
      return move_to(State::kClosing);
    case State::kFinWait2:
      move_to(State::kTimeWait);
      slow_at_ = now + settings_->time_wait;
      return;
    case State::kSynSent:
    case State::kCloseWait:
    case State::kClosing:
    case State::kLastAck:
    case State::kTimeWait:
    case State::kClosed:
      return;
  }
}

}  // namespace limpid::tcp
