#include "dataplane/tcp/interval_set.h"

#include <gtest/gtest.h>

#include <set>
#include <vector>

#include "dataplane/base/random.h"

namespace limpid::tcp {
namespace {

TEST(IntervalSet, JoinsWhatOverlapsOrTouches) {
  IntervalSet set;
  EXPECT_TRUE(set.add(10, 20, 8));
  EXPECT_TRUE(set.add(30, 40, 8));
  EXPECT_TRUE(set.add(20, 30, 8));
  ASSERT_EQ(set.size(), 1U);
  EXPECT_EQ(set.front().left, 10);
  EXPECT_EQ(set.front().right, 40);
}

TEST(IntervalSet, RefusesOneMoreThanItsLimitButStillGrowsWhatItHas) {
  IntervalSet set;
  EXPECT_TRUE(set.add(10, 20, 2));
  EXPECT_TRUE(set.add(30, 40, 2));
  EXPECT_FALSE(set.has_room_for(50, 60, 2));
  EXPECT_FALSE(set.add(50, 60, 2));
  EXPECT_TRUE(set.has_room_for(40, 60, 2));
  EXPECT_TRUE(set.add(40, 60, 2));
  EXPECT_EQ(set.back().right, 60);
}

TEST(IntervalSet, AgreesWithANaiveSetOfNumbers) {
  SeededRandom random(3);
  IntervalSet set;
  std::set<Offset> naive;
  for (int round = 0; round < 3000; ++round) {
    const auto left = static_cast<Offset>(random.next() % 200);
    const auto right = left + 1 + static_cast<Offset>(random.next() % 20);
    std::set<Offset> missing;
    for (Offset i = left; i < right; ++i) {
      if (!naive.contains(i)) missing.insert(i);
    }
    std::set<Offset> gaps;
    set.for_each_gap(left, right, [&](Offset from, Offset to) {
      for (Offset i = from; i < to; ++i) gaps.insert(i);
      return true;
    });
    ASSERT_EQ(gaps, missing);
    ASSERT_EQ(set.covers(left, right), missing.empty());
    if (round % 10 == 9) {
      set.remove_below(left);
      naive.erase(naive.begin(), naive.lower_bound(left));
    } else {
      ASSERT_TRUE(set.add(left, right, 1000));
      for (Offset i = left; i < right; ++i) naive.insert(i);
    }
    std::set<Offset> held;
    for (std::size_t i = 0; i < set.size(); ++i) {
      ASSERT_TRUE(i == 0 || set[i - 1].right < set[i].left) << "ordered, and apart";
      for (Offset at = set[i].left; at < set[i].right; ++at) held.insert(at);
    }
    ASSERT_EQ(held, naive);
  }
}

}  // namespace
}  // namespace limpid::tcp
