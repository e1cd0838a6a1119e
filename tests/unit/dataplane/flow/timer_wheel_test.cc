#include "dataplane/flow/timer_wheel.h"

#include <gtest/gtest.h>

#include <map>

#include "dataplane/base/random.h"

namespace limpid::flow {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;

constexpr Instant kStart{std::chrono::seconds(5)};

struct Wheel : testing::Test {
  std::vector<std::uint32_t> run(Instant now, std::size_t budget = 1000) {
    std::vector<std::uint32_t> fired;
    wheel.run(now, budget, [&fired](std::uint32_t entry) { fired.push_back(entry); });
    return fired;
  }
  TimerWheel wheel{100, kStart};
};

using Fired = std::vector<std::uint32_t>;

TEST_F(Wheel, FiresAtTheFirstTickNotBeforeTheDeadline) {
  wheel.arm(1, kStart + std::chrono::microseconds(2500));
  EXPECT_EQ(run(kStart + milliseconds(2)), Fired{});
  EXPECT_EQ(run(kStart + milliseconds(3)), Fired{1});
  EXPECT_FALSE(wheel.armed(1));
}

TEST_F(Wheel, ADeadlineMovedLaterIsKeptAndOneMovedEarlierToo) {
  wheel.arm(1, kStart + milliseconds(10));
  wheel.arm(1, kStart + milliseconds(500));
  EXPECT_EQ(run(kStart + milliseconds(499)), Fired{});
  wheel.arm(2, kStart + hours(1));
  wheel.arm(2, kStart + milliseconds(500));
  EXPECT_EQ(run(kStart + milliseconds(500)).size(), 2U);
}

TEST_F(Wheel, DisarmedEntriesNeverFire) {
  wheel.arm(1, kStart + milliseconds(10));
  wheel.arm(2, kStart + milliseconds(10));
  wheel.disarm(1);
  wheel.arm(2, kNever);
  EXPECT_EQ(wheel.next_deadline(), kNever);
  EXPECT_EQ(run(kStart + hours(1)), Fired{});
}

TEST_F(Wheel, WhatIsArmedForThePastByACallbackFiresAtTheNextTick) {
  int calls = 0;
  wheel.arm(1, kStart);
  wheel.run(kStart + milliseconds(3), 1000, [&](std::uint32_t entry) {
    if (++calls < 100) wheel.arm(entry, kStart);
  });
  EXPECT_EQ(calls, 4) << "once a tick, and run() ends";
}

TEST_F(Wheel, AMassExpiryStopsAtItsBudgetAndGoesOn) {
  for (std::uint32_t entry = 0; entry < 100; ++entry) wheel.arm(entry, kStart + milliseconds(7));
  EXPECT_EQ(run(kStart + milliseconds(50), 30).size(), 30U);
  EXPECT_LE(wheel.next_deadline(), kStart + milliseconds(50));
  EXPECT_EQ(run(kStart + milliseconds(50), 1000).size(), 70U);
}

TEST_F(Wheel, ALongSleepIsCaughtUpWithInOneCall) {
  wheel.arm(1, kStart + hours(24 * 60));  // beyond the horizon of 49 days
  wheel.arm(2, kStart + hours(2));
  EXPECT_EQ(run(kStart + hours(3)), Fired{2});
  EXPECT_EQ(run(kStart + hours(24 * 60) - milliseconds(1)), Fired{});
  EXPECT_EQ(run(kStart + hours(24 * 60)), Fired{1});
}

TEST_F(Wheel, AgreesWithASortedMapOverManyRandomRuns) {
  SeededRandom random(5);
  std::map<std::uint32_t, Instant> model;
  Instant now = kStart;
  for (int step = 0; step < 20'000; ++step) {
    const auto entry = static_cast<std::uint32_t>(random.next() % 100);
    const std::uint64_t scale = random.next() % 4;
    const auto reach = static_cast<Duration::rep>(random.next() % (100ULL << (7 * scale)));
    switch (random.next() % 4) {
      case 0:
        wheel.disarm(entry);
        model.erase(entry);
        break;
      case 1: {
        now += milliseconds(reach / 50);
        std::map<std::uint32_t, Instant> expected;
        for (const auto& [each, due] : model) {
          if (due <= now) expected.emplace(each, due);
        }
        Instant earliest = kNever;
        for (const auto& [each, due] : model) earliest = std::min(earliest, due);
        ASSERT_LE(wheel.next_deadline(), earliest) << "step " << step;
        for (const std::uint32_t fired : run(now)) {
          ASSERT_EQ(expected.erase(fired), 1U) << "step " << step;
          model.erase(fired);
        }
        ASSERT_TRUE(expected.empty()) << "step " << step;
        break;
      }
      default:
        model[entry] = now + milliseconds(1 + reach);
        wheel.arm(entry, model[entry]);
        break;
    }
  }
}

TEST_F(Wheel, FollowingNextDeadlineReachesEveryEntryInFewSteps) {
  wheel.arm(1, kStart + hours(2));
  int steps = 0;
  Instant now = kStart;
  while (wheel.armed(1) && steps < 20) {
    now = std::max(now + milliseconds(1), wheel.next_deadline());
    ++steps;
    run(now);
  }
  EXPECT_EQ(now, kStart + hours(2));
  EXPECT_LT(steps, 10);
}

}  // namespace
}  // namespace limpid::flow
