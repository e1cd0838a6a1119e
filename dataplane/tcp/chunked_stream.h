// ChunkedStream: the bytes of one direction, kept in chunks that are found by stream offset. Bytes may be
// written anywhere (what arrives beyond a gap goes to its place at once) and are released from the front. It
// knows nothing of which bytes are valid: ReceiveQueue and SendQueue do. Owns its chunks; holds no memory
// when empty.
#pragma once

#include <cstdint>
#include <memory>

#include "dataplane/base/bytes.h"
#include "dataplane/tcp/chunk_pool.h"
#include "dataplane/tcp/sequence.h"

namespace limpid::tcp {

class ChunkedStream {
 public:
  explicit ChunkedStream(ChunkPool& pool) : pool_(&pool) {}
  ~ChunkedStream() { clear(); }
  ChunkedStream(const ChunkedStream&) = delete;
  ChunkedStream& operator=(const ChunkedStream&) = delete;

  /// Copies `bytes` to `at` >= 0. Returns how many were stored: fewer where the pool ran out.
  std::size_t write(Offset at, Bytes bytes);
  /// The written bytes from `from` on that lie in one chunk, at most to `to`.
  Bytes piece(Offset from, Offset to) const;
  /// Gives back the chunks that lie wholly below `offset`.
  void release_below(Offset offset);
  void clear();

  std::size_t chunks() const { return chunks_; }
  ChunkPool& pool() const { return *pool_; }

 private:
  std::byte* chunk_for_writing(std::uint32_t index);
  bool make_room(std::uint32_t index);
  std::byte*& slot(std::uint32_t index) const { return slots_[index & (capacity_ - 1)]; }

  ChunkPool* pool_;
  std::unique_ptr<std::byte*[]>
      slots_;  // a ring: chunk i lies in slot i modulo its size, which is a power of two
  // The chunks [first_, first_ + span_) have a slot; a slot may be null. Numbers of chunks wrap after 8 TB.
  std::uint32_t first_ = 0;
  std::uint32_t span_ = 0;
  std::uint32_t capacity_ = 0;
  std::uint32_t chunks_ = 0;
};

}  // namespace limpid::tcp
