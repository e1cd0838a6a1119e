#include "dataplane/tool/tool_end.h"

#include <algorithm>

#include "dataplane/tcp/frame.h"
#include "dataplane/tcp/reset.h"
#include "dataplane/tool/repeat.h"

namespace limpid::tool {

namespace {

using std::chrono::milliseconds;

constexpr Duration kNoBufferPause = milliseconds(1);
constexpr std::uint8_t kWindowShift = 7;
constexpr std::uint16_t kSynWindow = 65'535;
constexpr std::uint16_t kMssDefault = 536;  // RFC 9293 §3.7.1

}  // namespace

std::uint32_t ToolEnd::timestamp(Instant now) const {
  return stamp_base_ + static_cast<std::uint32_t>(now.time_since_epoch() / milliseconds(1));
}

/// Every port takes one tag beyond its MTU; what further tags need, the packet has to leave.
std::uint16_t ToolEnd::mss_max() const {
  const std::size_t tags = headers_.tags_size() + with_.tags.size();
  const std::size_t beyond = tags - std::min(tags, wire::kVlanTagSize);
  const int taken = (headers_.v6() ? 60 : 40) + static_cast<int>(beyond);
  return static_cast<std::uint16_t>(std::max(with_.mtu - taken, int{kMssDefault}));
}

// --- Opening --------------------------------------------------------------------------------------------

void ToolEnd::connect(const wire::HeaderTemplate& client, Instant now) {
  headers_ = client;
  begin(Phase::kSynSent, now);
}

void ToolEnd::begin(Phase phase, Instant now) {
  const tcp::InitialNumbers::Numbers numbers = with_.numbers.of(headers_, now);
  isn_ = numbers.sequence;
  stamp_base_ = numbers.timestamp_base;
  syn_at_ = now;
  phase_ = phase;
}

void ToolEnd::on_segment(const wire::PacketView& view, Instant now) {
  const std::optional<wire::TcpOptions> options = wire::parse_tcp_options(view.option_bytes());
  if (!options) return;
  switch (phase_) {
    case Phase::kInit:
      return on_syn(view, *options, now);
    case Phase::kSynSent:
      return on_answer(view, *options, now);
    case Phase::kSynReceived:
      return on_completion(view, *options, now);
    case Phase::kOpen:
      endpoint_->on_segment(tcp::segment_of(view, *options), now);
      return;
    case Phase::kFailed:
      reply_ = tcp::reset_for(view);
  }
}

/// Ta in SYN-SENT (RFC 9293 §3.10.7.3).
void ToolEnd::on_answer(const wire::PacketView& view, const wire::TcpOptions& options, Instant now) {
  const bool acknowledges = (view.flags & tcp::kAck) != 0;
  if (acknowledges && view.ack != isn_ + 1) {
    reply_ = tcp::reset_for(view);
    return;
  }
  if ((view.flags & tcp::kRst) != 0) {
    if (!acknowledges) return;
    failure_ = Reason::tool_reset;
    phase_ = Phase::kFailed;
    return;
  }
  if (!acknowledges || (view.flags & tcp::kSyn) == 0) return;
  theirs_ = options;
  irs_ = view.seq;
  open_endpoint(view.window, false, now);
  reply_ = tcp::SegmentOut{
      .seq = isn_ + 1,
      .ack = irs_ + 1,
      .window = static_cast<std::uint16_t>(theirs_.window_scale ? kSynWindow >> kWindowShift : kSynWindow)};
  if (theirs_.timestamps) {
    reply_->options.timestamps = wire::Timestamps{.value = timestamp(now), .echo = theirs_.timestamps->value};
  }
}

/// Tb in LISTEN: the tool has let the client's SYN through, whatever it made of its headers.
void ToolEnd::on_syn(const wire::PacketView& view, const wire::TcpOptions& options, Instant now) {
  constexpr std::uint8_t kJudged = tcp::kSyn | tcp::kAck | tcp::kFin | tcp::kRst;
  if ((view.flags & kJudged) != tcp::kSyn) return;
  headers_.learn_mirrored(view);
  headers_.set_manner(server_);
  theirs_ = options;
  irs_ = view.seq;
  begin(Phase::kSynReceived, now);
}

/// Tb in SYN-RECEIVED (RFC 9293 §3.10.7.4).
void ToolEnd::on_completion(const wire::PacketView& view, const wire::TcpOptions& options, Instant now) {
  if ((view.flags & tcp::kSyn) != 0) {
    if (view.seq == irs_) syn_at_ = now;  // our answer was lost
    return;
  }
  if ((view.flags & tcp::kRst) != 0) {
    if (view.seq != irs_ + 1) return;
    failure_ = Reason::tool_reset;
    phase_ = Phase::kFailed;
    return;
  }
  if ((view.flags & tcp::kAck) == 0) return;
  if (view.ack != isn_ + 1) {
    reply_ = tcp::reset_for(view);
    return;
  }
  open_endpoint(view.window, true, now);
  endpoint_->on_segment(tcp::segment_of(view, options), now);
}

void ToolEnd::open_endpoint(std::uint16_t window, bool scaled_window, Instant now) {
  const bool scaled = theirs_.window_scale.has_value();
  tcp::Adoption adoption;
  adoption.snd_nxt = isn_ + 1;
  adoption.rcv_nxt = irs_ + 1;
  adoption.peer_window_shift = scaled ? std::min<std::uint8_t>(*theirs_.window_scale, 14) : std::uint8_t{0};
  adoption.our_window_shift = scaled ? kWindowShift : std::uint8_t{0};
  adoption.peer_window = std::uint32_t{window} << (scaled_window ? adoption.peer_window_shift : 0U);
  adoption.sack = theirs_.sack_permitted;
  adoption.timestamps = theirs_.timestamps.has_value();
  if (theirs_.timestamps) adoption.ts_recent = theirs_.timestamps->value;
  adoption.ts_value = timestamp(now);
  adoption.mss = std::min(theirs_.mss.value_or(kMssDefault), mss_max());
  adoption.our_window_announced = kSynWindow;
  if (pause_ == kRepeat) adoption.rtt = std::max<Duration>(now - first_syn_, std::chrono::microseconds(1));
  adoption.leg = tcp::Leg::kTool;
  endpoint_.emplace(with_.settings, memory_, adoption, now);
  syn_at_ = kNever;
  phase_ = Phase::kOpen;
}

// --- Sending --------------------------------------------------------------------------------------------

bool ToolEnd::send(const tcp::SegmentOut& segment) {
  return with_.send(tcp::frame_of(with_.packets, headers_, segment));
}

bool ToolEnd::send_syn(Instant now) {
  const bool answers = phase_ == Phase::kSynReceived;
  tcp::SegmentOut syn;
  syn.seq = isn_;
  syn.window = kSynWindow;
  syn.flags = tcp::kSyn;
  syn.options.mss = mss_max();
  // An answer takes up what the SYN, as the tool left it, offers (RFC 7323 §1.3, RFC 2018 §2).
  if (!answers || theirs_.window_scale) syn.options.window_scale = kWindowShift;
  syn.options.sack_permitted = !answers || theirs_.sack_permitted;
  if (!answers || theirs_.timestamps)
    syn.options.timestamps = wire::Timestamps{.value = timestamp(now), .echo = 0};
  if (answers) {
    syn.flags |= tcp::kAck;
    syn.ack = irs_ + 1;
    if (theirs_.timestamps) syn.options.timestamps->echo = theirs_.timestamps->value;
  }
  return send(syn);
}

void ToolEnd::flush(Instant now) {
  if (syn_at_ <= now) {
    const bool sent = send_syn(now);
    if (sent) pause_ = pause_ == Duration{} ? kRepeat : std::min(2 * pause_, kRepeatMax);
    if (sent && first_syn_ == kNever) first_syn_ = now;
    syn_at_ = now + (sent ? pause_ : kNoBufferPause);
  }
  reply_again_ = kNever;
  if (reply_ && headers_.known()) {
    // Nothing overtakes it: the endpoint's clock and window go on from there.
    if (!send(*reply_)) {
      reply_again_ = now + kNoBufferPause;
      return;
    }
    reply_.reset();
  }
  if (!endpoint_) return;
  if (endpoint_->deadline() <= now) endpoint_->on_timer(now);
  endpoint_->flush(*this, now);
}

Instant ToolEnd::deadline() const {
  return std::min({syn_at_, reply_again_, endpoint_ ? endpoint_->deadline() : kNever});
}

void ToolEnd::abort() {
  if (endpoint_) return endpoint_->abort();
  const bool syn_sent = first_syn_ != kNever;  // somebody may hold it
  if (phase_ == Phase::kSynReceived || (phase_ == Phase::kSynSent && syn_sent))
    reply_ = tcp::SegmentOut{.seq = isn_ + 1, .flags = tcp::kRst};
  syn_at_ = kNever;
  phase_ = Phase::kFailed;
}

bool ToolEnd::over() const {
  if (!endpoint_) return phase_ == Phase::kFailed;
  return (endpoint_->closed() || endpoint_->state() == tcp::State::kTimeWait) && !endpoint_->wants_flush();
}

std::string_view ToolEnd::state() const {
  switch (phase_) {
    case Phase::kInit:
      return "INIT";
    case Phase::kSynSent:
      return tcp::name(tcp::State::kSynSent);
    case Phase::kSynReceived:
      return tcp::name(tcp::State::kSynReceived);
    case Phase::kOpen:
      return tcp::name(endpoint_->state());
    case Phase::kFailed:
      return tcp::name(tcp::State::kClosed);
  }
  return {};
}

}  // namespace limpid::tool
