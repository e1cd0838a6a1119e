#include "tests/simulation/adversarial_peer.h"

#include <algorithm>
#include <sstream>

namespace limpid::simulation {
namespace {

constexpr std::uint32_t kFarAhead = 1U << 22U;  // more than any stream that it writes
constexpr std::uint32_t kOverlapMax = 40;

}  // namespace

std::string Mischief::describe() const {
  std::ostringstream out;
  out << "window at most " << window_max << ", retracts " << retracts << ", closed for "
      << closed_for / std::chrono::milliseconds(1) << " ms, SACK lies " << sack_lies << ", reneges "
      << reneges << ", overlaps " << overlaps << ", strays " << strays << (fin_first ? ", FIN first" : "");
  return out.str();
}

bool AdversarialPeer::closed(Instant now) const {
  const Instant from = start_ + mischief_.closed_from;
  return now >= from && now < from + mischief_.closed_for;
}

void AdversarialPeer::receive(const Frame& frame, Instant now) {
  if (frame.has(tcp::kSyn)) {
    sack_offered_ = frame.options.sack_permitted;
    heard_end_ = frame.seq + 1;
    acknowledged_ = frame.ack;
  } else if (frame.has(tcp::kAck)) {
    const auto ahead = static_cast<std::int32_t>(frame.ack - acknowledged_);
    if (ahead > 0 || acknowledged_ == 0) acknowledged_ = frame.ack;
    const std::uint32_t end = frame.seq + static_cast<std::uint32_t>(frame.payload.size());
    if (static_cast<std::int32_t>(end - heard_end_) > 0) heard_end_ = end;
    if (!frame.payload.empty() && last_ && frame.seq != last_->ack) {
      thrown_away_ = wire::SackBlock{.left = frame.seq, .right = end};
    }
  }
  peer_.receive(frame, now);
}

std::optional<Complaint> AdversarialPeer::run(Instant now, const Emit& emit) {
  const bool was_closed = reopens_;
  reopens_ = closed(now);
  if (was_closed && !reopens_ && last_ && !peer_.ended()) emit(*last_);
  return peer_.run(now, [this, now, &emit](Frame frame) { spoil(std::move(frame), now, emit); });
}

Instant AdversarialPeer::deadline() const {
  return reopens_ ? std::min(peer_.deadline(), start_ + mischief_.closed_from + mischief_.closed_for)
                  : peer_.deadline();
}

void AdversarialPeer::spoil(Frame frame, Instant now, const Emit& emit) {
  if (frame.has(tcp::kSyn)) {
    sack_agreed_ = frame.options.sack_permitted;
    first_ = frame.seq + 1;
  }
  if (frame.has(tcp::kSyn) || frame.has(tcp::kRst)) return emit(std::move(frame));
  last_ = frame;
  last_->payload.clear();
  last_->flags = tcp::kAck;
  spoil_window(frame, now);
  spoil_sack(frame);
  if (!frame.payload.empty() && dice_.chance(mischief_.overlaps)) overlap(frame);
  if (frame.has(tcp::kFin) && !frame.payload.empty() && mischief_.fin_first) {
    Frame fin = frame;
    fin.seq += static_cast<std::uint32_t>(frame.payload.size());
    fin.payload.clear();
    emit(std::move(fin));
  }
  if (dice_.chance(mischief_.strays)) stray(frame, emit);
  emit(std::move(frame));
}

void AdversarialPeer::spoil_window(Frame& frame, Instant now) {
  frame.window = closed(now) ? std::uint16_t{0} : std::min(frame.window, mischief_.window_max);
  if (dice_.chance(mischief_.retracts))
    frame.window = static_cast<std::uint16_t>(dice_.between(0, frame.window));
}

void AdversarialPeer::spoil_sack(Frame& frame) {
  if (!sack_agreed_ || !sack_offered_) return;
  if (thrown_away_ && dice_.chance(mischief_.reneges)) {
    frame.options.sack_blocks = 1;
    frame.options.sack[0] = *thrown_away_;
    thrown_away_.reset();
  } else if (dice_.chance(mischief_.sack_lies)) {
    lie(frame);
  }
}

/// Blocks of what it has not got: in flight, not sent yet, or acknowledged long ago.
void AdversarialPeer::lie(Frame& frame) {
  frame.options.sack_blocks = static_cast<std::uint8_t>(dice_.between(1, 3));
  for (std::size_t i = 0; i < frame.options.sack_blocks; ++i) {
    const std::uint32_t reach = heard_end_ - frame.ack + 3000;
    const std::uint32_t left = frame.ack - 1000 + static_cast<std::uint32_t>(dice_.between(0, reach + 1000));
    frame.options.sack[i] = {left, left + static_cast<std::uint32_t>(dice_.between(0, 5000))};
  }
}

/// Only where all before the segment has been acknowledged: whoever takes the first copy of a byte, as is
/// right, has it already.
void AdversarialPeer::overlap(Frame& frame) {
  if (frame.seq != acknowledged_) return;
  const std::uint32_t room = std::min(frame.seq - first_, kOverlapMax);
  if (room == 0 || room > kOverlapMax) return;
  const auto size = static_cast<std::uint32_t>(dice_.between(1, room));
  std::vector<std::byte> wrong(size);
  for (std::byte& byte : wrong) byte = static_cast<std::byte>(dice_.next());
  frame.payload.insert(frame.payload.begin(), wrong.begin(), wrong.end());
  frame.seq -= size;
}

void AdversarialPeer::stray(const Frame& frame, const Emit& emit) {
  Frame stray = frame;
  stray.payload.clear();
  stray.options.sack_blocks = 0;
  switch (dice_.between(0, 2)) {
    case 0:
      stray.flags = tcp::kRst;
      stray.seq = first_ - static_cast<std::uint32_t>(dice_.between(2, 1000));
      break;
    case 1:
      stray.flags = tcp::kRst | tcp::kAck;
      stray.seq += kFarAhead;
      break;
    default:
      stray.flags = tcp::kAck;
      stray.ack += kFarAhead;
      break;
  }
  emit(std::move(stray));
}

}  // namespace limpid::simulation
