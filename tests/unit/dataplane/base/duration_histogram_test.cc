#include "dataplane/base/duration_histogram.h"

#include <gtest/gtest.h>

namespace limpid {
namespace {

using std::chrono::hours;
using std::chrono::microseconds;
using std::chrono::nanoseconds;

TEST(DurationHistogram, SaysOfEachDurationNoLessThanItWasAndNoMoreThanAQuarterMore) {
  for (std::int64_t us = 1; us < 60'000'000; us += 1 + us / 7) {
    DurationHistogram histogram;
    histogram.record(microseconds(us));
    EXPECT_GT(histogram.percentile(50), microseconds(us) - nanoseconds(1));
    EXPECT_LE(histogram.percentile(50), microseconds(us + 1 + us / 4)) << us;
  }
}

TEST(DurationHistogram, PercentilesAreInOrderAndRareLongTimesAreSeen) {
  DurationHistogram histogram;
  for (int i = 0; i < 98; ++i) histogram.record(microseconds(10));
  for (int i = 0; i < 2; ++i) histogram.record(microseconds(9'000));
  EXPECT_EQ(histogram.percentile(50), microseconds(12));
  EXPECT_EQ(histogram.percentile(98), microseconds(12));
  EXPECT_GE(histogram.percentile(99), microseconds(9'000));
}

TEST(DurationHistogram, TakesEverythingFromNothingToHours) {
  DurationHistogram histogram;
  EXPECT_EQ(histogram.percentile(99), Duration::zero()) << "nothing was recorded";
  histogram.record(Duration::zero());
  histogram.record(-microseconds(5));
  histogram.record(hours(5));
  EXPECT_EQ(histogram.count(), 3U);
  EXPECT_GE(histogram.percentile(99), std::chrono::minutes(1));
}

TEST(DurationHistogram, TwoMakeOne) {
  DurationHistogram one;
  DurationHistogram other;
  one.record(microseconds(10));
  other.record(microseconds(1'000));
  one.add(other);
  EXPECT_EQ(one.count(), 2U);
  EXPECT_GE(one.percentile(99), microseconds(1'000));
}

}  // namespace
}  // namespace limpid
