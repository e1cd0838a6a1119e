#include "tests/simulation/greeting.h"

#include <algorithm>

namespace limpid::simulation {
namespace {

constexpr std::uint8_t kSpeaksEcn = tcp::kEce | tcp::kCwr;
constexpr std::uint16_t kMssUnsaid = 536;  // RFC 9293 §3.7.1

}  // namespace

std::uint32_t Greeting::clock(Instant now) const {
  const std::uint32_t base = model_.syn.timestamps ? model_.syn.timestamps->value : 0;
  return base + static_cast<std::uint32_t>(now.time_since_epoch() / std::chrono::milliseconds(1));
}

bool Greeting::receive(const Frame& frame, Instant now) {
  if (frame.has(tcp::kSyn)) return receive_syn(frame, now);
  const bool answers = frame.has(tcp::kAck) && frame.ack == model_.isn + 1;
  if (frame.has(tcp::kRst)) {
    const bool exact = model_.opens ? answers : heard_ && frame.seq == heard_->seq + 1;
    refused_ = refused_ || exact;
    return false;
  }
  if (model_.opens || refused_ || !heard_ || !answers) return false;
  agree(now);
  return true;
}

bool Greeting::receive_syn(const Frame& frame, Instant now) {
  if (refused_ || frame.has(tcp::kAck) != model_.opens) return false;
  if (model_.opens && frame.ack != model_.isn + 1) return false;
  heard_ = frame;
  if (model_.opens) {
    agree(now);
    acknowledge_ = true;
  } else {
    send_at_ = now;
  }
  return false;
}

void Greeting::agree(Instant now) {
  const wire::TcpOptions& theirs = heard_->options;
  const bool scales = model_.syn.window_scale && theirs.window_scale;
  const std::uint8_t ecn = model_.opens ? std::uint8_t{tcp::kEce} : kSpeaksEcn;
  adoption_ = tcp::Adoption{
      .snd_nxt = model_.isn + 1,
      .rcv_nxt = heard_->seq + 1,
      .peer_window = heard_->window,
      .peer_window_shift = scales ? std::min<std::uint8_t>(*theirs.window_scale, 14) : std::uint8_t{0},
      .our_window_shift = scales ? *model_.syn.window_scale : std::uint8_t{0},
      .sack = model_.syn.sack_permitted && theirs.sack_permitted,
      .ecn = model_.ecn && (heard_->flags & kSpeaksEcn) == ecn,
      .timestamps = model_.syn.timestamps && theirs.timestamps,
      .ts_recent = theirs.timestamps ? theirs.timestamps->value : 0,
      .ts_value = clock(now),
      .mss = theirs.mss.value_or(kMssUnsaid),
      .our_window_announced = model_.window,
      .rtt = {},
      .leg = model_.leg};
}

Frame Greeting::own_syn(Instant now) const {
  Frame frame{.seq = model_.isn, .window = model_.window, .flags = tcp::kSyn, .options = model_.syn};
  if (frame.options.timestamps) frame.options.timestamps = wire::Timestamps{.value = clock(now), .echo = 0};
  if (model_.opens) {
    if (model_.ecn) frame.flags |= kSpeaksEcn;
    return frame;
  }
  const wire::TcpOptions& theirs = heard_->options;
  frame.flags |= tcp::kAck;
  frame.ack = heard_->seq + 1;
  if (model_.ecn && (heard_->flags & kSpeaksEcn) == kSpeaksEcn) frame.flags |= tcp::kEce;
  if (!theirs.timestamps) frame.options.timestamps.reset();
  if (frame.options.timestamps) frame.options.timestamps->echo = theirs.timestamps->value;
  if (!theirs.window_scale) frame.options.window_scale.reset();
  frame.options.sack_permitted = frame.options.sack_permitted && theirs.sack_permitted;
  return frame;
}

void Greeting::run(Instant now, const Emit& emit) {
  if (acknowledge_) {
    acknowledge_ = false;
    Frame third{.seq = adoption_->snd_nxt, .ack = adoption_->rcv_nxt, .flags = tcp::kAck};
    third.window = static_cast<std::uint16_t>(model_.window >> adoption_->our_window_shift);
    if (adoption_->timestamps) third.options.timestamps = wire::Timestamps{clock(now), adoption_->ts_recent};
    emit(std::move(third));
  }
  if (now < deadline()) return;
  emit(own_syn(now));
  send_at_ = now + model_.again;
}

}  // namespace limpid::simulation
