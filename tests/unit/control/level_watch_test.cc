#include "control/level_watch.h"

#include <gtest/gtest.h>

namespace limpid::control {
namespace {

using flow::Level;

struct LevelWatchTest : testing::Test {
  std::vector<std::string> lines;
  std::vector<bool> grave;
  LevelWatch watch{2, [this](bool is_grave, const std::string& line) {
                     lines.push_back(line);
                     grave.push_back(is_grave);
                   }};
};

TEST_F(LevelWatchTest, SaysEachChangeOnce) {
  watch.look(0, {Level::kGreen, 1, 2});
  EXPECT_TRUE(lines.empty());
  for (int i = 0; i < 3; ++i) watch.look(0, {Level::kRed, 90, 12});
  ASSERT_EQ(lines.size(), 1U);
  EXPECT_EQ(
      lines[0],
      "worker 0: level red (before: green): stream memory 90 % in use, packet buffers 12 %; no new sessions "
      "are intercepted, and those that stand still are ended");
  watch.look(0, {Level::kYellow, 70, 12});
  watch.look(0, {Level::kGreen, 10, 12});
  EXPECT_EQ(grave, (std::vector<bool>{true, false, false}));
}

TEST_F(LevelWatchTest, TellsWorkersApart) {
  watch.look(0, {Level::kYellow, 70, 0});
  watch.look(1, {Level::kYellow, 0, 70});
  ASSERT_EQ(lines.size(), 2U);
  EXPECT_TRUE(lines[1].starts_with("worker 1: level yellow"));
}

}  // namespace
}  // namespace limpid::control
