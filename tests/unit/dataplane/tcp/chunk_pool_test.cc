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

// Streams that take what they may, and give nothing back: how much of the pool they have together.
double filled_by(std::size_t streams) {
  ChunkPool pool(65'536);
  std::vector<std::byte*> chunks;
  std::vector<std::size_t> held(streams);
  for (bool grown = true; grown;) {
    grown = false;
    for (std::size_t& own : held) {
      if (own * kChunkSize >= pool.share()) continue;
      chunks.push_back(pool.allocate());
      ++own;
      grown = true;
    }
  }
  const double filled = static_cast<double>(pool.used()) / static_cast<double>(pool.limit());
  for (std::byte* const chunk : chunks) pool.free(chunk);
  return filled;
}

TEST(ChunkPool, LeavesSomethingHoweverManyStreamsStandStill) {
  EXPECT_NEAR(filled_by(1), 1.0 / 66, 0.001);
  EXPECT_LT(filled_by(10), 0.15);
  EXPECT_LT(filled_by(400), 0.70) << "below level yellow";
  EXPECT_LT(filled_by(1000), 0.80) << "below level red";
}

TEST(ChunkPool, WhatIsPromisedIsAsGoodAsUsedUntilNobodyHasSaidSoForTwoPeriods) {
  ChunkPool pool(65'536);
  const std::size_t whole = pool.share();
  Instant now{std::chrono::hours{1}};
  pool.age_promises(now);
  pool.promise(pool.limit() * kChunkSize / 2);
  EXPECT_NEAR(static_cast<double>(pool.share()), static_cast<double>(whole) / 4, 1.0);
  pool.age_promises(now += std::chrono::seconds{1});
  EXPECT_NEAR(static_cast<double>(pool.share()), static_cast<double>(whole) / 4, 1.0);
  pool.age_promises(now += std::chrono::milliseconds{999});
  EXPECT_LT(pool.share(), whole);
  pool.age_promises(now += std::chrono::milliseconds{1});
  EXPECT_EQ(pool.share(), whole);
}

TEST(ChunkPool, AShareIsNeverTooSmallToMoveWell) {
  ChunkPool pool(4);
  EXPECT_EQ(pool.share(), kShareMin);
  ChunkPool none(0);
  EXPECT_EQ(none.share(), kShareMin);
}

}  // namespace
}  // namespace limpid::tcp
