#include "dataplane/flow/level.h"

#include <gtest/gtest.h>

namespace limpid::flow {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

struct Levels : testing::Test {
  Level at(std::uint8_t stream, std::uint8_t buffers = 0) {
    now += seconds(2);
    gauge.update(stream, buffers, now);
    return gauge.level();
  }
  LevelGauge gauge{LevelSettings{}};
  Instant now{seconds(10)};
};

TEST_F(Levels, RiseWithWhateverIsShorter) {
  EXPECT_EQ(at(69, 69), Level::kGreen);
  EXPECT_EQ(at(70, 0), Level::kYellow);
  EXPECT_EQ(at(0, 85), Level::kRed);
  EXPECT_EQ(gauge.pressure(), (Pressure{Level::kRed, 0, 85}));
}

TEST_F(Levels, EndLowerThanTheyBegin) {
  at(85);
  EXPECT_EQ(at(75), Level::kRed);
  EXPECT_EQ(at(74), Level::kYellow);
  EXPECT_EQ(at(84), Level::kYellow);
  EXPECT_EQ(at(60), Level::kYellow);
  EXPECT_EQ(at(59), Level::kGreen);
  EXPECT_EQ(at(69), Level::kGreen);
  EXPECT_EQ(gauge.changes(), 3U);
}

TEST_F(Levels, LastASecondBeforeALowerOneButNotBeforeAHigherOne) {
  at(70);
  gauge.update(90, 0, now + milliseconds(1));
  EXPECT_EQ(gauge.level(), Level::kRed);
  gauge.update(0, 0, now + milliseconds(1000));
  EXPECT_EQ(gauge.level(), Level::kRed);
  gauge.update(0, 0, now + milliseconds(1001));
  EXPECT_EQ(gauge.level(), Level::kGreen);
}

TEST_F(Levels, AreAskedForInHundredths) {
  EXPECT_EQ(percent(1, 3), 33);
  EXPECT_EQ(percent(5, 3), 100);
  EXPECT_EQ(percent(5, 0), 0);
}

}  // namespace
}  // namespace limpid::flow
