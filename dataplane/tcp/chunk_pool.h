// The stream memory of one worker: chunks of 2 KB with a hard limit, given out and taken back one at a time.
// All bytes that endpoints hold, received or to be sent, lie in such chunks, so that used() is the true size.
// Thread: the worker's. Running out is an ordinary result, never an error of the program.
#pragma once

#include <cstddef>
#include <memory>
#include <vector>

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
  std::size_t limit() const { return limit_; }
  /// Bytes that one stream may hold now: a 64th of the pool while it is empty, less the fuller it is (by the
  /// square of what is free), so that any number of streams that stand still leaves something for others; but
  /// never less than kShareMin, below which nothing would move well.
  std::size_t share() const;
  /// Whether endpoints should make do with less: buffers no longer grow. So it is where three quarters are in
  /// use, and where the owner has said so for reasons of its own.
  bool economical() const { return economical_ || used_ > limit_ / 4 * 3; }
  void economise(bool on) { economical_ = on; }
  /// allocate() calls that had to be refused.
  std::size_t refused() const { return refused_; }

 private:
  struct FreeChunk {
    FreeChunk* next;
  };
  bool grow();

  std::size_t limit_;
  std::size_t used_ = 0;
  std::size_t refused_ = 0;
  bool economical_ = false;
  FreeChunk* free_ = nullptr;
  std::vector<std::unique_ptr<std::byte[]>> slabs_;
};

}  // namespace limpid::tcp
