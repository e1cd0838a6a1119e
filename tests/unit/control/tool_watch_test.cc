#include "control/tool_watch.h"

#include <gtest/gtest.h>

#include <chrono>

#include "tests/support/manual_clock.h"

namespace limpid::control {
namespace {

using tool::HealthChange;
using tool::HealthState;

class ToolWatchTest : public ::testing::Test {
 protected:
  ToolWatch watch() {
    ToolWatch::Watched ips{.name = "ips",
                           .board = &board,
                           .link_up = [this] { return link; },
                           .tell =
                               [this](bool up) {
                                 if (takes) told.push_back(up);
                                 return takes;
                               }};
    return {{ips},
            [this](bool grave, const std::string& line) { lines += (grave ? "! " : "  ") + line + "\n"; },
            clock};
  }

  ManualClock clock;
  tool::HealthBoard board;
  bool link = true;
  bool takes = true;
  std::vector<bool> told;
  std::string lines;
};

TEST_F(ToolWatchTest, TellsTheWorkerOfEachChangeOfTheCarrierOnce) {
  ToolWatch watching = watch();
  watching.look();
  EXPECT_TRUE(told.empty()) << "a tool is taken to have a carrier";
  link = false;
  watching.look();
  watching.look();
  EXPECT_EQ(told, std::vector<bool>({false}));
  link = true;
  watching.look();
  EXPECT_EQ(told, std::vector<bool>({false, true}));
}

TEST_F(ToolWatchTest, TellsItAgainWhereTheWorkerCouldNotTakeIt) {
  ToolWatch watching = watch();
  link = takes = false;
  watching.look();
  EXPECT_TRUE(told.empty());
  takes = true;
  watching.look();
  EXPECT_EQ(told, std::vector<bool>({false}));
}

TEST_F(ToolWatchTest, WritesEveryChangeWithItsCause) {
  ToolWatch watching = watch();
  board.changes.push({.from = HealthState::kUp, .to = HealthState::kSuspect, .round = {.b_to_a = true}});
  board.changes.push({.from = HealthState::kSuspect,
                      .to = HealthState::kDown,
                      .cause = Reason::tool_heartbeat_lost,
                      .round = {.a_to_b = true}});
  board.changes.push({.from = HealthState::kDown, .to = HealthState::kRecovering});
  board.changes.push({.from = HealthState::kRecovering, .to = HealthState::kUp});
  board.changes.push({.from = HealthState::kUp, .to = HealthState::kDown, .cause = Reason::tool_link_down});
  watching.look();
  EXPECT_EQ(
      lines,
      "! tool ips: suspect (before: up): a heartbeat was missed; from side_a to side_b\n"
      "! tool ips: down (before: suspect): heartbeats through an inline tool did not come back in time: the "
      "tool is down (tool_heartbeat_lost; from side_b to side_a)\n"
      "  tool ips: recovering (before: down): it shows signs of life, and is used when it has been well for "
      "the time of recovery\n"
      "  tool ips: up (before: recovering): new sessions go through it\n"
      "! tool ips: down (before: up): a port of an inline tool has no carrier: the tool is down "
      "(tool_link_down)\n");
  lines.clear();
  watching.look();
  EXPECT_EQ(lines, "") << "each once";
}

class GroupWatchTest : public ToolWatchTest {
 protected:
  void watch_group(ToolWatch& watching, tool::OnFailure on_failure) {
    status.emplace(std::vector<const tool::HealthBoard*>{&board}, std::vector<const tool::HealthBoard*>{}, 1,
                   on_failure);
    watching.watch({.name = "group ips",
                    .status = &*status,
                    .set_ports = [this](bool up) { ports.push_back(up); },
                    .resetting = [this] { return resetting; }});
  }
  std::optional<tool::GroupStatus> status;
  std::vector<bool> ports;
  bool resetting = false;
};

TEST_F(GroupWatchTest, SaysOnceThatAGroupHasFailedWhatThatMeansAndThatItIsUsedAgain) {
  ToolWatch watching = watch();
  watch_group(watching, tool::OnFailure::kBypass);
  board.state = HealthState::kDown;
  watching.look();
  watching.look();
  board.state = HealthState::kUp;
  watching.look();
  EXPECT_EQ(lines,
            "! group ips has failed (0 of the 1 tools that it needs work): new sessions go past it\n"
            "  group ips is used (1 of the 1 tools that it needs work)\n");
  EXPECT_TRUE(ports.empty()) << "only where the operator says so";
}

TEST_F(GroupWatchTest, SetsThePortsDownAndUpAgainWhereTheOperatorSaysSo) {
  ToolWatch watching = watch();
  watch_group(watching, tool::OnFailure::kPortsDown);
  watching.look();
  EXPECT_TRUE(ports.empty());
  board.state = HealthState::kDown;
  watching.look();
  watching.look();
  EXPECT_EQ(ports, std::vector<bool>({false}));
  board.state = HealthState::kRecovering;
  watching.look();
  EXPECT_EQ(ports, std::vector<bool>({false}));
  board.state = HealthState::kUp;
  watching.look();
  EXPECT_EQ(ports, std::vector<bool>({false, true}));
}

TEST_F(GroupWatchTest, PortsGoDownAfterTheResetsOfTheToolsSessions) {
  ToolWatch watching = watch();
  watch_group(watching, tool::OnFailure::kPortsDown);
  resetting = true;
  board.state = HealthState::kDown;
  for (int i = 0; i < 5; ++i) watching.look();
  EXPECT_TRUE(ports.empty());
  resetting = false;
  watching.look();
  EXPECT_TRUE(ports.empty()) << "the last resets leave";
  watching.look();
  EXPECT_EQ(ports, std::vector<bool>({false}));
}

TEST_F(GroupWatchTest, PortsWaitForResetsNoLongerThanASecond) {
  ToolWatch watching = watch();
  watch_group(watching, tool::OnFailure::kPortsDown);
  resetting = true;
  board.state = HealthState::kDown;
  watching.look();
  clock.advance(std::chrono::milliseconds{999});
  watching.look();
  EXPECT_TRUE(ports.empty());
  clock.advance(std::chrono::milliseconds{1});
  watching.look();
  EXPECT_EQ(ports, std::vector<bool>({false}));
}

TEST_F(GroupWatchTest, PortsStayDownForAnotherGroupThatHasFailed) {
  tool::HealthBoard other_board;
  const tool::GroupStatus other({&other_board}, {}, 1, tool::OnFailure::kPortsDown);
  ToolWatch watching = watch();
  watch_group(watching, tool::OnFailure::kPortsDown);
  watching.watch({.name = "group dlp",
                  .status = &other,
                  .set_ports = [this](bool up) { ports.push_back(up); },
                  .resetting = [] { return false; }});
  board.state = other_board.state = HealthState::kDown;
  watching.look();
  watching.look();
  EXPECT_EQ(ports, std::vector<bool>({false, false}));
  board.state = HealthState::kUp;
  watching.look();
  EXPECT_EQ(ports, std::vector<bool>({false, false}));
  other_board.state = HealthState::kUp;
  watching.look();
  EXPECT_EQ(ports, std::vector<bool>({false, false, true}));
}

TEST_F(GroupWatchTest, PortsStayUpWhereTheToolRecoversBeforeTheyWereSetDown) {
  ToolWatch watching = watch();
  watch_group(watching, tool::OnFailure::kPortsDown);
  resetting = true;
  board.state = HealthState::kDown;
  watching.look();
  board.state = HealthState::kUp;
  resetting = false;
  watching.look();
  watching.look();
  EXPECT_TRUE(ports.empty());
}

TEST_F(GroupWatchTest, PortsStayUpWhereTheOperatorTakesTheToolOutOfService) {
  ToolWatch watching = watch();
  watch_group(watching, tool::OnFailure::kPortsDown);
  const auto changed = watching.set_service("ips", false);
  ASSERT_TRUE(changed);
  EXPECT_FALSE(changed->in_service);
  EXPECT_EQ(changed->state, "up");
  EXPECT_FALSE(board.serves());
  EXPECT_TRUE(ports.empty());
  EXPECT_EQ(lines,
            "  tool ips: out of service, as the operator says\n"
            "  group ips is out of service: new sessions go past it\n");
}

TEST_F(GroupWatchTest, ServiceIsOfToolsThatAreThere) {
  ToolWatch watching = watch();
  EXPECT_EQ(watching.set_service("isp", false).error(), "there is no inline tool \"isp\"; there are: ips");
}

}  // namespace
}  // namespace limpid::control
