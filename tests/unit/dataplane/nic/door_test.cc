#include "dataplane/nic/door.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <thread>

namespace limpid::nic {
namespace {

TEST(Door, IsShutUntilItIsOpened) {
  Door door;
  EXPECT_FALSE(door.enter());
  door.open();
  EXPECT_TRUE(door.enter());
  door.leave();
  door.shut();
  EXPECT_FALSE(door.enter());
}

TEST(Door, IsShutOnlyWhenNobodyIsInside) {
  constexpr int kTimes = 2'000;
  Door door;
  std::atomic<bool> ended{false};
  std::atomic<int> visits{0};
  int guarded = 0;  // not atomic: the sanitizers see who is there at the same time
  std::thread visitor([&] {
    while (!ended) {
      if (!door.enter()) continue;
      ++guarded;
      ++visits;
      door.leave();
    }
  });
  int seen = 0;
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  for (int i = 0; i < kTimes; ++i) {
    door.open();
    while (visits == seen && std::chrono::steady_clock::now() < until) std::this_thread::yield();
    door.shut();
    seen = visits;
    EXPECT_EQ(guarded, seen);
  }
  ended = true;
  visitor.join();
  EXPECT_EQ(visits, seen);
  EXPECT_GE(seen, kTimes);
}

}  // namespace
}  // namespace limpid::nic
