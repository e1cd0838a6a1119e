// ReceiveQueue: the receiving half of an endpoint. Puts payload in its place by stream offset (the first copy
// of a byte wins, later ones are never looked at), keeps account of what lies beyond gaps, holds the FIN
// until it is reached, and decides the window: the right edge that was announced is never taken back. One
// position is counted for the FIN in next(), so that next() is always what is acknowledged.
#pragma once

#include <array>
#include <cstdint>
#include <memory>

#include "dataplane/base/bytes.h"
#include "dataplane/base/clock.h"
#include "dataplane/tcp/chunked_stream.h"
#include "dataplane/tcp/interval_set.h"
#include "dataplane/tcp/sequence.h"

namespace limpid::tcp {

class ReceiveQueue {
 public:
  /// What became of one segment's text and FIN.
  struct Outcome {
    std::size_t advanced = 0;   // bytes that are readable now and were not before
    bool out_of_order = false;  // something was kept beyond a gap
    bool gap_changed = false;   // data lay beyond a gap before, or does now
    bool duplicate = false;     // some of it was here already
    bool refused = false;       // some of it was not kept: beyond the window, or no memory
    bool fin_reached = false;
  };
  /// The window field to announce, and the right edge that it promises.
  struct Window {
    std::uint16_t raw = 0;
    Offset edge = 0;
  };

  /// `announced`: the right edge that the peer has been promised already.
  ReceiveQueue(ChunkPool& pool, std::uint32_t capacity, std::uint32_t announced, std::uint8_t shift);

  /// Takes the text [at, at + payload.size()), and the FIN behind it.
  Outcome accept(Offset at, Bytes payload, bool fin, std::size_t ranges_max);

  /// The text [left, right) came, but was outside of what is taken: if it is a duplicate, it is reported as
  /// one. Only one at a time: who does not know our numbers can make many of these.
  void note_old(Offset left, Offset right);

  // --- the user's side ---
  std::size_t readable() const { return static_cast<std::size_t>(data_end_ - read_); }
  Bytes peek() const { return stream_.piece(read_, data_end_); }
  std::size_t copy_front(MutableBytes into) const;
  void consume(std::size_t size);
  bool finished() const { return fin_reached_ && read_ == data_end_; }
  /// Nobody will read any more.
  void clear();

  // --- what the header says ---
  Offset next() const { return data_end_ + (fin_reached_ ? 1 : 0); }
  /// Bytes in order, each once.
  std::uint64_t received() const { return static_cast<std::uint64_t>(data_end_); }
  bool fin_reached() const { return fin_reached_; }
  Offset edge() const { return edge_; }
  std::uint8_t shift() const { return shift_; }
  /// The window to announce now. `segment` is the peer's segment size: the edge does not move by less
  /// (RFC 9293 §3.8.6.2.2).
  Window window(std::size_t segment) const;
  /// A segment with that window has been sent.
  void announced(const Window& window);
  /// The window has opened by so much that the peer should hear of it without being asked.
  bool wants_update(std::size_t segment) const;

  // --- SACK (RFC 2018, 2883) ---
  bool has_gap() const { return !out_of_order().empty(); }
  /// Something lies beyond a gap, or a duplicate is to be reported: segments may have SACK blocks to carry.
  bool has_disorder() const { return disorder_ != nullptr; }
  /// A range beyond a gap has changed, or a duplicate has come, of which no segment has told the peer yet.
  bool has_sack_news() const {
    return disorder_ != nullptr && (disorder_->unreported > 0 || disorder_->duplicates > 0);
  }
  /// The blocks of the next segment: first a duplicate, then the ranges that changed. What has not been told
  /// goes first, the oldest of it, so that segments sent one after the other tell all of it: whatever the
  /// peer is not told it believes lost, and sends again.
  struct SackReport {
    std::array<Interval, 4> blocks{};
    std::uint8_t count = 0;
    std::uint8_t news = 0;  // of the ranges, those told for the first time
    bool duplicate = false;
  };
  SackReport sack_report(std::size_t blocks_max) const;
  /// A segment with these blocks has been sent, and nothing has come since they were asked for.
  void reported(const SackReport& report);
  /// The peer does not know SACK.
  void forget_sack_news();

  // --- autotuning ---
  // The window is of this size, or of what the pool lets one stream have where that is less.
  /// To be called as data arrives, `advanced` bytes of it in order: the buffer becomes four times what the
  /// user takes in a round trip. It grows with the bytes that arrive: a window that opened at once would let
  /// go a burst of that size.
  void tune(Instant now, Duration round_trip, std::uint32_t capacity_max, std::size_t advanced);
  std::uint32_t capacity() const { return capacity_; }

  std::size_t chunks() const { return stream_.chunks(); }
  /// Bytes of memory beside the chunks and this object.
  std::size_t bookkeeping() const {
    return disorder_ == nullptr ? 0 : sizeof(Disorder) + disorder_->ranges.bookkeeping();
  }
  ChunkPool& pool() const { return stream_.pool(); }

 private:
  bool has_room_for(Offset from, Offset to, std::size_t ranges_max) const;
  Offset keep(Offset from, Offset to, Offset at, Bytes payload);
  void advance(Offset to);
  void note_duplicate(Offset left, Offset right);
  void note_recent(Offset left);
  bool note_fin(Offset at);

  static constexpr std::size_t kRecentMax = 16;
  static constexpr std::size_t kDuplicatesMax = 8;
  /// What is of use only while something lies beyond a gap or a duplicate is to be reported, and is allocated
  /// then.
  struct Disorder {
    IntervalSet ranges;
    std::array<Offset, kRecentMax> recent{};  // a byte of each range that changed last, latest first
    std::array<Interval, kDuplicatesMax> duplicate{};
    std::uint8_t recents = 0;
    std::uint8_t unreported = 0;  // the first of `recent`, which no segment has told yet
    std::uint8_t duplicates = 0;
  };
  static const IntervalSet kNothing;
  const IntervalSet& out_of_order() const { return disorder_ == nullptr ? kNothing : disorder_->ranges; }
  bool add_beyond(Offset from, Offset to, std::size_t ranges_max);
  Disorder* disorder();
  void settle();
  Offset room() const;

  ChunkedStream stream_;
  std::unique_ptr<Disorder> disorder_;
  Offset read_ = 0;      // consumed up to here
  Offset data_end_ = 0;  // received without a gap up to here, the FIN not counted
  Offset edge_ = 0;      // the highest right edge announced
  Offset fin_at_ = -1;   // where the FIN lies; -1: not seen
  Instant tune_at_{};
  std::uint32_t capacity_;
  std::uint32_t capacity_wanted_;
  std::uint32_t tune_mark_ = 0;     // low half of read_ at the last look
  std::uint32_t promised_ = 0;      // what the pool knows of, in its period
  std::uint32_t period_start_ = 0;  // low half of data_end_ when the period began
  std::uint8_t period_ = 0;
  std::uint8_t shift_;
  bool fin_reached_ = false;
};

}  // namespace limpid::tcp
