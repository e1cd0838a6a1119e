#include "dataplane/tcp/receive_queue.h"

#include <algorithm>
#include <cstring>
#include <new>

#include "dataplane/base/check.h"

namespace limpid::tcp {
namespace {

constexpr std::uint32_t kRawMax = 65535;

std::uint32_t largest_window(std::uint8_t shift) { return kRawMax << shift; }

// A buffer of less than a unit could never announce any window at all.
std::uint32_t smallest_capacity(std::uint8_t shift) { return 2U << shift; }

}  // namespace

const IntervalSet ReceiveQueue::kNothing;

ReceiveQueue::ReceiveQueue(ChunkPool& pool, std::uint32_t capacity, std::uint32_t announced,
                           std::uint8_t shift)
    : stream_(pool),
      capacity_(std::clamp(capacity, smallest_capacity(shift), largest_window(shift))),
      shift_(shift) {
  // What the impersonated side promised beyond our own limit cannot be kept.
  edge_ = std::min(announced, capacity_);
}

ReceiveQueue::Outcome ReceiveQueue::accept(Offset at, Bytes payload, bool fin, std::size_t ranges_max) {
  Outcome outcome;
  const Offset sent_end = at + static_cast<Offset>(payload.size());
  const bool fin_usable = fin && note_fin(sent_end);
  const Offset limit = fin_at_ >= 0 ? std::min(fin_at_, edge_) : edge_;
  const Offset end = std::min(sent_end, limit);
  outcome.refused = end < sent_end || (fin && !fin_usable);
  outcome.gap_changed = has_gap();

  Offset from = at;
  if (from < data_end_ && from < sent_end) {
    outcome.duplicate = true;
    note_duplicate(from, std::min(sent_end, data_end_));
    from = std::min(data_end_, sent_end);
  }
  // The last of the memory is for what comes in order: that alone can be read, and thereby freed.
  const ChunkPool& pool = stream_.pool();
  const bool scarce = pool.used() >= pool.limit() - pool.limit() / 16;
  if (from < end && from > data_end_ && scarce) {
    outcome.refused = true;
    return outcome;
  }
  if (from < end) {
    if (!out_of_order().has_room_for(from, end, from == data_end_ ? ranges_max + 1 : ranges_max)) {
      outcome.refused = true;
      return outcome;
    }
    if (const Interval* held = out_of_order().find(from); held != nullptr && outcome.duplicate == false) {
      outcome.duplicate = true;
      note_duplicate(from, std::min(held->right, end));
    }
    const Offset kept = keep(from, end, at, payload);
    outcome.refused = outcome.refused || kept < end;
    if (from == data_end_) {
      const Offset before = data_end_;
      advance(kept);
      outcome.advanced = static_cast<std::size_t>(data_end_ - before);
    } else if (kept > from && add_beyond(from, kept, ranges_max)) {
      outcome.out_of_order = true;
      outcome.gap_changed = true;
      note_recent(from);
    }
  }
  if (fin_at_ == data_end_ && !fin_reached_) {
    fin_reached_ = true;
    outcome.fin_reached = true;
  }
  if (fin && fin_usable && !fin_reached_) outcome.gap_changed = true;
  return outcome;
}

// Copies what is not held yet of [from, to) to its place. Returns up to where everything is held now.
Offset ReceiveQueue::keep(Offset from, Offset to, Offset at, Bytes payload) {
  Offset kept = to;
  out_of_order().for_each_gap(from, to, [&](Offset left, Offset right) {
    const Bytes part =
        payload.subspan(static_cast<std::size_t>(left - at), static_cast<std::size_t>(right - left));
    const std::size_t stored = stream_.write(left, part);
    if (stored == part.size()) return true;
    kept = left + static_cast<Offset>(stored);
    return false;
  });
  return kept;
}

// In-order data ends at `to` now; what lay beyond and joins it is in order, too.
void ReceiveQueue::advance(Offset to) {
  data_end_ = std::max(data_end_, to);
  if (beyond_ == nullptr) return;
  IntervalSet& ranges = beyond_->ranges;
  while (!ranges.empty() && ranges.front().left <= data_end_) {
    data_end_ = std::max(data_end_, ranges.front().right);
    ranges.remove_below(data_end_);
  }
  if (ranges.empty()) beyond_.reset();
}

bool ReceiveQueue::add_beyond(Offset from, Offset to, std::size_t ranges_max) {
  if (beyond_ == nullptr) beyond_.reset(new (std::nothrow) Beyond);
  if (beyond_ == nullptr) return false;
  const bool added = beyond_->ranges.add(from, to, ranges_max);
  if (beyond_->ranges.empty()) beyond_.reset();
  return added;
}

// The first FIN counts. One that contradicts data received is no FIN.
bool ReceiveQueue::note_fin(Offset at) {
  const Offset highest = has_gap() ? out_of_order().back().right : data_end_;
  if (fin_at_ >= 0) return at == fin_at_;
  if (at < highest || at > edge_) return false;
  fin_at_ = at;
  return true;
}

void ReceiveQueue::note_duplicate(Offset left, Offset right) {
  duplicate_ = {left, right};
  if (left >= data_end_) note_recent(left);
}

void ReceiveQueue::note_recent(Offset left) {
  if (beyond_ == nullptr) return;
  std::array<Offset, 3>& recent = beyond_->recent;
  const auto same = [&](Offset other) {
    const Interval* const held = out_of_order().find(left);
    return held != nullptr && other >= held->left && other < held->right;
  };
  const auto kept = std::remove_if(recent.begin(), recent.end(), same);
  std::fill(kept, recent.end(), Offset{-1});
  std::copy_backward(recent.begin(), recent.end() - 1, recent.end());
  recent[0] = left;
}

std::size_t ReceiveQueue::sack_blocks(std::array<Interval, 4>& blocks, std::size_t blocks_max) const {
  std::size_t count = 0;
  if (has_duplicate_to_report() && count < blocks_max) blocks[count++] = duplicate_;
  const std::size_t first = count;
  if (beyond_ == nullptr) return count;
  for (const Offset recent : beyond_->recent) {
    const Interval* const held = recent < 0 ? nullptr : out_of_order().find(recent);
    if (held == nullptr || count == blocks_max) continue;
    const bool listed = std::any_of(blocks.begin() + static_cast<std::ptrdiff_t>(first),
                                    blocks.begin() + static_cast<std::ptrdiff_t>(count),
                                    [held](const Interval& block) { return block.left == held->left; });
    if (!listed) blocks[count++] = *held;
  }
  if (count == first && has_gap() && count < blocks_max) blocks[count++] = out_of_order().front();
  return count;
}

std::size_t ReceiveQueue::copy_front(MutableBytes into) const {
  const Offset end = read_ + static_cast<Offset>(std::min(into.size(), readable()));
  std::size_t copied = 0;
  for (Offset at = read_; at < end;) {
    const Bytes piece = stream_.piece(at, end);
    std::memcpy(into.data() + copied, piece.data(), piece.size());
    copied += piece.size();
    at += static_cast<Offset>(piece.size());
  }
  return copied;
}

void ReceiveQueue::consume(std::size_t size) {
  LIMPID_CHECK(size <= readable(), "more consumed than there is");
  read_ += static_cast<Offset>(size);
  if (read_ == data_end_ && !has_gap()) {
    stream_.clear();
  } else {
    stream_.release_below(read_);
  }
}

void ReceiveQueue::clear() {
  read_ = data_end_;
  beyond_.reset();
  stream_.clear();
}

// The wire carries windows in units of 2^shift, so that an edge between two units must be rounded up, or it
// would be taken back a little with each byte received. Rounding up for ever would keep a full buffer open
// to a peer that sends tiny segments: beyond a quarter of the buffer the edge falls back by less than a unit,
// which RFC 7323 §2.4 tolerates.
ReceiveQueue::Window ReceiveQueue::window(std::size_t segment) const {
  const Offset at = next();
  const Offset unit = Offset{1} << shift_;
  const Offset room_edge = read_ + static_cast<Offset>(capacity_);
  const Offset step = std::min(static_cast<Offset>(segment), static_cast<Offset>(capacity_ / 2));
  Offset raw = 0;
  if (room_edge - edge_ >= step) raw = std::max<Offset>(room_edge - at, 0) / unit;
  Offset promised = (std::max<Offset>(edge_ - at, 0) + unit - 1) / unit;
  if (at + promised * unit > room_edge + static_cast<Offset>(capacity_ / 4) && at + promised * unit > edge_) {
    promised = std::max<Offset>(edge_ - at, 0) / unit;
  }
  raw = std::min<Offset>(std::max(raw, promised), kRawMax);
  return {static_cast<std::uint16_t>(raw), std::max(edge_, at + raw * unit)};
}

bool ReceiveQueue::wants_update(std::size_t segment) const {
  if (fin_reached_) return false;
  const Offset opened = read_ + static_cast<Offset>(capacity_) - edge_;
  const Offset unit = Offset{1} << shift_;
  const auto step = std::max(static_cast<Offset>(2 * segment), static_cast<Offset>(capacity_ / 2));
  return opened >= std::max(std::min(step, static_cast<Offset>(capacity_)), unit);
}

void ReceiveQueue::tune(Instant now, Duration round_trip, std::uint32_t capacity_max) {
  if (now - tune_at_ < round_trip) return;
  const Offset taken = read_ - tune_mark_;
  if (taken * 2 > static_cast<Offset>(capacity_)) {
    const Offset wanted = std::min(taken * 2, static_cast<Offset>(capacity_) * 2);
    const auto most = static_cast<Offset>(std::min(capacity_max, largest_window(shift_)));
    capacity_ = std::max(capacity_, static_cast<std::uint32_t>(std::min(wanted, most)));
  }
  tune_mark_ = read_;
  tune_at_ = now;
}

}  // namespace limpid::tcp
