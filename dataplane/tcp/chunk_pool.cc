#include "dataplane/tcp/chunk_pool.h"

#include <algorithm>
#include <new>

#include "dataplane/base/check.h"

#if defined(__SANITIZE_ADDRESS__)
#define LIMPID_POISON_CHUNKS 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define LIMPID_POISON_CHUNKS 1
#endif
#endif
#ifdef LIMPID_POISON_CHUNKS
#include <sanitizer/asan_interface.h>
#endif

namespace limpid::tcp {
namespace {

constexpr std::size_t kSlabChunks = 64;
constexpr double kLargestShare = 1.0 / 64;
constexpr Duration kPeriod = std::chrono::seconds{1};  // most round trips are shorter

// Under AddressSanitizer a chunk that is not given out is poisoned, but for its link to the next free one.
void poison([[maybe_unused]] std::byte* chunk) {
#ifdef LIMPID_POISON_CHUNKS
  ASAN_POISON_MEMORY_REGION(chunk + sizeof(void*), kChunkSize - sizeof(void*));
#endif
}

void unpoison([[maybe_unused]] std::byte* chunk) {
#ifdef LIMPID_POISON_CHUNKS
  ASAN_UNPOISON_MEMORY_REGION(chunk, kChunkSize);
#endif
}

}  // namespace

ChunkPool::ChunkPool(std::size_t chunks_max) : limit_(chunks_max) {
  if (limit_ > 0) share_scale_ = kLargestShare * kChunkSize / static_cast<double>(limit_);
}

ChunkPool::~ChunkPool() {
  LIMPID_CHECK(used_ == 0, "a chunk outlives its pool");
  for (const auto& slab : slabs_) {
    for (std::size_t i = 0; i < kSlabChunks; ++i) unpoison(slab.get() + i * kChunkSize);
  }
}

std::byte* ChunkPool::allocate() {
  if (load() >= limit_ || (free_ == nullptr && !grow())) {
    ++refused_;
    return nullptr;
  }
  FreeChunk* const taken = free_;
  free_ = taken->next;
  ++used_;
  auto* const chunk = reinterpret_cast<std::byte*>(taken);
  unpoison(chunk);
  return chunk;
}

void ChunkPool::free(std::byte* chunk) {
  free_ = new (chunk) FreeChunk{free_};
  poison(chunk);
  --used_;
}

std::size_t ChunkPool::share() const {
  const std::size_t promised = std::max(promised_, promised_before_) / kChunkSize;
  const auto free = static_cast<double>(limit_ - std::min(load() + promised, limit_));
  return std::max(static_cast<std::size_t>(free * free * share_scale_), kShareMin);
}

void ChunkPool::age_promises(Instant now) {
  if (now - period_began_ < kPeriod) return;
  period_began_ = now;
  ++period_;
  promised_before_ = promised_;
  promised_ = 0;
}

bool ChunkPool::grow() {
  std::unique_ptr<std::byte[]> slab(new (std::nothrow) std::byte[kSlabChunks * kChunkSize]);
  if (slab == nullptr) return false;
  for (std::size_t i = kSlabChunks; i-- > 0;) {
    std::byte* const chunk = slab.get() + i * kChunkSize;
    free_ = new (chunk) FreeChunk{free_};
    poison(chunk);
  }
  slabs_.push_back(std::move(slab));
  return true;
}

}  // namespace limpid::tcp
