#include "dataplane/tcp/scoreboard.h"

#include <algorithm>
#include <array>

namespace limpid::tcp {
namespace {

constexpr std::size_t kSackedRangesMax = 256;  // a peer that reports more is not followed any further

}  // namespace

// --- the chain: what is on the wire, by its last transmission. The ends point to themselves. ---

void Scoreboard::chain_last(Index index) {
  SentSegment& segment = segments_[index];
  segment.later = index;
  segment.earlier = pipe_ > 0 ? newest_ : index;
  (pipe_ > 0 ? segments_[newest_].later : oldest_) = index;
  newest_ = index;
  pipe_ += segment.length();
}

void Scoreboard::chain_first(Index index) {
  SentSegment& segment = segments_[index];
  segment.earlier = index;
  segment.later = pipe_ > 0 ? oldest_ : index;
  (pipe_ > 0 ? segments_[oldest_].earlier : newest_) = index;
  oldest_ = index;
  pipe_ += segment.length();
}

void Scoreboard::unchain(Index index) {
  const SentSegment& segment = segments_[index];
  const bool first = segment.earlier == index;
  const bool last = segment.later == index;
  if (first) {
    oldest_ = segment.later;
  } else {
    segments_[segment.earlier].later = last ? segment.earlier : segment.later;
  }
  if (last) {
    newest_ = segment.earlier;
  } else {
    segments_[segment.later].earlier = first ? segment.later : segment.earlier;
  }
  pipe_ -= segment.length();
}

// --- sending ---

void Scoreboard::sent(Offset start, std::uint16_t size, bool fin, Instant now) {
  if (segments_.empty()) base_ = start;
  SentSegment segment{.sent = now, .start = static_cast<std::uint32_t>(start), .size = size};
  if (fin) segment.set(SentSegment::kHasFin);
  segments_.push(segment);
  chain_last(segments_.end() - 1);
}

const SentSegment* Scoreboard::next_lost() {
  if (lost_ == 0) return nullptr;
  if (!segments_.holds(retransmit_scan_)) retransmit_scan_ = segments_.first();
  while (!segments_[retransmit_scan_].is(SentSegment::kLost)) ++retransmit_scan_;
  return &segments_[retransmit_scan_];
}

void Scoreboard::retransmitted(Instant now) {
  SentSegment& segment = segments_[retransmit_scan_];
  segment.unset(SentSegment::kLost);
  segment.set(SentSegment::kRetransmitted);
  segment.sent = now;
  lost_ -= segment.length();
  chain_last(retransmit_scan_);
}

void Scoreboard::probed(Instant now) {
  const Index index = segments_.end() - 1;
  SentSegment& segment = segments_[index];
  unchain(index);
  segment.set(SentSegment::kRetransmitted);
  segment.sent = now;
  chain_last(index);
}

// --- acknowledgements ---

// The first `bytes` of the segment, or all of it, have arrived and leave the account that they were in.
void Scoreboard::arrive(Index index, std::uint32_t bytes, Delivery& delivery) {
  SentSegment& segment = segments_[index];
  if (segment.is(SentSegment::kSacked)) return;
  delivery.bytes += bytes;
  const bool whole = bytes == segment.length();
  if (segment.is(SentSegment::kLost)) {
    lost_ -= bytes;
  } else if (whole) {
    unchain(index);
  } else {
    pipe_ -= bytes;
  }
  if (whole && delivery.rack != nullptr) {
    delivery.rack->delivered(segment, newest_arrival_, delivery.now, delivery.echoed);
  }
}

void Scoreboard::acknowledge(Offset offset, Delivery& delivery) {
  while (!segments_.empty()) {
    const Index index = segments_.first();
    SentSegment& segment = segments_[index];
    const Offset start = start_of(segment);
    if (start >= offset) break;
    const bool sacked = segment.is(SentSegment::kSacked);
    if (segment.is(SentSegment::kRetransmitted)) {
      delivery.retransmitted = true;
    } else if (!sacked && !delivery.sent) {
      delivery.sent = segment.sent;
    }
    const auto acknowledged = static_cast<std::uint32_t>(std::min<Offset>(offset - start, segment.length()));
    const bool whole = acknowledged == segment.length();
    arrive(index, acknowledged, delivery);
    if (sacked) sacked_bytes_ -= acknowledged;
    base_ = start + acknowledged;
    if (!whole) {
      segment.start += acknowledged;
      segment.size = static_cast<std::uint16_t>(segment.size - acknowledged);
      break;
    }
    if (sacked) --sacked_segments_;
    segments_.pop();
  }
  sacked_.remove_below(offset);
}

void Scoreboard::sack(Offset left, Offset right, Delivery& delivery) {
  // What is new of the block, before it becomes a part of the set. More than a few parts do not occur: each
  // is a gap between ranges that were reported before.
  constexpr std::size_t kPartsMax = 16;
  std::array<Interval, kPartsMax> parts{};
  std::size_t count = 0;
  sacked_.for_each_gap(left, right, [&](Offset from, Offset to) {
    parts[count++] = {from, to};
    return count < kPartsMax;
  });
  if (count == 0) return;
  right = count == kPartsMax ? parts[count - 1].right : right;
  if (!sacked_.add(left, right, kSackedRangesMax)) return;

  for (std::size_t i = 0; i < count; ++i) {
    for (Index index = segments_.find(parts[i].left, base_); segments_.holds(index); ++index) {
      SentSegment& segment = segments_[index];
      const Offset start = start_of(segment);
      if (start >= parts[i].right) break;
      if (segment.is(SentSegment::kSacked) || !sacked_.covers(start, start + segment.length())) continue;
      arrive(index, segment.length(), delivery);
      if (!segment.is(SentSegment::kRetransmitted)) delivery.sent = segment.sent;
      segment.unset(SentSegment::kLost);
      segment.set(SentSegment::kSacked);
      sacked_bytes_ += segment.length();
      ++sacked_segments_;
    }
  }
}

// --- losses ---

bool Scoreboard::mark_lost(Index index) {
  SentSegment& segment = segments_[index];
  if (segment.is(SentSegment::kSacked) || segment.is(SentSegment::kLost)) return false;
  unchain(index);
  segment.set(SentSegment::kLost);
  lost_ += segment.length();
  if (!segments_.holds(retransmit_scan_)) retransmit_scan_ = segments_.first();
  if (index - segments_.first() < retransmit_scan_ - segments_.first()) retransmit_scan_ = index;
  return true;
}

bool Scoreboard::mark_overtaken(Duration window, Instant now, Instant& next) {
  next = kNever;
  bool marked = false;
  while (newest_arrival_.known && pipe_ > 0 && newest_arrival_.overtook(segments_[oldest_])) {
    const Instant due = segments_[oldest_].sent + newest_arrival_.round_trip + window;
    if (due > now) {
      next = due;
      break;
    }
    marked = mark_lost(oldest_) || marked;
  }
  return marked;
}

void Scoreboard::mark_timed_out(Duration window, Instant now) {
  if (segments_.empty()) return;
  if (segments_.front().is(SentSegment::kSacked)) return mark_all_lost();
  mark_lost(segments_.first());
  while (pipe_ > 0 && segments_[oldest_].sent + newest_arrival_.round_trip + window <= now)
    mark_lost(oldest_);
}

bool Scoreboard::mark_first_lost() {
  for (Index index = segments_.first(); segments_.holds(index); ++index) {
    if (!segments_[index].is(SentSegment::kSacked)) return mark_lost(index);
  }
  return false;
}

bool Scoreboard::mark_first_unsent_again() {
  if (empty() || segments_.front().is(SentSegment::kRetransmitted)) return false;
  return mark_first_lost();
}

void Scoreboard::forget_sacks() {
  sacked_.clear();
  for (Index index = segments_.first(); segments_.holds(index); ++index) {
    SentSegment& segment = segments_[index];
    if (!segment.is(SentSegment::kSacked)) continue;
    segment.unset(SentSegment::kSacked);
    chain_last(index);
  }
  sacked_bytes_ = 0;
  sacked_segments_ = 0;
}

void Scoreboard::mark_all_lost() {
  if (segments_.empty()) return;
  if (segments_.front().is(SentSegment::kSacked)) forget_sacks();
  for (Index index = segments_.first(); segments_.holds(index); ++index) mark_lost(index);
}

// --- path MTU ---

bool Scoreboard::mark_longer_lost(std::uint16_t payload_max) {
  bool marked = false;
  for (Index index = segments_.first(); segments_.holds(index); ++index) {
    if (segments_[index].size > payload_max) marked = mark_lost(index) || marked;
  }
  return marked;
}

// Chained anew in the order of the stream: an event too rare to keep the times in order for.
bool Scoreboard::cut(std::uint16_t payload_max) {
  if (!segments_.cut(payload_max)) return false;
  retransmit_scan_ = segments_.first();
  pipe_ = sacked_segments_ = 0;
  for (Index index = segments_.first(); segments_.holds(index); ++index) {
    if (segments_[index].is(SentSegment::kSacked)) {
      ++sacked_segments_;
    } else if (!segments_[index].is(SentSegment::kLost)) {
      chain_last(index);
    }
  }
  return true;
}

std::uint16_t Scoreboard::payload_at(Offset offset) const {
  const Index index = segments_.find(offset, base_);
  return segments_.holds(index) ? segments_[index].size : std::uint16_t{0};
}

// In the order of the stream, ahead of what has been sent again since: that was later.
void Scoreboard::unmark_lost() {
  for (Index index = segments_.end(); lost_ > 0 && index-- != segments_.first();) {
    SentSegment& segment = segments_[index];
    if (!segment.is(SentSegment::kLost)) continue;
    segment.unset(SentSegment::kLost);
    lost_ -= segment.length();
    chain_first(index);
  }
}

}  // namespace limpid::tcp
