#include "dataplane/worker/sleeper.h"

#include <gtest/gtest.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <array>
#include <chrono>

namespace limpid::worker {
namespace {

Duration length_of_sleep(Duration at_most, std::span<const int> descriptors) {
  PollSleeper sleeper;
  const auto before = std::chrono::steady_clock::now();
  sleeper.sleep(at_most, descriptors);
  return std::chrono::steady_clock::now() - before;
}

TEST(PollSleeper, SleepsItsTime) {
  EXPECT_GE(length_of_sleep(std::chrono::milliseconds(3), {}), std::chrono::milliseconds(3));
}

TEST(PollSleeper, WakesWhenADescriptorIsReadable) {
  const std::array<int, 2> descriptors{eventfd(0, EFD_NONBLOCK), eventfd(1, EFD_NONBLOCK)};
  EXPECT_LT(length_of_sleep(std::chrono::hours(1), descriptors), std::chrono::minutes(1));
  for (const int descriptor : descriptors) close(descriptor);
}

TEST(PollSleeper, DoesNotSpinOnADescriptorThatIsBroken) {
  const std::array<int, 1> descriptors{1'000'000};  // not open
  EXPECT_GE(length_of_sleep(std::chrono::milliseconds(1), descriptors), std::chrono::milliseconds(1));
}

}  // namespace
}  // namespace limpid::worker
