// What a segment does, by RFC behaviour.
#include "tests/unit/dataplane/tcp/endpoint_harness.h"

namespace limpid::tcp {
namespace {

using TcpReceive = EndpointTest;
using TcpAck = EndpointTest;
using TcpReset = EndpointTest;
using TcpTimestamps = EndpointTest;
using TcpWindow = EndpointTest;

// --- text ---

TEST_F(TcpReceive, DelaysTheAckOfOneSmallSegmentAndSendsItInTime) {
  adopt();
  EXPECT_TRUE(receive(segment({.payload = as_bytes("hello")})).empty());
  EXPECT_TRUE(endpoint().take_news());
  EXPECT_EQ(read(), "hello");
  EXPECT_LE(endpoint().deadline() - now_, milliseconds{40});
  const auto sent = wait_for_timer();
  ASSERT_EQ(sent.size(), 1U);
  EXPECT_EQ(sent[0].header.ack, kPeers + 5);
}

TEST_F(TcpReceive, AcknowledgesEverySecondFullSegmentAtOnce) {
  adopt();
  const std::string full = text(1000);
  EXPECT_TRUE(receive(segment({.payload = as_bytes(full)})).empty());
  const auto sent = receive(segment({.seq = kPeers + 1000, .payload = as_bytes(full)}));
  ASSERT_EQ(sent.size(), 1U);
  EXPECT_EQ(sent[0].header.ack, kPeers + 2000);
}

TEST_F(TcpReceive, AnswersABurstWithOneAck) {
  adopt();
  const std::string full = text(1000);
  for (std::uint32_t i = 0; i < 10; ++i) {
    endpoint().on_segment(segment({.seq = kPeers + i * 1000, .payload = as_bytes(full)}), now_);
  }
  const auto sent = flush();
  ASSERT_EQ(sent.size(), 1U);
  EXPECT_EQ(sent[0].header.ack, kPeers + 10000);
}

TEST_F(TcpReceive, AcknowledgesTheFirstSegmentsAtOnce) {
  EndpointSettings eager = settings();
  eager.quick_acks = 2;
  adopt(adoption(), eager);
  EXPECT_EQ(receive(segment({.payload = as_bytes("a")})).size(), 1U);
  EXPECT_EQ(receive(segment({.seq = kPeers + 1, .payload = as_bytes("b")})).size(), 1U);
  EXPECT_EQ(receive(segment({.seq = kPeers + 2, .payload = as_bytes("c")})).size(), 0U);
}

TEST_F(TcpReceive, ReportsAGapWithSackAtOnceAndTheFillAtOnce) {
  adopt();
  auto sent = receive(segment({.seq = kPeers + 5, .payload = as_bytes("world")}));
  ASSERT_EQ(sent.size(), 1U);
  EXPECT_EQ(sent[0].header.ack, kPeers);
  ASSERT_EQ(sent[0].header.options.sack_blocks, 1);
  EXPECT_EQ(sent[0].header.options.sack[0], (wire::SackBlock{kPeers + 5, kPeers + 10}));
  sent = receive(segment({.payload = as_bytes("hello")}));
  ASSERT_EQ(sent.size(), 1U);
  EXPECT_EQ(sent[0].header.ack, kPeers + 10);
  EXPECT_EQ(sent[0].header.options.sack_blocks, 0);
  EXPECT_EQ(read(), "helloworld");
}

TEST_F(TcpReceive, TellsOfEveryGapThatABurstHasLeftInAsManyAcknowledgementsAsItTakes) {
  Adoption stamped = adoption();
  stamped.timestamps = true;  // room for three blocks
  adopt(stamped);
  for (std::uint32_t at = 10; at <= 70; at += 10) {
    SegmentIn piece = segment({.seq = kPeers + at, .payload = as_bytes("12345")});
    piece.options.timestamps = wire::Timestamps{1, 0};
    endpoint().on_segment(piece, now_);
  }
  std::vector<std::uint32_t> told;
  const std::vector<Sent> sent = flush();
  for (const Sent& acknowledgement : sent) {
    EXPECT_EQ(acknowledgement.header.ack, kPeers);
    for (std::size_t i = 0; i < acknowledgement.header.options.sack_blocks; ++i)
      told.push_back(acknowledgement.header.options.sack[i].left - kPeers);
  }
  EXPECT_EQ(sent.size(), 3U);
  EXPECT_EQ(told, (std::vector<std::uint32_t>{30, 20, 10, 60, 50, 40, 70, 60, 50}));
  EXPECT_EQ(flush().size(), 0U) << "once";
}

TEST_F(TcpReceive, KeepsWhatAFastAndReorderingPathMixesUp) {
  adopt();
  for (std::uint32_t at = 100; at < 40'000; at += 200)
    endpoint().on_segment(segment({.seq = kPeers + at, .payload = as_bytes(std::string(100, 'r'))}), now_);
  flush();
  EXPECT_EQ(endpoint().counters().segments_refused, 0U);
}

TEST_F(TcpReceive, ReportsADuplicateWithDsack) {
  adopt();
  receive(segment({.payload = as_bytes("hello")}));
  wait_for_timer();
  const auto sent = receive(segment({.payload = as_bytes("hello")}));
  ASSERT_EQ(sent.size(), 1U);
  ASSERT_EQ(sent[0].header.options.sack_blocks, 1);
  EXPECT_EQ(sent[0].header.options.sack[0], (wire::SackBlock{kPeers, kPeers + 5}));
  EXPECT_EQ(read(), "hello");
}

TEST_F(TcpReceive, SendsADuplicateAckForEachSegmentToAPeerWithoutSack) {
  Adoption plain = adoption();
  plain.sack = false;
  adopt(plain);
  for (std::uint32_t i = 1; i <= 4; ++i) {
    endpoint().on_segment(segment({.seq = kPeers + i * 10, .payload = as_bytes("0123456789")}), now_);
  }
  const auto sent = flush();
  ASSERT_EQ(sent.size(), 4U);
  for (const Sent& each : sent) EXPECT_EQ(each.header.ack, kPeers);
}

TEST_F(TcpReceive, HoldsAFinUntilTheGapBeforeItIsFilled) {
  adopt();
  receive(segment({.seq = kPeers + 3, .flags = kAck | kFin, .payload = as_bytes("def")}));
  EXPECT_EQ(endpoint().state(), State::kEstablished);
  const auto sent = receive(segment({.payload = as_bytes("abc")}));
  EXPECT_EQ(endpoint().state(), State::kCloseWait);
  ASSERT_EQ(sent.size(), 1U);
  EXPECT_EQ(sent[0].header.ack, kPeers + 7);
  EXPECT_FALSE(endpoint().finished());
  EXPECT_EQ(read(), "abcdef");
  EXPECT_TRUE(endpoint().finished());
}

TEST_F(TcpReceive, TheWindowGrowsWithItsReaderButNotWhileMemoryIsToBeSaved) {
  for (const bool saving : {false, true}) {
    Adoption scaled = adoption();
    scaled.our_window_shift = 7;
    adopt(scaled);
    pool_.economise(saving);
    std::uint32_t sent = 0;
    std::uint32_t window = 0;
    for (int round = 0; round < 3; ++round) {
      for (int i = 0; i < 50; ++i, sent += 1000) {
        for (const Sent& answer : receive(segment({.seq = kPeers + sent, .payload = as_bytes(text(1000))})))
          window = answer.header.window * 128U;
        read();
      }
      now_ += milliseconds{20};
    }
    EXPECT_EQ(window > 65'536, !saving) << window;
  }
}

TEST_F(TcpReceive, TakesUrgentDataInLine) {
  adopt();
  receive(segment({.flags = kAck | kUrg, .payload = as_bytes("!")}));
  EXPECT_EQ(read(), "!");
}

TEST_F(TcpReceive, GoesOnAcrossTheEndOfTheSequenceNumbers) {
  Adoption wrapping = adoption();
  wrapping.rcv_nxt = 0xFFFFFFFEU;
  wrapping.snd_nxt = 0xFFFFFFFFU;
  adopt(wrapping);
  receive({.seq = 0xFFFFFFFEU, .ack = 0xFFFFFFFFU, .window = 1000, .payload = as_bytes("abcd")});
  EXPECT_EQ(read(), "abcd");
  EXPECT_EQ(endpoint().expected_sequence(), 2U);
  const auto sent = write("xyz");
  ASSERT_EQ(sent.size(), 1U);
  receive({.seq = 2, .ack = 2, .window = 1000});
  EXPECT_EQ(endpoint().unacknowledged(), 0U);
}

// --- the window ---

TEST_F(TcpWindow, TrimsToTheRightEdgeAndAnswers) {
  Adoption small = adoption();
  small.our_window_announced = 10;
  EndpointSettings tiny = settings();
  tiny.receive_buffer_initial = tiny.receive_buffer_max = 10;
  adopt(small, tiny);
  const auto sent = receive(segment({.payload = as_bytes("0123456789ABC")}));
  ASSERT_EQ(sent.size(), 1U);
  EXPECT_EQ(sent[0].header.ack, kPeers + 10);
  EXPECT_EQ(sent[0].header.window, 0);
}

TEST_F(TcpWindow, AnswersEveryZeroWindowProbeAndTakesItsAck) {
  Adoption small = adoption();
  small.our_window_announced = 4;
  EndpointSettings tiny = settings();
  tiny.receive_buffer_initial = tiny.receive_buffer_max = 4;
  adopt(small, tiny);
  write("reply");
  receive(segment({.payload = as_bytes("full")}));
  // Linux: one position below, empty.
  EXPECT_EQ(receive(segment({.seq = kPeers + 3})).size(), 1U);
  EXPECT_TRUE(endpoint().take_peer_probe());
  EXPECT_EQ(receive(segment({.seq = kPeers + 3})).size(), 1U);
  // Windows: one new byte; its acknowledgement of our text counts although the byte does not.
  EXPECT_EQ(receive(segment({.seq = kPeers + 4, .ack = kOurs + 5, .payload = as_bytes("x")})).size(), 1U);
  EXPECT_EQ(endpoint().unacknowledged(), 0U);
  EXPECT_EQ(endpoint().readable(), 4U);
}

TEST_F(TcpWindow, TakesABareAckFromAPeerWhoseProbeIsOnItsWay) {
  Adoption small = adoption();
  small.our_window_announced = 4;
  EndpointSettings tiny = settings();
  tiny.receive_buffer_initial = tiny.receive_buffer_max = 4;
  adopt(small, tiny);
  receive(segment({.payload = as_bytes("full")}));
  write("reply");
  receive(segment({.seq = kPeers + 5, .ack = kOurs + 5}));
  EXPECT_EQ(endpoint().unacknowledged(), 0U);
}

TEST_F(TcpWindow, TellsAWaitingPeerWhenTheUserHasRead) {
  adopt();
  const std::string full = text(1000);
  std::uint32_t seq = kPeers;
  for (int i = 0; i < 60; ++i, seq += 1000) receive(segment({.seq = seq, .payload = as_bytes(full)}));
  EXPECT_FALSE(endpoint().wants_flush());
  endpoint().consume(60000);
  ASSERT_TRUE(endpoint().wants_flush());
  const auto sent = flush();
  ASSERT_EQ(sent.size(), 1U);
  EXPECT_GE(sent[0].header.window, 60000);
}

TEST_F(TcpWindow, ClampsThePeersShiftTo14) {
  Adoption absurd = adoption();
  absurd.peer_window = 0;
  absurd.peer_window_shift = 200;
  adopt(absurd);
  write(text(3000));
  EXPECT_EQ(receive(segment({.window = 1})).size(), 3U) << "1 << 14 bytes of window";
}

// --- ACK ---

TEST_F(TcpAck, OfWhatWasNeverSentIsAnsweredAndIgnored) {
  adopt();
  write("abc");
  const auto sent = receive(segment({.ack = kOurs + 4}));
  ASSERT_EQ(sent.size(), 1U);
  EXPECT_EQ(endpoint().unacknowledged(), 3U);
}

TEST_F(TcpAck, FarBelowTheWindowIsChallengedOncePerInterval) {
  adopt();
  EXPECT_EQ(receive(segment({.ack = kOurs - 70000})).size(), 1U);
  EXPECT_EQ(receive(segment({.ack = kOurs - 70000})).size(), 0U);
  now_ += seconds{1};
  EXPECT_EQ(receive(segment({.ack = kOurs - 70000})).size(), 1U);
}

TEST_F(TcpAck, AnOldOneStillBringsItsText) {
  adopt();
  write("abc");
  receive(segment({.ack = kOurs + 3}));
  receive(segment({.ack = kOurs, .payload = as_bytes("late")}));
  EXPECT_EQ(read(), "late");
}

TEST_F(TcpAck, LyingSackBlocksChangeNothing) {
  adopt();
  write(text(3000));
  SegmentIn lies = segment({});
  lies.options.sack_blocks = 4;
  lies.options.sack = {{{kOurs + 5000, kOurs + 6000},
                        {kOurs + 2000, kOurs + 1000},
                        {kOurs - 500, kOurs},
                        {kOurs + 0x80000000U, 7}}};
  EXPECT_TRUE(receive(lies).empty());
  EXPECT_EQ(endpoint().bytes_in_flight(), 3000U);
}

// --- RST and SYN (RFC 5961) ---

TEST_F(TcpReset, AtExactlyTheNextSequenceNumberEndsTheConnection) {
  adopt();
  receive(segment({.payload = as_bytes("left")}));
  receive(segment({.seq = kPeers + 4, .flags = kRst}));
  EXPECT_EQ(endpoint().state(), State::kClosed);
  EXPECT_EQ(endpoint().failure(), Reason::client_reset);
  EXPECT_TRUE(endpoint().closed());
  EXPECT_FALSE(endpoint().finished());
  EXPECT_EQ(read(), "left") << "what came before the reset can still be read";
}

TEST_F(TcpReset, NamesTheServerOnTheServerLeg) {
  Adoption server = adoption();
  server.leg = Leg::kServer;
  adopt(server);
  receive(segment({.flags = kRst | kAck}));
  EXPECT_EQ(endpoint().failure(), Reason::server_reset);
}

TEST_F(TcpReset, ElsewhereInTheWindowIsChallenged) {
  adopt();
  const auto sent = receive(segment({.seq = kPeers + 100, .flags = kRst}));
  ASSERT_EQ(sent.size(), 1U);
  EXPECT_EQ(sent[0].header.ack, kPeers);
  EXPECT_EQ(endpoint().state(), State::kEstablished);
}

TEST_F(TcpReset, OutsideOfTheWindowIsIgnored) {
  adopt();
  EXPECT_TRUE(receive(segment({.seq = kPeers + 100000, .flags = kRst})).empty());
  EXPECT_TRUE(receive(segment({.seq = kPeers - 1, .flags = kRst})).empty());
  EXPECT_EQ(endpoint().state(), State::kEstablished);
}

TEST_F(TcpReset, ASynInTheConnectionIsChallengedNotObeyed) {
  adopt();
  const auto sent = receive(segment({.flags = kSyn | kEce | kCwr}));
  ASSERT_EQ(sent.size(), 1U);
  EXPECT_EQ(sent[0].header.flags, kAck);
  EXPECT_EQ(endpoint().state(), State::kEstablished);
}

TEST_F(TcpReset, IsSentByAbortAtSndNxtAndToWhoeverAsksLater) {
  adopt();
  write("abc");
  endpoint().abort();
  auto sent = flush();
  ASSERT_EQ(sent.size(), 1U);
  EXPECT_TRUE(sent[0].has(kRst));
  EXPECT_EQ(sent[0].header.seq, kOurs + 3);
  EXPECT_TRUE(endpoint().closed());
  EXPECT_EQ(endpoint().chunks(), 0U);
  sent = receive(segment({.ack = kOurs + 1, .payload = as_bytes("still here")}));
  ASSERT_EQ(sent.size(), 1U);
  EXPECT_TRUE(sent[0].has(kRst));
  EXPECT_EQ(sent[0].header.seq, kOurs + 1);
  EXPECT_FALSE(sent[0].has(kAck)) << "RFC 9293 §3.10.7.1: <SEQ=SEG.ACK><CTL=RST>";
  EXPECT_TRUE(receive(segment({.flags = kRst})).empty()) << "never a reset for a reset";
}

// --- timestamps ---

Adoption with_timestamps() {
  Adoption stamped = adoption();
  stamped.timestamps = true;
  stamped.ts_recent = 700;
  stamped.ts_value = 0xFFFFFFF0U;
  return stamped;
}

TEST_F(TcpTimestamps, ContinueTheImpersonatedClockAndEchoThePeers) {
  adopt(with_timestamps());
  now_ += milliseconds{32};
  const auto sent = write("x");
  ASSERT_EQ(sent.size(), 1U);
  EXPECT_EQ(sent[0].header.options.timestamps, (wire::Timestamps{16, 700}));
}

TEST_F(TcpTimestamps, OneWithAWrongAcknowledgementDoesNotMakeWhatFollowsLookOld) {
  adopt(with_timestamps());
  SegmentIn forged = segment({.ack = kOurs + 0x10000000, .payload = as_bytes("forged")});
  forged.options.timestamps = wire::Timestamps{0x70000000, 0};
  receive(forged);
  SegmentIn next = segment({.payload = as_bytes("next")});
  next.options.timestamps = wire::Timestamps{701, 0};
  receive(next);
  EXPECT_EQ(read(), "next");
}

TEST_F(TcpTimestamps, OldOnesAreRefusedWithAnAckAndResetsAreExempt) {
  adopt(with_timestamps());
  SegmentIn old = segment({.payload = as_bytes("old")});
  old.options.timestamps = wire::Timestamps{699, 0};
  EXPECT_EQ(receive(old).size(), 1U);
  EXPECT_EQ(endpoint().readable(), 0U);
  old.payload = {};
  old.flags = kRst;
  receive(old);
  EXPECT_EQ(endpoint().failure(), Reason::client_reset);
}

TEST_F(TcpTimestamps, ASegmentWithoutThemIsStillTaken) {
  adopt(with_timestamps());
  receive(segment({.payload = as_bytes("bare")}));
  EXPECT_EQ(read(), "bare");
}

TEST_F(TcpTimestamps, OfASegmentWhoseAckIsRefusedAreNotRemembered) {
  adopt(with_timestamps());
  SegmentIn guessed = segment({.ack = kOurs + 1, .payload = as_bytes("guessed")});
  guessed.options.timestamps = wire::Timestamps{90'000, 0};
  receive(guessed);
  SegmentIn next = segment({.payload = as_bytes("true")});
  next.options.timestamps = wire::Timestamps{701, 0};
  receive(next);
  EXPECT_EQ(read(), "true");
}

TEST_F(TcpTimestamps, AreForgottenAfter24Days) {
  adopt(with_timestamps());
  now_ += std::chrono::hours{24 * 25};
  SegmentIn old = segment({.payload = as_bytes("idle")});
  old.options.timestamps = wire::Timestamps{100, 0};
  receive(old);
  EXPECT_EQ(read(), "idle");
}

TEST_F(TcpTimestamps, BeyondAGapDoNotBecomeTheEcho) {
  adopt(with_timestamps());
  SegmentIn ahead = segment({.seq = kPeers + 10, .payload = as_bytes("ahead")});
  ahead.options.timestamps = wire::Timestamps{800, 0};
  const auto sent = receive(ahead);
  ASSERT_EQ(sent.size(), 1U);
  EXPECT_EQ(sent[0].header.options.timestamps->echo, 700U);
}

TEST_F(TcpReceive, ASynIsChallengedSeldomWhateverItsTimestampSays) {  // RFC 5961 §4
  Adoption stamped = adoption();
  stamped.timestamps = true;
  stamped.ts_recent = 1'000'000;
  adopt(stamped);
  std::size_t answers = 0;
  for (std::uint32_t i = 0; i < 100; ++i) {
    SegmentIn syn = segment({.seq = kPeers + 1'000'000 * i, .flags = kSyn});
    syn.options.timestamps = wire::Timestamps{i % 2 == 0 ? 1U : 2'000'000U, 0};
    answers += receive(syn).size();
  }
  EXPECT_LE(answers, 1U);
}

TEST_F(TcpReceive, GuessedOldTextDrawsOneAnswerABurst) {
  adopt();
  for (std::uint32_t at = 0; at < 10; ++at)
    receive(segment({.seq = kPeers + 1000 * at, .payload = as_bytes(std::string(1000, 'o'))}));
  read();
  for (std::uint32_t i = 0; i < 32; ++i) {
    EXPECT_FALSE(endpoint().on_segment(
        segment({.seq = kPeers + 200 * i, .ack = kOurs + 0x40000000U, .payload = as_bytes("guess")}), now_))
        << "nor is it believed";
  }
  EXPECT_LE(flush().size(), 1U);
}

}  // namespace
}  // namespace limpid::tcp
