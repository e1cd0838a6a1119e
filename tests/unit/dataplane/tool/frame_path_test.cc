#include "dataplane/tool/frame_path.h"

#include <gtest/gtest.h>

#include <deque>
#include <optional>
#include <vector>

#include "tests/unit/dataplane/tool/passage_lab.h"

namespace limpid::tool {
namespace {

using Taken = flow::FrameDetour::Taken;

struct KeptFrames final : PacketOutput {
  bool send(Bytes frame) override {
    frames.emplace_back(frame.begin(), frame.end());
    return true;
  }
  void send(wire::Packet packet) override { send(Bytes(packet.bytes())); }
  std::vector<Frame> frames;
};

class FramePathTest : public ::testing::Test {
 protected:
  struct Place {
    Place(wire::PacketPool& pool, Random& random) : tool({}, pool, random, bridge.side_a(), bridge.side_b()) {
      tool.watch(board, HeartbeatFrames({}));
    }
    BridgeTool bridge;
    HealthBoard board;
    InlineTool tool;
  };

  ToolGroup& add_group(std::size_t members, OnFailure on_failure = OnFailure::kReset) {
    std::vector<const HealthBoard*> boards;
    std::vector<InlineTool*> tools;
    for (std::size_t i = 0; i < members; ++i) {
      Place& place = places_.emplace_back(pool_, random_);
      boards.push_back(&place.board);
      tools.push_back(&place.tool);
    }
    statuses_.emplace_back(boards, std::vector<const HealthBoard*>{}, 1, on_failure);
    return groups_.emplace_back(ToolGroupSettings{}, statuses_.back(), tools);
  }
  void open() {
    std::vector<ToolGroup*> groups;
    for (ToolGroup& each : groups_) groups.push_back(&each);
    path_.emplace(groups, std::vector<FramePath::Exits>{{client_side_, server_side_}});
  }
  Taken take(const Frame& frame, flow::Side side = flow::Side::kClient) {
    wire::Packet packet = pool_.packet(frame);
    return path_->take(packet, {.segment = 0, .side = side});
  }
  void settle() {
    bool moved = true;
    while (moved) {
      moved = false;
      for (Place& each : places_) moved = each.bridge.pass(each.tool, pool_, now_) || moved;
    }
  }
  static Frame arp() {
    Frame frame = frames::ethernet({}, 0x0806);
    frame.resize(60);
    return frame;
  }
  /// A datagram from that host to this.
  static Frame datagram(const char* from, const char* to) {
    const frames::Tcp ends{.source = from, .destination = to};
    Frame frame = frames::ethernet(ends, 0x0800);
    frames::put_ip(frame, ends, 17, 8);
    frames::put(frame, 0x1234123400080000U, 8);
    return frame;
  }

