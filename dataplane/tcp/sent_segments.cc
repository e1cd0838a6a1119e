#include "dataplane/tcp/sent_segments.h"

#include <algorithm>
#include <new>

namespace limpid::tcp {

bool SentSegments::reserve(std::uint32_t size) {
  if (size <= capacity_) return true;
  std::uint32_t capacity = capacity_ * 2;
  while (capacity < size) capacity *= 2;
  std::unique_ptr<SentSegment[]> ring(new (std::nothrow) SentSegment[capacity]);
  if (ring == nullptr) return false;
  for (Index i = first_; i != end(); ++i) ring[i & (capacity - 1)] = (*this)[i];
  grown_ = std::move(ring);
  ring_ = grown_.get();
  capacity_ = capacity;
  return true;
}

bool SentSegments::cut(std::uint16_t payload_max) {
  std::uint32_t pieces = 0;
  for (Index i = first_; i != end(); ++i) {
    pieces += std::max<std::uint32_t>(1, ((*this)[i].size + payload_max - 1U) / payload_max);
  }
  if (!reserve(pieces)) return false;
  // From the end, so that nothing is overwritten that is still to be read.
  Index to = first_ + pieces;
  for (Index from = end(); from-- != first_;) {
    SentSegment rest = (*this)[from];
    const std::uint32_t whole = rest.size == 0 ? 0 : (rest.size - 1U) / payload_max * payload_max;
    for (std::uint32_t at = whole;; at -= payload_max) {
      SentSegment piece = rest;
      piece.start = rest.start + at;
      piece.size = static_cast<std::uint16_t>(rest.size - at);
      (*this)[--to] = piece;
      rest.size = static_cast<std::uint16_t>(at);
      rest.unset(SentSegment::kHasFin);  // it goes with the last piece
      if (at == 0) break;
    }
  }
  size_ = pieces;
  return true;
}

SentSegments::Index SentSegments::find(Offset offset, Offset base) const {
  std::uint32_t low = 0;
  std::uint32_t high = size_;
  const auto base_start = static_cast<std::uint32_t>(base);
  while (low < high) {
    const std::uint32_t middle = (low + high) / 2;
    const SentSegment& segment = (*this)[first_ + middle];
    if (base + (segment.start - base_start) + segment.length() <= offset) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return first_ + low;
}

void SentSegments::release() {
  ring_ = few_.data();
  grown_.reset();
  capacity_ = kFew;
}

}  // namespace limpid::tcp
