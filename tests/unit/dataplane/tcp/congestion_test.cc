#include "dataplane/tcp/congestion.h"

#include <gtest/gtest.h>

namespace limpid::tcp {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::uint32_t kSize = 1000;
constexpr Duration kRoundTrip = milliseconds{50};

TEST(Congestion, StartsWithTenSegmentsAndDoublesPerRoundTrip) {
  Congestion congestion(CongestionControl::kCubic, kSize, 10);
  EXPECT_EQ(congestion.window(), 10'000U);
  congestion.acknowledged(10'000, Instant{}, kRoundTrip);
  EXPECT_EQ(congestion.window(), 20'000U);
}

TEST(Congestion, RenoGrowsByOneSegmentPerRoundTripAfterALoss) {
  Congestion congestion(CongestionControl::kReno, kSize, 20);
  congestion.loss(20'000);
  congestion.recovery_complete();
  EXPECT_EQ(congestion.window(), 10'000U);
  for (int i = 0; i < 10; ++i) congestion.acknowledged(kSize, Instant{}, kRoundTrip);
  EXPECT_EQ(congestion.window(), 11'000U);
}

TEST(Congestion, CubicFallsToSeventyPercentAndIsBackAfterItsTime) {
  Congestion congestion(CongestionControl::kCubic, kSize, 100);
  congestion.loss(100'000);
  congestion.recovery_complete();
  EXPECT_EQ(congestion.window(), 70'000U);
  // K = cbrt(30 / 0.4) = 4.2 s
  constexpr Duration kLong = milliseconds{200};  // Reno would be slower
  Instant now{};
  for (; now < Instant{seconds{4}}; now += kLong) congestion.acknowledged(congestion.window(), now, kLong);
  EXPECT_NEAR(congestion.window(), 100'000, 3'000);
  for (; now < Instant{seconds{8}}; now += kLong) congestion.acknowledged(congestion.window(), now, kLong);
  EXPECT_GT(congestion.window(), 115'000U);
}

TEST(Congestion, CubicIsNeverSlowerThanReno) {
  Congestion congestion(CongestionControl::kCubic, kSize, 10);
  congestion.loss(10'000);
  congestion.recovery_complete();
  const std::uint32_t before = congestion.window();
  Instant now{};
  for (int i = 0; i < 100; ++i, now += milliseconds{1})
    congestion.acknowledged(congestion.window(), now, milliseconds{1});
  EXPECT_GE(congestion.window(), before + 40 * kSize);
}

TEST(Congestion, ATimeoutLeavesOneSegmentAndLowersTheThresholdOnce) {
  Congestion congestion(CongestionControl::kReno, kSize, 40);
  congestion.timeout(40'000, false);
  EXPECT_EQ(congestion.window(), kSize);
  EXPECT_EQ(congestion.threshold(), 20'000U);
  congestion.timeout(40'000, true);
  EXPECT_EQ(congestion.threshold(), 20'000U);
}

TEST(Congestion, ALongIdleTimeLeavesTheInitialWindow) {
  Congestion congestion(CongestionControl::kCubic, kSize, 10);
  congestion.acknowledged(50'000, Instant{}, kRoundTrip);
  congestion.restart();
  EXPECT_EQ(congestion.window(), 10'000U);
}

}  // namespace
}  // namespace limpid::tcp
