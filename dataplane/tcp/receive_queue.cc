#include "dataplane/tcp/receive_queue.h"

#include <algorithm>
#include <cstring>
#include <new>

#include "dataplane/base/check.h"

namespace limpid::tcp {
namespace {

constexpr std::uint32_t kRawMax = 65535;
constexpr Offset kPromisePerReceived = 8;

std::uint32_t largest_window(std::uint8_t shift) { return kRawMax << shift; }

// A buffer of less than a unit could never announce any window at all.
std::uint32_t smallest_capacity(std::uint8_t shift) { return 2U << shift; }

}  // namespace

const IntervalSet ReceiveQueue::kNothing;

ReceiveQueue::ReceiveQueue(ChunkPool& pool, std::uint32_t capacity, std::uint32_t announced,
                           std::uint8_t shift)
    : stream_(pool),
      capacity_(std::clamp(capacity, smallest_capacity(shift), largest_window(shift))),
      capacity_wanted_(capacity_),
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
  if (from < end && !has_room_for(from, end, ranges_max)) {
    outcome.refused = true;
    return outcome;
  }
  if (from < end) {
    if (const Interval* held = out_of_order().find(from); held != nullptr && !outcome.duplicate) {
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
    } else {
      outcome.refused = true;
    }
  }
  if (fin_at_ == data_end_ && !fin_reached_) {
    fin_reached_ = true;
    outcome.fin_reached = true;
  }
  if (fin && fin_usable && !fin_reached_) outcome.gap_changed = true;
  return outcome;
}

bool ReceiveQueue::has_room_for(Offset from, Offset to, std::size_t ranges_max) const {
  // The last of the memory is for what comes in order: that alone can be read, and thereby freed.
  const ChunkPool& pool = stream_.pool();
  const bool in_order = from == data_end_;
  const bool scarce = pool.load() >= pool.limit() - pool.limit() / 16;
  if (!in_order && scarce) return false;
  return out_of_order().has_room_for(from, to, in_order ? ranges_max + 1 : ranges_max);
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
  if (disorder_ == nullptr) return;
  IntervalSet& ranges = disorder_->ranges;
  while (!ranges.empty() && ranges.front().left <= data_end_) {
    data_end_ = std::max(data_end_, ranges.front().right);
    ranges.remove_below(data_end_);
  }
  settle();
}

bool ReceiveQueue::add_beyond(Offset from, Offset to, std::size_t ranges_max) {
  if (disorder() == nullptr) return false;
  const bool added = disorder_->ranges.add(from, to, ranges_max);
  settle();
  return added;
}

/// Null where there is no memory for it.
ReceiveQueue::Disorder* ReceiveQueue::disorder() {
  if (disorder_ == nullptr) disorder_.reset(new (std::nothrow) Disorder);
  return disorder_.get();
}

/// Nothing lies beyond a gap any more: what changed there is no news, and a flow in order holds no memory.
void ReceiveQueue::settle() {
  if (disorder_ == nullptr || !disorder_->ranges.empty()) return;
  disorder_->recents = disorder_->unreported = 0;
  if (disorder_->duplicates == 0) disorder_.reset();
}

// The first FIN counts. One that contradicts data received is no FIN.
bool ReceiveQueue::note_fin(Offset at) {
  const Offset highest = has_gap() ? out_of_order().back().right : data_end_;
  if (fin_at_ >= 0) return at == fin_at_;
  if (at < highest || at > edge_) return false;
  fin_at_ = at;
  return true;
}

void ReceiveQueue::note_old(Offset left, Offset right) {
  if (left >= right || right > data_end_) return;
  const bool touches = disorder_ != nullptr && disorder_->duplicates > 0 &&
                       disorder_->duplicate[disorder_->duplicates - 1U].right == left;
  if (touches || disorder_ == nullptr || disorder_->duplicates == 0) note_duplicate(left, right);
}

// Duplicates that touch are one, so that a whole flight that came again fits.
void ReceiveQueue::note_duplicate(Offset left, Offset right) {
  if (disorder() == nullptr) return;
  Disorder& known = *disorder_;
  Interval* const last = known.duplicates == 0 ? nullptr : &known.duplicate[known.duplicates - 1U];
  if (last != nullptr && last->right == left) {
    last->right = right;
  } else {
    if (known.duplicates == kDuplicatesMax) {
      std::copy(known.duplicate.begin() + 1, known.duplicate.end(), known.duplicate.begin());
      --known.duplicates;
    }
    known.duplicate[known.duplicates++] = {left, right};
  }
}

void ReceiveQueue::note_recent(Offset left) {
  const Interval* const held = out_of_order().find(left);
  if (held == nullptr) return;
  Disorder& known = *disorder_;
  std::uint8_t kept = 0;
  std::uint8_t unreported = 0;
  for (std::uint8_t i = 0; i < known.recents; ++i) {
    const Offset other = known.recent[i];
    if (other >= held->left && other < held->right) continue;
    if (i < known.unreported) ++unreported;
    known.recent[kept++] = other;
  }
  kept = std::min<std::uint8_t>(kept, kRecentMax - 1);
  std::copy_backward(known.recent.begin(), known.recent.begin() + kept, known.recent.begin() + kept + 1);
  known.recent[0] = left;
  known.recents = static_cast<std::uint8_t>(kept + 1);
  known.unreported = std::min<std::uint8_t>(static_cast<std::uint8_t>(unreported + 1), known.recents);
}

