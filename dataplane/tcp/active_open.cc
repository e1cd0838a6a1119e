#include "dataplane/tcp/active_open.h"

#include <algorithm>

#include "dataplane/tcp/stamps.h"

namespace limpid::tcp {

namespace {

constexpr std::uint16_t kSynWindow = 65'535;  // never scaled on a SYN
constexpr std::uint8_t kShiftMax = 14;        // RFC 7323 §2.3
constexpr std::uint16_t kMssDefault = 536;    // RFC 9293 §3.7.1
constexpr Duration kNoBufferPause = std::chrono::milliseconds(1);

constexpr bool has(const SegmentIn& segment, unsigned flags) { return (segment.flags & flags) != 0; }

}  // namespace

ActiveOpen::ActiveOpen(const SynOffer& offer, Duration repeat_after, Instant now)
    : offer_(offer), stamp_base_(offer.ts_value - milliseconds(now)), pause_(repeat_after), syn_at_(now) {}

std::uint32_t ActiveOpen::timestamp(Instant now) const { return stamp_base_ + milliseconds(now); }

void ActiveOpen::on_segment(const SegmentIn& segment, Instant now) {
  if (state_ != State::kWaiting || syns_ == 0) return;
  if (has(segment, kAck) && segment.ack != offer_.sequence + 1) {
    // It belongs to an earlier connection between these ports, which its end has not given up yet: once it
    // has, it takes a SYN (RFC 9293 §3.5.2). For a stranger's guess there is no second hurry.
    if (has(segment, kRst)) return;
    reply_ = SegmentOut{.seq = segment.ack, .flags = kRst};
    if (!hurried_) syn_at_ = now;
    hurried_ = true;
    return;
  }
  if (has(segment, kRst)) {
    if (has(segment, kAck)) state_ = State::kRefused;
    return;
  }
  if (has(segment, kAck) && has(segment, kSyn)) on_answer(segment, now);
}

void ActiveOpen::on_answer(const SegmentIn& answer, Instant now) {
  answer_ = answer;
  answer_.payload = {};
  if (syns_ == 1) round_trip_ = std::max<Duration>(now - first_syn_, std::chrono::microseconds(1));
  const Adoption made = adoption(Leg::kServer, offer_.mss, now);
  reply_ = SegmentOut{.seq = made.snd_nxt,
                      .ack = made.rcv_nxt,
                      .window = static_cast<std::uint16_t>(kSynWindow >> made.our_window_shift)};
  if (made.timestamps)
    reply_->options.timestamps = wire::Timestamps{.value = made.ts_value, .echo = made.ts_recent};
  state_ = State::kOpen;
}

Adoption ActiveOpen::adoption(Leg leg, std::uint16_t mss_max, Instant now) const {
  const wire::TcpOptions& theirs = answer_.options;
  const bool scaled = theirs.window_scale && offer_.window_shift;
  Adoption made;
  made.snd_nxt = offer_.sequence + 1;
  made.rcv_nxt = answer_.seq + 1;
  made.peer_window = answer_.window;
  made.peer_window_shift = scaled ? std::min(*theirs.window_scale, kShiftMax) : std::uint8_t{0};
  made.our_window_shift = scaled ? std::min(*offer_.window_shift, kShiftMax) : std::uint8_t{0};
  made.sack = offer_.sack && theirs.sack_permitted;
  made.ecn = offer_.ecn && syns_ == 1 && has(answer_, kEce) && !has(answer_, kCwr);
  made.timestamps = offer_.timestamps && theirs.timestamps.has_value();
  if (made.timestamps) made.ts_recent = theirs.timestamps->value;
  made.ts_value = timestamp(now);
  made.mss = std::min(theirs.mss.value_or(kMssDefault), mss_max);
  made.our_window_announced = kSynWindow;
  made.rtt = round_trip_;
  made.leg = leg;
  return made;
}

bool ActiveOpen::send_syn(SegmentSink& sink, Instant now) const {
  SegmentOut syn{.seq = offer_.sequence, .window = kSynWindow, .flags = kSyn};
  if (offer_.ecn && syns_ == 0) syn.flags |= kEce | kCwr;
  syn.options.mss = offer_.mss;
  syn.options.window_scale = offer_.window_shift;
  syn.options.sack_permitted = offer_.sack;
  if (offer_.timestamps) syn.options.timestamps = wire::Timestamps{.value = timestamp(now), .echo = 0};
  return sink.send(syn);
}

/// A reply that finds no packet buffer is lost as if on the wire: the peer asks again.
void ActiveOpen::flush(SegmentSink& sink, Instant now) {
  if (reply_) sink.send(*reply_);
  reply_.reset();
  if (state_ != State::kWaiting || syn_at_ > now) return;
  if (!send_syn(sink, now)) {
    syn_at_ = now + kNoBufferPause;
    return;
  }
  if (syns_++ == 0) first_syn_ = now;
  syn_at_ = now + pause_;
  pause_ *= 2;
}

void ActiveOpen::abort() {
  if (state_ == State::kWaiting && syns_ != 0) reply_ = SegmentOut{.seq = offer_.sequence + 1, .flags = kRst};
  state_ = State::kAborted;
}

}  // namespace limpid::tcp
