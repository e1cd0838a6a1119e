#include <gtest/gtest.h>

#include "tests/unit/dataplane/flow/engine_harness.h"

namespace limpid::flow {
namespace {

struct FirstBytes : EngineTest {
  /// The frames that left towards the server are exactly these.
  void expect_released(const std::vector<frames::Tcp>& expected) {
    const auto sent = to_server();
    ASSERT_EQ(sent.size(), expected.size());
    for (std::size_t i = 0; i < sent.size(); ++i) EXPECT_EQ(sent[i].frame, frames::tcp(expected[i])) << i;
    EXPECT_EQ(engine().counters().now_held_packets, 0U);
    EXPECT_EQ(pool.used(), 0U);
  }
};

TEST_F(FirstBytes, PlainTextPassesAsItIsAndForEver) {
  connect();
  expect_forwarded_from_client(from_client(1, tcp::kAck | tcp::kPsh, "GET / HTTP/1.1"));
  EXPECT_EQ(engine().counters().reasons[Reason::not_tls], 1U);
  expect_forwarded_from_server(from_server(1, tcp::kAck, "HTTP/1.1 200 OK"));
  expect_forwarded_from_client(from_client(15, tcp::kAck, "HELLO\n"));
  EXPECT_EQ(user.first_bytes.size(), 1U);
}

TEST_F(FirstBytes, AreHeldUntilTheyAreCompleteAndReleasedInOrderOfArrival) {
  user.pass_hello = true;
  connect();
  const std::vector<frames::Tcp> segments = {from_client(4, tcp::kAck, "LO wor"),
                                             from_client(1, tcp::kAck, "HEL"),
                                             from_client(10, tcp::kAck | tcp::kPsh, "ld\n")};
  client_sends(segments[0]);
  client_sends(segments[1]);
  EXPECT_TRUE(output.sent.empty());
  client_sends(segments[2]);
  expect_released(segments);
  EXPECT_EQ(user.first_bytes, (std::vector<std::string>{"HELLO wor", "HELLO world\n"}));
  expect_forwarded_from_client(from_client(13, tcp::kAck, "more"));
}

TEST_F(FirstBytes, OfOverlappingSegmentsTheFirstWins) {
  user.pass_hello = true;
  connect();
  client_sends(from_client(3, tcp::kAck, "LLO"));
  client_sends(from_client(1, tcp::kAck, "HExxxx\n"));
  ASSERT_FALSE(user.first_bytes.empty());
  EXPECT_EQ(user.first_bytes.back(), "HELLOx\n");
}

TEST_F(FirstBytes, ARetransmissionMeansThatTheClientWaits) {
  connect();
  client_sends(from_client(1, tcp::kAck, "HEL"));
  EXPECT_EQ(user.undecided, 0);
  client_sends(from_client(1, tcp::kAck, "HEL"));
  EXPECT_EQ(user.undecided, 1);
  engine().flush(now);
  const auto acknowledgements = to_client();
  ASSERT_FALSE(acknowledgements.empty());
  EXPECT_EQ(acknowledgements.back().view().ack, kClientIsn + 4);
}

TEST_F(FirstBytes, AreAdoptedUndecidedAfterFiftyMilliseconds) {
  connect();
  client_sends(from_client(1, tcp::kAck, "HEL"));
  advance(milliseconds(49));
  EXPECT_EQ(user.undecided, 0);
  advance(milliseconds(2));
  EXPECT_EQ(user.undecided, 1);
  EXPECT_EQ(engine().counters().now_adopted, 1U);
  EXPECT_EQ(engine().counters().now_held_packets, 0U);
}

TEST_F(FirstBytes, BehindAGapTheyWaitLonger) {
  connect();
  client_sends(from_client(4, tcp::kAck, "LO\n"));
  advance(milliseconds(500));
  EXPECT_EQ(user.undecided, 0);
  client_sends(from_client(1, tcp::kAck, "HEL"));
  EXPECT_EQ(engine().counters().now_adopted, 1U);
  EXPECT_EQ(user.undecided, 0);
}

TEST_F(FirstBytes, AGapThatStaysIsLeftToAnEndpointToAskFor) {
  connect();
  client_sends(from_client(4, tcp::kAck, "LO\n"));
  advance(milliseconds(1100));
  EXPECT_EQ(user.undecided, 1);
  const auto sent = to_client();
  ASSERT_FALSE(sent.empty());
  EXPECT_EQ(sent.back().view().ack, kClientIsn + 1);
  EXPECT_EQ(sent.back().options().sack_blocks, 1);
}

TEST_F(FirstBytes, WhatOvertakesTheHandshakesLastAcknowledgementIsHeldToo) {
  client_sends(syn());
  server_sends(syn_ack());
  output.sent.clear();
  client_sends(from_client(4, tcp::kAck, "LO\n"));
  EXPECT_TRUE(to_server().empty())
      << "the server would keep it, and we could not take the flow over any more";
  client_sends(from_client(1, tcp::kAck, "HEL"));
  EXPECT_EQ(engine().counters().now_adopted, 1U);
}

TEST_F(FirstBytes, AFinThatOvertakesThemIsHeldToo) {
  connect();
  client_sends(from_client(7, tcp::kAck | tcp::kFin));
  EXPECT_TRUE(to_server().empty())
      << "the server would end there what is said in the client's name, however long that is";
  client_sends(from_client(1, tcp::kAck, "HELLO\n"));
  engine().flush(now);
  EXPECT_EQ(engine().counters().now_adopted, 1U);
  EXPECT_EQ(to_client().back().view().ack, kClientIsn + 8) << "text and FIN";
}

TEST_F(FirstBytes, AnAcknowledgementThatOvertakesThemIsHeldToo) {
  connect();
  client_sends(from_client(7, tcp::kAck));
  EXPECT_TRUE(to_server().empty()) << "the server would go by a window and a clock that are not ours";
  client_sends(from_client(1, tcp::kAck, "HELLO\n"));
  EXPECT_EQ(engine().counters().now_adopted, 1U);
}

TEST_F(FirstBytes, ADamagedSegmentOfARefusedFlowIsNotAnswered) {
  connect();
  client_sends(from_client(1, tcp::kAck, "DENY me"));
  output.sent.clear();
  frames::Tcp damaged = from_client(8, tcp::kAck, "more");
  damaged.damaged = true;
  client_sends(damaged);
  EXPECT_TRUE(output.sent.empty());
}

TEST_F(FirstBytes, AFinThatOvertakesThemDoesNotPassByAWrongAcknowledgementEither) {
  connect();
  frames::Tcp fin = from_client(7, tcp::kAck | tcp::kFin);
  fin.ack -= 1;  // which the server may yet accept (RFC 5961 §5.2)
  client_sends(fin);
  EXPECT_TRUE(to_server().empty());
}

TEST_F(FirstBytes, AServersFinBehindBytesThatNobodyHasSeenTellsThatItHasSpoken) {
  connect();
  server_sends(from_server(9, tcp::kAck | tcp::kFin));
  EXPECT_EQ(engine().counters().reasons[Reason::server_spoke_first], 1U);
  const frames::Tcp hello = from_client(1, tcp::kAck, "HELLO\n");
  expect_forwarded_from_client(hello);
}

TEST_F(FirstBytes, MoreThanTheLimitOfPacketsIsAdoptedUndecided) {
  settings.held_packets_flow_max = 4;
  connect();
  for (std::uint32_t i = 0; i < 4; ++i)
    client_sends(from_client(1 + i, tcp::kAck, std::string(1, "HELL"[i])));
  EXPECT_EQ(user.undecided, 1);
}

TEST_F(FirstBytes, MoreThanTheLimitOfAllFlowsIsAdoptedUndecided) {
  settings.held_packets_max = 1;
  connect();
  client_sends(from_client(1, tcp::kAck, "HE"));
  EXPECT_EQ(user.undecided, 0);
  client = "10.0.0.1:40001";
  connect();
  client_sends(from_client(1, tcp::kAck, "HE"));
  EXPECT_EQ(user.undecided, 1);
}

TEST_F(FirstBytes, WithoutRoomForAdoptionTheyAreReleased) {
  settings.adopted_max = 0;
  connect();
  const frames::Tcp hello = from_client(1, tcp::kAck, "HELLO\n");
  client_sends(hello);
  expect_released({hello});
  EXPECT_EQ(engine().counters().reasons[Reason::adopted_flows_full], 1U);
}

TEST_F(FirstBytes, ADamagedSegmentIsNeitherJudgedNorForwarded) {
  connect();
  frames::Tcp damaged = from_client(1, tcp::kAck, "HELLO\n");
  damaged.damaged = true;
  client_sends(damaged);
  EXPECT_TRUE(output.sent.empty());
  EXPECT_TRUE(user.first_bytes.empty());
  EXPECT_EQ(engine().counters().reasons[Reason::checksum_wrong], 1U);
}

TEST_F(FirstBytes, RefusedOnesResetBothSidesWithNumbersThatTheyAccept) {
  connect();
  client_sends(from_client(1, tcp::kAck, "DENY me"));
  const auto server_gets = to_server();
  const auto client_gets = to_client();
  ASSERT_EQ(server_gets.size(), 1U);
  ASSERT_EQ(client_gets.size(), 1U);
  EXPECT_EQ(server_gets[0].view().seq, kClientIsn + 1);
  EXPECT_EQ(client_gets[0].view().seq, kServerIsn + 1);
  EXPECT_EQ(client_gets[0].view().ack, kClientIsn + 8);
  for (const auto& one : {server_gets[0], client_gets[0]}) {
    EXPECT_NE(one.view().flags & tcp::kRst, 0);
    EXPECT_TRUE(wire::checksums_valid(one.view()));
  }
  ASSERT_EQ(user.closed.size(), 1U);
  EXPECT_EQ(user.closed[0].summary.reason, Reason::blocked_by_rule);
  // The client's RST was lost: what it sends again must not reach the server.
  client_sends(from_client(1, tcp::kAck, "DENY me"));
  EXPECT_TRUE(to_server().empty());
  EXPECT_EQ(to_client().size(), 1U);
}

TEST_F(FirstBytes, AClientThatAbortsMeanwhileAbortsTheServerToo) {
  connect();
  client_sends(from_client(1, tcp::kAck, "HEL"));
  client_sends(from_client(4, tcp::kRst | tcp::kAck));
  const auto sent = to_server();
  ASSERT_EQ(sent.size(), 1U);
  EXPECT_NE(sent[0].view().flags & tcp::kRst, 0);
  EXPECT_EQ(sent[0].view().seq, kClientIsn + 1);
  EXPECT_EQ(pool.used(), 0U);
  advance(seconds(5));
  ASSERT_EQ(user.closed.size(), 1U);
  EXPECT_EQ(user.closed[0].summary.reason, Reason::client_reset);
}

TEST_F(FirstBytes, AClientThatClosesInTheMiddleIsForwarded) {
  connect();
  const frames::Tcp half = from_client(1, tcp::kAck, "HEL");
  const frames::Tcp fin = from_client(4, tcp::kAck | tcp::kFin);
  client_sends(half);
  client_sends(fin);
  expect_released({half, fin});
}

TEST_F(FirstBytes, AServerThatSpeaksMeanwhileEndsTheHold) {
  connect();
  const frames::Tcp half = from_client(1, tcp::kAck, "HEL");
  client_sends(half);
  server_sends(from_server(1, tcp::kAck, "220 hi"));
  expect_released({half});
  EXPECT_EQ(to_client().size(), 1U);
}

TEST_F(FirstBytes, StoppingReleasesThem) {
  connect();
  const frames::Tcp half = from_client(1, tcp::kAck, "HEL");
  client_sends(half);
  engine().stop(now);
  expect_released({half});
  EXPECT_TRUE(engine().drained());
  client = "10.0.0.9:1";
  expect_forwarded_from_client(syn());
  EXPECT_EQ(user.syns.size(), 1U);
}

TEST_F(FirstBytes, SixtyFourKilobytesFit) {
  settings.held_packets_flow_max = 100;
  user.pass_hello = true;
  connect();
  std::string hello = "HELLO" + std::string(65'530, 'x') + "\n";
  std::vector<frames::Tcp> segments;
  for (std::size_t at = 0; at < hello.size(); at += 1400) {
    segments.push_back(from_client(static_cast<std::uint32_t>(1 + at), tcp::kAck, hello.substr(at, 1400)));
    client_sends(segments.back());
  }
  expect_released(segments);
  EXPECT_EQ(user.first_bytes.back(), hello);
}

}  // namespace
}  // namespace limpid::flow
