// Attacks on what limpid keeps of flows that are not intercepted yet, or never will be. Each test names the
// attack and claims: the memory it can take, the time after which that is gone, the work it can cause, and
// that an innocent flow goes on. docs/threat-model.md has the table.
#include "tests/unit/dataplane/flow/attacked_box.h"

namespace limpid::flow {
namespace {

using HandshakeAttack = AttackedBox;

TEST_F(HandshakeAttack, ASynFloodFromManyAddressesStaysWithinTheTableAndNewFlowsAreStillIntercepted) {
  begin_innocent_flow(seconds(3));
  Pair late;
  for (int burst = 0; burst < 1000; ++burst) {
    // A handshake over these wires takes 4 ms, so that 256 watched flows must last for that long.
    for (int i = 0; i < 50; ++i) {
      inject({.source = any_address(), .seq = any_number(), .flags = tcp::kSyn}, Side::kClient);
    }
    flush();
    run(milliseconds(1));
    if (burst == 500) late = add_innocents("10.0.0.1:4001", {});
  }
  EXPECT_LE(peak.records, settings.flows_max);
  EXPECT_LE(peak.watched, settings.watched_max + 1);
  EXPECT_LE(peak.adopted, 2U);
  EXPECT_EQ(counters().flows_adopted, 2U);
  EXPECT_LE(counters().packets_composed, 2000U) << "the innocents': a SYN is answered by nobody but servers";
  expect_innocents_undisturbed();
  expect_whole(late);
  expect_nothing_is_left(minutes(5));
}

TEST_F(HandshakeAttack, ASynFloodFromOneAddressTakesItsOwnShareAlone) {
  begin_innocent_flow(seconds(2));
  for (int i = 0; i < 20'000; ++i) {
    const std::string from = "10.66.0.1:" + std::to_string(1024 + i);
    inject({.source = from, .seq = any_number(), .flags = tcp::kSyn}, Side::kClient);
    if (i % 20 == 0) run(milliseconds(1));
  }
  EXPECT_LE(peak.watched, settings.client_watched_max + 1);
  EXPECT_GE(counted(Reason::client_watched_full), 19'000U);
  EXPECT_LE(peak.records, settings.flows_max);
  expect_innocents_undisturbed();
  expect_nothing_is_left(minutes(5));
}

TEST_F(HandshakeAttack, ASynFloodOnPassedPortsDoesNotTakeTheTableForHours) {
  begin_innocent_flow(seconds(2));
  const Pair passed = add_innocents("10.0.0.1:5000", seconds(2), "10.0.0.3:80");
  run(milliseconds(100));
  for (int i = 0; i < 20'000; ++i) {
    inject({.source = any_address(), .destination = "10.0.0.2:80", .seq = any_number(), .flags = tcp::kSyn},
           Side::kClient);
    if (i % 20 == 0) run(milliseconds(1));
  }
  EXPECT_LE(peak.records, settings.flows_max);
  EXPECT_EQ(counted(Reason::flow_table_full), 0U) << "unfinished ones make room for each other";
  expect_innocents_undisturbed();
  expect_whole(passed);
  run(minutes(5));
  EXPECT_EQ(counters().now_forwarded, 0U);
}

TEST_F(HandshakeAttack, AckRstAndFinFloodsOnNoFlowLeaveNothingBehind) {
  begin_innocent_flow(seconds(1));
  const std::uint64_t forwarded = counters().packets_forwarded;
  constexpr std::array<unsigned, 4> kFlags{tcp::kAck, tcp::kRst, tcp::kAck | tcp::kFin,
                                           tcp::kRst | tcp::kAck};
  for (std::size_t i = 0; i < 20'000; ++i) {
    inject({.source = any_address(), .seq = any_number(), .ack = any_number(), .flags = kFlags[i % 4]},
           i % 2 == 0 ? Side::kClient : Side::kServer);
  }
  flush();
  EXPECT_EQ(counters().packets_forwarded, forwarded + 20'000);
  EXPECT_EQ(peak.records, 1U);
  run(seconds(1));
  expect_innocents_undisturbed();
}

/// What an attacker off the path can say of a flow whose addresses and ports it knows.
frames::Tcp guess(SeededRandom& dice, const std::string& from, const std::string& to, unsigned flags,
                  std::string payload = {}) {
  return {.source = from,
          .destination = to,
          .seq = static_cast<std::uint32_t>(dice.next()),
          .ack = static_cast<std::uint32_t>(dice.next()),
          .flags = flags,
          .payload = std::move(payload)};
}

TEST_F(HandshakeAttack, FloodsOfGuessesAtAWatchedFlowNeitherBlindUsNorHaveItTakenOver) {
  const std::string other = "10.0.7.7:443";
  SimulatedPeer& server = add_peer(model(other, "10.0.7.1:9", "answer"), Side::kServer);
  Hand client = connect_by_hand("10.0.7.1:9", other);
  begin_innocent_flow(seconds(1));
  constexpr std::array<unsigned, 5> kFlags{tcp::kAck, tcp::kRst, tcp::kAck | tcp::kFin, tcp::kAck | tcp::kPsh,
                                           tcp::kSyn | tcp::kAck};
  for (std::size_t i = 0; i < 20'000; ++i) {
    const unsigned flags = kFlags[i % kFlags.size()];
    const std::string payload = (flags & tcp::kPsh) != 0 ? "GET / HTTP/1.0\r\n\r\n" : "";
    inject(guess(dice, client.own, other, flags, payload), Side::kClient);
    inject(guess(dice, other, client.own, flags, payload), Side::kServer);
  }
  flush();
  EXPECT_EQ(peak.held_packets, 0U);
  EXPECT_EQ(counters().now_watched, 1U);
  EXPECT_EQ(user.undecided, 0U);
  EXPECT_GE(counted(Reason::segment_misplaced), 3 * 4000U);
  say(client, "HELLO\n");
  EXPECT_EQ(counters().flows_adopted, 2U) << "its own hello is judged as if nothing had been";
  run(milliseconds(100));
  EXPECT_EQ(server.received(), "HELLO\n");
  run(seconds(1));
  expect_innocents_undisturbed();
}

TEST_F(HandshakeAttack, FloodsOfGuessesAtHeldFirstBytesDoNotEndTheWait) {
  const std::string other = "10.0.7.7:443";
  SimulatedPeer& server = add_peer(model(other, "10.0.7.1:9", "answer"), Side::kServer);
  Hand client = connect_by_hand("10.0.7.1:9", other);
  say(client, "HEL");
  constexpr std::array<unsigned, 3> kFlags{tcp::kRst, tcp::kAck | tcp::kFin, tcp::kAck | tcp::kPsh};
  for (std::size_t i = 0; i < 20'000; ++i) {
    const unsigned flags = kFlags[i % kFlags.size()];
    inject(guess(dice, client.own, other, flags, "x"), Side::kClient);
    inject(guess(dice, other, client.own, flags, "x"), Side::kServer);
  }
  // The worst RST: within what is held, but not at either end of it.
  client.next -= 1;
  inject(by(client, tcp::kRst), Side::kClient);
  client.next += 1;
  EXPECT_EQ(counters().now_held_packets, 1U);
  say(client, "LO\n");
  EXPECT_EQ(counters().now_adopted, 1U);
  run(milliseconds(100));
  EXPECT_EQ(server.received(), "HELLO\n");
}

TEST_F(HandshakeAttack, HandshakesThatAreNeverFinishedAreGoneAfterFourMinutes) {
  begin_innocent_flow(seconds(1));
  for (int i = 0; i < 200; ++i) {
    const std::string from = "10.66." + std::to_string(i) + ".1:1024";
    inject({.source = from, .destination = "10.0.7.7:443", .seq = 1, .flags = tcp::kSyn}, Side::kClient);
    inject(
        {.source = "10.0.7.7:443", .destination = from, .seq = 9, .ack = 2, .flags = tcp::kSyn | tcp::kAck},
        Side::kServer);
  }
  flush();
  EXPECT_EQ(peak.watched, 200U);
  EXPECT_EQ(peak.chunks, 0U);
  run(seconds(1));
  expect_innocents_undisturbed();
  run(minutes(4));
  EXPECT_EQ(user.ended_by[Reason::client_timeout], 200U);
  expect_nothing_is_left(minutes(1));
}

TEST_F(HandshakeAttack, ASlowClientHelloIsHeldForAMomentAndWaitedForThirtySeconds) {
  begin_innocent_flow(seconds(40));
  add_peer(model("10.0.7.7:443", "10.66.0.1:1", "answer"), Side::kServer);
  Hand slow = connect_by_hand("10.66.0.1:1", "10.0.7.7:443");
  const std::string hello = "HELLO, very, very slowly";
  for (const char letter : hello) {
    say(slow, std::string(1, letter));
    run(milliseconds(1500));
  }
  EXPECT_LE(peak.held_packets, 1U) << "a byte is held for 50 ms, and then lies in a session";
  EXPECT_EQ(user.undecided, 1U);
  EXPECT_EQ(user.closed, 1U) << "no session after 30 s";
  EXPECT_LE(to_attacker, injected) << "acknowledgements and the reset";
  run(seconds(4));
  expect_innocents_undisturbed();
  expect_nothing_is_left(minutes(2));
}

TEST_F(HandshakeAttack, SlowClientHellosFromOneAddressTakeItsShareOfSessionsAlone) {
  begin_innocent_flow(seconds(8));
  for (int port = 1; port <= 64; ++port) {
    const std::string own = "10.66.0.1:" + std::to_string(port);
    add_peer(model("10.0.7.7:443", own, ""), Side::kServer);
    Hand slow = connect_by_hand(own, "10.0.7.7:443");
    say(slow, "HEL");
    run(milliseconds(100));
  }
  EXPECT_LE(peak.adopted, settings.client_adopted_max + 1);
  EXPECT_GE(counted(Reason::client_sessions_full), 48U);
  EXPECT_LE(peak.chunks, 1U + settings.client_adopted_max * 2);
  run(seconds(2));
  expect_innocents_undisturbed();
  expect_nothing_is_left(minutes(5));
}

TEST_F(HandshakeAttack, FirstBytesFarAheadTakeNoMoreThanTheBytesThatCame) {
  begin_innocent_flow(seconds(2));
  for (int flow = 0; flow < 100; ++flow) {
    const std::string own = "10.66." + std::to_string(flow) + ".1:1";
    add_peer(model("10.0.7.7:443", own, ""), Side::kServer);
    Hand far = connect_by_hand(own, "10.0.7.7:443");
    for (std::uint32_t piece = 0; piece < 10; ++piece) {
      Hand ahead = far;
      ahead.next += 60'000 - 500 * piece;
      inject(by(ahead, tcp::kAck, "x"), Side::kClient);
    }
  }
  flush();
  // What does not fit is adopted undecided, where the same bytes cost chunks of one window.
  EXPECT_LE(peak.held_packets, settings.held_packets_max + 1);
  EXPECT_LE(peak.adopted, settings.adopted_max);
  EXPECT_LE(peak.chunks, peak.adopted * 10);
  run(seconds(2));
  expect_innocents_undisturbed();
  expect_nothing_is_left(minutes(5));
}

TEST_F(HandshakeAttack, OverlappingFirstBytesAreJudgedAsTheyAreDelivered) {
  SimulatedPeer& server = add_peer(model("10.0.7.7:443", "10.66.0.1:1", ""), Side::kServer);
  Hand client = connect_by_hand("10.66.0.1:1", "10.0.7.7:443");
  const auto at = [&](std::uint32_t offset, std::string payload) {
    Hand there = client;
    there.next += offset;
    inject(by(there, tcp::kAck, std::move(payload)), Side::kClient);
  };
  at(6, "good.example\n");
  at(4, "XXevil.example\n");  // the same places, other bytes
  at(0, "HELLO ");
  flush();
  EXPECT_EQ(user.judged, "HELLXXgood.example\n") << "the first copy of each byte";
  run(milliseconds(100));
  EXPECT_EQ(server.received(), user.judged);
}

TEST_F(HandshakeAttack, ASegmentThatTheServerRefusesIsNotJudgedInsteadOfTheOneItTakes) {
  SimulatedPeer& server = add_peer(model("10.0.7.7:443", "10.66.0.1:1", ""), Side::kServer);
  Hand client = connect_by_hand("10.66.0.1:1", "10.0.7.7:443");
  Hand bad = client;
  bad.acknowledged += 5000;  // what the server has never sent: it drops the segment (RFC 9293 §3.10.7.4)
  inject(by(bad, tcp::kAck, "HELLO good.example\n"), Side::kClient);
  inject(by(bad, tcp::kAck | tcp::kFin), Side::kClient);
  say(client, "HELLO evil.example\n");
  EXPECT_EQ(user.judged, "HELLO evil.example\n");
  run(milliseconds(100));
  EXPECT_EQ(server.received(), "HELLO evil.example\n");
}

}  // namespace
}  // namespace limpid::flow
