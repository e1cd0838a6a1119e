#include "dataplane/tcp/chunked_stream.h"

#include <algorithm>
#include <cstring>
#include <new>

namespace limpid::tcp {
namespace {

constexpr Offset kChunk = kChunkSize;
constexpr std::uint32_t kSlotsMin = 16;

}  // namespace

std::size_t ChunkedStream::write(Offset at, Bytes bytes) {
  std::size_t stored = 0;
  while (stored < bytes.size()) {
    const Offset to = at + static_cast<Offset>(stored);
    std::byte* const chunk = chunk_for_writing(to / kChunk);
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
  return {slot(from / kChunk) + within, static_cast<std::size_t>(size)};
}

void ChunkedStream::release_below(Offset offset) {
  const Offset keep = offset / kChunk;
  for (; span_ > 0 && first_ < keep; ++first_, --span_) {
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

std::byte* ChunkedStream::chunk_for_writing(Offset index) {
  if (!make_room(index)) return nullptr;
  std::byte*& chunk = slot(index);
  if (chunk == nullptr) {
    chunk = pool_->allocate();
    if (chunk != nullptr) ++chunks_;
  }
  return chunk;
}

// Sees to it that chunk `index` has a slot.
bool ChunkedStream::make_room(Offset index) {
  if (span_ == 0) first_ = index;
  const Offset first = std::min(first_, index);
  const auto span = static_cast<std::uint32_t>(std::max(first_ + span_, index + 1) - first);
  if (span > capacity_) {
    std::uint32_t capacity = std::max(capacity_, kSlotsMin);
    while (capacity < span) capacity *= 2;
    std::unique_ptr<std::byte*[]> slots(new (std::nothrow) std::byte* [capacity] {});
    if (slots == nullptr) return false;
    for (Offset i = first_; i < first_ + span_; ++i)
      slots[static_cast<std::size_t>(i) & (capacity - 1)] = slot(i);
    slots_ = std::move(slots);
    capacity_ = capacity;
  }
  first_ = first;
  span_ = span;
  return true;
}

}  // namespace limpid::tcp
