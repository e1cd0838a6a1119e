#include "dataplane/tool/transit_clock.h"

#include <gtest/gtest.h>

namespace limpid::tool {
namespace {

using std::chrono::microseconds;
using std::chrono::seconds;

constexpr Instant kStart{seconds(100)};

TEST(TransitClock, TakesTheTimeFromTheEndOfTheLoopInWhichTheLastByteWentIn) {
  TransitClock clock;
  EXPECT_FALSE(clock.look(1'000, 0, kStart));
  EXPECT_TRUE(clock.fresh());
  clock.loop_ended(kStart + microseconds(20));
  EXPECT_FALSE(clock.fresh());
  EXPECT_FALSE(clock.look(1'000, 999, kStart + microseconds(60))) << "not yet the last byte";
  const auto sample = clock.look(1'000, 1'000, kStart + microseconds(70));
  ASSERT_TRUE(sample);
  EXPECT_EQ(sample->tool, microseconds(50));
  EXPECT_EQ(sample->own, microseconds(20));
}

TEST(TransitClock, OneSampleAtATimeAndThenTheNext) {
  TransitClock clock;
  clock.look(100, 0, kStart);
  clock.loop_ended(kStart);
  EXPECT_FALSE(clock.look(200, 0, kStart + microseconds(5)));
  EXPECT_TRUE(clock.look(200, 100, kStart + microseconds(9)));
  EXPECT_TRUE(clock.fresh()) << "the next one waits for the second hundred";
  clock.loop_ended(kStart + microseconds(10));
  const auto next = clock.look(200, 200, kStart + microseconds(30));
  ASSERT_TRUE(next);
  EXPECT_EQ(next->tool, microseconds(20));
}

TEST(TransitClock, WhereNothingGoesInNothingIsMeasured) {
  TransitClock clock;
  EXPECT_FALSE(clock.look(0, 0, kStart));
  EXPECT_FALSE(clock.fresh());
}

TEST(TransitClock, AToolThatShortensTheStreamIsMeasuredAnewAfterAWhile) {
  TransitClock clock;
  clock.look(1'000, 0, kStart);
  clock.loop_ended(kStart);
  EXPECT_FALSE(clock.look(1'000, 900, kStart + seconds(9)));
  EXPECT_FALSE(clock.look(1'000, 900, kStart + seconds(10))) << "it will never come";
  EXPECT_FALSE(clock.look(2'000, 900, kStart + seconds(11)));
  clock.loop_ended(kStart + seconds(11));
  const auto sample = clock.look(2'000, 1'900, kStart + seconds(12));
  ASSERT_TRUE(sample);
  EXPECT_EQ(sample->tool, seconds(1));
}

}  // namespace
}  // namespace limpid::tool
