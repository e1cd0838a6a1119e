#include <gtest/gtest.h>

#include "tests/unit/dataplane/flow/engine_harness.h"

namespace limpid::flow {
namespace {

struct Adopt : EngineTest {
  /// Both sides close after the hello was relayed; the engine keeps a tombstone.
  void close_cleanly() {
    server_sends(acknowledging(from_server(1, tcp::kAck | tcp::kFin), 7));
    engine().flush(now);
    frames::Tcp fin = from_client(7, tcp::kAck | tcp::kFin);
    fin.ack = kServerIsn + 2;
    client_sends(fin);
    engine().flush(now);
    server_sends(acknowledging(from_server(2, tcp::kAck), 8));
    engine().flush(now);
    output.sent.clear();
  }
  /// The server sends a full segment, which is on its way to the client then.
  void send_full_segment() {
    adopt();
    output.sent.clear();
    server_sends(acknowledging(from_server(1, tcp::kAck | tcp::kPsh, kFull), 7));
    engine().flush(now);
    ASSERT_EQ(to_client().at(0).payload().size(), kFull.size());
    output.sent.clear();
  }
  const std::string kFull = std::string(1400, 'x');
  static frames::Tcp acknowledging(frames::Tcp tcp, std::uint32_t client_bytes) {
    tcp.ack = kClientIsn + client_bytes;
    return tcp;
  }
};

TEST_F(Adopt, TheLegsGoOnWithTheFlowsOwnNumbersAndHeaders) {
  vlans = {42};
  adopt();
  const auto server_gets = to_server();
  ASSERT_EQ(server_gets.size(), 1U);
  const auto view = server_gets[0].view();
  EXPECT_EQ(view.seq, kClientIsn + 1);
  EXPECT_EQ(view.ack, kServerIsn + 1);
  EXPECT_EQ(server_gets[0].payload(), "HELLO\n");
  EXPECT_TRUE(wire::checksums_valid(view));
  EXPECT_EQ(view.ip.vlan, 42);
  const Frame original = frames::tcp(from_client(1, tcp::kAck, "HELLO\n"));
  EXPECT_TRUE(std::equal(original.begin(), original.begin() + 18, server_gets[0].frame.begin()))
      << "MACs and tag";
  EXPECT_EQ(server_gets[0].frame[18 + 8], std::byte{61}) << "TTL of the client";
  EXPECT_GE(server_gets[0].options().timestamps->value, 101U);
  EXPECT_EQ(server_gets[0].options().timestamps->echo, 500U);

  const auto client_gets = to_client();
  ASSERT_EQ(client_gets.size(), 1U);
  EXPECT_EQ(client_gets[0].view().ack, kClientIsn + 7);
  EXPECT_EQ(client_gets[0].view().seq, kServerIsn + 1);
  EXPECT_EQ(client_gets[0].frame[18 + 8], std::byte{55}) << "TTL of the server";
  EXPECT_EQ(client_gets[0].options().timestamps->echo, 101U);
}

TEST_F(Adopt, BytesCrossInBothDirections) {
  adopt();
  output.sent.clear();
  server_sends(acknowledging(from_server(1, tcp::kAck | tcp::kPsh, "welcome"), 7));
  engine().flush(now);
  const auto client_gets = to_client();
  ASSERT_EQ(client_gets.size(), 1U);
  EXPECT_EQ(client_gets[0].payload(), "welcome");
  EXPECT_EQ(client_gets[0].view().seq, kServerIsn + 1);
}

TEST_F(Adopt, FollowsARouterThatChanges) {
  adopt();
  output.sent.clear();
  frames::Tcp next = from_client(7, tcp::kAck | tcp::kPsh, "after");
  next.source_mac = 0xdd;
  client_sends(next);
  engine().flush(now);
  const auto server_gets = to_server();
  ASSERT_FALSE(server_gets.empty());
  EXPECT_EQ(server_gets[0].frame[11], std::byte{0xdd});
}

TEST_F(Adopt, AForgedSegmentFarOffDoesNotChangeTheHeaders) {
  adopt();
  output.sent.clear();
  frames::Tcp forged = from_client(0x7000'0000, tcp::kAck, "x");
  forged.source_mac = 0xee;
  client_sends(forged);
  client_sends(from_client(7, tcp::kAck | tcp::kPsh, "after"));
  engine().flush(now);
  const auto server_gets = to_server();
  ASSERT_FALSE(server_gets.empty());
  EXPECT_EQ(server_gets[0].frame[11], std::byte{0xc});
}

TEST_F(Adopt, AForgedSegmentNearbyDoesNotChangeTheHeadersEither) {
  adopt();
  output.sent.clear();
  for (const std::uint32_t guess : {7U, 1007U, 60'000U, 0U}) {
    frames::Tcp forged = from_client(guess, tcp::kAck, "x");
    forged.ack += 0x4000'0000U;
    forged.source_mac = 0xee;
    client_sends(forged);
  }
  frames::Tcp far = from_client(5'000'000, tcp::kAck, "x");
  far.source_mac = 0xee;
  client_sends(far);
  server_sends(acknowledging(from_server(1, tcp::kAck | tcp::kPsh, "welcome"), 7));
  engine().flush(now);
  const auto server_gets = to_server();
  ASSERT_FALSE(server_gets.empty());
  for (const Sent& one : server_gets) EXPECT_EQ(one.frame[11], std::byte{0xc});
}

TEST_F(Adopt, ADamagedSegmentIsNotTakenIn) {
  adopt();
  output.sent.clear();
  frames::Tcp damaged = from_client(7, tcp::kAck, "x");
  damaged.damaged = true;
  client_sends(damaged);
  engine().flush(now);
  EXPECT_TRUE(output.sent.empty());
  EXPECT_EQ(engine().counters().reasons[Reason::checksum_wrong], 1U);
}

TEST_F(Adopt, NothingOfAnAdoptedFlowIsForwarded) {
  adopt();
  output.sent.clear();
  const frames::Tcp next = from_client(7, tcp::kAck | tcp::kPsh, "more");
  client_sends(next);
  EXPECT_TRUE(output.sent.empty()) << "before the burst is over";
  engine().flush(now);
  for (const Sent& one : output.sent) EXPECT_NE(one.frame, frames::tcp(next));
}

TEST_F(Adopt, AfterACleanEndATombstoneAcknowledgesARetransmittedFin) {
  adopt();
  close_cleanly();
  EXPECT_EQ(engine().counters().now_adopted, 0U);
  EXPECT_EQ(engine().counters().now_tombstones, 1U);
  ASSERT_EQ(user.closed.size(), 1U);
  EXPECT_TRUE(user.closed[0].had_session);
  EXPECT_EQ(user.closed[0].summary.bytes_from_client, 6U);
  EXPECT_EQ(user.closed[0].summary.reason, Reason::none);
  EXPECT_EQ(user.closed[0].summary.disposition, Disposition::kTerminate);

  server_sends(acknowledging(from_server(1, tcp::kAck | tcp::kFin), 8));
  const auto answers = to_server();
  ASSERT_EQ(answers.size(), 1U);
  EXPECT_EQ(answers[0].view().flags, tcp::kAck);
  EXPECT_EQ(answers[0].view().ack, kServerIsn + 2);
  EXPECT_EQ(answers[0].view().seq, kClientIsn + 8);
  EXPECT_TRUE(answers[0].options().timestamps.has_value());
  // Stragglers without bytes need no answer, and never cross.
  server_sends(acknowledging(from_server(2, tcp::kAck), 8));
  EXPECT_TRUE(output.sent.empty());
}

// Whoever has closed his direction and reads slowly is not in a hurry: he answers, and takes it by and by.
TEST_F(Adopt, AReaderWhoPausesAfterBothHaveClosedStillGetsEverything) {
  adopt();
  output.sent.clear();
  frames::Tcp full = from_client(7, tcp::kAck | tcp::kFin);
  full.window = 0;
  client_sends(full);
  engine().flush(now);
  server_sends(acknowledging(from_server(1, tcp::kAck | tcp::kPsh | tcp::kFin, "the answer"), 8));
  engine().flush(now);
  for (int pause = 0; pause < 30; ++pause) {
    advance(seconds(20));
    frames::Tcp closed = from_client(8, tcp::kAck);
    closed.window = 0;
    client_sends(closed);
    engine().flush(now);
  }
  EXPECT_EQ(engine().counters().now_adopted, 1U);
  output.sent.clear();
  client_sends(from_client(8, tcp::kAck));
  engine().flush(now);
  advance(seconds(61));
  std::string got;
  for (const Sent& one : to_client()) {
    EXPECT_EQ(one.view().flags & tcp::kRst, 0);
    got += one.payload();
  }
  EXPECT_EQ(got.substr(0, 10), "the answer");
}

TEST_F(Adopt, ATombstoneDoesNotAnswerADamagedSegment) {
  adopt();
  close_cleanly();
  output.sent.clear();
  frames::Tcp fin = from_client(7, tcp::kAck | tcp::kFin);
  fin.damaged = true;
  client_sends(fin);
  frames::Tcp again = syn();
  again.damaged = true;
  client_sends(again);
  EXPECT_TRUE(to_client().empty());
  EXPECT_EQ(engine().counters().now_tombstones, 1U);
  EXPECT_EQ(engine().counters().reasons[Reason::checksum_wrong], 2U);
}

TEST_F(Adopt, ANewSynAlwaysWinsOverATombstone) {
  adopt();
  close_cleanly();
  frames::Tcp again = syn();
  again.seq += 100'000;
  expect_forwarded_from_client(again);
  EXPECT_EQ(user.syns.size(), 2U);
  EXPECT_EQ(user.closed.size(), 1U);
  EXPECT_EQ(engine().counters().now_tombstones, 0U);
}

TEST_F(Adopt, ATombstoneIsGoneAfterAMinute) {
  adopt();
  close_cleanly();
  advance(seconds(61));
  EXPECT_EQ(engine().counters().now_tombstones, 0U);
  EXPECT_EQ(user.closed.size(), 1U);
}

TEST_F(Adopt, AResetCrossesAndItsStragglersAreAnsweredWithReset) {
  adopt();
  output.sent.clear();
  client_sends(from_client(7, tcp::kRst | tcp::kAck));
  engine().flush(now);
  const auto server_gets = to_server();
  ASSERT_EQ(server_gets.size(), 1U);
  EXPECT_NE(server_gets[0].view().flags & tcp::kRst, 0);
  EXPECT_EQ(server_gets[0].view().seq, kClientIsn + 7);
  ASSERT_EQ(user.closed.size(), 1U);
  EXPECT_EQ(user.closed[0].summary.reason, Reason::client_reset);

  server_sends(acknowledging(from_server(1, tcp::kAck, "late"), 1));
  const auto answers = to_server();
  ASSERT_EQ(answers.size(), 1U);
  EXPECT_EQ(answers[0].view().flags, tcp::kRst);
  EXPECT_EQ(answers[0].view().seq, kClientIsn + 1) << "RFC 5961 wants exactly what the peer expects";
}

TEST_F(Adopt, AResetOfOneThatHasEndedItsDirectionIsNoFailure) {  // a socket that was closed is told more
  adopt();
  server_sends(acknowledging(from_server(1, tcp::kAck | tcp::kFin, "all"), 7));
  engine().flush(now);
  frames::Tcp last_words = from_client(7, tcp::kAck | tcp::kFin, "bye");
  last_words.ack = kServerIsn + 5;
  client_sends(last_words);
  engine().flush(now);
  server_sends(acknowledging(from_server(5, tcp::kRst), 7));
  engine().flush(now);
  advance(seconds(200));
  ASSERT_EQ(user.closed.size(), 1U);
  EXPECT_EQ(user.closed[0].summary.reason, Reason::none);
}

TEST_F(Adopt, ASynOnALiveFlowIsChallengedNotObeyed) {
  adopt();
  output.sent.clear();
  frames::Tcp wild = syn();
  wild.seq += 77'000;
  client_sends(wild);
  engine().flush(now);
  EXPECT_EQ(engine().counters().now_adopted, 1U);
  EXPECT_EQ(user.syns.size(), 1U);
}

TEST_F(Adopt, DrainingWaitsForAdoptedFlowsAndThenResetsThem) {
  adopt();
  output.sent.clear();
  engine().stop(now);
  EXPECT_FALSE(engine().drained());
  server_sends(acknowledging(from_server(1, tcp::kAck, "still served"), 7));
  engine().flush(now);
  EXPECT_EQ(to_client().size(), 1U);
  output.sent.clear();
  engine().abort_adopted(now);
  EXPECT_TRUE(engine().drained());
  ASSERT_EQ(to_client().size(), 1U);
  const auto server_gets = to_server();
  ASSERT_EQ(server_gets.size(), 1U);
  EXPECT_NE(server_gets[0].view().flags & tcp::kRst, 0);
  ASSERT_EQ(user.closed.size(), 1U);
  EXPECT_EQ(user.closed[0].summary.reason, Reason::stopped);
}

TEST_F(Adopt, WithoutPacketBuffersItTriesAgainSoonAndLosesNothing) {
  connect();
  client_sends(from_client(1, tcp::kAck | tcp::kPsh, "HELLO\n"));
  pool.limit(0);
  engine().flush(now);
  EXPECT_TRUE(output.sent.empty());
  EXPECT_LE(engine().next_deadline(), now + milliseconds(1));
  pool.limit(100);
  now += milliseconds(1);
  engine().flush(now);
  const auto server_gets = to_server();
  ASSERT_EQ(server_gets.size(), 1U);
  EXPECT_EQ(server_gets[0].payload(), "HELLO\n");
}

TEST_F(Adopt, AKeepaliveIsAnsweredAndPassedOn) {
  adopt();
  server_sends(acknowledging(from_server(1, tcp::kAck), 7));
  engine().flush(now);
  advance(seconds(60));
  output.sent.clear();
  client_sends(from_client(6, tcp::kAck));
  engine().flush(now);
  ASSERT_EQ(to_client().size(), 1U);
  const auto probes = to_server();
  ASSERT_EQ(probes.size(), 1U);
  EXPECT_EQ(probes[0].view().seq, kClientIsn + 6);
}

TEST_F(Adopt, EveryStreamChunkComesBack) {
  adopt();
  close_cleanly();
  EXPECT_EQ(engine().stream_memory().used(), 0U);
  EXPECT_EQ(pool.used(), 0U);
}

TEST_F(Adopt, ShowsTheStatesThatTheOperatorKnows) {
  const auto states = [this] {
    std::string shown;
    visit_all(engine(), [&shown](const FlowView& view) {
      shown = std::string(view.client_leg) + ":" + std::string(view.server_leg);
    });
    return shown;
  };
  client_sends(syn());
  EXPECT_EQ(states(), "SYN_RCV:SYN_SENT");
  server_sends(syn_ack());
  EXPECT_EQ(states(), "SYN_RCV:EST");
  client_sends(from_client(1, tcp::kAck));
  EXPECT_EQ(states(), "EST:EST");
  client_sends(from_client(1, tcp::kAck, "HELLO\n"));
  engine().flush(now);
  EXPECT_EQ(states(), "EST:EST");
  close_cleanly();
  EXPECT_EQ(states(), "") << "tombstones are not shown";
}

// --- After a crash --------------------------------------------------------------------------------------

struct Restart : Adopt {
  Restart() { settings.ledger = &*ledger; }
  /// The process dies; the memory of its ledger is read by the next one.
  void crash(const OrphanShare& share = {}) {
    const std::vector<LedgerEntry> orphans = Ledger::read(std::as_bytes(std::span(memory)));
    ledger.emplace(std::as_writable_bytes(std::span(memory)));
    restart();
    engine().restore(orphans, share, now);
    output.sent.clear();
  }
  static std::vector<unsigned> flags_of(const std::vector<Sent>& frames) {
    std::vector<unsigned> flags;
    for (const Sent& one : frames) flags.push_back(one.view().flags);
    return flags;
  }
  std::vector<std::uint64_t> memory = std::vector<std::uint64_t>(Ledger::size_for(16) / 8);
  std::optional<Ledger> ledger{std::in_place, std::as_writable_bytes(std::span(memory))};
};

TEST_F(Restart, AnAdoptedFlowIsResetOnBothSidesAtItsFirstPacket) {
  adopt();
  crash();
  client_sends(from_client(7, tcp::kAck, "go on"));
  const auto client_gets = to_client();
  const auto server_gets = to_server();
  ASSERT_EQ(client_gets.size(), 1U);
  ASSERT_EQ(server_gets.size(), 1U);
  EXPECT_EQ(client_gets[0].view().flags, tcp::kRst);
  EXPECT_EQ(client_gets[0].view().seq, kServerIsn + 1);
  EXPECT_EQ(server_gets[0].view().flags, tcp::kRst);
  EXPECT_EQ(server_gets[0].view().seq, kClientIsn + 7);
  EXPECT_EQ(engine().counters().reasons[Reason::restarted], 1U);
  EXPECT_TRUE(user.closed.empty()) << "the new process's user never heard of it";
}

TEST_F(Restart, TheServersChallengeIsAnsweredExactly) {
  adopt();
  crash();
  client_sends(from_client(7, tcp::kAck, "go on"));
  output.sent.clear();
  server_sends(acknowledging(from_server(9, tcp::kAck), 3));
  const auto server_gets = to_server();
  ASSERT_EQ(server_gets.size(), 1U);
  EXPECT_EQ(server_gets[0].view().seq, kClientIsn + 3);
}

TEST_F(Restart, BothEndsAreResetInTheOthersNameThoughTheySayNothing) {
  vlans = {42, 7};
  adopt();
  const auto server_knew = to_server();
  const auto client_knew = to_client();
  crash();
  advance(milliseconds(500));
  const auto server_gets = to_server();
  const auto client_gets = to_client();
  ASSERT_EQ(flags_of(server_gets), std::vector<unsigned>{tcp::kRst});
  ASSERT_EQ(flags_of(client_gets), std::vector<unsigned>{tcp::kRst});
  EXPECT_EQ(server_gets[0].view().seq, kClientIsn + 7);
  EXPECT_EQ(client_gets[0].view().seq, kServerIsn + 1);
  EXPECT_TRUE(wire::checksums_valid(server_gets[0].view()) && wire::checksums_valid(client_gets[0].view()));
  constexpr std::size_t kUpToTtl = 14 + 8 + 2;  // MACs, tags, DSCP
  for (const auto& [gets, knew] : {std::pair(server_gets[0].frame, server_knew.at(0).frame),
                                   std::pair(client_gets[0].frame, client_knew.at(0).frame)}) {
    EXPECT_TRUE(std::equal(gets.begin(), gets.begin() + kUpToTtl, knew.begin()));
    EXPECT_EQ(gets[14 + 8 + 8], knew[14 + 8 + 8]) << "TTL";
    EXPECT_TRUE(
        std::equal(gets.begin() + 14 + 8 + 12, gets.begin() + 14 + 8 + 24, knew.begin() + 14 + 8 + 12))
        << "addresses and ports";
  }
  EXPECT_EQ(engine().counters().reasons[Reason::restarted], 1U);
}

TEST_F(Restart, AnEndThatDidNotBelieveItsResetIsAskedAndThenResetExactly) {  // RFC 5961 §3, RFC 9293 §3.8.4
  adopt();
  crash();
  advance(milliseconds(500));
  to_client();
  advance(seconds(1));
  const auto asked = to_client();
  ASSERT_EQ(flags_of(asked), std::vector<unsigned>{tcp::kAck});
  EXPECT_EQ(asked[0].view().seq, kServerIsn) << "an old number";
  EXPECT_EQ(asked[0].view().ack, kClientIsn + 7);
  ASSERT_TRUE(asked[0].options().timestamps.has_value());
  frames::Tcp answer = from_client(7, tcp::kAck);
  answer.ack = kServerIsn + 5;  // the ledger was behind
  client_sends(answer);
  const auto client_gets = to_client();
  ASSERT_EQ(flags_of(client_gets), std::vector<unsigned>{tcp::kRst});
  EXPECT_EQ(client_gets[0].view().seq, kServerIsn + 5);
}

TEST_F(Restart, WhoIsGoneIsForgottenByTheLedger) {
  adopt();
  crash();
  advance(milliseconds(1500));
  output.sent.clear();
  client_sends(from_client(7, tcp::kRst));
  EXPECT_EQ(ledger->size(), 1U);
  server_sends(from_server(1, tcp::kRst));
  EXPECT_EQ(ledger->size(), 0U);
  advance(seconds(59));
  EXPECT_TRUE(output.sent.empty());
  EXPECT_EQ(engine().counters().now_tombstones, 1U);
  advance(seconds(2));
  EXPECT_EQ(engine().counters().now_tombstones, 0U);
}

TEST_F(Restart, ManyFlowsAreResetAtABoundedRate) {
  for (int port = 41001; port <= 41016; ++port) {
    client = "10.0.0.1:" + std::to_string(port);
    connect();
    client_sends(from_client(1, tcp::kAck | tcp::kPsh, "HELLO\n"));
    engine().flush(now);
  }
  crash();
  const Instant begun = now;
  std::size_t most = 0;
  while (now - begun < milliseconds(300)) {
    now += milliseconds(1);
    const std::size_t before = output.sent.size();
    engine().run_timers(now);
    most = std::max(most, output.sent.size() - before);
  }
  EXPECT_EQ(output.sent.size(), 2U * 16U);
  EXPECT_LE(most, 2U * 3U) << "2,000 flows a second, and what a millisecond's edge adds";
}

TEST_F(Restart, AnotherEnginesShareIsLeftToItUntilAnEndSpeaks) {
  adopt();
  crash({.index = 1, .of = 2});
  advance(seconds(20));
  EXPECT_TRUE(output.sent.empty());
  client_sends(from_client(7, tcp::kAck, "go on"));
  EXPECT_EQ(flags_of(to_server()), std::vector<unsigned>{tcp::kRst});
  EXPECT_EQ(flags_of(to_client()), std::vector<unsigned>{tcp::kRst});
}

TEST_F(Restart, EverythingElseIsForwarded) {
  adopt();
  crash();
  client = "10.0.0.1:55555";
  expect_forwarded_from_client(from_client(1, tcp::kAck, "HELLO\n"));
}

TEST_F(Restart, ASecondCrashForgetsNothing) {
  adopt();
  crash();
  crash();
  server_sends(acknowledging(from_server(1, tcp::kAck, "data"), 7));
  EXPECT_EQ(to_server().size(), 1U);
  EXPECT_EQ(to_client().size(), 1U);
}

TEST_F(Restart, AFlowThatEndedIsNotInTheLedger) {
  adopt();
  EXPECT_EQ(ledger->size(), 1U);
  close_cleanly();
  EXPECT_EQ(ledger->size(), 0U);
  crash();
  EXPECT_EQ(engine().counters().now_tombstones, 0U);
}

TEST_F(Restart, ANewSynWins) {
  adopt();
  crash();
  frames::Tcp again = syn();
  again.seq += 9999;
  expect_forwarded_from_client(again);
  EXPECT_EQ(user.syns.size(), 2U);
}

TEST_F(Adopt, EcnThatTheEndsAgreedOnIsSpokenOnBothLegs) {  // RFC 3168
  frames::Tcp asks = syn();
  asks.flags |= tcp::kEce | tcp::kCwr;
  client_sends(asks);
  EXPECT_EQ(to_server().at(0).view().flags, asks.flags) << "not taken out";
  frames::Tcp agrees = syn_ack();
  agrees.flags |= tcp::kEce;
  server_sends(agrees);
  client_sends(from_client(1, tcp::kAck));
  output.sent.clear();
  frames::Tcp hello = from_client(1, tcp::kAck | tcp::kPsh, "HELLO\n");
  hello.tos = 3;  // marked on its way
  client_sends(hello);
  engine().flush(now);
  EXPECT_NE(to_client().at(0).view().flags & tcp::kEce, 0) << "the mark is limpid's to echo";
  const auto server_gets = to_server();
  ASSERT_EQ(server_gets.size(), 1U);
  EXPECT_EQ(server_gets[0].frame[15], std::byte{2}) << "ECT(0), and not the client's mark";
}

TEST_F(Adopt, AHalfClosedFlowInWhichNothingIsHeardIsEnded) {  // RFC 9293 §3.10.4 leaves it open for ever
  adopt();
  server_sends(acknowledging(from_server(1, tcp::kAck | tcp::kFin), 7));
  engine().flush(now);
  frames::Tcp acknowledges = from_client(7, tcp::kAck);
  acknowledges.ack = kServerIsn + 2;
  client_sends(acknowledges);
  engine().flush(now);
  output.sent.clear();
  advance(minutes(5) - seconds(1));
  EXPECT_EQ(engine().counters().now_adopted, 1U);
  output.sent.clear();
  advance(seconds(2));
  EXPECT_EQ(engine().counters().now_adopted, 0U);
  EXPECT_NE(to_client().at(0).view().flags & tcp::kRst, 0);
  EXPECT_NE(to_server().at(0).view().flags & tcp::kRst, 0);
  ASSERT_EQ(user.closed.size(), 1U);
  EXPECT_EQ(user.closed[0].summary.reason, Reason::half_closed_timeout);
}

// --- ICMP errors (RFC 5927) ---

TEST_F(Adopt, AReportThatASegmentWasTooBigIsActedOnAndKept) {  // RFC 1191
  send_full_segment();
  arrive(frames::icmp_error(from_server(1, tcp::kAck, kFull), "10.7.7.7:0", 3, 4, 1000), client_side);
  engine().flush(now);
  EXPECT_TRUE(to_server().empty()) << "the server never sent what was too big";
  const auto again = to_client();
  ASSERT_EQ(again.size(), 2U);
  EXPECT_EQ(again[0].payload().size() + again[1].payload().size(), 1400U);
  EXPECT_LE(again[0].view().ip.end - again[0].view().ip.ip_offset, 1000);
  EXPECT_EQ(engine().counters().errors_consumed, 1U);
}

TEST_F(Adopt, AnImplausibleReportIsKeptAndIgnored) {
  send_full_segment();
  const frames::Tcp quoted = from_server(1, tcp::kAck);
  arrive(frames::icmp_error(quoted, "10.7.7.7:0", 3, 4, 500), client_side);                  // below any path
  arrive(frames::icmp_error(from_server(9000, 16), "10.7.7.7:0", 3, 4, 1000), client_side);  // never sent
  arrive(frames::icmp_error(quoted, "10.7.7.7:0", 3, 3), client_side);                       // a soft error
  engine().flush(now);
  EXPECT_TRUE(output.sent.empty());
  EXPECT_EQ(engine().counters().now_adopted, 1U);
  EXPECT_EQ(engine().counters().errors_consumed, 3U);
}

TEST_F(Adopt, ARouterThatDoesNotSayHowMuchItTakesIsAnsweredWithTheNextCommonSize) {  // RFC 1191 §5
  send_full_segment();
  arrive(frames::icmp_error(from_server(1, tcp::kAck, kFull), "10.7.7.7:0", 3, 4, 0), client_side);
  engine().flush(now);
  const auto again = to_client();
  ASSERT_FALSE(again.empty());
  for (const Sent& one : again) EXPECT_LE(one.view().ip.end - one.view().ip.ip_offset, 1006);
}

TEST_F(Adopt, ErrorsAboutOthersPass) {
  const Frame report = frames::icmp_error(from_server(1, tcp::kAck), "10.7.7.7:0", 3, 4, 1000);
  connect();
  arrive(report, client_side);
  ASSERT_EQ(output.sent.size(), 1U) << "a flow that limpid does not speak in";
  EXPECT_EQ(output.sent[0].frame, report);
  EXPECT_EQ(output.sent[0].to, opposite(client_side));
  client_sends(from_client(1, tcp::kAck | tcp::kPsh, "HELLO\n"));
  engine().flush(now);
  output.sent.clear();
  arrive(report, opposite(client_side));
  EXPECT_EQ(output.sent.size(), 1U) << "the segment went the other way";
  arrive(frames::icmp_error(frames::Tcp{}, "10.7.7.7:0", 3, 4, 1000), client_side);
  EXPECT_EQ(output.sent.size(), 2U) << "an unknown flow, or one of another tuple";
}

}  // namespace
}  // namespace limpid::flow
