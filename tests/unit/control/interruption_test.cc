#include "control/interruption.h"

#include <gtest/gtest.h>

#include <csignal>

namespace limpid::control {
namespace {

TEST(Interruption, SaysThatASignalCameWhichWouldHaveEndedTheProcess) {
  Interruption interruption;
  EXPECT_FALSE(interruption.within(Duration::zero()));
  for (const int signal : {SIGINT, SIGTERM}) {
    ASSERT_EQ(raise(signal), 0);
    EXPECT_TRUE(interruption.within(std::chrono::hours(1)));
  }
  EXPECT_FALSE(interruption.within(std::chrono::milliseconds(1)));
}

}  // namespace
}  // namespace limpid::control
