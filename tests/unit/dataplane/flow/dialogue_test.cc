#include <gtest/gtest.h>

#include "dataplane/flow/flow_table.h"
#include "tests/unit/dataplane/flow/engine_harness.h"

namespace limpid::flow {
namespace {

/// The client's and the server's bytes are numbered from 1 each.
struct DialogueTest : EngineTest {
  DialogueTest() { user.dialogue_on_syn = true; }

  frames::Tcp client_says(std::uint32_t seq, std::uint32_t heard, std::string text) const {
    frames::Tcp tcp = from_client(seq, tcp::kAck | tcp::kPsh, std::move(text));
    tcp.ack = kServerIsn + heard;
    return tcp;
  }
  frames::Tcp server_says(std::uint32_t seq, std::uint32_t heard, std::string text) const {
    frames::Tcp tcp = from_server(seq, tcp::kAck | tcp::kPsh, std::move(text));
    tcp.ack = kClientIsn + heard;
    return tcp;
  }
  /// "hi", "UPGRADE", "YES": the hello has number 9 of the client, which has heard up to 8 of the server.
  void upgrade() {
    connect();
    expect_forwarded_from_server(server_says(1, 1, "hi\n"));
    expect_forwarded_from_client(client_says(1, 4, "UPGRADE\n"));
    expect_forwarded_from_server(server_says(4, 9, "YES\n"));
    output.sent.clear();
  }
  std::string state() {
    std::string found = "gone";
    visit_all(engine(), [&found](const FlowView& view) {
      found = view.summary.disposition == Disposition::kWatch       ? "watched"
              : view.summary.disposition == Disposition::kForward   ? "forwarded"
              : view.summary.disposition == Disposition::kTerminate ? "adopted"
                                                                    : "dropped";
    });
    return found;
  }
  std::uint64_t count(Reason reason) { return engine().counters().reasons[reason]; }
  void expect_resets(std::uint32_t of_client, std::uint32_t of_server) {
    const auto server_gets = to_server();
    const auto client_gets = to_client();
    ASSERT_EQ(server_gets.size(), 1U);
    ASSERT_EQ(client_gets.size(), 1U);
    EXPECT_NE(server_gets[0].view().flags & tcp::kRst, 0);
    EXPECT_NE(client_gets[0].view().flags & tcp::kRst, 0);
    EXPECT_EQ(server_gets[0].view().seq, kClientIsn + of_client);
    EXPECT_EQ(client_gets[0].view().seq, kServerIsn + of_server);
    EXPECT_EQ(engine().counters().now_held_packets, 0U);
    EXPECT_EQ(pool.used(), 0U);
  }
};

TEST_F(DialogueTest, IsForwardedAsItIsAndReadAlong) {
  connect();
  expect_forwarded_from_server(server_says(1, 1, "hi\n"));
  expect_forwarded_from_client(client_says(1, 4, ""));
  expect_forwarded_from_client(client_says(1, 4, "what"));
  expect_forwarded_from_client(client_says(5, 4, "ever\n"));
  expect_forwarded_from_server(server_says(4, 10, "no\n"));
  EXPECT_EQ(user.dialogue, "s:hi\n;c:what;c:ever\n;s:no\n;");
  EXPECT_EQ(state(), "watched");
}

TEST_F(DialogueTest, IsAdoptedAtTheHelloWithTheNumbersThatBothSidesHaveReached) {
  upgrade();
  client_sends(client_says(9, 8, "HELLO\n"));
  engine().flush(now);
  ASSERT_EQ(state(), "adopted");
  EXPECT_EQ(user.first_bytes, (std::vector<std::string>{"HELLO\n"}));
  const auto server_gets = to_server();
  ASSERT_EQ(server_gets.size(), 1U);
  EXPECT_EQ(server_gets[0].payload(), "HELLO\n");
  EXPECT_EQ(server_gets[0].view().seq, kClientIsn + 9);
  EXPECT_EQ(server_gets[0].view().ack, kServerIsn + 8);
  const auto client_gets = to_client();
  ASSERT_EQ(client_gets.size(), 1U);
  EXPECT_EQ(client_gets[0].view().seq, kServerIsn + 8);
  EXPECT_EQ(client_gets[0].view().ack, kClientIsn + 15);
}

TEST_F(DialogueTest, BytesCrossAfterTheAdoption) {
  upgrade();
  client_sends(client_says(9, 8, "HELLO\n"));
  engine().flush(now);
  output.sent.clear();
  server_sends(server_says(8, 15, "welcome"));
  engine().flush(now);
  const auto client_gets = to_client();
  ASSERT_EQ(client_gets.size(), 1U);
  EXPECT_EQ(client_gets[0].payload(), "welcome");
  EXPECT_EQ(client_gets[0].view().seq, kServerIsn + 8);
}

TEST_F(DialogueTest, IsReleasedUntouchedWherePolicyPassesTheHello) {
  user.pass_hello = true;
  upgrade();
  expect_forwarded_from_client(client_says(9, 8, "HELLO\n"));
  expect_forwarded_from_server(server_says(8, 15, "welcome"));
  EXPECT_EQ(state(), "forwarded");
}

TEST_F(DialogueTest, BeginsWithTheFirstBytesToo) {
  user.dialogue_on_syn = false;
  connect();
  expect_forwarded_from_client(client_says(1, 1, "CONNECT\nUPGRADE\n"));
  expect_forwarded_from_server(server_says(1, 17, "YES\n"));
  client_sends(client_says(17, 5, "HELLO\n"));
  EXPECT_EQ(state(), "adopted");
  EXPECT_EQ(user.dialogue, "c:CONNECT\nUPGRADE\n;s:YES\n;");
}

TEST_F(DialogueTest, EndsWithoutAnUpgradeAndIsForwardedForEver) {
  connect();
  expect_forwarded_from_client(client_says(1, 1, "QUIT\n"));
  EXPECT_EQ(count(Reason::upgrade_not_made), 1U);
  expect_forwarded_from_client(client_says(6, 1, "HELLO\n"));
  EXPECT_EQ(state(), "forwarded");
}

TEST_F(DialogueTest, OfTheServerEndsWithoutAnUpgradeToo) {
  connect();
  expect_forwarded_from_server(server_says(1, 1, "QUIT\n"));
  EXPECT_EQ(state(), "forwarded");
}

// --- Violations -----------------------------------------------------------------------------------------

TEST_F(DialogueTest, ResetsBothEndsWhenTheClientSpeaksWhereItMayNot) {
  upgrade();
  now += milliseconds(1);
  restart();
  connect();
  client_sends(client_says(1, 1, "UPGRADE\n"));
  output.sent.clear();
  client_sends(client_says(9, 1, "EVIL\n"));
  expect_resets(9, 1);
  EXPECT_EQ(count(Reason::upgrade_pipelined), 1U);
  ASSERT_EQ(user.closed.size(), 1U);
  EXPECT_TRUE(user.closed[0].had_memo);
}

TEST_F(DialogueTest, ResetsBothEndsWhenTheServerSpeaksBehindItsAgreement) {
  upgrade();
  server_sends(server_says(8, 9, "EVIL\n"));
  expect_resets(9, 8);
}

TEST_F(DialogueTest, ResetsBothEndsWhileTheHelloIsHeld) {
  upgrade();
  client_sends(client_says(9, 8, "HEL"));
  server_sends(server_says(8, 9, "EVIL\n"));
  expect_resets(9, 8);
}

// --- Order ----------------------------------------------------------------------------------------------

TEST_F(DialogueTest, HoldsWhatTheClientSaysBehindAGap) {
  connect();
  const frames::Tcp later = client_says(4, 1, "RADE\n");
  client_sends(later);
  EXPECT_TRUE(to_server().empty());
  const frames::Tcp first = client_says(1, 1, "UPG");
  client_sends(first);
  const auto sent = to_server();
  ASSERT_EQ(sent.size(), 2U);
  EXPECT_EQ(sent[0].frame, frames::tcp(later));
  EXPECT_EQ(sent[1].frame, frames::tcp(first));
  EXPECT_EQ(user.dialogue, "c:UPGRADE\n;");
}

TEST_F(DialogueTest, HoldsOnlyWhatIsBehindTheNextGap) {
  connect();
  client_sends(client_says(7, 1, "ghi"));
  client_sends(client_says(1, 1, "abc"));
  EXPECT_EQ(to_server().size(), 1U);
  EXPECT_EQ(engine().counters().now_held_packets, 1U);
  client_sends(client_says(4, 1, "def"));
  EXPECT_EQ(to_server().size(), 2U);
  EXPECT_EQ(engine().counters().now_held_packets, 0U);
  EXPECT_EQ(user.dialogue, "c:abc;c:defghi;");
}

TEST_F(DialogueTest, LetsAGapThatStaysGo) {
  connect();
  client_sends(client_says(4, 1, "RADE\n"));
  advance(milliseconds(1100));
  EXPECT_EQ(to_server().size(), 1U);
  EXPECT_EQ(count(Reason::upgrade_disordered), 1U);
  EXPECT_EQ(state(), "forwarded");
}

TEST_F(DialogueTest, ResetsBothEndsWhereItIsGivenUpAndPolicyBlocksWhatItDoesNotKnow) {
  user.given_up_refused = Reason::blocked_by_rule;
  connect();
  client_sends(client_says(4, 1, "RADE\n"));
  advance(milliseconds(1100));
  const auto server_gets = to_server();
  ASSERT_EQ(server_gets.size(), 1U);
  EXPECT_NE(server_gets[0].view().flags & tcp::kRst, 0);
  EXPECT_EQ(to_client().size(), 1U);
  EXPECT_EQ(count(Reason::upgrade_disordered), 1U);
  EXPECT_EQ(count(Reason::blocked_by_rule), 1U);
  server_sends(server_says(1, 1, "hi\n"));
  EXPECT_TRUE(to_client().empty());
}

TEST_F(DialogueTest, WhatIsResetForItsSilenceIsAnsweredFromThenOn) {
  user.given_up_refused = Reason::blocked_by_rule;
  connect();
  expect_forwarded_from_server(server_says(1, 1, "hi\n"));
  output.sent.clear();
  advance(minutes(10) + seconds(1));
  expect_resets(1, 4);
  advance(seconds(10));
  client_sends(client_says(1, 4, "still here"));
  EXPECT_TRUE(to_server().empty());
  ASSERT_EQ(to_client().size(), 1U);
  EXPECT_EQ(count(Reason::mid_stream), 0U);
}

TEST_F(DialogueTest, ASynThatCannotBeTakenOverIsJudgedByItsDialogue) {
  user.given_up_refused = Reason::blocked_by_rule;
  frames::Tcp tiny = syn();
  tiny.options = frames::hex("02040064");  // an MSS of 100
  client_sends(tiny);
  EXPECT_EQ(user.given_up, (std::vector<std::string>{""}));
  EXPECT_TRUE(to_server().empty());
  EXPECT_EQ(to_client().size(), 1U);
  EXPECT_EQ(count(Reason::mss_too_small), 1U);
  EXPECT_EQ(count(Reason::blocked_by_rule), 1U);
}

TEST_F(DialogueTest, WithoutRoomForItIsForwardedOrResetAsTheOperatorWantsIt) {
  user.given_up_refused = Reason::blocked_by_rule;  // which does not count here
  for (const AtLimit at_limit : {AtLimit::kPass, AtLimit::kReset}) {
    restart();
    settings.at_limit = at_limit;
    settings.held_packets_max = 0;
    connect();
    expect_forwarded_from_server(server_says(1, 1, "hi\n"));
    output.sent.clear();
    client_sends(client_says(1, 4, "UPGRADE\n"));
    EXPECT_EQ(state(), at_limit == AtLimit::kPass ? "forwarded" : "gone");
    EXPECT_EQ(count(Reason::memory_short), 1U);
    EXPECT_EQ(count(Reason::blocked_by_rule), 0U);
  }
}

TEST_F(DialogueTest, ResetsBothEndsWhereTheServerEndsItAndPolicyBlocksWhatItDoesNotKnow) {
  user.given_up_refused = Reason::blocked_by_rule;
  connect();
  expect_forwarded_from_server(server_says(1, 1, "hi\n"));
  expect_forwarded_from_client(client_says(1, 4, "UPGRADE\n"));
  output.sent.clear();
  server_sends(server_says(4, 9, "QUIT\n"));
  for (const Sent& one : output.sent) EXPECT_NE(one.view().flags & tcp::kRst, 0);
  EXPECT_FALSE(to_client().empty());
  EXPECT_FALSE(to_server().empty());
  EXPECT_EQ(count(Reason::blocked_by_rule), 1U);
}

TEST_F(DialogueTest, PutsTheServersBytesInOrderWhileTheyPass) {
  connect();
  client_sends(client_says(1, 1, "UPGRADE\n"));
  expect_forwarded_from_server(server_says(3, 9, "S\n"));
  EXPECT_EQ(user.dialogue, "c:UPGRADE\n;");
  expect_forwarded_from_server(server_says(1, 9, "YE"));
  EXPECT_EQ(user.dialogue, "c:UPGRADE\n;s:YES\n;");
  client_sends(client_says(9, 5, "HELLO\n"));
  EXPECT_EQ(state(), "adopted");
}

TEST_F(DialogueTest, HearsRepetitionsOnce) {
  connect();
  expect_forwarded_from_client(client_says(1, 1, "UPG"));
  expect_forwarded_from_client(client_says(1, 1, "UPG"));
  expect_forwarded_from_client(client_says(1, 1, "UPGRADE\n"));
  expect_forwarded_from_server(server_says(1, 9, "Y"));
  expect_forwarded_from_server(server_says(1, 9, "Y"));
  EXPECT_EQ(user.dialogue, "c:UPG;c:RADE\n;s:Y;");
}

TEST_F(DialogueTest, GivesUpAServerTooFarAhead) {
  connect();
  expect_forwarded_from_server(server_says(1 + Watch::kServerBytesMax, 1, "x"));
  EXPECT_EQ(count(Reason::upgrade_disordered), 1U);
}

TEST_F(DialogueTest, LearnsNothingOfWhatItsReceiverRefuses) {
  connect();
  client_sends(client_says(1, 5, "UPGRADE\n"));  // acknowledges what the server has not said
  EXPECT_TRUE(to_server().empty());
  EXPECT_EQ(count(Reason::segment_misplaced), 1U);
  EXPECT_EQ(user.dialogue, "");
}

// --- Acknowledgements -----------------------------------------------------------------------------------

TEST_F(DialogueTest, HoldsTheFirstBytesWithWhatUpgradesByItself) {
  connect();
  client_sends(client_says(1, 1, "NOW\n"));
  EXPECT_TRUE(to_server().empty());
  client_sends(client_says(5, 1, "HELLO\n"));
  engine().flush(now);
  ASSERT_EQ(state(), "adopted");
  EXPECT_EQ(user.first_bytes, (std::vector<std::string>{"HELLO\n"}));
  const auto server_gets = to_server();
  ASSERT_EQ(server_gets.size(), 1U);
  EXPECT_EQ(server_gets[0].payload(), "NOW\nHELLO\n");
  EXPECT_EQ(server_gets[0].view().seq, kClientIsn + 1);
}

TEST_F(DialogueTest, IsNotAdoptedBeforeTheServerHasAcknowledgedWhatWasForwarded) {
  connect();
  expect_forwarded_from_client(client_says(1, 1, "header\n"));
  client_sends(client_says(8, 1, "NOW\nHELLO\n"));
  EXPECT_EQ(state(), "watched");
  advance(milliseconds(200));
  EXPECT_EQ(state(), "watched");
  server_sends(server_says(1, 8, ""));
  EXPECT_EQ(state(), "adopted");
}

TEST_F(DialogueTest, IsForwardedWhereTheServerDoesNotAcknowledge) {
  connect();
  client_sends(client_says(1, 1, "header\n"));
  output.sent.clear();
  const frames::Tcp hello = client_says(8, 1, "NOW\nHELLO\n");
  client_sends(hello);
  client_sends(hello);
  advance(milliseconds(1100));
  EXPECT_EQ(to_server().size(), 2U);
  EXPECT_EQ(count(Reason::upgrade_disordered), 1U);
  EXPECT_EQ(state(), "forwarded");
}

TEST_F(DialogueTest, TakesAnOlderAcknowledgementForWhatItIs) {
  upgrade();
  expect_forwarded_from_client(client_says(9, 4, ""));
  EXPECT_EQ(count(Reason::segment_misplaced), 0U);
  client_sends(client_says(9, 8, "HELLO\n"));
  EXPECT_EQ(state(), "adopted");
}

// --- Ends -----------------------------------------------------------------------------------------------

TEST_F(DialogueTest, IsGivenUpWhenItFallsSilent) {
  connect();
  expect_forwarded_from_server(server_says(1, 1, "hi\n"));
  advance(minutes(9));
  EXPECT_EQ(state(), "watched");
  advance(minutes(2));
  EXPECT_EQ(count(Reason::upgrade_silent), 1U);
  EXPECT_EQ(state(), "forwarded");
}

TEST_F(DialogueTest, EndsWithAFinOfEitherSide) {
  connect();
  frames::Tcp fin = client_says(1, 1, "bye\n");
  fin.flags |= tcp::kFin;
  expect_forwarded_from_client(fin);
  EXPECT_EQ(state(), "forwarded");
  restart();
  connect();
  frames::Tcp end = server_says(1, 1, "");
  end.flags |= tcp::kFin;
  expect_forwarded_from_server(end);
  EXPECT_EQ(state(), "forwarded");
}

TEST_F(DialogueTest, ExpiresSoonAfterAReset) {
  connect();
  expect_forwarded_from_client(client_says(1, 1, "a\n"));
  frames::Tcp reset = client_says(3, 1, "");
  reset.flags = tcp::kRst | tcp::kAck;
  expect_forwarded_from_client(reset);
  advance(seconds(5));
  EXPECT_EQ(state(), "gone");
  EXPECT_EQ(user.closed.back().summary.reason, Reason::client_reset);
  EXPECT_TRUE(user.closed.back().had_memo) << "it tells what was spoken";
}

TEST_F(DialogueTest, SurvivesALateCopyOfItsSyn) {
  upgrade();
  client_sends(syn());
  EXPECT_EQ(user.syns.size(), 1U);
  client_sends(client_says(9, 8, "HELLO\n"));
  EXPECT_EQ(state(), "adopted");
}

TEST_F(DialogueTest, GivesWayToTheLimitOfHeldPackets) {
  settings.held_packets_max = 1;
  connect();
  client_sends(client_says(4, 1, "RADE\n"));
  client_sends(client_says(20, 1, "x"));
  EXPECT_EQ(to_server().size(), 2U);
  EXPECT_EQ(count(Reason::memory_short), 1U);
  EXPECT_EQ(state(), "forwarded");
}

}  // namespace
}  // namespace limpid::flow
