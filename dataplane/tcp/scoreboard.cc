#include "dataplane/tcp/scoreboard.h"

#include <algorithm>
#include <array>

namespace limpid::tcp {
namespace {

constexpr std::uint32_t kDupThresh = 3;        // RFC 5681, 6675
constexpr std::size_t kSackedRangesMax = 256;  // a peer that reports more is not followed any further

}  // namespace

void Scoreboard::sent(Offset start, std::uint16_t size, bool fin, Instant now) {
  if (segments_.empty()) base_ = start;
  SentSegment segment{.sent = now, .start = static_cast<std::uint32_t>(start), .size = size};
  if (fin) segment.set(SentSegment::kHasFin);
  segments_.push(segment);
  pipe_ += segment.length();
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
  pipe_ += segment.length();
}

// `bytes` of the segment have arrived and leave the account that they were in.
void Scoreboard::account_arrival(SentSegment& segment, std::uint32_t bytes, Delivery& delivery) {
  if (segment.is(SentSegment::kSacked)) return;
  delivery.bytes += bytes;
  (segment.is(SentSegment::kLost) ? lost_ : pipe_) -= bytes;
}

void Scoreboard::acknowledge(Offset offset, Delivery& delivery) {
  while (!segments_.empty()) {
    SentSegment& segment = segments_.front();
    const Offset start = start_of(segment);
    if (start >= offset) break;
    const bool sacked = segment.is(SentSegment::kSacked);
    if (segment.is(SentSegment::kRetransmitted)) {
      delivery.retransmitted = true;
    } else if (!sacked && !delivery.sent) {
      delivery.sent = segment.sent;
    }
    const auto acknowledged = static_cast<std::uint32_t>(std::min<Offset>(offset - start, segment.length()));
    account_arrival(segment, acknowledged, delivery);
    if (sacked) sacked_bytes_ -= acknowledged;
    base_ = start + acknowledged;
    if (acknowledged < segment.length()) {
      segment.start += acknowledged;
      segment.size = static_cast<std::uint16_t>(segment.size - acknowledged);
      break;
    }
    if (sacked) --sacked_segments_;
    if (loss_scan_ == segments_.first()) ++loss_scan_;
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
      account_arrival(segment, segment.length(), delivery);
      if (!segment.is(SentSegment::kRetransmitted)) delivery.sent = segment.sent;
      segment.unset(SentSegment::kLost);
      segment.set(SentSegment::kSacked);
      sacked_bytes_ += segment.length();
      ++sacked_segments_;
    }
  }
}

bool Scoreboard::mark_lost(Index index) {
  SentSegment& segment = segments_[index];
  if (segment.is(SentSegment::kSacked) || segment.is(SentSegment::kLost)) return false;
  segment.set(SentSegment::kLost);
  pipe_ -= segment.length();
  lost_ += segment.length();
  if (!segments_.holds(retransmit_scan_)) retransmit_scan_ = segments_.first();
  if (index - segments_.first() < retransmit_scan_ - segments_.first()) retransmit_scan_ = index;
  return true;
}

// IsLost() holds below this offset for whatever has not been SACKed: three ranges, or more than two full
// segments, have arrived above it.
std::optional<Offset> Scoreboard::loss_edge(std::uint32_t segment_size) const {
  Offset bytes = 0;
  std::uint32_t ranges = 0;
  for (std::size_t i = sacked_.size(); i-- > 0;) {
    bytes += sacked_[i].right - sacked_[i].left;
    if (++ranges == kDupThresh || bytes > Offset{kDupThresh - 1} * segment_size) return sacked_[i].left;
  }
  return std::nullopt;
}

bool Scoreboard::mark_losses(std::uint32_t segment_size) {
  if (sacked_segments_ == 0) return false;
  bool marked = false;
  if (const std::optional<Offset> edge = loss_edge(segment_size)) {
    for (; segments_.holds(loss_scan_) && start_of(segments_[loss_scan_]) < *edge; ++loss_scan_) {
      marked = mark_lost(loss_scan_) || marked;
    }
  }
  // Small segments: three that arrived are as good as three duplicate ACKs for the first one (RFC 6675 §5
  // (1)).
  if (loss_scan_ == segments_.first() && sacked_segments_ >= kDupThresh) {
    marked = mark_lost(loss_scan_) || marked;
    ++loss_scan_;
  }
  return marked;
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

void Scoreboard::mark_all_lost() {
  if (segments_.empty()) return;
  if (segments_.front().is(SentSegment::kSacked)) {
    sacked_.clear();
    for (Index index = segments_.first(); segments_.holds(index); ++index) {
      SentSegment& segment = segments_[index];
      if (!segment.is(SentSegment::kSacked)) continue;
      segment.unset(SentSegment::kSacked);
      pipe_ += segment.length();
    }
    sacked_bytes_ = 0;
    sacked_segments_ = 0;
  }
  for (Index index = segments_.first(); segments_.holds(index); ++index) mark_lost(index);
  loss_scan_ = segments_.end();
}

void Scoreboard::clear() {
  segments_.clear();
  sacked_.clear();
  loss_scan_ = segments_.first();
  pipe_ = lost_ = sacked_bytes_ = sacked_segments_ = 0;
}

}  // namespace limpid::tcp
