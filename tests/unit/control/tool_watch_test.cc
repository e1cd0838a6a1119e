#include "control/tool_watch.h"

#include <gtest/gtest.h>

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
            [this](bool grave, const std::string& line) { lines += (grave ? "! " : "  ") + line + "\n"; }};
  }

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

}  // namespace
}  // namespace limpid::control
