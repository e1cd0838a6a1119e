#include "dataplane/tcp/sent_segments.h"

#include <algorithm>
#include <new>

namespace limpid::tcp {

bool SentSegments::reserve() {
  if (size_ < capacity_) return true;
  const std::uint32_t capacity = std::max<std::uint32_t>(16, capacity_ * 2);
  std::unique_ptr<SentSegment[]> ring(new (std::nothrow) SentSegment[capacity]);
  if (ring == nullptr) return false;
  for (Index i = first_; i != end(); ++i) ring[i & (capacity - 1)] = (*this)[i];
  ring_ = std::move(ring);
  capacity_ = capacity;
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

// An idle endpoint holds nothing.
void SentSegments::release() {
  ring_.reset();
  capacity_ = 0;
}

}  // namespace limpid::tcp
