#include "dataplane/tool/health.h"

#include <gtest/gtest.h>

namespace limpid::tool {
namespace {

using std::chrono::seconds;

constexpr Instant kStart{seconds(100)};
constexpr HeartbeatRound kGood{.a_to_b = true, .b_to_a = true};
constexpr HeartbeatRound kLost{};
constexpr HeartbeatRound kPassedWhatItMustStop{.a_to_b = true, .b_to_a = true, .stopped = false};

Health down(const HealthSettings& settings = {}) {
  Health health(settings);
  for (std::uint32_t i = 0; i < settings.misses; ++i) health.on_round(kLost, kStart);
  EXPECT_EQ(health.state(), HealthState::kDown);
  return health;
}

TEST(Health, ANewToolIsTrusted) {
  EXPECT_EQ(Health({}).state(), HealthState::kUp);
  EXPECT_EQ(Health({}).cause(), Reason::none);
}

TEST(Health, AsManyMissesInARowAsConfiguredMakeItDown) {
  Health health({.misses = 3});
  health.on_round(kLost, kStart);
  EXPECT_EQ(health.state(), HealthState::kSuspect);
  health.on_round(kLost, kStart);
  EXPECT_EQ(health.state(), HealthState::kSuspect);
  EXPECT_TRUE(works(health.state()));
  health.on_round(kLost, kStart);
  EXPECT_EQ(health.state(), HealthState::kDown);
  EXPECT_EQ(health.cause(), Reason::tool_heartbeat_lost);
  EXPECT_FALSE(works(health.state()));
}

TEST(Health, OneMissIsEnoughWhereTheOperatorSaysSo) {
  Health health({.misses = 1});
  health.on_round(kLost, kStart);
  EXPECT_EQ(health.state(), HealthState::kDown);
}

TEST(Health, AGoodRoundAmongMissesBeginsTheCountAnew) {
  Health health({.misses = 2});
  for (int i = 0; i < 5; ++i) {
    health.on_round(kLost, kStart);
    EXPECT_EQ(health.state(), HealthState::kSuspect);
    health.on_round(kGood, kStart);
    EXPECT_EQ(health.state(), HealthState::kUp);
  }
}

TEST(Health, AHeartbeatOfOneDirectionAloneIsAMiss) {
  for (const HeartbeatRound half : {HeartbeatRound{.a_to_b = true}, HeartbeatRound{.b_to_a = true}}) {
    Health health({.misses = 1});
    health.on_round(half, kStart);
    EXPECT_EQ(health.state(), HealthState::kDown);
  }
}

TEST(Health, AToolThatComesBackHasToBeWellForTheWholeTimeOfRecovery) {
  Health health = down({.recovery = seconds(30)});
  health.on_round(kGood, kStart);
  EXPECT_EQ(health.state(), HealthState::kRecovering);
  EXPECT_FALSE(works(health.state()));
  EXPECT_EQ(health.deadline(), kStart + seconds(30));
  health.on_time(kStart + seconds(29));
  EXPECT_EQ(health.state(), HealthState::kRecovering);
  health.on_time(kStart + seconds(30));
  EXPECT_EQ(health.state(), HealthState::kUp);
  EXPECT_EQ(health.deadline(), kNever);
}

TEST(Health, OneMissWhileItRecoversAndTheTimeBeginsAnew) {
  Health health = down({.recovery = seconds(30)});
  health.on_round(kGood, kStart);
  health.on_round(kLost, kStart + seconds(29));
  EXPECT_EQ(health.state(), HealthState::kDown);
  EXPECT_EQ(health.deadline(), kNever);
  health.on_round(kGood, kStart + seconds(40));
  EXPECT_EQ(health.deadline(), kStart + seconds(70));
}

TEST(Health, ALostCarrierMakesItDownAtOnceAndOnlyAHeartbeatEndsThat) {
  Health health({});
  health.on_link(false, kStart);
  EXPECT_EQ(health.state(), HealthState::kDown);
  EXPECT_EQ(health.cause(), Reason::tool_link_down);
  health.on_round(kGood, kStart);
  EXPECT_EQ(health.state(), HealthState::kDown) << "a straggler from before";
  health.on_link(true, kStart);
  EXPECT_EQ(health.state(), HealthState::kDown);
  health.on_round(kGood, kStart);
  EXPECT_EQ(health.state(), HealthState::kRecovering);
}

TEST(Health, WithoutHeartbeatsTheCarrierAloneDecides) {
  Health health({.heartbeats = false, .recovery = seconds(5)});
  health.on_link(false, kStart);
  EXPECT_EQ(health.state(), HealthState::kDown);
  health.on_link(true, kStart + seconds(1));
  EXPECT_EQ(health.state(), HealthState::kRecovering);
  health.on_time(kStart + seconds(6));
  EXPECT_EQ(health.state(), HealthState::kUp);
}

TEST(Health, ANegativeHeartbeatThatComesThroughMakesItDownAtOnce) {
  Health health({});
  health.on_negative_returned();
  EXPECT_EQ(health.state(), HealthState::kDown);
  EXPECT_EQ(health.cause(), Reason::tool_not_inspecting);
  health.on_round(kPassedWhatItMustStop, kStart);
  EXPECT_EQ(health.state(), HealthState::kDown) << "though it passes what it may pass";
  health.on_round(kGood, kStart);
  EXPECT_EQ(health.state(), HealthState::kRecovering);
  health.on_round(kPassedWhatItMustStop, kStart);
  EXPECT_EQ(health.state(), HealthState::kDown);
}

TEST(Health, TheFirstCauseStandsUntilItHasRecovered) {
  Health health = down();
  health.on_link(false, kStart);
  EXPECT_EQ(health.cause(), Reason::tool_heartbeat_lost);
}

}  // namespace
}  // namespace limpid::tool