  Instant now_ = kStart;
  wire::MemoryPacketPool pool_;
  SeededRandom random_{1};
  KeptFrames client_side_;
  KeptFrames server_side_;
  std::deque<Place> places_;
  std::deque<GroupStatus> statuses_;
  std::deque<ToolGroup> groups_;
  std::optional<FramePath> path_;
};

TEST_F(FramePathTest, EveryFrameGoesThroughAllToolsInOrderAndLeavesAsItWas) {
  add_group(1);
  add_group(1);
  open();
  EXPECT_EQ(take(arp()), Taken::kYes);
  EXPECT_EQ(places_[0].bridge.sent().size(), 1U);
  EXPECT_TRUE(places_[1].bridge.sent().empty());
  settle();
  EXPECT_EQ(server_side_.frames, (std::vector<Frame>{arp()}));
  EXPECT_TRUE(client_side_.frames.empty());
}

TEST_F(FramePathTest, FromTheServerSideItGoesTheOppositeWay) {
  add_group(1);
  add_group(1);
  open();
  take(arp(), flow::Side::kServer);
  EXPECT_TRUE(places_[0].bridge.sent().empty());
  ASSERT_EQ(places_[1].bridge.sent().size(), 1U);
  EXPECT_EQ(places_[1].bridge.sent()[0].first, ToolSide::kB);
  settle();
  EXPECT_EQ(client_side_.frames, (std::vector<Frame>{arp()}));
}

TEST_F(FramePathTest, WhatTheToolDropsIsGoneAndWhatItSaysItselfPasses) {
  add_group(1);
  open();
  places_[0].bridge.filter = [](ToolSide, const Frame&) { return std::nullopt; };
  take(arp());
  settle();
  EXPECT_TRUE(server_side_.frames.empty());
  places_[0].tool.on_packet(pool_.packet(arp()), ToolSide::kA, now_);
  EXPECT_EQ(client_side_.frames.size(), 1U);
  EXPECT_EQ(places_[0].tool.counters().flow_frames_in, 1U);
  EXPECT_EQ(places_[0].tool.counters().flow_frames_out, 1U);
  EXPECT_EQ(places_[0].tool.counters().frames_foreign, 0U);
}

TEST_F(FramePathTest, WhatPassesBetweenTwoHostsUsesOneMemberInBothDirections) {
  add_group(4);
  open();
  std::size_t used = 0;
  for (int host = 1; host < 60; ++host) {
    const std::string name = "10.0.0." + std::to_string(host) + ":4444";
    take(datagram(name.c_str(), "192.0.2.7:53"));
    take(datagram("192.0.2.7:53", name.c_str()), flow::Side::kServer);
  }
  for (const Place& each : places_) {
    used += static_cast<std::size_t>(!each.bridge.sent().empty());
    std::size_t to_b = 0;
    for (const auto& [side, frame] : each.bridge.sent())
      to_b += static_cast<std::size_t>(side == ToolSide::kA);
    EXPECT_EQ(2 * to_b, each.bridge.sent().size());
  }
  EXPECT_EQ(used, 4U);
}

TEST_F(FramePathTest, ABypassedNetworkIsPastAllToolsFromBothSides) {
  add_group(1);
  add_group(1, OnFailure::kBypassNetwork);
  open();
  places_[1].board.state = HealthState::kDown;
  EXPECT_EQ(take(arp()), Taken::kPast);
  EXPECT_EQ(take(arp(), flow::Side::kServer), Taken::kPast);
  EXPECT_TRUE(places_[0].bridge.sent().empty());
}

TEST_F(FramePathTest, WhereTheToolIsDownItsOnFailureDecides) {
  for (const auto& [on_failure, taken] :
       std::vector<std::pair<OnFailure, Taken>>{{OnFailure::kReset, Taken::kRefused},
                                                {OnFailure::kBypass, Taken::kPast},
                                                {OnFailure::kBypassNetwork, Taken::kPast},
                                                {OnFailure::kPortsDown, Taken::kRefused}}) {
    groups_.clear();
    add_group(1, on_failure);
    places_.back().board.state = HealthState::kDown;
    open();
    EXPECT_EQ(take(arp()), taken);
  }
}

TEST_F(FramePathTest, PastAToolOfTheRowThatIsOutOfServiceItGoesOnToTheNext) {
  add_group(1);
  add_group(1);
  places_[0].board.in_service = false;
  open();
  EXPECT_EQ(take(arp()), Taken::kYes);
  EXPECT_TRUE(places_[0].bridge.sent().empty());
  settle();
  EXPECT_EQ(server_side_.frames.size(), 1U);
}

TEST_F(FramePathTest, HeartbeatsAreNobodysFrames) {
  add_group(1);
  open();
  places_[0].tool.judge({}, now_);
  places_[0].tool.run(now_);
  now_ += seconds(1);
  places_[0].tool.run(now_);
  settle();
  EXPECT_FALSE(places_[0].bridge.sent().empty());
  EXPECT_TRUE(server_side_.frames.empty());
  EXPECT_TRUE(client_side_.frames.empty());
}

}  // namespace
}  // namespace limpid::tool
