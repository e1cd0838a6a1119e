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
  /// one.
  void note_old(Offset left, Offset right) {
    if (left < right && right <= data_end_) duplicate_ = {left, right};
  }

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
  void announced(const Window& window) { edge_ = window.edge; }
  /// The window has opened by so much that the peer should hear of it without being asked.
  bool wants_update(std::size_t segment) const;

  // --- SACK (RFC 2018, 2883) ---
  bool has_gap() const { return beyond_ != nullptr; }
  bool has_duplicate_to_report() const { return duplicate_.right > duplicate_.left; }
  /// The blocks to report, first the duplicate, then the most recently changed. Returns how many.
  std::size_t sack_blocks(std::array<Interval, 4>& blocks, std::size_t blocks_max) const;
  void duplicate_reported() { duplicate_ = {}; }

  // --- autotuning ---
  /// To be called as data arrives: grows the buffer where the user takes more than half of it per round trip.
  void tune(Instant now, Duration round_trip, std::uint32_t capacity_max);
  std::uint32_t capacity() const { return capacity_; }

  std::size_t chunks() const { return stream_.chunks(); }
  ChunkPool& pool() const { return stream_.pool(); }

 private:
  Offset keep(Offset from, Offset to, Offset at, Bytes payload);
  void advance(Offset to);
  void note_duplicate(Offset left, Offset right);
  void note_recent(Offset left);
  bool note_fin(Offset at);

  /// What is of use only while something lies beyond a gap, and is allocated then.
  struct Beyond {
    IntervalSet ranges;                        // never empty
    std::array<Offset, 3> recent{-1, -1, -1};  // a byte of each range that changed last, latest first
  };
  static const IntervalSet kNothing;
  const IntervalSet& out_of_order() const { return beyond_ == nullptr ? kNothing : beyond_->ranges; }
  bool add_beyond(Offset from, Offset to, std::size_t ranges_max);

  ChunkedStream stream_;
  std::unique_ptr<Beyond> beyond_;
  Offset read_ = 0;       // consumed up to here
  Offset data_end_ = 0;   // received without a gap up to here, the FIN not counted
  Offset edge_ = 0;       // the highest right edge announced
  Offset fin_at_ = -1;    // where the FIN lies; -1: not seen
  Offset tune_mark_ = 0;  // read_ at the last look
  Instant tune_at_{};
  Interval duplicate_{};
  std::uint32_t capacity_;
  std::uint8_t shift_;
  bool fin_reached_ = false;
};

}  // namespace limpid::tcp
