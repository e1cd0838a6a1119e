#include "dataplane/tool/group_status.h"

#include <gtest/gtest.h>

#include <array>
#include <map>

#include "dataplane/base/random.h"

namespace limpid::tool {
namespace {

using Way = GroupStatus::Way;

constexpr int kFlows = 10'000;

/// Three members and two spares, unless said otherwise.
class GroupStatusTest : public ::testing::Test {
 protected:
  GroupStatus group(std::size_t members = 3, std::size_t spares = 2, std::size_t least_healthy = 2) {
    std::vector<const HealthBoard*> first;
    std::vector<const HealthBoard*> further;
    for (std::size_t i = 0; i < members; ++i) first.push_back(&boards[i]);
    for (std::size_t i = 0; i < spares; ++i) further.push_back(&boards[members + i]);
    return {first, further, least_healthy, OnFailure::kReset};
  }
  /// The tool of each of many flows.
  static std::vector<std::size_t> choices(const GroupStatus& status) {
    SeededRandom random(3);
    std::vector<std::size_t> chosen;
    for (int i = 0; i < kFlows; ++i) chosen.push_back(status.choose(random.next()).value());
    return chosen;
  }
  void fails(std::size_t tool) { boards[tool].state = HealthState::kDown; }
  void works_again(std::size_t tool) { boards[tool].state = HealthState::kUp; }
  void out_of_service(std::size_t tool) { boards[tool].in_service = false; }

  std::array<HealthBoard, 8> boards;
};

TEST_F(GroupStatusTest, MembersShareTheFlowsEvenlyAndSparesHaveNone) {
  std::map<std::size_t, int> share;
  for (const std::size_t tool : choices(group())) ++share[tool];
  ASSERT_EQ(share.size(), 3U);
  for (const auto& [tool, flows] : share) EXPECT_NEAR(flows, kFlows / 3, kFlows / 30) << tool;
}

TEST_F(GroupStatusTest, WithoutSparesOnlyTheFlowsOfAFailedMemberMove) {
  const GroupStatus status = group(4, 0, 1);
  const auto before = choices(status);
  fails(1);
  const auto after = choices(status);
  std::map<std::size_t, int> moved_to;
  for (int i = 0; i < kFlows; ++i) {
    const auto at = static_cast<std::size_t>(i);
    if (before[at] == 1) {
      ++moved_to[after[at]];
    } else {
      EXPECT_EQ(after[at], before[at]);
    }
  }
  EXPECT_EQ(moved_to.size(), 3U) << "all others take their share";
  works_again(1);
  EXPECT_EQ(choices(status), before) << "and they come back";
}

TEST_F(GroupStatusTest, ASpareTakesThePlaceOfAFailedMemberAndNoOtherFlowMoves) {
  const GroupStatus status = group();
  const auto before = choices(status);
  fails(2);
  const auto after = choices(status);
  for (std::size_t i = 0; i < before.size(); ++i) EXPECT_EQ(after[i], before[i] == 2 ? 3 : before[i]);
  EXPECT_EQ(status.way(), Way::kThrough);
}

TEST_F(GroupStatusTest, ASpareThatFailsIsReplacedByTheNext) {
  const GroupStatus status = group();
  fails(0);
  fails(3);
  for (const std::size_t tool : choices(status)) EXPECT_TRUE(tool == 1 || tool == 2 || tool == 4);
  EXPECT_EQ(status.served(), 3U);
}

TEST_F(GroupStatusTest, AToolThatIsOnlySuspectKeepsItsFlowsAndOneThatRecoversHasNone) {
  const GroupStatus status = group(2, 0, 1);
  boards[0].state = HealthState::kSuspect;
  EXPECT_EQ(status.served(), 2U);
  boards[0].state = HealthState::kRecovering;
  EXPECT_EQ(status.served(), 1U);
}

TEST_F(GroupStatusTest, FailsWithTooFewMembersThoughSomeWork) {
  const GroupStatus status = group(3, 0, 2);
  fails(0);
  EXPECT_EQ(status.way(), Way::kThrough);
  fails(1);
  EXPECT_EQ(status.way(), Way::kFailed);
}

TEST_F(GroupStatusTest, AToolOfItsOwnFailsWhenItIsDown) {
  const GroupStatus status = group(1, 0, 1);
  EXPECT_EQ(status.way(), Way::kThrough);
  fails(0);
  EXPECT_EQ(status.way(), Way::kFailed);
}

TEST_F(GroupStatusTest, ANextToolIsChosenUntilAllWereTried) {
  const GroupStatus status = group(3, 0, 1);
  GroupStatus::Tried tried = 0;
  for (int i = 0; i < 3; ++i) {
    const auto tool = status.choose(42, tried);
    ASSERT_TRUE(tool);
    EXPECT_EQ(tried >> *tool & 1U, 0U) << "each once";
    tried |= GroupStatus::Tried{1} << *tool;
  }
  EXPECT_FALSE(status.choose(42, tried));
}

TEST_F(GroupStatusTest, WhatTheOperatorTakesOutOfServiceIsNotMissed) {
  const GroupStatus status = group(3, 0, 3);
  out_of_service(0);
  EXPECT_EQ(status.way(), Way::kThrough) << "the others take its flows";
  for (const std::size_t tool : choices(status)) EXPECT_NE(tool, 0U);
  out_of_service(1);
  EXPECT_EQ(status.way(), Way::kThrough);
  out_of_service(2);
  EXPECT_EQ(status.way(), Way::kPast) << "flows go past the group, whatever its failure would mean";
}

TEST_F(GroupStatusTest, AFailureIsAFailureThoughOtherMembersAreOutOfService) {
  const GroupStatus status = group(2, 0, 1);
  out_of_service(0);
  fails(1);
  EXPECT_EQ(status.way(), Way::kFailed);
}

TEST_F(GroupStatusTest, ASpareStandsInForAMemberThatIsOutOfService) {
  const GroupStatus status = group(1, 1, 1);
  out_of_service(0);
  EXPECT_EQ(status.way(), Way::kThrough);
  EXPECT_EQ(status.choose(1), 1U);
}

}  // namespace
}  // namespace limpid::tool
