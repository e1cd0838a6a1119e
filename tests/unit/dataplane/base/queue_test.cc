#include "dataplane/base/queue.h"

#include <gtest/gtest.h>

#include <memory>
#include <thread>

namespace limpid {
namespace {

TEST(SpscQueue, RefusesWhenFullAndLeavesTheItemWithItsOwner) {
  SpscQueue<std::unique_ptr<int>> queue(2);
  EXPECT_TRUE(queue.push(std::make_unique<int>(1)));
  EXPECT_TRUE(queue.push(std::make_unique<int>(2)));
  auto third = std::make_unique<int>(3);
  EXPECT_FALSE(queue.push(std::move(third)));
  ASSERT_NE(third, nullptr);  // NOLINT(bugprone-use-after-move): that is the claim
  EXPECT_EQ(**queue.pop(), 1);
  EXPECT_TRUE(queue.push(std::move(third)));
}

TEST(SpscQueue, HandsEverythingOverInOrderBetweenTwoThreads) {
  constexpr int kItems = 200'000;
  SpscQueue<int> queue(64);
  std::thread producer([&queue] {
    for (int i = 1; i <= kItems; ++i) {
      while (!queue.push(int{i})) std::this_thread::yield();
    }
  });
  int expected = 1;
  while (expected <= kItems) {
    const std::optional<int> item = queue.pop();
    if (!item) {
      std::this_thread::yield();
      continue;
    }
    ASSERT_EQ(*item, expected);
    ++expected;
  }
  producer.join();
  EXPECT_TRUE(queue.empty());
}

}  // namespace
}  // namespace limpid
