#include "tests/simulation/leg_lint.h"

#include <algorithm>

namespace limpid::simulation {
namespace {

constexpr std::uint16_t kMssMin = 88;  // what the endpoint is content with
constexpr std::uint8_t kSpeaksEcn = tcp::kEce | tcp::kCwr;

bool asks_for_ecn(const Frame& syn) {
  return (syn.flags & kSpeaksEcn) == (syn.has(tcp::kAck) ? std::uint8_t{tcp::kEce} : kSpeaksEcn);
}

bool same(const Identity& one, const Identity& other, bool bare) {
  return bare ? one.name == other.name : one == other;
}

std::uint8_t shift_of(const Frame& syn) { return std::min<std::uint8_t>(*syn.options.window_scale, 14); }

}  // namespace

void LegLint::heard(const RawFrame& raw, Instant now) {
  ++came_[hash_of(raw)];
  const std::optional<Frame> frame = decode(raw);
  if (!frame) return;
  identity_ = identity(raw);
  if (!has_spoken_as(identity_)) identities_.push_back(identity_);
  seqs_.insert(frame->seq);
  if (frame->has(tcp::kAck)) acks_.insert(frame->ack);
  if (frame->has(tcp::kSyn)) {
    if (!lint_) end_syn_ = frame;
  } else if (lint_) {
    lint_->on_received(*frame, now);
  } else {
    before_lint_.push_back(*frame);
  }
}

std::optional<Complaint> LegLint::forwarded(const RawFrame& raw, LegLint& other) {
  const std::optional<Frame> frame = decode(raw);
  const bool edited = frame && frame->has(tcp::kSyn);
  const auto came = other.came_.find(hash_of(raw));
  if (!edited && (came == other.came_.end() || came->second <= 0)) return "forwards what did not come in";
  if (!edited) --came->second;
  if (edited && !other.has_spoken_as(identity(raw))) return "has changed more of a SYN than its options";
  if (!frame || frame->has(tcp::kRst)) return std::nullopt;
  // Nothing is promised by a segment that acknowledges what was never sent: its receiver drops it.
  const bool fits = edited || (end_syn_ && frame->has(tcp::kAck) && frame->ack == end_syn_->seq + 1);
  if (fits && frame->options.timestamps) ts_value_ = frame->options.timestamps->value;
  if (edited) {
    said_syn_ = frame;
    if (frame->has(tcp::kAck)) edge_ = frame->window;
  } else if (said_syn_ && fits) {
    const bool scales = said_syn_->options.window_scale && end_syn_->options.window_scale;
    const std::uint32_t window = std::uint32_t{frame->window} << (scales ? shift_of(*said_syn_) : 0U);
    const std::uint32_t edge = frame->ack - (end_syn_->seq + 1) + window;
    if (static_cast<std::int32_t>(edge - edge_) > 0) edge_ = edge;
  }
  return std::nullopt;
}

tcp::Adoption LegLint::adoption() const {
  const wire::TcpOptions& theirs = end_syn_->options;
  const wire::TcpOptions& ours = said_syn_->options;
  const bool scales = theirs.window_scale && ours.window_scale;
  const bool v6 = identity_.name.size() > 40;
  const std::uint16_t announced = theirs.mss.value_or(static_cast<std::uint16_t>(v6 ? 1220 : 536));
  return {.snd_nxt = said_syn_->seq + 1,
          .rcv_nxt = end_syn_->seq + 1,
          .peer_window = end_syn_->window,
          .peer_window_shift = scales ? shift_of(*end_syn_) : std::uint8_t{0},
          .our_window_shift = scales ? shift_of(*said_syn_) : std::uint8_t{0},
          .sack = theirs.sack_permitted && ours.sack_permitted,
          .ecn = asks_for_ecn(*end_syn_) || asks_for_ecn(*said_syn_),
          .timestamps = theirs.timestamps && ours.timestamps,
          .ts_value = ts_value_,
          .mss = std::max(kMssMin, std::min(announced, mss_max_)),

          .our_window_announced = edge_};
}

void LegLint::begin_lint() {
  lint_.emplace(adoption(), tcp::EndpointSettings{}, says_);
  if (reset_expected_) lint_->expect_reset();
  for (const Frame& frame : before_lint_) lint_->on_received(frame, Instant{});
  before_lint_.clear();
}

bool LegLint::has_spoken_as(const Identity& identity) const {
  return std::find(identities_.begin(), identities_.end(), identity) != identities_.end();
}

std::optional<Complaint> LegLint::cut(const RawFrame& raw, const LegLint& other) const {
  const std::optional<Frame> frame = decode(raw);
  if (!frame) return "is no segment, or has a wrong checksum";
  if (!frame->has(tcp::kRst)) return "composes more than a reset of what it only forwards";
  if (!reset_expected_) return "resets what it only forwards";
  const Identity own = identity(raw);
  // Of what is only forwarded no more is remembered than its addresses.
  const auto is_own = [&](const Identity& name) { return same(own, name, true); };
  if (!other.identities_.empty() && std::none_of(other.identities_.begin(), other.identities_.end(), is_own))
    return "is not in the other end's name";
  // Where this end expects the next byte, or in the place of what the other has sent.
  const bool taken = acks_.contains(frame->seq) || other.seqs_.contains(frame->seq);
  const bool answers_syn = frame->seq == 0 && frame->has(tcp::kAck);
  return taken || answers_syn ? std::nullopt
                              : std::optional<Complaint>("a reset at the wrong sequence number");
}

std::optional<Complaint> LegLint::composed(const RawFrame& raw, const LegLint& other, Instant now) {
  return composed_as(raw, other.identities_, now);
}

std::optional<Complaint> LegLint::composed_as(const RawFrame& raw, const std::vector<Identity>& names,
                                              Instant now) {
  const std::optional<Frame> frame = decode(raw);
  if (!frame) return "is no segment, or has a wrong checksum";
  // An end that has not spoken yet has no other name than its address.
  // A flow that was refused has left no more than its addresses.
  const bool bare = frame->has(tcp::kRst) && refuses_;
  const Identity own = identity(raw);
  const auto is_own = [&](const Identity& name) { return same(own, name, bare); };
  if (!names.empty() && std::none_of(names.begin(), names.end(), is_own))
    return "is not in the other end's name";
  if (!end_syn_ || !said_syn_) {
    return frame->has(tcp::kRst) && reset_expected_ ? std::nullopt
                                                    : std::optional<Complaint>("has no connection to be of");
  }
  if (!lint_) begin_lint();
  return lint_->on_sent(*frame, now);
}

std::optional<Complaint> LegLint::opened_or_composed(const RawFrame& raw, const Identity& name, Instant now) {
  const std::optional<Frame> frame = decode(raw);
  if (!frame || !frame->has(tcp::kSyn)) return composed_as(raw, {name}, now);
  if (!same(identity(raw), name, false)) return "opens in another name than the end's";
  if (said_syn_ && said_syn_->seq != frame->seq) return "has two SYNs";
  said_syn_ = frame;
  if (frame->has(tcp::kAck)) edge_ = frame->window;
  if (frame->options.timestamps) ts_value_ = frame->options.timestamps->value;
  return std::nullopt;
}

void LegLint::expect_reset(bool refuses) {
  reset_expected_ = true;
  refuses_ = refuses_ || refuses;
  if (lint_) lint_->expect_reset();
}

}  // namespace limpid::simulation
