#include "dataplane/tcp/rtt.h"

#include <gtest/gtest.h>

namespace limpid::tcp {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

TEST(RttEstimator, WaitsTheInitialTimeUntilItKnowsAnything) {
  const RttEstimator rtt;
  EXPECT_EQ(rtt.timeout(seconds{1}, milliseconds{200}, seconds{60}), seconds{1});
}

TEST(RttEstimator, FollowsTheFormulasOfRfc6298) {
  RttEstimator rtt;
  rtt.add(milliseconds{800});
  EXPECT_EQ(rtt.smoothed(), milliseconds{800});
  EXPECT_EQ(rtt.timeout(seconds{1}, milliseconds{200}, seconds{60}), milliseconds{800 + 4 * 400});
  rtt.add(milliseconds{1600});  // RTTVAR = 3/4 * 400 + 1/4 * 800 = 500; SRTT = 7/8 * 800 + 1/8 * 1600 = 900
  EXPECT_EQ(rtt.timeout(seconds{1}, milliseconds{200}, seconds{60}), milliseconds{900 + 4 * 500});
}

TEST(RttEstimator, LeavesRoomForADelayedAckOnASteadyPath) {
  RttEstimator rtt;
  for (int i = 0; i < 200; ++i) rtt.add(std::chrono::microseconds{10});
  EXPECT_GE(rtt.timeout(seconds{1}, milliseconds{200}, seconds{60}), milliseconds{200});
  EXPECT_LT(rtt.timeout(seconds{1}, milliseconds{200}, seconds{60}), milliseconds{201});
}

TEST(RttEstimator, NeverWaitsLongerThanTheMaximum) {
  RttEstimator rtt;
  rtt.add(seconds{50});
  EXPECT_EQ(rtt.timeout(seconds{1}, milliseconds{200}, seconds{60}), seconds{60});
}

}  // namespace
}  // namespace limpid::tcp
