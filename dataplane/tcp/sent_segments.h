// SentSegments: a ring of what is in flight, one small record per segment, in stream order. Records are named
// by an index that counts up for ever (modulo 2^32), so that an index stays good while older records go.
#pragma once

#include <array>
#include <cstdint>
#include <memory>

#include "dataplane/base/clock.h"
#include "dataplane/tcp/sequence.h"

namespace limpid::tcp {

struct SentSegment {
  enum Mark : std::uint8_t {
    kSacked = 1,         // the peer has it
    kLost = 2,           // to be retransmitted
    kRetransmitted = 4,  // was, at least once: no round-trip sample (Karn)
    kHasFin = 8,
  };

  Instant sent{};             // last transmission
  std::uint32_t start = 0;    // low half of its offset
  std::uint32_t earlier = 0;  // the scoreboard's: neighbours by the order of transmission
  std::uint32_t later = 0;
  std::uint16_t size = 0;  // payload bytes
  std::uint8_t marks = 0;

  bool is(Mark mark) const { return (marks & mark) != 0; }
  void set(Mark mark) { marks = static_cast<std::uint8_t>(marks | mark); }
  void unset(Mark mark) { marks = static_cast<std::uint8_t>(marks & ~mark); }
  /// In sequence numbers: the FIN counts one.
  std::uint32_t length() const { return size + (is(kHasFin) ? 1U : 0U); }
  /// Low half of the offset behind it.
  std::uint32_t end() const { return start + length(); }
};

class SentSegments {
 public:
  using Index = std::uint32_t;

  SentSegments() = default;
  SentSegments(const SentSegments&) = delete;
  SentSegments& operator=(const SentSegments&) = delete;

  std::uint32_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  /// Bytes of memory beside this object.
  std::size_t bookkeeping() const { return grown_ == nullptr ? 0 : capacity_ * sizeof(SentSegment); }
  Index first() const { return first_; }
  Index end() const { return first_ + size_; }
  /// `index` lies in [first(), end()); wrap-safe.
  bool holds(Index index) const { return index - first_ < size_; }
  SentSegment& operator[](Index index) { return ring_[index & (capacity_ - 1)]; }
  const SentSegment& operator[](Index index) const { return ring_[index & (capacity_ - 1)]; }
  SentSegment& front() { return (*this)[first_]; }
  const SentSegment& front() const { return (*this)[first_]; }
  const SentSegment& back() const { return (*this)[end() - 1]; }

  /// Makes sure that push() has room. False where there is no memory.
  bool reserve() { return reserve(size_ + 1); }
  void push(const SentSegment& segment) {
    ring_[end() & (capacity_ - 1)] = segment;
    ++size_;
  }
  void pop() {
    ++first_;
    if (--size_ == 0) release();
  }
  void clear() {
    first_ += size_;
    size_ = 0;
    release();
  }

  /// Cuts every segment with more payload than that into several; they inherit its time and marks. The
  /// indices behind the first cut change. False, and nothing changed, where there is no memory.
  bool cut(std::uint16_t payload_max);

  /// The segment that contains `offset`, or the first behind it; end() if none. `base` is where first()
  /// starts.
  Index find(Offset offset, Offset base) const;

 private:
  bool reserve(std::uint32_t size);
  void release();

  static constexpr std::uint32_t kFew = 4;  // what most answers fit into

  std::array<SentSegment, kFew> few_{};
  SentSegment* ring_ = few_.data();
  std::unique_ptr<SentSegment[]> grown_;
  std::uint32_t capacity_ = kFew;  // a power of two
  std::uint32_t size_ = 0;
  Index first_ = 0;
};

}  // namespace limpid::tcp
