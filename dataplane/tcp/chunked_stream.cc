#include "dataplane/tcp/chunked_stream.h"

#include <algorithm>
#include <cstring>
#include <new>

namespace limpid::tcp {
namespace {

constexpr Offset kChunk = kChunkSize;
constexpr std::uint32_t kSlotsMin = 16;

std::uint32_t chunk_of(Offset offset) { return static_cast<std::uint32_t>(offset / kChunk); }
/// a lies before b.
bool before(std::uint32_t a, std::uint32_t b) { return static_cast<std::int32_t>(a - b) < 0; }

}  // namespace

std::size_t ChunkedStream::write(Offset at, Bytes bytes) {
  std::size_t stored = 0;
  while (stored < bytes.size()) {
    const Offset to = at + static_cast<Offset>(stored);
    std::byte* const chunk = chunk_for_writing(chunk_of(to));
    if (chunk == nullptr) break;
    const auto within = static_cast<std::size_t>(to % kChunk);
    const std::size_t size = std::min(bytes.size() - stored, kChunkSize - within);
    std::memcpy(chunk + within, bytes.data() + stored, size);
    stored += size;
  }
  return stored;
}

Bytes ChunkedStream::piece(Offset from, Offset to) const {
  if (from >= to) return {};
  const Offset within = from % kChunk;
  const Offset size = std::min(to - from, kChunk - within);
  return {slot(chunk_of(from)) + within, static_cast<std::size_t>(size)};
}

void ChunkedStream::release_below(Offset offset) {
  const std::uint32_t keep = chunk_of(offset);
  for (; span_ > 0 && before(first_, keep); ++first_, --span_) {
    std::byte*& chunk = slot(first_);
    if (chunk == nullptr) continue;
    pool_->free(chunk);
    chunk = nullptr;
    --chunks_;
  }
}

void ChunkedStream::clear() {
  for (; span_ > 0; ++first_, --span_) {
    if (std::byte* const chunk = slot(first_); chunk != nullptr) pool_->free(chunk);
  }
  slots_.reset();
  capacity_ = 0;
  chunks_ = 0;
}

std::byte* ChunkedStream::chunk_for_writing(std::uint32_t index) {
  if (!make_room(index)) return nullptr;
  std::byte*& chunk = slot(index);
  if (chunk == nullptr) {
    chunk = pool_->allocate();
    if (chunk != nullptr) ++chunks_;
  }
  return chunk;
}

// Sees to it that chunk `index` has a slot.
bool ChunkedStream::make_room(std::uint32_t index) {
  if (span_ == 0) first_ = index;
  const std::uint32_t first = before(index, first_) ? index : first_;
  const std::uint32_t end = before(first_ + span_, index + 1) ? index + 1 : first_ + span_;
  const std::uint32_t span = end - first;
  if (span > capacity_) {
    std::uint32_t capacity = std::max(capacity_, kSlotsMin);
    while (capacity < span) capacity *= 2;
    std::unique_ptr<std::byte*[]> slots(new (std::nothrow) std::byte* [capacity] {});
    if (slots == nullptr) return false;
    for (std::uint32_t i = first_; i != first_ + span_; ++i) slots[i & (capacity - 1)] = slot(i);
    slots_ = std::move(slots);
    capacity_ = capacity;
  }
  first_ = first;
  span_ = span;
  return true;
}

}  // namespace limpid::tcp
