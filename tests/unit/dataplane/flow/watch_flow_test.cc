#include <gtest/gtest.h>

#include "tests/unit/dataplane/flow/engine_harness.h"

namespace limpid::flow {
namespace {

struct WatchFlow : EngineTest {};

TEST_F(WatchFlow, AnOrdinaryHandshakePassesAsItIs) {
  expect_forwarded_from_client(syn());
  expect_forwarded_from_server(syn_ack());
  expect_forwarded_from_client(from_client(1, tcp::kAck));
  ASSERT_EQ(user.syns.size(), 1U);
  EXPECT_EQ(user.syns[0].client.text(), client);
  EXPECT_EQ(user.syns[0].server.text(), server);
  EXPECT_EQ(engine().counters().now_watched, 1U);
}

TEST_F(WatchFlow, ASynMayComeFromEitherSideAndInAVlan) {
  client_side = Side::kServer;
  vlans = {7, 9};
  expect_forwarded_from_client(syn());
  EXPECT_EQ(user.syns[0].vlan, 7);
  EXPECT_EQ(user.syns[0].client.text(), client);
  expect_forwarded_from_server(syn_ack());
  expect_forwarded_from_client(from_client(1, tcp::kAck));
}

TEST_F(WatchFlow, ClampsTheMssInBothDirections) {
  settings.mtu = {1400};
  client_sends(syn());
  EXPECT_EQ(output.sent.back().options().mss, 1360);
  EXPECT_TRUE(wire::checksums_valid(output.sent.back().view()));
  server_sends(syn_ack());
  EXPECT_EQ(output.sent.back().options().mss, 1360);
  EXPECT_TRUE(wire::checksums_valid(output.sent.back().view()));
}

TEST_F(WatchFlow, TakesFastOpenAndItsDataOutOfACandidatesSyn) {
  frames::Tcp fast = syn();
  fast.options += frames::hex("2206 01020304 0101");
  fast.payload = "GET /";
  client_sends(fast);
  ASSERT_EQ(output.sent.size(), 1U);
  EXPECT_EQ(output.sent[0].payload(), "");
  EXPECT_FALSE(output.sent[0].options().fast_open);
  EXPECT_TRUE(wire::checksums_valid(output.sent[0].view()));
  // The client sends the data again once it sees that only its SYN was acknowledged.
  expect_forwarded_from_server(syn_ack());
  client_sends(from_client(1, tcp::kAck, "GET /"));
  EXPECT_EQ(user.first_bytes, std::vector<std::string>{"GET /"});
}

TEST_F(WatchFlow, AFlowThatPolicyPassesAtTheSynIsNotTouched) {
  user.on_syn_says = Disposition::kForward;
  settings.mtu = {1000};
  frames::Tcp fast = syn();
  fast.options += frames::hex("2206 01020304 0101");
  fast.payload = "GET /";
  expect_forwarded_from_client(fast);
  expect_forwarded_from_server(syn_ack());
  expect_forwarded_from_server(from_server(1, tcp::kAck, "banner"));
  EXPECT_EQ(engine().counters().now_forwarded, 1U);
}

TEST_F(WatchFlow, SignedFlowsAreNeverTouched) {
  frames::Tcp with_md5 = syn();
  with_md5.options = frames::hex("0204 ffff 1312 00112233445566778899aabbccddeeff 0000");
  expect_forwarded_from_client(with_md5);
  EXPECT_EQ(engine().counters().reasons[Reason::tcp_signature], 1U);
  expect_forwarded_from_client(from_client(1, tcp::kAck, "HELLO\n"));
}

TEST_F(WatchFlow, AFurtherPathOfAMultipathConnectionIsLeftToItsEnds) {  // RFC 8684 §3.2
  frames::Tcp join = syn();
  join.options = frames::hex("0204 05b4 1e0c 1001 0102 0304 0506 0708");
  expect_forwarded_from_client(join);
  EXPECT_EQ(engine().counters().reasons[Reason::multipath_join], 1U);
}

TEST_F(WatchFlow, ADamagedSynOpensNothingSoThatTheNextOneIsWatched) {
  frames::Tcp damaged = syn();
  damaged.damaged = true;
  expect_forwarded_from_client(damaged);
  EXPECT_TRUE(user.syns.empty());
  EXPECT_EQ(engine().counters().reasons[Reason::checksum_wrong], 1U);
  connect();
  client_sends(from_client(1, tcp::kAck, "HELLO\n"));
  EXPECT_EQ(engine().counters().now_adopted, 1U);
}

TEST_F(WatchFlow, ATinyMssIsNotTakenOver) {
  frames::Tcp tiny = syn();
  tiny.options = frames::hex("0204 0040");
  expect_forwarded_from_client(tiny);
  EXPECT_EQ(engine().counters().reasons[Reason::mss_too_small], 1U);
}

TEST_F(WatchFlow, ARetransmittedSynIsTheSameFlowAndANewOneIsNot) {
  client_sends(syn());
  expect_forwarded_from_client(syn());
  EXPECT_EQ(user.syns.size(), 1U);
  frames::Tcp another = syn();
  another.seq += 5000;
  expect_forwarded_from_client(another);
  EXPECT_EQ(user.syns.size(), 2U);
  EXPECT_EQ(user.closed.size(), 1U);
}

TEST_F(WatchFlow, SimultaneousOpenIsForwarded) {
  client_sends(syn());
  frames::Tcp crossing = syn_ack();
  crossing.flags = tcp::kSyn;
  expect_forwarded_from_server(crossing);
  EXPECT_EQ(engine().counters().reasons[Reason::simultaneous_open], 1U);
  expect_forwarded_from_server(crossing);
  EXPECT_EQ(user.syns.size(), 1U);
  EXPECT_EQ(engine().counters().now_forwarded, 1U);
}

TEST_F(WatchFlow, WhatBeganBeforeUsIsForwardedUntracked) {
  expect_forwarded_from_client(from_client(1, tcp::kAck, "HELLO\n"));
  expect_forwarded_from_server(syn_ack());
  EXPECT_EQ(engine().counters().reasons[Reason::mid_stream], 2U);
  EXPECT_TRUE(user.syns.empty());
}

TEST_F(WatchFlow, HalfAFlowIsForwarded) {
  client_sends(syn());
  expect_forwarded_from_client(from_client(1, tcp::kAck));  // its SYN-ACK took another way
  expect_forwarded_from_client(from_client(1, tcp::kAck, "HELLO\n"));
  EXPECT_EQ(engine().counters().reasons[Reason::mid_stream], 1U);
}

TEST_F(WatchFlow, AServerThatSpeaksFirstIsForwarded) {
  connect();
  expect_forwarded_from_server(from_server(1, tcp::kAck | tcp::kPsh, "220 mail\r\n"));
  expect_forwarded_from_client(from_client(1, tcp::kAck, "HELLO\n"));
  EXPECT_EQ(engine().counters().reasons[Reason::server_spoke_first], 1U);
}

// --- Given up, where policy blocks what it does not know ------------------------------------------------

struct BlockedWatch : WatchFlow {
  BlockedWatch() { user.given_up_refused = Reason::blocked_by_rule; }
  static bool is_reset(const std::vector<Sent>& sent) {
    return !sent.empty() && std::all_of(sent.begin(), sent.end(), [](const Sent& one) {
      return (one.view().flags & tcp::kRst) != 0 && one.payload().empty();
    });
  }
  void expect_dropped() {
    EXPECT_EQ(engine().counters().flows_dropped, 1U);
    EXPECT_EQ(engine().counters().flows_forwarded, 0U);
    ASSERT_EQ(user.closed.size(), 1U);
    EXPECT_EQ(user.closed[0].summary.reason, Reason::blocked_by_rule);
    EXPECT_EQ(user.closed[0].summary.disposition, Disposition::kDrop);
    output.sent.clear();
    client_sends(from_client(1, tcp::kAck, "HELLO\n"));
    EXPECT_TRUE(is_reset(to_client()));
    EXPECT_TRUE(to_server().empty());
  }
};

TEST_F(BlockedWatch, AServerThatSpeaksFirstIsResetWithItsClient) {
  connect();
  server_sends(from_server(1, tcp::kAck | tcp::kPsh, "220 mail\r\n"));
  EXPECT_TRUE(is_reset(to_client())) << "and hears nothing of what the server has said";
  EXPECT_TRUE(is_reset(to_server()));
  EXPECT_EQ(engine().counters().reasons[Reason::server_spoke_first], 1U) << "why policy was asked at all";
  expect_dropped();
}

TEST_F(BlockedWatch, AServerThatSpeaksWhileFirstBytesAreHeldIsResetWithItsClient) {
  connect();
  client_sends(from_client(1, tcp::kAck, "HEL"));
  server_sends(from_server(1, tcp::kAck | tcp::kPsh, "220 mail\r\n"));
  EXPECT_TRUE(is_reset(to_client()));
  EXPECT_TRUE(is_reset(to_server()));
  EXPECT_EQ(engine().counters().now_held_packets, 0U);
  EXPECT_EQ(user.given_up, (std::vector<std::string>{"HEL"}));
  expect_dropped();
}

TEST_F(BlockedWatch, ASynThatCannotBeTakenOverIsAnsweredWithAReset) {
  frames::Tcp tiny = syn();
  tiny.options = frames::hex("02040064");  // an MSS of 100
  client_sends(tiny);
  EXPECT_TRUE(is_reset(to_client()));
  EXPECT_TRUE(to_server().empty());
  expect_dropped();
}

TEST_F(BlockedWatch, ASynAckThatCannotBeTakenOverIsAnsweredWithAReset) {
  client_sends(syn());
  output.sent.clear();
  frames::Tcp tiny = syn_ack();
  tiny.options = frames::hex("02040064");
  server_sends(tiny);
  EXPECT_TRUE(is_reset(to_server()));
  EXPECT_TRUE(to_client().empty());
  client_sends(syn());
  EXPECT_TRUE(is_reset(to_client())) << "it asks once more, and is answered";
  expect_dropped();
}

TEST_F(BlockedWatch, HalfAFlowIsAnsweredWithAReset) {
  client_sends(syn());
  output.sent.clear();
  client_sends(from_client(1, tcp::kAck));
  EXPECT_TRUE(is_reset(to_client()));
  EXPECT_TRUE(to_server().empty());
  expect_dropped();
}

TEST_F(BlockedWatch, BytesOfAServerThatNobodyWasSeenToAcknowledgeAreResetAtBothEnds) {
  client_sends(syn());
  server_sends(syn_ack());
  output.sent.clear();
  server_sends(from_server(1, tcp::kAck, "220 mail\r\n"));
  EXPECT_TRUE(is_reset(to_client()));
  EXPECT_TRUE(is_reset(to_server()));
  expect_dropped();
}

TEST_F(BlockedWatch, ASynThatCrossesTheClientsIsAnsweredWithAReset) {
  client_sends(syn());
  output.sent.clear();
  frames::Tcp crossing = syn_ack();
  crossing.flags = tcp::kSyn;
  server_sends(crossing);
  EXPECT_TRUE(is_reset(to_server()));
  EXPECT_TRUE(to_client().empty());
  EXPECT_EQ(user.syns.size(), 1U) << "it is no flow of its own";
  expect_dropped();
}

TEST_F(BlockedWatch, ItIsForwardedAllTheSameWhereLimpidStops) {
  connect();
  engine().stop(now);
  expect_forwarded_from_server(from_server(1, tcp::kAck | tcp::kPsh, "220 mail\r\n"));
}

// --------------------------------------------------------------------------------------------------------

TEST_F(WatchFlow, KeepalivesBeforeTheFirstBytesPass) {
  connect();
  for (const char* old_byte : {"x", ""}) {
    frames::Tcp probe = from_client(0, tcp::kAck, old_byte);
    probe.options = timestamps(200, 500);
    expect_forwarded_from_client(probe);
  }
  expect_forwarded_from_server(from_server(0, tcp::kAck, "x"));
  EXPECT_EQ(engine().counters().now_watched, 1U);
  EXPECT_TRUE(user.first_bytes.empty());
}

TEST_F(WatchFlow, AResetThatTheServerWouldRefuseDoesNotBlindUs) {
  connect();
  expect_forwarded_from_client(from_client(77, tcp::kRst));
  expect_forwarded_from_client(from_client(1, tcp::kRst));  // exact: and yet, should the flow go on
  output.sent.clear();
  client_sends(from_client(1, tcp::kAck, "HELLO\n"));
  EXPECT_EQ(engine().counters().now_adopted, 1U);
}

TEST_F(WatchFlow, ARefusedConnectionIsReportedSoonWithItsReason) {
  client_sends(syn());
  frames::Tcp refusal = from_server(0, tcp::kRst | tcp::kAck);
  refusal.seq = 0;
  expect_forwarded_from_server(refusal);
  advance(seconds(5));
  ASSERT_EQ(user.closed.size(), 1U);
  EXPECT_EQ(user.closed[0].summary.reason, Reason::server_refused);
}

TEST_F(WatchFlow, AnUnansweredSynExpiresAfterFourMinutes) {
  client_sends(syn());
  advance(minutes(4) - milliseconds(1));
  EXPECT_TRUE(user.closed.empty());
  advance(milliseconds(2));
  ASSERT_EQ(user.closed.size(), 1U);
  EXPECT_EQ(user.closed[0].summary.reason, Reason::server_unreachable);
  EXPECT_EQ(engine().counters().now_watched, 0U);
}

TEST_F(WatchFlow, ADroppedSynIsAnsweredWithAResetAndReportedOnce) {
  user.on_syn_says = Disposition::kDrop;
  user.on_syn_reason = Reason::blocked_by_rule;
  client_sends(syn());
  client_sends(syn());
  EXPECT_TRUE(to_server().empty());
  const auto answers = to_client();
  ASSERT_EQ(answers.size(), 2U);
  const auto view = answers[0].view();
  EXPECT_EQ(view.flags, tcp::kRst | tcp::kAck);
  EXPECT_EQ(view.ack, kClientIsn + 1);
  EXPECT_TRUE(wire::checksums_valid(view));
  EXPECT_EQ(user.syns.size(), 1U);
  ASSERT_EQ(user.closed.size(), 1U);
  EXPECT_EQ(user.closed[0].summary.disposition, Disposition::kDrop);
  EXPECT_EQ(user.closed[0].summary.reason, Reason::blocked_by_rule);
}

TEST_F(WatchFlow, NothingIsLearnedOfADamagedFrame) {
  connect();
  frames::Tcp damaged = from_client(1, tcp::kAck);
  damaged.options = timestamps(0x7fffffff, 500);
  damaged.damaged = true;
  expect_forwarded_from_client(damaged);
  client_sends(from_client(1, tcp::kAck, "HELLO\n"));
  output.sent.clear();
  engine().flush(now);
  const auto server_gets = to_server();
  ASSERT_EQ(server_gets.size(), 1U);
  EXPECT_LT(server_gets[0].options().timestamps->value, 1000U);
}

TEST_F(WatchFlow, AFrameOfTheFlowOnTheWrongPortIsForwardedAndNotNoted) {
  connect();
  expect_forwarded(from_client(1, tcp::kAck, "HELLO\n"), opposite(client_side));
  EXPECT_TRUE(user.first_bytes.empty());
}

}  // namespace
}  // namespace limpid::flow
