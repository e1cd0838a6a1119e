#include "dataplane/tcp/receive_queue.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "dataplane/base/random.h"

namespace limpid::tcp {
namespace {

constexpr std::size_t kRanges = 64;

std::string read(ReceiveQueue& queue) {
  std::string text;
  while (queue.readable() > 0) {
    const Bytes piece = queue.peek();
    text += as_text(piece);
    queue.consume(piece.size());
  }
  return text;
}

TEST(ReceiveQueue, DeliversInOrderWhatCameOutOfOrder) {
  ChunkPool pool(64);
  ReceiveQueue queue(pool, 65535, 65535, 0);
  EXPECT_TRUE(queue.accept(3, as_bytes("def"), false, kRanges).out_of_order);
  EXPECT_EQ(queue.readable(), 0U);
  EXPECT_EQ(queue.accept(0, as_bytes("abc"), false, kRanges).advanced, 6U);
  EXPECT_EQ(read(queue), "abcdef");
  EXPECT_EQ(pool.used(), 0U) << "drained: nothing is held";
}

TEST(ReceiveQueue, TheFirstCopyOfAByteWins) {
  ChunkPool pool(64);
  ReceiveQueue queue(pool, 65535, 65535, 0);
  queue.accept(2, as_bytes("CD"), false, kRanges);
  EXPECT_TRUE(queue.accept(0, as_bytes("abxxef"), false, kRanges).duplicate == false);
  queue.accept(0, as_bytes("zzzzzz"), false, kRanges);
  EXPECT_EQ(read(queue), "abCDef");
}

TEST(ReceiveQueue, HoldsAFinUntilTheGapBeforeItIsFilled) {
  ChunkPool pool(64);
  ReceiveQueue queue(pool, 65535, 65535, 0);
  EXPECT_FALSE(queue.accept(3, as_bytes("def"), true, kRanges).fin_reached);
  EXPECT_TRUE(queue.accept(0, as_bytes("abc"), false, kRanges).fin_reached);
  EXPECT_EQ(queue.next(), 7) << "the FIN takes a position";
  EXPECT_FALSE(queue.finished()) << "not before everything is consumed";
  EXPECT_EQ(read(queue), "abcdef");
  EXPECT_TRUE(queue.finished());
}

TEST(ReceiveQueue, AFinBelowDataThatWasReceivedIsNone) {
  ChunkPool pool(64);
  ReceiveQueue queue(pool, 65535, 65535, 0);
  queue.accept(5, as_bytes("x"), false, kRanges);
  EXPECT_TRUE(queue.accept(2, {}, true, kRanges).refused);
  queue.accept(0, as_bytes("abcde"), false, kRanges);
  EXPECT_EQ(queue.next(), 6);
}

TEST(ReceiveQueue, TakesNothingBeyondTheWindowThatItAnnounced) {
  ChunkPool pool(64);
  ReceiveQueue queue(pool, 4, 4, 0);
  const ReceiveQueue::Outcome outcome = queue.accept(0, as_bytes("abcdef"), false, kRanges);
  EXPECT_TRUE(outcome.refused);
  EXPECT_EQ(outcome.advanced, 4U);
}

TEST(ReceiveQueue, BoundsThePiecesThatAPeerMayScatter) {
  ChunkPool pool(64);
  ReceiveQueue queue(pool, 65535, 65535, 0);
  for (Offset at = 2; at < 20; at += 2) queue.accept(at, as_bytes("x"), false, 4);
  EXPECT_TRUE(queue.accept(20, as_bytes("x"), false, 4).refused);
  EXPECT_EQ(queue.accept(0, as_bytes("ab"), false, 4).advanced, 3U) << "what fills the gap is always taken";
}

TEST(ReceiveQueue, LosesNothingThatItHasAcknowledgedWhenMemoryRunsOut) {
  ChunkPool pool(2);
  ReceiveQueue queue(pool, 65535, 65535, 0);
  const ReceiveQueue::Outcome outcome = queue.accept(0, as_bytes(std::string(6000, 'm')), false, kRanges);
  EXPECT_EQ(outcome.advanced, 2 * kChunkSize);
  EXPECT_TRUE(outcome.refused);
  EXPECT_EQ(queue.next(), static_cast<Offset>(2 * kChunkSize));
  queue.clear();
}

/// Where the blocks of the next segment begin; they count as told.
std::vector<Offset> tell(ReceiveQueue& queue, std::size_t blocks_max = 3) {
  const ReceiveQueue::SackReport report = queue.sack_report(blocks_max);
  std::vector<Offset> lefts;
  for (std::size_t i = 0; i < report.count; ++i) lefts.push_back(report.blocks[i].left);
  queue.reported(report);
  return lefts;
}

using Lefts = std::vector<Offset>;

TEST(ReceiveQueue, ReportsTheMostRecentRangesFirstAndADuplicateBeforeAll) {
  ChunkPool pool(64);
  ReceiveQueue queue(pool, 65535, 65535, 0);
  for (const Offset at : {10, 30, 50}) {
    queue.accept(at, as_bytes("xx"), false, kRanges);
    tell(queue);
  }
  queue.accept(20, as_bytes("xx"), false, kRanges);
  EXPECT_EQ(tell(queue), (Lefts{20, 50, 30}));
  queue.accept(30, as_bytes("xx"), false, kRanges);
  EXPECT_EQ(tell(queue), (Lefts{30, 30, 20})) << "RFC 2883: the range that holds the duplicate comes second";
  EXPECT_FALSE(queue.has_sack_news());
  EXPECT_EQ(tell(queue), (Lefts{30, 20, 50})) << "told again, for acknowledgements get lost";
}

TEST(ReceiveQueue, TellsEveryRangeThatABurstHasChangedInAsManySegmentsAsItTakes) {
  ChunkPool pool(64);
  ReceiveQueue queue(pool, 65535, 65535, 0);
  for (const Offset at : {10, 20, 30, 40, 50, 60, 70}) queue.accept(at, as_bytes("xx"), false, kRanges);
  EXPECT_EQ(tell(queue), (Lefts{30, 20, 10})) << "as acknowledgements sent one by one would have";
  EXPECT_EQ(tell(queue), (Lefts{60, 50, 40}));
  EXPECT_TRUE(queue.has_sack_news());
  EXPECT_EQ(tell(queue), (Lefts{70, 60, 50}));
  EXPECT_FALSE(queue.has_sack_news());
}

TEST(ReceiveQueue, TellsEveryDuplicateOnceAndThoseThatTouchAsOne) {
  ChunkPool pool(64);
  ReceiveQueue queue(pool, 65535, 65535, 0);
  queue.accept(0, as_bytes(std::string(100, 'd')), false, kRanges);
  for (const Offset at : {10, 20, 40}) queue.accept(at, as_bytes(std::string(10, 'd')), false, kRanges);
  ReceiveQueue::SackReport report = queue.sack_report(3);
  ASSERT_EQ(report.count, 1U) << "one segment tells of one duplicate";
  EXPECT_EQ(report.blocks[0].left, 10);
  EXPECT_EQ(report.blocks[0].right, 30);
  queue.reported(report);
  EXPECT_EQ(tell(queue), (Lefts{40}));
  EXPECT_FALSE(queue.has_sack_news());
  EXPECT_EQ(tell(queue), Lefts{});
  queue.clear();
}

TEST(ReceiveQueue, WhatAPeerCanMakeItRememberForReportsIsBounded) {
  ChunkPool pool(64);
  ReceiveQueue queue(pool, 65535, 65535, 0);
  queue.accept(0, as_bytes(std::string(1000, 'd')), false, kRanges);
  for (Offset at = 0; at < 1000; at += 20) queue.accept(at, as_bytes("dd"), false, kRanges);
  for (Offset at = 2000; at < 2120; at += 2) queue.accept(at, as_bytes("x"), false, kRanges);
  int segments = 0;
  for (; queue.has_sack_news(); ++segments) tell(queue);
  EXPECT_LE(segments, 12);
  queue.clear();
}

TEST(ReceiveQueue, ANearlyFullPoolTakesRoomBackButNoPromise) {
  ChunkPool pool(16'384);
  ReceiveQueue queue(pool, 500'000, 500'000, 4);
  const ReceiveQueue::Window before = queue.window(1460);
  queue.announced(before);
  std::vector<std::byte*> taken;
  while (pool.used() < pool.limit() / 10 * 9) taken.push_back(pool.allocate());
  EXPECT_EQ(queue.window(1460).edge, before.edge) << "promised";
  queue.accept(0, as_bytes(std::string(100'000, 'p')), false, kRanges);
  queue.consume(100'000);
  EXPECT_EQ(queue.window(1460).edge, before.edge) << "and no more than that, while memory is short";
  for (std::byte* const chunk : taken) pool.free(chunk);
  EXPECT_GT(queue.window(1460).edge, before.edge) << "free memory opens it again";
}

TEST(ReceiveQueue, NeverTakesItsRightEdgeBackWhateverTheScale) {
  for (std::uint8_t shift = 0; shift <= 14; ++shift) {
    SeededRandom random(shift);
    ChunkPool pool(1024);
    ReceiveQueue queue(pool, 65536, 40000, shift);
    Offset edge = 40000;
    for (int round = 0; round < 2000; ++round) {
      const Offset room = queue.edge() - queue.next();
      const std::size_t size = std::min<std::size_t>(random.next() % 1460, static_cast<std::size_t>(room));
      queue.accept(queue.next(), as_bytes(std::string(size, 'w')), false, kRanges);
      if (random.next() % 3 == 0) queue.consume(random.next() % (queue.readable() + 1));
      const ReceiveQueue::Window window = queue.window(1460);
      const Offset announced = queue.next() + (Offset{window.raw} << shift);
      ASSERT_GT(announced + (Offset{1} << shift), edge) << "shift " << int{shift};
      if (shift == 0) {
        ASSERT_GE(announced, edge);
      }
      edge = std::max(edge, announced);
      queue.announced(window);
      ASSERT_LE(queue.edge() - queue.next() + static_cast<Offset>(queue.readable()),
                65536 * 5 / 4 + (2 << shift));
    }
  }
}

TEST(ReceiveQueue, ClosesItsWindowToAPeerThatSendsSingleBytes) {
  ChunkPool pool(1024);
  ReceiveQueue queue(pool, 8192, 8192, 7);
  int taken = 0;
  for (; taken < 100'000; ++taken) {
    if (queue.accept(queue.next(), as_bytes("1"), false, kRanges).advanced == 0) break;
    queue.announced(queue.window(1460));
  }
  EXPECT_LE(taken, 8192 * 5 / 4 + 256);
  EXPECT_EQ(queue.window(1460).raw, 0);
  EXPECT_LE(pool.used(), 8U);
  queue.clear();
}

TEST(ReceiveQueue, DoesNotOpenItsWindowByLessThanASegment) {
  ChunkPool pool(64);
  ReceiveQueue queue(pool, 10'000, 10'000, 0);
  queue.accept(0, as_bytes(std::string(10'000, 's')), false, kRanges);
  queue.consume(500);
  EXPECT_EQ(queue.window(1460).raw, 0);
  EXPECT_FALSE(queue.wants_update(1460));
  queue.consume(1500);
  EXPECT_EQ(queue.window(1460).raw, 2000);
  queue.consume(4000);
  EXPECT_TRUE(queue.wants_update(1460));
  queue.clear();
}

TEST(ReceiveQueue, AnnouncesSomethingEvenWithTheLargestScale) {
  ChunkPool pool(64);
  ReceiveQueue queue(pool, 9000, 9000, 14);
  queue.accept(0, as_bytes(std::string(9000, 's')), false, kRanges);
  queue.consume(9000);
  EXPECT_TRUE(queue.wants_update(1460));
  EXPECT_GT(queue.window(1460).raw, 0);
}

TEST(ReceiveQueue, TellsThePoolWhatItsWindowPromisesOncePerPeriod) {
  ChunkPool pool(65'536);
  const std::size_t whole = pool.share();
  ReceiveQueue queue(pool, 500'000, 0, 4);
  const auto come = [&queue](std::size_t size) {
    queue.announced(queue.window(1460));
    queue.accept(queue.next(), as_bytes(std::string(size, 'p')), false, kRanges);
    queue.consume(size);
    queue.announced(queue.window(1460));
  };
  come(100'000);
  const std::size_t promised = pool.share();
  EXPECT_LT(promised, whole);
  queue.announced(queue.window(1460));
  EXPECT_EQ(pool.share(), promised) << "once";
  pool.age_promises(Instant{std::chrono::seconds{10}});
  pool.age_promises(Instant{std::chrono::seconds{20}});
  EXPECT_EQ(pool.share(), whole) << "at rest";
  come(100);
  EXPECT_EQ(pool.share(), whole) << "a sign of life is no use of a large window";
  come(100'000);
  EXPECT_LT(pool.share(), whole) << "at work again";
}

// Hundreds of streams whose readers stop all at once, each with the window that it had earned: what had been
// promised to them is all that they can fill.
TEST(ReceiveQueue, ManyWindowsTogetherPromiseNoMoreThanThePoolHas) {
  ChunkPool pool(65'536);
  std::vector<std::unique_ptr<ReceiveQueue>> queues;
  for (int i = 0; i < 200; ++i) queues.push_back(std::make_unique<ReceiveQueue>(pool, 65'536, 65'536, 7));
  Instant now{std::chrono::seconds{1}};
  for (int round = 0; round < 30; ++round) {
    now += std::chrono::milliseconds{20};
    pool.age_promises(now);
    for (const auto& queue : queues) {
      const auto size = static_cast<std::size_t>(queue->edge() - queue->next());
      queue->accept(queue->next(), as_bytes(std::string(size, 'p')), false, kRanges);
      queue->consume(size);
      queue->tune(now, std::chrono::milliseconds{20}, 6U << 20U, size);
      queue->announced(queue->window(1460));
    }
  }
  for (const auto& queue : queues) {
    const auto size = static_cast<std::size_t>(queue->edge() - queue->next());
    EXPECT_FALSE(queue->accept(queue->next(), as_bytes(std::string(size, 'p')), false, kRanges).refused);
  }
  EXPECT_LT(pool.used(), pool.limit() * 7 / 10) << "below level yellow";
  EXPECT_GT(pool.used(), pool.limit() * 4 / 10) << "and yet of use";
  for (const auto& queue : queues) queue->clear();
}

TEST(ReceiveQueue, GrowsForAUserWhoTakesWhatComesAndStaysForOneWhoDoesNot) {
  ChunkPool pool(65'536);
  ReceiveQueue fast(pool, 65536, 65536, 7);
  Instant now{std::chrono::seconds{1}};
  for (int round = 0; round < 8; ++round) {
    const auto size = static_cast<std::size_t>(fast.edge() - fast.next());
    fast.accept(fast.next(), as_bytes(std::string(size, 'g')), false, kRanges);
    fast.consume(size);
    now += std::chrono::milliseconds{20};
    fast.tune(now, std::chrono::milliseconds{20}, 1U << 20U, size);
    fast.announced(fast.window(1460));
  }
  EXPECT_EQ(fast.capacity(), 1U << 20U);
  ReceiveQueue slow(pool, 65536, 65536, 7);
  for (int round = 0; round < 8; ++round) {
    slow.accept(slow.next(), as_bytes(std::string(1000, 'g')), false, kRanges);
    slow.consume(1000);
    now += std::chrono::milliseconds{20};
    slow.tune(now, std::chrono::milliseconds{20}, 1U << 20U, 1000);
  }
  EXPECT_EQ(slow.capacity(), 65536U);
}

// Segments of a known text, cut, doubled, mixed and overlapping: what is read is the text.
TEST(ReceiveQueue, AgreesWithAByteMapUnderAnyOverlap) {
  SeededRandom random(99);
  for (int round = 0; round < 50; ++round) {
    ChunkPool pool(256);
    ReceiveQueue queue(pool, 65535, 65535, 0);
    std::string text(20'000, '\0');
    for (char& byte : text) byte = static_cast<char>(random.next());
    std::string got;
    while (got.size() < text.size()) {
      const std::size_t at =
          random.next() % 2 == 0 ? static_cast<std::size_t>(queue.next()) : random.next() % text.size();
      if (at >= text.size()) break;
      const std::size_t size = std::min<std::size_t>(1 + random.next() % 3000, text.size() - at);
      queue.accept(static_cast<Offset>(at), as_bytes(text).subspan(at, size), at + size == text.size(), 8);
      queue.announced(queue.window(1460));
      if (random.next() % 4 == 0) got += read(queue);
    }
    got += read(queue);
    ASSERT_EQ(got, text);
    ASSERT_TRUE(queue.finished());
    ASSERT_EQ(pool.used(), 0U);
  }
}

}  // namespace
}  // namespace limpid::tcp
