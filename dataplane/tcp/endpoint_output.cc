// What flush() sends, in this order: a reset, or retransmissions, new text, probes, and an acknowledgement if
// nothing before has carried it (several, where one has no room for all that a burst has changed beyond
// gaps). State changes only when the sink has taken the segment.
#include <algorithm>

#include "dataplane/tcp/endpoint.h"
#include "dataplane/tcp/stamps.h"

namespace limpid::tcp {
namespace {

constexpr Duration kRetryAfter = std::chrono::milliseconds{1};
constexpr std::size_t kOptionsMax = 40;
constexpr std::size_t kTimestampBytes = 12;
constexpr std::size_t kSackHeaderBytes = 4;
constexpr std::size_t kSackBlockBytes = 8;

}  // namespace

void Endpoint::flush(SegmentSink& sink, Instant now) {
  flush_due_ = false;
  retry_at_ = writer_starved_ ? now + kRetryAfter : kNever;
  bool complete = true;
  bool limited = false;
  const Offset sent_before = send_.next();
  if (reset_due_) {
    complete = send_reset(sink, now);
  } else if (state_ != State::kClosed) {
    complete = send_lost(sink, now) && send_tail_probe(sink, now) && send_new(sink, now, limited) &&
               send_probe(sink, now) && send_keepalive(sink, now) && send_acknowledgements(sink, now);
    recovery_.on_flushed(limited);
    if (send_.next() > sent_before && !probing_) recovery_.arm_tail_probe(*settings_, now);
    if (complete) arm_persist(now);
  }
  account();
  if (complete) return;
  ++counters_.memory_refusals;
  flush_due_ = true;
  retry_at_ = now + kRetryAfter;
}

bool Endpoint::send_reset(SegmentSink& sink, Instant now) {
  SegmentOut segment{.seq = reset_sequence_, .flags = kRst};
  if (!reset_answers_) {  // RFC 9293 §3.10.7.1: <SEQ=SEG.ACK><CTL=RST>
    segment.flags = kRst | kAck;
    segment.ack = expected_sequence();
  }
  if (timestamps_) segment.options.timestamps = wire::Timestamps{timestamp(now), timestamp_recent_};
  if (!sink.send(segment)) return false;
  ++counters_.segments_sent;
  reset_due_ = false;
  return true;
}

// --- text ---

bool Endpoint::send_lost(SegmentSink& sink, Instant now) {
  while (const SentSegment* const lost = recovery_.next_lost()) {
    if (lost->size > payload_max_) {  // the path has become narrower since, or is not wider yet
      if (widening_) widening_failed(now);
      if (!recovery_.cut(payload_max_)) return false;
      continue;
    }
    if (!recovery_.may_retransmit(lost->length())) return true;
    const Offset from = recovery_.board().start_of(*lost);
    const std::uint16_t size = lost->size;
    if (!send_text(sink, from, size, lost->is(SentSegment::kHasFin), now)) return false;
    recovery_.on_retransmitted(now);
    ++counters_.segments_retransmitted;
    counters_.bytes_retransmitted += size;
    if (retransmit_at_ == kNever) retransmit_at_ = now + recovery_.timeout(*settings_);
  }
  return true;
}

// RFC 8985 §7.3: one segment beyond what the window lets out, so that the peer says what it has.
bool Endpoint::send_tail_probe(SegmentSink& sink, Instant now) {
  if (!recovery_.tail_probe_due()) return true;
  bool fin = false;
  const bool unsent =
      send_.end() > send_.next() && recovery_.board().segments() < settings_->sent_segments_max;
  const std::uint16_t size = unsent ? sendable(fin, payload_max_) : std::uint16_t{0};
  if (size > 0 || fin) {
    if (!recovery_.reserve()) return false;
    const Offset from = send_.next();
    if (!send_text(sink, from, size, fin, now)) return false;
    track(from, size, fin, now);
    recovery_.on_tail_probe(false, send_.next(), now);
  } else {
    const SentSegment& last = recovery_.board().last();
    const Offset from = recovery_.board().start_of(last);
    if (!send_text(sink, from, last.size, last.is(SentSegment::kHasFin), now)) return false;
    ++counters_.segments_retransmitted;
    counters_.bytes_retransmitted += last.size;
    recovery_.on_tail_probe(true, send_.next(), now);
  }
  ++counters_.tail_probes;
  retransmit_at_ = now + recovery_.timeout(*settings_);
  return true;
}

bool Endpoint::send_new(SegmentSink& sink, Instant now, bool& limited) {
  if (send_.end() == send_.next()) return true;
  if (send_.outstanding() == 0 &&
      std::chrono::milliseconds{milliseconds(now) - sent_at_ms_} > recovery_.timeout(*settings_)) {
    recovery_.on_idle();
    sent_at_ms_ = milliseconds(now);
  }
  while (send_.end() > send_.next() && recovery_.board().lost() == 0) {
    bool fin = false;
    const std::uint16_t wider = wider_payload(now);
    std::uint16_t size = sendable(fin, std::max(wider, payload_max_));
    const bool widens = size == wider && wider > payload_max_ && !fin;
    if (!widens && size > payload_max_) {
      fin = false;
      size = sendable(fin, payload_max_);
    }
    if (size == 0 && !fin) return true;
    if (!recovery_.may_send(size)) {
      limited = true;
      return true;
    }
    if (recovery_.board().segments() >= settings_->sent_segments_max) return true;
    if (!recovery_.reserve()) return false;
    const Offset from = send_.next();
    if (!send_text(sink, from, size, fin, now)) return false;
    track(from, size, fin, now);
    if (widens) begin_widening(from + size);
  }
  limited = limited || recovery_.board().lost() > 0;
  return true;
}

// How much of the next segment the peer's window lets out. Nothing, where that would be a silly small part of
// what waits (RFC 9293 §3.8.6.2.1); what is complete goes at once, as the relay above has gathered already
// (no Nagle).
std::uint16_t Endpoint::sendable(bool& fin, std::uint16_t most) const {
  const Offset unsent = send_.written() - send_.next();
  const Offset usable = std::max<Offset>(window_edge_ - send_.next(), 0);
  const Offset size = std::min({unsent, usable, Offset{most}});
  if (size < unsent && size < payload_max_ && size < static_cast<Offset>(window_largest_ / 2)) return 0;
  fin = send_.finishing() && size == unsent && send_.written() <= window_edge_;
  return static_cast<std::uint16_t>(size);
}

// New text has gone out.
void Endpoint::track(Offset from, std::uint16_t size, bool fin, Instant now) {
  if (send_.outstanding() == 0) stalled_since_ms_ = milliseconds(now);
  send_.sent_up_to(from + size + (fin ? 1 : 0));
  recovery_.on_sent(from, size, fin, now);
  counters_.bytes_sent += size;
  sent_at_ms_ = milliseconds(now);
  if (retransmit_at_ == kNever) retransmit_at_ = now + recovery_.timeout(*settings_);
}

bool Endpoint::send_text(SegmentSink& sink, Offset from, std::uint16_t size, bool fin, Instant now) {
  const Offset end = from + size;
  SegmentOut segment{.seq = send_base_.sequence(from)};
  if (size > 0 && end == send_.written()) segment.flags = kAck | kPsh;
  if (fin) segment.flags = static_cast<std::uint8_t>(segment.flags | kFin);
  // Marks are for new text alone: a lost retransmission or window probe must be felt as a loss (RFC 3168
  // §6.1.5, §6.1.6).
  const bool fresh = ecn_ && size > 0 && from == send_.next() && !probe_due_;
  segment.ect = fresh;
  if (fresh && recovery_.reduction_to_report()) {
    segment.flags = static_cast<std::uint8_t>(segment.flags | kCwr);
  }
  segment.payload_first = send_.piece(from, end);
  segment.payload_second = send_.piece(from + static_cast<Offset>(segment.payload_first.size()), end);
  if (!transmit(sink, segment, now)) return false;
  if (fresh) recovery_.reduction_reported();
  return true;
}

// --- probes ---

// The window is closed, or too small to be worth a segment, and nothing is outstanding: whatever the peer
// would say may have been lost. One byte beyond the window, or what the window lets out, makes it speak.
void Endpoint::arm_persist(Instant now) {
  if (send_.outstanding() > 0 || send_.end() == send_.next() || retransmit_at_ != kNever) return;
  stalled_since_ms_ = milliseconds(now);
  retransmit_at_ = now + recovery_.timeout(*settings_);
}

bool Endpoint::send_probe(SegmentSink& sink, Instant now) {
  if (!probe_due_) return true;
  if (send_.outstanding() > 0 || send_.end() == send_.next()) {
    probe_due_ = false;
    return true;
  }
  const Offset from = send_.next();
  const Offset usable = std::max<Offset>(window_edge_ - from, 1);
  const auto size =
      static_cast<std::uint16_t>(std::min({send_.written() - from, usable, Offset{payload_max_}}));
  const bool fin = size == 0;
  if (!recovery_.reserve() || !send_text(sink, from, size, fin, now)) return false;
  probe_due_ = false;
  probing_ = from + size > window_edge_;
  const std::uint32_t stalled_since = stalled_since_ms_;
  if (probing_) recovery_.on_probe_backoff();
  track(from, size, fin, now);
  stalled_since_ms_ = stalled_since;
  return true;
}

bool Endpoint::send_keepalive(SegmentSink& sink, Instant now) {
  if (!keepalive_due_) return true;
  if (send_.outstanding() == 0) {
    SegmentOut segment{.seq = send_base_.sequence(send_.next() - 1)};
    if (!transmit(sink, segment, now)) return false;
  }
  keepalive_due_ = false;
  return true;
}

// --- acknowledgements ---

bool Endpoint::send_acknowledgements(SegmentSink& sink, Instant now) {
  while (acknowledge_due_ || receive_.has_sack_news() || duplicates_owed_ > 0) {
    SegmentOut segment{.seq = acceptable_sequence()};
    if (!transmit(sink, segment, now)) return false;
    if (duplicates_owed_ > 0) --duplicates_owed_;
  }
  return true;
}

// Where a segment without text stands: at SND.NXT, but not beyond the peer's window, where a probe may have
// got and where the peer would ignore its acknowledgement.
std::uint32_t Endpoint::acceptable_sequence() const {
  return send_base_.sequence(std::min(send_.next(), std::max(window_edge_, send_.acknowledged())));
}

// As many blocks as fit beside the payload, so that text never shrinks for their sake.
ReceiveQueue::SackReport Endpoint::fill_sack(SegmentOut& segment) const {
  if (!sack_) return {};
  const std::size_t taken = timestamps_ ? kTimestampBytes : 0;
  const std::size_t full = std::max(segment_max_, wider_segment_max_);
  const std::size_t most = segment.payload_size() > payload_max_ ? full : segment_max_;
  const std::size_t room = std::min(kOptionsMax, most - segment.payload_size()) - taken;
  if (room < kSackHeaderBytes + kSackBlockBytes) return {};
  const ReceiveQueue::SackReport report =
      receive_.sack_report(std::min<std::size_t>((room - kSackHeaderBytes) / kSackBlockBytes, 4));
  for (std::size_t i = 0; i < report.count; ++i) {
    segment.options.sack[i] = {receive_base_.sequence(report.blocks[i].left),
                               receive_base_.sequence(report.blocks[i].right)};
  }
  segment.options.sack_blocks = report.count;
  return report;
}

std::uint32_t Endpoint::timestamp(Instant now) const { return timestamp_base_ + milliseconds(now); }

// Completes the header and hands the segment over. Every segment acknowledges.
bool Endpoint::transmit(SegmentSink& sink, SegmentOut& segment, Instant now) {
  const ReceiveQueue::Window window = receive_.window(peer_segment_);
  segment.ack = expected_sequence();
  segment.window = window.raw;
  if (congestion_seen_) segment.flags = static_cast<std::uint8_t>(segment.flags | kEce);
  if (timestamps_) segment.options.timestamps = wire::Timestamps{timestamp(now), timestamp_recent_};
  const bool sent = receive_.has_disorder() ? send_with_sack(sink, segment) : sink.send(segment);
  if (!sent) return false;
  ++counters_.segments_sent;
  receive_.announced(window);
  acknowledged_to_peer_ = receive_.next();
  unacknowledged_received_ = 0;
  acknowledge_due_ = false;
  acknowledge_at_ = kNever;
  return true;
}

bool Endpoint::send_with_sack(SegmentSink& sink, SegmentOut& segment) {
  const ReceiveQueue::SackReport report = fill_sack(segment);
  if (!sink.send(segment)) return false;
  receive_.reported(report);
  return true;
}

}  // namespace limpid::tcp
