#include "dataplane/tcp/chunk_pool.h"

#include <gtest/gtest.h>

#include <set>
#include <vector>

namespace limpid::tcp {
namespace {

TEST(ChunkPool, GivesDistinctChunksUpToItsLimitAndThenNone) {
  ChunkPool pool(100);
  std::set<std::byte*> chunks;
  for (int i = 0; i < 100; ++i) {
    std::byte* const chunk = pool.allocate();
    ASSERT_NE(chunk, nullptr);
    chunk[kChunkSize - 1] = std::byte{1};
    chunks.insert(chunk);
  }
  EXPECT_EQ(chunks.size(), 100U);
  EXPECT_EQ(pool.used(), 100U);
  EXPECT_EQ(pool.allocate(), nullptr);
  EXPECT_EQ(pool.refused(), 1U);
  for (std::byte* const chunk : chunks) pool.free(chunk);
  EXPECT_EQ(pool.used(), 0U);
}

TEST(ChunkPool, GivesAgainWhatWasGivenBack) {
  ChunkPool pool(1);
  std::byte* const chunk = pool.allocate();
  pool.free(chunk);
  EXPECT_EQ(pool.allocate(), chunk);
  pool.free(chunk);
}

}  // namespace
}  // namespace limpid::tcp
