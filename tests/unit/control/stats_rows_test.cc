#include "control/stats_rows.h"

#include <gtest/gtest.h>

#include <map>

#include "control/protocol.h"

namespace limpid::control {
namespace {

std::map<std::string, std::uint64_t> counted(const Stats& stats) {
  std::map<std::string, std::uint64_t> counts;
  for (const ReasonCount& row : stats.reasons) counts[row.reason] += row.count;
  return counts;
}

TEST(StatsRows, EveryMirrorHasItsRowAndItsLossesAreAmongTheReasons) {
  Stats stats;
  add_mirror(stats, "recorder", "pcapng",
             {.sessions = 2, .packets = 30, .bytes = 4'000, .lost_queue = 5, .lost_write = 6}, 8);
  add_mirror(stats, "ids", "interface", {.sessions = 3, .packets = 40, .bytes = 5'000, .lost_queue = 7});
  ASSERT_EQ(stats.mirrors.size(), 2U);
  EXPECT_EQ(stats.mirrors[0].left_out, 8U);
  EXPECT_EQ(stats.mirrors[1].left_out, 0U);
  EXPECT_EQ(stats.mirrors[1].tool, "ids");
  EXPECT_EQ(stats.mirrors[1].kind, "interface");
  EXPECT_EQ(stats.mirrors[1].packets, 40U);
  EXPECT_EQ(stats.mirrors[1].bytes, 5'000U);
  EXPECT_EQ(stats.mirrors[1].lost_queue, 7U);
  EXPECT_EQ(counted(stats),
            (std::map<std::string, std::uint64_t>{{"mirror_queue_full", 12}, {"mirror_write_failed", 6}}));
  EXPECT_EQ(stats.reasons.size(), 2U) << "one row for each reason";
}

TEST(StatsRows, AFailedWriteOfTheInventoryIsAmongTheReasons) {
  Stats stats;
  InventoryStats inventory;
  inventory.failures = 3;
  add_inventory(stats, inventory);
  EXPECT_EQ(stats.inventory.failures, 3U);
  EXPECT_EQ(counted(stats), (std::map<std::string, std::uint64_t>{{"inventory_write_failed", 3}}));
}

TEST(StatsRows, WhatDidNotHappenHasNoRow) {
  Stats stats;
  add_mirror(stats, "recorder", "pcapng", {});
  add_inventory(stats, {});
  add_reasons(stats, {});
  EXPECT_TRUE(stats.reasons.empty());
}

TEST(StatsRows, WorkersAndPartsCountOneReasonTogether) {
  Stats stats;
  ReasonCounters counters;
  counters.count(Reason::record_queue_full, 2);
  add_reasons(stats, counters);
  add_reason(stats, Reason::record_queue_full, 3);
  EXPECT_EQ(counted(stats), (std::map<std::string, std::uint64_t>{{"record_queue_full", 5}}));
}

TEST(StatsRows, APortShowsWhatItRefusedInTextAndJson) {
  Stats stats;
  add_port(stats, "d0",
           {.packets_received = 1,
            .packets_transmitted = 2,
            .receive_missed = 3,
            .receive_refused = 4,
            .transmit_refused = 5});
  const std::string text = stats_text(stats);
  EXPECT_NE(text.find("port d0 receive refused       4\n"), std::string::npos) << text;
  EXPECT_NE(text.find("port d0 transmit refused      5\n"), std::string::npos) << text;
  const std::string json = stats_json(stats);
  EXPECT_NE(json.find("\"port d0 receive refused\": 4"), std::string::npos) << json;
  EXPECT_NE(json.find("\"port d0 transmit refused\": 5"), std::string::npos) << json;
}

TEST(StatsRows, AnInlineToolsOpeningIsShownOnAverageAndItsBypassesAmongTheReasons) {
  Stats stats;
  tool::InlineToolCounters counters;
  counters.passages = 5;
  counters.opened = 4;
  counters.unreachable = 1;
  counters.opening = std::chrono::microseconds(1'000);
  counters.modified = 3;
  for (int us = 1; us <= 100; ++us) counters.transit.record(std::chrono::microseconds(us));
  counters.own.record(std::chrono::microseconds(7));
  add_inline_tool(stats, "ips", "bypass", counters, tool::HealthBoard(), {.bypassed = 1});
  ASSERT_EQ(stats.inline_tools.size(), 1U);
  EXPECT_EQ(stats.inline_tools[0].opening_us, 250U);
  EXPECT_EQ(stats.inline_tools[0].sessions, 5U);
  EXPECT_EQ(stats.inline_tools[0].modified, 3U);
  EXPECT_EQ(stats.inline_tools[0].transit_p50_us, 56U);
  EXPECT_EQ(stats.inline_tools[0].transit_p99_us, 112U);
  EXPECT_EQ(stats.inline_tools[0].own_p50_us, 8U);
  ASSERT_EQ(stats.reasons.size(), 1U);
  EXPECT_EQ(stats.reasons[0].reason, "tool_bypassed");
}

TEST(StatsRows, WhatIsNotDecryptedIsCountedInAndOutOfItsTool) {
  Stats stats;
  tool::InlineToolCounters counters;
  add_inline_tool(stats, "ips", "reset", counters, tool::HealthBoard(), {});
  EXPECT_EQ(tools_text(stats).find("HELD BACK"), std::string::npos) << "nothing of that kind goes through it";
  counters.flows = 9;
  counters.now_flows = 2;
  counters.flow_frames_in = 1'000;
  counters.flow_frames_out = 877;
  add_inline_tool(stats, "dlp", "reset", counters, tool::HealthBoard(), {});
  EXPECT_EQ(stats.inline_tools.at(1).now_flows, 2U);
  const std::string text = tools_text(stats);
  EXPECT_NE(text.find("HELD BACK"), std::string::npos) << text;
  EXPECT_NE(text.find(" 123 "), std::string::npos) << text;
}

TEST(StatsRows, AnInlineToolsHealthIsReadFromItsBoard) {
  tool::HealthBoard board;
  board.state = tool::HealthState::kDown;
  board.cause = Reason::tool_link_down;
  board.failures = 2;
  board.rounds = 30;
  board.missed = 4;
  board.in_service = false;
  Stats stats;
  add_inline_tool(stats, "ips", "reset", {}, board, {.past = 3, .refused = 2});
  const InlineToolStats& row = stats.inline_tools.at(0);
  EXPECT_EQ(row.state, "down");
  EXPECT_EQ(row.cause, "tool_link_down");
  EXPECT_FALSE(row.in_service);
  EXPECT_EQ(row.failures, 2U);
  EXPECT_EQ(row.heartbeats, 30U);
  EXPECT_EQ(row.heartbeats_missed, 4U);
  EXPECT_EQ(row.past, 3U);
  EXPECT_EQ(row.refused, 2U);
  EXPECT_NE(tools_text(stats).find("out of service (down)"), std::string::npos) << tools_text(stats);
}

}  // namespace
}  // namespace limpid::control
