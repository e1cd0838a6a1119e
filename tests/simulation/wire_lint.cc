#include "tests/simulation/wire_lint.h"

#include <algorithm>
#include <iterator>
#include <string>

namespace limpid::simulation {
namespace {

// Written anew here, so that the endpoint's own arithmetic is not trusted.
std::int64_t unwrap(std::uint32_t number, std::uint32_t first, std::int64_t near) {
  const std::int64_t base = static_cast<std::int64_t>(first) + near;
  std::int64_t candidate = (base & ~std::int64_t{0xffffffff}) | static_cast<std::int64_t>(number);
  if (candidate - base > std::int64_t{0x7fffffff}) candidate -= std::int64_t{1} << 32;
  if (base - candidate > std::int64_t{0x80000000}) candidate += std::int64_t{1} << 32;
  return candidate - static_cast<std::int64_t>(first);
}

std::string numbers(std::int64_t a, std::int64_t b) {
  return " (" + std::to_string(a) + ", " + std::to_string(b) + ")";
}

}  // namespace

WireLint::WireLint(const tcp::Adoption& adoption, const tcp::EndpointSettings& settings, const Stream& writes)
    : adoption_(adoption),
      ack_delay_(settings.ack_delay),
      writes_(writes),
      announced_edge_(adoption.our_window_announced),
      peer_edge_(adoption.peer_window),
      peer_window_largest_(adoption.peer_window),
      last_timestamp_(adoption.ts_value) {}

void WireLint::on_received(const Frame& frame, Instant now) {
  if (frame.has(tcp::kRst)) {
    peer_reset_ = true;
    return;
  }
  // An ACK that lies more than a window back discredits its segment (RFC 5961 §5.2).
  const std::int64_t window = static_cast<std::int64_t>(frame.window) << adoption_.peer_window_shift;
  const std::int64_t ack = unwrap(frame.ack, adoption_.snd_nxt, peer_acknowledged_);
  if (ack < peer_acknowledged_ - peer_window_largest_) return;
  if (ack > sent_end_) {  // of what was never sent: the segment is dropped (RFC 9293 §3.10.7.4)
    stray_ack_ = ack;
    return;
  }
  peer_window_largest_ = std::max(peer_window_largest_, window);
  const std::int64_t at = unwrap(frame.seq, adoption_.rcv_nxt, in_order_);
  // What lies beyond the window that was announced need not be taken.
  const std::int64_t end = std::min(at + static_cast<std::int64_t>(frame.payload.size()), announced_edge_);
  note_received(std::max<std::int64_t>(at, 0), end);
  if (frame.has(tcp::kFin)) peer_fin_ = at + static_cast<std::int64_t>(frame.payload.size());
  if (!frame.payload.empty() && frame.has(tcp::kCwr)) {
    if (end > in_order_) echo_allowed_ = false;  // an old copy may or may not be heard
    marked_end_ = -1;
  }
  if (frame.has(tcp::kEce)) ++reductions_due_;
  if (frame.ce) echo_allowed_ = true;
  // Beyond doubt only where it is new and next in order.
  if (frame.ce && at == in_order_ && end > at) marked_end_ = end;
  const std::int64_t before = in_order_;
  if (!received_.empty() && received_.begin()->first == 0) in_order_ = received_.begin()->second;
  if (in_order_ > before && !waiting_since_) waiting_since_ = now;
  peer_acknowledged_ = std::max(peer_acknowledged_, ack);
  peer_edge_ = std::max(peer_edge_, ack + window);
}

void WireLint::on_too_big(std::uint32_t seq, std::uint16_t segment_max) {
  const std::int64_t at = unwrap(seq, adoption_.snd_nxt, peer_acknowledged_);
  if (at < 0 || at >= sent_end_ || segment_max > adoption_.mss) {
    believed_a_lie_ = "believes that a segment was too big which was none" + numbers(at, sent_end_);
  }
  adoption_.mss = std::min(adoption_.mss, segment_max);
}

void WireLint::note_received(std::int64_t left, std::int64_t right) {
  if (left >= right) return;
  auto at = received_.upper_bound(left);
  if (at != received_.begin() && std::prev(at)->second >= left) --at;
  while (at != received_.end() && at->first <= right) {
    left = std::min(left, at->first);
    right = std::max(right, at->second);
    at = received_.erase(at);
  }
  received_[left] = right;
  pieces_max_ = std::max(pieces_max_, received_.size());
}

bool WireLint::received(std::int64_t left, std::int64_t right) const {
  if (right <= 0) return true;  // from before the adoption
  const auto after = received_.upper_bound(std::max<std::int64_t>(left, 0));
  return after != received_.begin() && std::prev(after)->second >= right;
}

std::optional<Complaint> WireLint::on_sent(const Frame& frame, Instant now) {
  static_cast<void>(now);
  if (frame.has(tcp::kRst)) {
    reset_sent_ = true;
    const std::int64_t at = unwrap(frame.seq, adoption_.snd_nxt, sent_end_);
    if (!reset_expected_) return "a reset that nobody asked for";
    if (at != sent_end_ && at > peer_acknowledged_ && at != stray_ack_)
      return "a reset at the wrong sequence number" + numbers(at, sent_end_);
    return std::nullopt;
  }
  if (reset_sent_) return "a segment after the reset";
  if (adoption_.timestamps != frame.options.timestamps.has_value())
    return "timestamps neither agreed nor kept";
  if (frame.options.timestamps) {
    const std::uint32_t value = frame.options.timestamps->value;
    if (static_cast<std::int32_t>(value - last_timestamp_) < 0) return "TSval goes back";
    last_timestamp_ = value;
  }
  std::size_t options = frame.options.timestamps ? 12 : 0;
  if (frame.options.sack_blocks > 0) options += 4 + std::size_t{8} * frame.options.sack_blocks;
  if (options > 40) return "more options than there is room for";
  if (!frame.payload.empty() && frame.payload.size() + options > adoption_.mss)
    return "longer than the peer's MSS";
  if (believed_a_lie_) return believed_a_lie_;
  if (auto complaint = check_congestion(frame)) return complaint;
  if (auto complaint = check_acknowledgement(frame)) return complaint;
  return check_text(frame);
}

std::optional<Complaint> WireLint::check_congestion(const Frame& frame) {
  const bool echo = frame.has(tcp::kEce);
  const bool reduced = frame.has(tcp::kCwr);
  if (!adoption_.ecn && (echo || reduced || frame.ect))
    return "speaks of congestion though nothing was agreed";
  const std::int64_t at = unwrap(frame.seq, adoption_.snd_nxt, peer_acknowledged_);
  if (frame.ect && (frame.payload.empty() || at < sent_end_))
    return "may be marked though it is not new text";
  if (at < sent_end_ && (!frame.payload.empty() || frame.has(tcp::kFin))) ++reductions_due_;
  if (reduced && !frame.ect) return "says that it has reduced with what may get lost";
  if (reduced && reductions_due_ == 0) return "has reduced for no reason";
  if (reduced) --reductions_due_;
  has_echoed_ = has_echoed_ || echo;
  if (echo && !echo_allowed_ && !echo_doubted_) echo_doubted_ = "echoes congestion that nobody has seen";
  const std::int64_t ack = unwrap(frame.ack, adoption_.rcv_nxt, acknowledged_);
  if (!echo && marked_end_ >= 0 && ack >= marked_end_ && !echo_doubted_) {
    echo_doubted_ = "does not echo congestion" + numbers(marked_end_, ack);
  }
  return std::nullopt;
}

std::optional<Complaint> WireLint::check_acknowledgement(const Frame& frame) {
  const std::int64_t ack = unwrap(frame.ack, adoption_.rcv_nxt, acknowledged_);
  const std::int64_t most = peer_fin_ >= 0 && in_order_ >= peer_fin_ ? peer_fin_ + 1 : in_order_;
  if (ack > most) return "acknowledges what was never received" + numbers(ack, most);
  if (ack < acknowledged_) return "acknowledges less than before" + numbers(ack, acknowledged_);
  acknowledged_ = ack;
  if (ack >= in_order_) waiting_since_.reset();

  const std::int64_t unit = std::int64_t{1} << adoption_.our_window_shift;
  const std::int64_t edge = ack + static_cast<std::int64_t>(frame.window) * unit;
  const bool complete = peer_fin_ >= 0 && ack > peer_fin_;
  if (edge < announced_edge_ && !complete && (unit == 1 || announced_edge_ - edge >= unit)) {
    return "takes its right edge back" + numbers(edge, announced_edge_);
  }
  announced_edge_ = std::max(announced_edge_, edge);
  return check_sack(frame, ack);
}

std::optional<Complaint> WireLint::check_sack(const Frame& frame, std::int64_t ack) const {
  if (frame.options.sack_blocks > 0 && !adoption_.sack) return "SACK was not agreed";
  for (std::size_t i = 0; i < frame.options.sack_blocks; ++i) {
    const std::int64_t left = unwrap(frame.options.sack[i].left, adoption_.rcv_nxt, ack);
    const std::int64_t right = unwrap(frame.options.sack[i].right, adoption_.rcv_nxt, ack);
    if (left >= right) return "an empty SACK block";
    if (i > 0 && left <= ack) return "a SACK block below the acknowledgement" + numbers(left, ack);
    if (left == ack) return "a SACK block that should have been acknowledged" + numbers(left, ack);
    if (!received(left, right)) return "SACKs what was never received" + numbers(left, right);
  }
  return std::nullopt;
}

std::optional<Complaint> WireLint::check_text(const Frame& frame) {
  const std::int64_t at = unwrap(frame.seq, adoption_.snd_nxt, peer_acknowledged_);
  const std::int64_t end = at + static_cast<std::int64_t>(frame.payload.size());
  if (!frame.payload.empty() && at < 0) return "text from before the adoption";
  if (first_difference(writes_, static_cast<std::uint64_t>(at), frame.payload) < frame.payload.size()) {
    return "sends wrong bytes at" + numbers(at, end);
  }
  if (end > peer_edge_ + 1) return "sends beyond the peer's window" + numbers(end, peer_edge_);
  if (frame.has(tcp::kFin)) {
    if (fin_at_ >= 0 && fin_at_ != end) return "its FIN moves" + numbers(fin_at_, end);
    fin_at_ = end;
  }
  if (fin_at_ >= 0 && end > fin_at_ + (frame.payload.empty() ? 1 : 0)) return "text behind its FIN";
  if (at > sent_end_) return "leaves a hole in its sequence" + numbers(at, sent_end_);
  sent_end_ = std::max(sent_end_, end + (frame.has(tcp::kFin) ? 1 : 0));
  return std::nullopt;
}

std::optional<Complaint> WireLint::check_silence(Instant now, bool lenient) const {
  const Duration allowed = ack_delay_ + std::chrono::milliseconds{lenient ? 20 : 1};
  if (!waiting_since_ || reset_sent_ || peer_reset_ || reset_expected_ || now - *waiting_since_ <= allowed)
    return std::nullopt;
  return "text is not acknowledged in time" + numbers(in_order_, acknowledged_);
}

}  // namespace limpid::simulation
