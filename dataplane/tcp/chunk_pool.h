// The stream memory of one worker: chunks of 2 KB with a hard limit, given out and taken back one at a time.
// All bytes that endpoints hold, received or to be sent, lie in such chunks, so that used() is the true size.
// Thread: the worker's. Running out is an ordinary result, never an error of the program.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "dataplane/base/clock.h"

namespace limpid::tcp {

inline constexpr std::size_t kChunkSize = 2048;
inline constexpr std::size_t kShareMin = std::size_t{64} << 10U;  // bytes

class ChunkPool {
 public:
  /// At most `chunks_max` chunks exist; memory is taken from the system in slabs as it is needed, and kept.
  explicit ChunkPool(std::size_t chunks_max);
  ~ChunkPool();
  ChunkPool(const ChunkPool&) = delete;
  ChunkPool& operator=(const ChunkPool&) = delete;

  /// kChunkSize bytes, contents undefined; null where the limit is reached or the system has no memory.
  std::byte* allocate();
  /// Takes back what allocate() gave.
  void free(std::byte* chunk);

  /// Chunks given out and not yet taken back.
  std::size_t used() const { return used_; }
  /// What streams hold beside their chunks (accounts of segments and ranges) counts against the limit, too:
  /// `bytes`, instead of `before`.
  void account(std::size_t bytes, std::size_t before) { beside_ += bytes - before; }
  /// In chunks: all that is held.
  std::size_t load() const { return used_ + beside_ / kChunkSize; }
  std::size_t limit() const { return limit_; }
  /// Bytes that one stream may hold now: a 64th of the pool while it is empty, less the fuller it is (by the
  /// square of what is neither used nor promised), so that any number of streams that stand still leaves
  /// something for others; but never less than kShareMin, below which nothing would move well.
  std::size_t share() const;

  // A window that was announced is a promise of memory that cannot be taken back. Those of streams that move
  // are counted, anew in each period; those of streams at rest are left to chance, or a few thousand idle
  // sessions would leave nothing to those at work.
  /// A stream has promised so many bytes beyond kShareMin, or more than it had in this period.
  void promise(std::size_t bytes) { promised_ += bytes; }
  std::uint8_t period() const { return period_; }
  /// To be called now and then: begins a period where the last one is old enough.
  void age_promises(Instant now);
  /// Whether endpoints should make do with less: buffers no longer grow. So it is where three quarters are in
  /// use, and where the owner has said so for reasons of its own.
  bool economical() const { return economical_ || load() > limit_ / 4 * 3; }
  void economise(bool on) { economical_ = on; }
  /// allocate() calls that had to be refused.
  std::size_t refused() const { return refused_; }

 private:
  struct FreeChunk {
    FreeChunk* next;
  };
  bool grow();

  std::size_t limit_;
  double share_scale_ = 0;  // from free chunks, squared, to a stream's bytes: asked for with every segment
  std::size_t used_ = 0;
  std::size_t refused_ = 0;
  std::size_t beside_ = 0;           // bytes
  std::size_t promised_ = 0;         // bytes, in this period
  std::size_t promised_before_ = 0;  // in the last one
  Instant period_began_{};
  std::uint8_t period_ = 0;
  bool economical_ = false;
  FreeChunk* free_ = nullptr;
  std::vector<std::unique_ptr<std::byte[]>> slabs_;
};

}  // namespace limpid::tcp
