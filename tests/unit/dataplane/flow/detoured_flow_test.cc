#include "dataplane/flow/detoured_flow.h"

#include <gtest/gtest.h>

#include <deque>

#include "dataplane/tcp/segment.h"
#include "tests/unit/dataplane/flow/scripted_detour.h"

namespace limpid::flow {
namespace {

using Belief = DetouredFlow::Belief;

struct NoOutput final : DetourOutput {
  void leave(std::uint32_t, wire::Packet, const wire::PacketView&, bool) override {}
  void queue_detour(std::uint32_t) override { ++queued; }
  int queued = 0;
};

struct DetouredFlowTest : ::testing::Test {
  /// A segment with these numbers, as the flow sees it.
  wire::PacketView segment(std::uint32_t seq, std::uint32_t ack, unsigned flags) {
    kept.push_back(frames::tcp({.seq = seq, .ack = ack, .flags = flags}));
    return *wire::parse(kept.back());
  }

  std::deque<frames::Frame> kept;
  NoOutput output;
  DetourScript script;
  ScriptedDetour detour{script};
  DetouredFlow flow{output, 7, detour};
};

TEST_F(DetouredFlowTest, IsQueuedOnceForAllNewsOfABurst) {
  flow.on_detour_news();
  flow.on_detour_news();
  EXPECT_EQ(output.queued, 1);
}

TEST_F(DetouredFlowTest, AResetCountsWhereItsReceiverExpectsTheNextByte) {
  flow.expect(1000, 5000);
  EXPECT_EQ(flow.belief_in(segment(1000, 0, tcp::kRst), true), Belief::kMust);
  EXPECT_EQ(flow.belief_in(segment(1001, 0, tcp::kRst), true), Belief::kMay);
  EXPECT_EQ(flow.belief_in(segment(5000, 0, tcp::kRst), false), Belief::kMust);
}

TEST_F(DetouredFlowTest, ADamagedOrGuessedResetIsNotBelieved) {
  flow.expect(1000, 5000);
  EXPECT_EQ(flow.belief_in(segment(999, 0, tcp::kRst), true), Belief::kNone);
  EXPECT_EQ(flow.belief_in(segment(9'000'000, 0, tcp::kRst), true), Belief::kNone);
  kept.push_back(frames::tcp({.seq = 1000, .flags = tcp::kRst, .damaged = true}));
  EXPECT_EQ(flow.belief_in(*wire::parse(kept.back()), true), Belief::kNone);
}

TEST_F(DetouredFlowTest, WhatAnEndExpectsFollowsItsAcknowledgements) {
  flow.expect(1000, 5000);
  flow.note(segment(5000, 1400, tcp::kAck), false);
  EXPECT_EQ(flow.belief_in(segment(1400, 0, tcp::kRst), true), Belief::kMust);
  flow.note(segment(5000, 1200, tcp::kAck), false);  // was overtaken
  EXPECT_EQ(flow.belief_in(segment(1400, 0, tcp::kRst), true), Belief::kMust);
}

TEST_F(DetouredFlowTest, AServerMayRefuseBeforeAnythingIsKnownAndAClientNotLeave) {
  EXPECT_EQ(flow.belief_in(segment(0, 1001, tcp::kRst | tcp::kAck), false), Belief::kMust);
  EXPECT_EQ(flow.belief_in(segment(1001, 0, tcp::kRst), true), Belief::kMay);
}

TEST_F(DetouredFlowTest, IsFinishedWhenBothFinsAreAcknowledged) {
  flow.expect(1000, 5000);
  flow.note(segment(1000, 5000, tcp::kFin | tcp::kAck), true);
  flow.note(segment(5000, 1001, tcp::kFin | tcp::kAck), false);
  EXPECT_FALSE(flow.finished());
  flow.note(segment(1001, 5001, tcp::kAck), true);
  EXPECT_TRUE(flow.finished());
}

TEST_F(DetouredFlowTest, AFinThatTheOtherEndDoesNotAcknowledgeFinishesNothing) {
  flow.expect(1000, 5000);
  flow.note(segment(900'000, 5000, tcp::kFin | tcp::kAck), true);
  flow.note(segment(5000, 1000, tcp::kFin | tcp::kAck), false);
  flow.note(segment(1000, 5001, tcp::kAck), true);
  EXPECT_FALSE(flow.finished());
}

TEST_F(DetouredFlowTest, APacketAfterADoubtfulResetTakesTheDoubtAwayAndAnotherResetDoesNot) {
  flow.doubtful_reset = Reason::client_reset;
  flow.note(segment(1001, 0, tcp::kRst), true);
  EXPECT_EQ(flow.doubtful_reset, Reason::client_reset);
  flow.note(segment(1001, 5000, tcp::kAck), true);
  EXPECT_EQ(flow.doubtful_reset, Reason::none);
}

TEST_F(DetouredFlowTest, TheFirstThatWaitsIsTheFirstByItsNumberAcrossTheirEnd) {
  for (const std::uint32_t seq : {5U, 0xfffffff0U, 20U}) {
    const wire::PacketView view = segment(seq, 1, tcp::kAck);
    flow.waiting().push_back({{}, view, true});
  }
  ASSERT_NE(flow.first_waiting(true), nullptr);
  EXPECT_EQ(flow.first_waiting(true)->view.seq, 0xfffffff0U);
  EXPECT_EQ(flow.first_waiting(false), nullptr);
}

}  // namespace
}  // namespace limpid::flow
