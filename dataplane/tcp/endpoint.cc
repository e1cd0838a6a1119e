// The endpoint's states, its user's calls and its timers. What a segment does is in endpoint_input.cc, what
// flush() sends in endpoint_output.cc.
#include "dataplane/tcp/endpoint.h"

#include <algorithm>
#include <array>
#include <utility>

#include "dataplane/base/check.h"
#include "dataplane/tcp/stamps.h"

namespace limpid::tcp {
namespace {

constexpr std::uint8_t kShiftMax = 14;             // RFC 7323 §2.3
constexpr std::uint16_t kSegmentMin = 88;          // payload and options; a smaller MSS is not believed
constexpr std::uint16_t kPayloadMax = kChunkSize;  // lies in two chunks at most, wherever it begins
constexpr std::uint16_t kTimestampBytes = 12;
constexpr std::uint16_t kPeerSegmentGuess = 536;
constexpr std::uint16_t kPathSegmentMin = 512;  // a path MTU of 552: whoever says less wants to do harm
constexpr std::size_t kBeyondCredit = std::size_t{64} * 1024;
constexpr std::uint8_t kBlackHoleTimeouts = 3;
constexpr std::array<std::uint16_t, 2> kBlackHoleSteps{1220, 536};  // MTU 1280 (RFC 8200 §5), 576 (RFC 1122)
// When a wider segment is tried again: soon, for an outage looks like a black hole, and seldom, for each try
// costs a segment (RFC 1191 §6.3, 4821 §7.7).
constexpr std::array<Duration, 3> kWidenAfter{std::chrono::seconds{5}, std::chrono::minutes{1},
                                              std::chrono::minutes{10}};

std::uint16_t payload_of(std::uint16_t segment, bool timestamps) {
  const std::uint16_t options = timestamps ? kTimestampBytes : std::uint16_t{0};
  return std::min(static_cast<std::uint16_t>(segment - options), kPayloadMax);
}

std::uint32_t receive_capacity(const EndpointSettings& settings, const Adoption& adoption) {
  return static_cast<std::uint32_t>(
      std::min(std::max(settings.receive_buffer_initial, std::size_t{adoption.our_window_announced}),
               settings.receive_buffer_max));
}

}  // namespace

Endpoint::Endpoint(const EndpointSettings& settings, ChunkPool& pool, const Adoption& adoption, Instant now)
    : settings_(&settings),
      receive_(pool, receive_capacity(settings, adoption), adoption.our_window_announced,
               std::min(adoption.our_window_shift, kShiftMax)),
      send_(pool),
      recovery_(settings, payload_of(std::max(adoption.mss, kSegmentMin), adoption.timestamps), adoption.sack,
                adoption.rtt, now),
      send_base_(adoption.snd_nxt),
      receive_base_(adoption.rcv_nxt),
      window_edge_(adoption.peer_window),
      heard_(now),
      stalled_since_ms_(milliseconds(now)),
      sent_at_ms_(milliseconds(now)),
      challenged_ms_(milliseconds(now)),
      timestamp_at_s_(whole_seconds(now)),
      timestamp_recent_(adoption.ts_recent),
      timestamp_base_(adoption.ts_value - milliseconds(now)),
      window_largest_(adoption.peer_window),
      opened_at_ms_(milliseconds(now)),
      segment_max_(std::max(adoption.mss, kSegmentMin)),
      payload_max_(payload_of(segment_max_, adoption.timestamps)),
      peer_segment_(std::min(payload_max_, kPeerSegmentGuess)),
      peer_shift_(std::min(adoption.peer_window_shift, kShiftMax)),
      quick_acks_(settings.quick_acks),
      leg_(adoption.leg),
      timestamps_(adoption.timestamps),
      sack_(adoption.sack),
      ecn_(adoption.ecn) {}

Endpoint::~Endpoint() { receive_.pool().account(0, bookkeeping_); }

// --- states ---

void Endpoint::move_to(State state) {
  LIMPID_CHECK(kStateEdges.allow(state_, state), "a transition that TCP does not have");
  state_ = state;
  news_ = true;
}

// What was received stays readable; nothing is sent any more, but for a reset.
void Endpoint::close() {
  move_to(State::kClosed);
  send_.clear();
  recovery_.clear();
  retransmit_at_ = acknowledge_at_ = slow_at_ = retry_at_ = kNever;
  acknowledge_due_ = probe_due_ = keepalive_due_ = writer_starved_ = false;
  flush_due_ = reset_due_;
}

void Endpoint::fail(Reason why) {
  failure_ = why;
  reset_sequence_ = send_base_.sequence(probing_ ? send_.acknowledged() : send_.next());
  reset_due_ = resets_answered_ = true;
  close();
}

EndpointCounters Endpoint::counters() const {
  return {.bytes_received = receive_.received(),
          .bytes_sent = counters_.bytes_sent,
          .bytes_retransmitted = counters_.bytes_retransmitted,
          .segments_received = counters_.segments_received,
          .segments_sent = counters_.segments_sent,
          .segments_retransmitted = counters_.segments_retransmitted,
          .timeouts = counters_.timeouts,
          .recoveries = recovery_.recoveries(),
          .undone = recovery_.undone(),
          .tail_probes = counters_.tail_probes,
          .segments_refused = counters_.segments_refused,
          .memory_refusals = counters_.memory_refusals};
}

std::uint32_t Endpoint::next_sequence() const { return send_base_.sequence(send_.next()); }
std::uint32_t Endpoint::expected_sequence() const { return receive_base_.sequence(receive_.next()); }

bool Endpoint::take_news() {
  const bool news = news_;
  news_ = false;
  return news;
}

bool Endpoint::take_peer_probe() {
  const bool probed = peer_probed_;
  peer_probed_ = false;
  return probed;
}

bool Endpoint::wants_flush() const { return flush_due_; }

void Endpoint::acknowledge_now() {
  acknowledge_due_ = true;
  flush_due_ = true;
}

// RFC 5961 §7. The limit is per flow, so that it tells nothing about other flows, and not quite regular.
void Endpoint::challenge(Instant now) {
  ++counters_.segments_refused;
  if (milliseconds(now) - challenged_ms_ < challenge_pause_ms_) return;
  const std::uint32_t jitter = (expected_sequence() ^ counters_.segments_received) * 2654435761U >> 24U;
  challenged_ms_ = milliseconds(now);
  const auto interval = std::chrono::floor<std::chrono::milliseconds>(settings_->challenge_ack_interval);
  challenge_pause_ms_ = static_cast<std::uint16_t>(interval.count() + interval.count() * jitter / 1024);
  acknowledge_now();
}

// --- the user's side ---

std::size_t Endpoint::readable() const { return receive_.readable(); }
Bytes Endpoint::peek() const { return receive_.peek(); }
std::size_t Endpoint::copy_front(MutableBytes into) const { return receive_.copy_front(into); }
bool Endpoint::finished() const { return receive_.finished(); }

void Endpoint::consume(std::size_t size) {
  receive_.consume(size);
  if (state_ != State::kClosed && receive_.wants_update(peer_segment_)) acknowledge_now();
}

// Twice the congestion window: one on the wire, one to go on with. Less while memory is short, and never more
// than a stream's share of it.
std::uint32_t Endpoint::credit_target() const {
  if (receive_.pool().economical()) {
    return static_cast<std::uint32_t>(std::min(settings_->send_buffer_initial, std::size_t{64} * 1024));
  }
  const std::size_t wanted = std::max(std::size_t{2} * recovery_.window(), settings_->send_buffer_initial);
  return static_cast<std::uint32_t>(std::min({wanted, settings_->send_buffer_max, receive_.pool().share()}));
}

std::size_t Endpoint::credit() const {
  if (state_ == State::kClosed || send_.finishing()) return 0;
  const std::size_t queued = send_.unacknowledged();
  const std::size_t target = credit_target();
  return queued < target ? target - queued : 0;
}

std::size_t Endpoint::write(Bytes bytes) {
  if (state_ == State::kClosed || send_.finishing() || bytes.empty()) return 0;
  // An eighth of the memory is for receiving: two peers that wait for each other's bytes would wait for ever.
  const ChunkPool& pool = receive_.pool();
  const std::size_t reserve = pool.limit() / 8;
  const std::size_t room = pool.limit() - std::min(pool.load() + reserve, pool.limit());
  // Whoever writes beyond the credit (a record in one piece) does not do so without end.
  const std::size_t own = settings_->send_buffer_max + kBeyondCredit;
  const std::size_t own_room = own - std::min(own, send_.unacknowledged());
  const std::size_t taken = send_.write(bytes.first(std::min({bytes.size(), room * kChunkSize, own_room})));
  writer_waits_ = send_.unacknowledged() * 2 > credit_target();
  if (taken < bytes.size()) {
    writer_starved_ = true;
    ++counters_.memory_refusals;
  }
  flush_due_ = true;
  return taken;
}

void Endpoint::finish() {
  if (send_.finishing()) return;
  if (state_ == State::kEstablished || state_ == State::kSynReceived) {
    move_to(State::kFinWait1);
  } else if (state_ == State::kCloseWait) {
    move_to(State::kLastAck);
  } else {
    return;
  }
  send_.finish();
  flush_due_ = true;
}

std::size_t Endpoint::unacknowledged() const { return send_.unacknowledged(); }

void Endpoint::abort() {
  if (state_ == State::kClosed) return;
  receive_.clear();
  if (state_ == State::kTimeWait) return;  // nothing is left to break off, but the peer may ask again
  reset_due_ = resets_answered_ = true;
  reset_sequence_ = send_base_.sequence(probing_ ? send_.acknowledged() : send_.next());
  close();
}

// --- timers ---

Instant Endpoint::deadline() const {
  return std::min({retransmit_at_, recovery_.deadline(), acknowledge_at_, slow_at_, retry_at_});
}

void Endpoint::on_timer(Instant now) {
  if (now >= acknowledge_at_) {
    acknowledge_at_ = kNever;
    acknowledge_now();
  }
  if (now >= retry_at_) {
    retry_at_ = kNever;
    flush_due_ = true;
    if (writer_starved_) news_ = true;
    writer_starved_ = false;
  }
  if (now >= recovery_.deadline()) {
    recovery_.on_loss_timer(send_.acknowledged(), send_.next(), now);
    flush_due_ = true;
  }
  if (now >= retransmit_at_) on_retransmit_timer(now);
  if (now >= slow_at_) on_slow_timer(now);
}

// R2 (RFC 9293 §3.8.3). A peer that answers but keeps its window closed is alive, for a longer while.
bool Endpoint::gave_up(Instant now) const {
  const Duration stalled = std::chrono::milliseconds{milliseconds(now) - stalled_since_ms_};
  const bool window_closed = window_edge_ <= send_.acknowledged();
  if (stalled >= settings_->zero_window_max) return true;  // also where the window opens now and then
  if (window_closed && now - heard_ < settings_->give_up_after) return false;
  const Duration open = std::chrono::milliseconds{milliseconds(now) - opened_at_ms_};
  return stalled >= settings_->give_up_after && (window_closed || open >= settings_->give_up_after);
}

void Endpoint::on_retransmit_timer(Instant now) {
  retransmit_at_ = kNever;
  if (gave_up(now)) return fail(timeout_reason(leg_));
  flush_due_ = true;
  if (send_.outstanding() == 0) {
    probe_due_ = send_.end() > send_.next();
    return;
  }
  if (probing_) {
    recovery_.on_probe_timeout();
  } else if (!recovery_.probe_the_tail()) {
    ++counters_.timeouts;
    recovery_.on_timeout(send_.acknowledged(), send_.next(), now);
    suspect_black_hole(now);
  }
  retransmit_at_ = now + recovery_.timeout(*settings_);
}

// --- path MTU ---

void Endpoint::narrow(std::uint16_t segment_max, Duration until_wider, Instant now) {
  wider_segment_max_ = std::max(wider_segment_max_, segment_max_);
  widen_at_s_ = static_cast<std::uint16_t>(whole_seconds(now + until_wider));
  widening_ = false;
  segment_max_ = segment_max;
  payload_max_ = payload_of(segment_max, timestamps_);
  recovery_.on_path_narrowed(payload_max_, send_.next());
  flush_due_ = true;
}

bool Endpoint::on_too_big(std::uint32_t quoted_sequence, std::uint16_t segment_max) {
  if (state_ == State::kClosed || segment_max >= segment_max_ || segment_max < kPathSegmentMin) return false;
  const Offset at = send_base_.offset(quoted_sequence, send_.acknowledged());
  if (at < send_.acknowledged() || at >= send_.next()) return false;
  if (recovery_.board().payload_at(at) <= payload_of(segment_max, timestamps_)) return false;
  widen_step_ = kWidenAfter.size() - 1;
  narrow(segment_max, kWidenAfter.back(), heard_);
  return true;
}

// A path that swallows large segments and says nothing (RFC 2923 §2.1, 4821 §7.7): once a large one has timed
// out again and again, smaller ones are tried, and kept to. R2 leaves no time to try each of them for long.
void Endpoint::suspect_black_hole(Instant now) {
  if (recovery_.timeouts_in_a_row() < kBlackHoleTimeouts) return;
  const std::uint16_t first = recovery_.board().payload_at(send_.acknowledged());
  for (const std::uint16_t step : kBlackHoleSteps) {
    if (step < segment_max_ && first > payload_of(step, timestamps_))
      return narrow(step, kWidenAfter[widen_step_], now);
  }
}

// It was an outage, perhaps, or the path has become wider again: one segment of the former size shows it. It
// is new text, and goes again in pieces where it gets lost.
std::uint16_t Endpoint::wider_payload(Instant now) const {
  if (wider_segment_max_ == 0 || widening_ || recovery_.phase() != Recovery::Phase::kOpen) return 0;
  const auto late = static_cast<std::int16_t>(static_cast<std::uint16_t>(whole_seconds(now)) - widen_at_s_);
  const std::uint16_t wider = payload_of(wider_segment_max_, timestamps_);
  return late >= 0 && wider <= recovery_.window() ? wider : std::uint16_t{0};
}

void Endpoint::begin_widening(Offset end) {
  widening_ = true;
  widening_end_ = static_cast<std::uint32_t>(end);
}

void Endpoint::widening_failed(Instant now) {
  widening_ = false;
  if (widen_step_ + 1U < kWidenAfter.size()) ++widen_step_;
  widen_at_s_ = static_cast<std::uint16_t>(whole_seconds(now + kWidenAfter[widen_step_]));
}

void Endpoint::widened() {
  segment_max_ = std::exchange(wider_segment_max_, std::uint16_t{0});
  payload_max_ = payload_of(segment_max_, timestamps_);
  recovery_.on_path_widened(payload_max_);
  widening_ = false;
  widen_step_ = 0;
}

/// What is held beside the chunks counts, too, wherever memory is judged. Once a burst: with each segment it
/// would cost as much as the segment's own checks.
void Endpoint::account() {
  const std::size_t bytes = receive_.bookkeeping() + recovery_.bookkeeping();
  receive_.pool().account(bytes, bookkeeping_);
  bookkeeping_ = static_cast<std::uint32_t>(bytes);
}

void Endpoint::on_slow_timer(Instant now) {
  slow_at_ = kNever;
  if (state_ == State::kTimeWait) return close();
  if (keepalives_left_ == 0) return fail(timeout_reason(leg_));
  --keepalives_left_;
  keepalive_due_ = flush_due_ = true;
  slow_at_ = now + settings_->keepalive_interval;
}

void Endpoint::start_keepalive(Instant now) {
  if (state_ == State::kClosed || state_ == State::kTimeWait || slow_at_ != kNever) return;
  keepalives_left_ = settings_->keepalive_probes;
  on_slow_timer(now);
}

}  // namespace limpid::tcp