ReceiveQueue::SackReport ReceiveQueue::sack_report(std::size_t blocks_max) const {
  SackReport report;
  if (disorder_ == nullptr || blocks_max == 0) return report;
  const Disorder& known = *disorder_;
  const auto add = [&](Offset inside) {
    const Interval* const held = out_of_order().find(inside);
    const auto* const first = report.blocks.begin() + (report.duplicate ? 1 : 0);
    const auto* const last = report.blocks.begin() + report.count;
    const bool fresh = held != nullptr && std::none_of(first, last, [held](const Interval& block) {
                         return block.left == held->left;
                       });
    if (fresh && report.count < blocks_max) report.blocks[report.count++] = *held;
  };
  if (known.duplicates > 0) {
    report.duplicate = true;
    report.blocks[report.count++] = known.duplicate[0];
    add(known.duplicate[0].left);  // RFC 2883 §4: beyond a gap, its range comes second
  }
  const std::size_t free = blocks_max - report.count;
  report.news = static_cast<std::uint8_t>(std::min<std::size_t>(known.unreported, free));
  for (std::size_t i = known.unreported - std::size_t{report.news}; i < known.recents; ++i)
    add(known.recent[i]);
  if (report.count == (report.duplicate ? 1 : 0) && has_gap()) add(out_of_order().front().left);
  return report;
}

void ReceiveQueue::forget_sack_news() {
  if (disorder_ == nullptr) return;
  disorder_->unreported = disorder_->duplicates = 0;
  settle();
}

void ReceiveQueue::reported(const SackReport& report) {
  if (disorder_ == nullptr) return;
  Disorder& known = *disorder_;
  known.unreported = static_cast<std::uint8_t>(known.unreported - report.news);
  if (report.duplicate) {
    std::copy(known.duplicate.begin() + 1, known.duplicate.begin() + known.duplicates,
              known.duplicate.begin());
    --known.duplicates;
  }
  settle();
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
  disorder_.reset();
  stream_.clear();
}

// The wire carries windows in units of 2^shift, so that an edge between two units must be rounded up, or it
// would be taken back a little with each byte received. Rounding up for ever would keep a full buffer open
// to a peer that sends tiny segments: beyond a quarter of the buffer the edge falls back by less than a unit,
// which RFC 7323 §2.4 tolerates.
ReceiveQueue::Window ReceiveQueue::window(std::size_t segment) const {
  const Offset at = next();
  const Offset unit = Offset{1} << shift_;
  const Offset room = this->room();
  const Offset room_edge = read_ + room;
  const Offset step = std::min(static_cast<Offset>(segment), room / 2);
  Offset raw = 0;
  if (room_edge - edge_ >= step) raw = std::max<Offset>(room_edge - at, 0) / unit;
  Offset promised = (std::max<Offset>(edge_ - at, 0) + unit - 1) / unit;
  if (at + promised * unit > room_edge + room / 4 && at + promised * unit > edge_) {
    promised = std::max<Offset>(edge_ - at, 0) / unit;
  }
  raw = std::min<Offset>(std::max(raw, promised), kRawMax);
  return {static_cast<std::uint16_t>(raw), std::max(edge_, at + raw * unit)};
}

void ReceiveQueue::announced(const Window& window) {
  edge_ = window.edge;
  ChunkPool& pool = stream_.pool();
  if (period_ != pool.period()) {
    promised_ = 0;
    period_ = pool.period();
    period_start_ = static_cast<std::uint32_t>(data_end_);
  }
  // A window that was earned once and is hardly used now is left to chance, like those at rest.
  const Offset received = static_cast<std::uint32_t>(data_end_) - period_start_;
  const Offset promised =
      std::min(edge_ - data_end_ - static_cast<Offset>(kShareMin), received * kPromisePerReceived);
  if (promised <= static_cast<Offset>(promised_)) return;
  pool.promise(static_cast<std::size_t>(promised) - promised_);
  promised_ = static_cast<std::uint32_t>(promised);
}

bool ReceiveQueue::wants_update(std::size_t segment) const {
  if (fin_reached_) return false;
  const Offset room = this->room();
  const Offset opened = read_ + room - edge_;
  const Offset unit = Offset{1} << shift_;
  const Offset step = std::max(static_cast<Offset>(2 * segment), room / 2);
  return opened >= std::max(std::min(step, room), unit);
}

// A pool that fills takes room back from everybody, as what they hold is read; no promise is broken.
Offset ReceiveQueue::room() const {
  return static_cast<Offset>(std::min<std::size_t>(capacity_, stream_.pool().share()));
}

void ReceiveQueue::tune(Instant now, Duration round_trip, std::uint32_t capacity_max, std::size_t advanced) {
  if (now - tune_at_ >= round_trip) {
    const auto most = static_cast<Offset>(std::min(capacity_max, largest_window(shift_)));
    const auto taken = static_cast<Offset>(static_cast<std::uint32_t>(read_) - tune_mark_);
    const Offset wanted = std::min({taken * 4, static_cast<Offset>(capacity_) * 2, most});
    capacity_wanted_ = std::max(capacity_wanted_, static_cast<std::uint32_t>(wanted));
    tune_mark_ = static_cast<std::uint32_t>(read_);
    tune_at_ = now;
  }
  const std::uint32_t growth = capacity_wanted_ - capacity_;
  capacity_ += static_cast<std::uint32_t>(std::min<std::size_t>(growth, advanced));
}

}  // namespace limpid::tcp
