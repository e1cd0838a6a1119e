// What flush() sends, by RFC behaviour.
#include "tests/unit/dataplane/tcp/endpoint_harness.h"

namespace limpid::tcp {
namespace {

using TcpSend = EndpointTest;
using TcpProbe = EndpointTest;
using TcpRetransmit = EndpointTest;
using TcpTailProbe = EndpointTest;

TEST_F(TcpSend, CutsTextIntoFullSegmentsAndPushesTheLast) {
  adopt();
  const std::string all = text(2500);
  const auto sent = write(all);
  ASSERT_EQ(sent.size(), 3U);
  EXPECT_EQ(sent[0].text + sent[1].text + sent[2].text, all);
  EXPECT_EQ(sent[1].header.seq, kOurs + 1000);
  EXPECT_FALSE(sent[1].has(kPsh));
  EXPECT_TRUE(sent[2].has(kPsh));
}

TEST_F(TcpSend, TakesTheTimestampOffThePayload) {
  Adoption stamped = adoption();
  stamped.timestamps = true;
  adopt(stamped);
  EXPECT_EQ(write(text(2000))[0].text.size(), 988U);
}

TEST_F(TcpSend, DoesNotBelieveAnAbsurdMss) {
  Adoption absurd = adoption();
  absurd.mss = 1;
  adopt(absurd);
  EXPECT_EQ(write(text(200))[0].text.size(), 88U);
}

TEST_F(TcpSend, KeepsToTheCongestionWindow) {
  adopt();
  EXPECT_EQ(write(text(30000)).size(), 10U);
  EXPECT_EQ(receive(segment({.ack = kOurs + 2000})).size(), 4U)
      << "slow start: two for each that is acknowledged";
}

TEST_F(TcpSend, KeepsToThePeersWindow) {
  Adoption narrow = adoption();
  narrow.peer_window = 2500;
  adopt(narrow);
  const auto sent = write(text(5000));
  ASSERT_EQ(sent.size(), 2U) << "a small rest of the window is not worth a segment";
  EXPECT_EQ(receive(segment({.ack = kOurs + 2000, .window = 2500})).size(), 2U);
}

TEST_F(TcpSend, AcknowledgesWithTheText) {
  adopt();
  receive(segment({.payload = as_bytes("question")}));
  const auto sent = write("answer");
  ASSERT_EQ(sent.size(), 1U);
  EXPECT_EQ(sent[0].header.ack, kPeers + 8);
  EXPECT_EQ(endpoint().deadline() - now_ > milliseconds{40}, true) << "no separate ACK is due";
}

TEST_F(TcpSend, KeepsWhatTheSinkDidNotTakeAndTriesAgain) {
  adopt();
  sink_.refuse = true;
  EXPECT_TRUE(write("abc").empty());
  EXPECT_TRUE(endpoint().wants_flush());
  EXPECT_LE(endpoint().deadline() - now_, milliseconds{1});
  sink_.refuse = false;
  EXPECT_EQ(wait_for_timer()[0].text, "abc");
  EXPECT_FALSE(endpoint().wants_flush());
}

TEST_F(TcpSend, AsksForMoreOnlyWhenHalfOfItsQueueIsGone) {
  adopt();
  write(text(endpoint().credit()));
  EXPECT_EQ(endpoint().credit(), 0U);
  endpoint().take_news();
  std::uint32_t acknowledged = 0;
  while (!endpoint().take_news()) {
    acknowledged += 1000;
    receive(segment({.ack = kOurs + acknowledged}));
    ASSERT_LT(acknowledged, 250000U);
  }
  EXPECT_GE(endpoint().credit(), 128000U);
}

TEST_F(TcpSend, TakesAsMuchAsThereIsMemoryFor) {
  ChunkPool small(16);
  endpoint_.emplace(settings_ = settings(), small, adoption(), now_);
  const std::size_t taken = endpoint().write(as_bytes(text(100'000)));
  EXPECT_GT(taken, 20'000U);
  EXPECT_LT(taken, 16 * kChunkSize) << "something is left for receiving";
  endpoint_.reset();
  EXPECT_EQ(small.used(), 0U);
}

TEST_F(TcpSend, TakesLittleMoreThanItsBufferFromWhoeverWritesBeyondTheCredit) {
  adopt();
  std::size_t taken = 0;
  for (int i = 0; i < 100; ++i) taken += endpoint().write(as_bytes(text(50'000)));
  EXPECT_GE(taken, settings_.send_buffer_max);
  EXPECT_LE(taken, settings_.send_buffer_max + 65'536);
  EXPECT_LE(endpoint().chunks(), (settings_.send_buffer_max + 65'536) / kChunkSize + 1);
}

TEST_F(TcpSend, GivesLessCreditWhileMemoryIsToBeSaved) {
  adopt();
  const std::size_t before = endpoint().credit();
  pool_.economise(true);
  EXPECT_LT(endpoint().credit(), before);
  EXPECT_GT(endpoint().credit(), 0U);
  pool_.economise(false);
  EXPECT_EQ(endpoint().credit(), before);
}

// --- the tail loss probe (RFC 8985 §7) ---

TEST_F(TcpTailProbe, SendsTheLastSegmentAgainAfterTwoRoundTrips) {
  adopt();
  const auto first = write(text(3000));
  const auto probe = wait(milliseconds{20});
  ASSERT_EQ(probe.size(), 1U);
  EXPECT_EQ(probe[0].header.seq, kOurs + 2000);
  EXPECT_EQ(probe[0].text, first[2].text) << "the same bytes";
  EXPECT_EQ(endpoint().counters().tail_probes, 1U);
  EXPECT_EQ(endpoint().counters().timeouts, 0U);
  EXPECT_EQ(wait_for_timer()[0].header.seq, kOurs) << "then it is a time-out";
}

TEST_F(TcpTailProbe, PrefersTextThatWaits) {
  adopt();
  EXPECT_EQ(write(text(12'000)).size(), 10U);
  const auto probe = wait(milliseconds{20});
  ASSERT_EQ(probe.size(), 1U);
  EXPECT_EQ(probe[0].header.seq, kOurs + 10'000);
  EXPECT_EQ(endpoint().counters().segments_retransmitted, 0U);
}

TEST_F(TcpTailProbe, SendsTheFinToo) {
  adopt();
  endpoint().finish();
  EXPECT_TRUE(flush()[0].has(kFin));
  const auto probe = wait_for_timer();
  ASSERT_EQ(probe.size(), 1U);
  EXPECT_TRUE(probe[0].has(kFin));
  EXPECT_EQ(endpoint().counters().timeouts, 0U);
}

TEST_F(TcpTailProbe, IsForgottenWhenThePeerAnswersMeanwhile) {
  adopt();
  write(text(3000));
  now_ += milliseconds{20};
  endpoint().on_timer(now_);
  endpoint().on_segment(segment({.ack = kOurs + 3000}), now_);
  EXPECT_TRUE(flush().empty());
  EXPECT_EQ(endpoint().deadline(), kNever);
}

// --- retransmission ---

TEST_F(TcpRetransmit, AfterATimeoutTheFirstSegmentAndBacksOff) {
  Adoption plain = adoption();
  plain.sack = false;  // no tail loss probe comes first
  adopt(plain);
  const auto first = write(text(3000));
  auto again = wait_for_timer();
  ASSERT_EQ(again.size(), 1U);
  EXPECT_EQ(again[0].header.seq, kOurs);
  EXPECT_EQ(again[0].text, first[0].text) << "the same bytes";
  const Duration once = endpoint().deadline() - now_;
  wait_for_timer();
  EXPECT_EQ(endpoint().deadline() - now_, 2 * once);
  EXPECT_EQ(endpoint().counters().timeouts, 2U);
}

TEST_F(TcpRetransmit, FastOnceThreeSegmentsAboveTheHoleHaveArrived) {
  adopt();
  write(text(6000));
  SegmentIn ack = segment({});
  ack.options.sack_blocks = 1;
  ack.options.sack[0] = {kOurs + 1000, kOurs + 3000};
  now_ += milliseconds{10};
  EXPECT_TRUE(receive(ack).empty());
  ack.options.sack[0].right = kOurs + 4000;
  const auto sent = receive(ack);
  ASSERT_EQ(sent.size(), 1U);
  EXPECT_EQ(sent[0].header.seq, kOurs);
  EXPECT_EQ(endpoint().counters().recoveries, 1U);
  EXPECT_EQ(endpoint().counters().timeouts, 0U);
}

TEST_F(TcpRetransmit, TheFinToo) {
  adopt();
  write("bye");
  endpoint().finish();
  auto sent = flush();
  ASSERT_EQ(sent.size(), 1U);
  EXPECT_TRUE(sent[0].has(kFin));
  EXPECT_EQ(sent[0].header.seq, kOurs + 3);
  receive(segment({.ack = kOurs + 3}));
  sent = wait_for_timer();
  ASSERT_EQ(sent.size(), 1U);
  EXPECT_TRUE(sent[0].has(kFin));
  EXPECT_EQ(sent[0].header.seq, kOurs + 3);
}

TEST_F(TcpRetransmit, EndsWithATimeoutOfItsLegAndAReset) {
  adopt();
  write("anyone?");
  const Instant begin = now_;
  std::vector<Sent> last;
  while (endpoint().failure() == Reason::none) last = wait_for_timer();
  EXPECT_EQ(endpoint().failure(), Reason::client_timeout);
  EXPECT_GE(now_ - begin, seconds{100});
  EXPECT_LE(now_ - begin, seconds{200});
  ASSERT_EQ(last.size(), 1U);
  EXPECT_TRUE(last[0].has(kRst));
  EXPECT_EQ(endpoint().chunks(), 0U);
}

// --- probes ---

TEST_F(TcpProbe, SendsOneByteToAClosedWindowAndDoublesTheInterval) {
  Adoption closed = adoption();
  closed.peer_window = 0;
  adopt(closed);
  EXPECT_TRUE(write("waiting").empty());
  auto sent = wait_for_timer();
  ASSERT_EQ(sent.size(), 1U);
  EXPECT_EQ(sent[0].text, "w");
  SegmentIn still_closed = segment({});
  still_closed.window = 0;
  receive(still_closed);
  const Duration once = endpoint().deadline() - now_;
  sent = wait_for_timer();
  ASSERT_EQ(sent.size(), 1U);
  EXPECT_EQ(sent[0].text, "w");
  EXPECT_GE(endpoint().deadline() - now_, 2 * once);
  EXPECT_EQ(endpoint().counters().timeouts, 0U) << "a closed window is no loss";
}

TEST_F(TcpProbe, TakesNoneOfItsAnswersForADuplicateAck) {
  Adoption closed = adoption();
  closed.peer_window = 0;
  closed.sack = false;
  adopt(closed);
  write("waiting");
  SegmentIn still_closed = segment({});
  still_closed.window = 0;
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(wait_for_timer().size(), 1U);
    EXPECT_TRUE(receive(still_closed).empty());
  }
  EXPECT_EQ(endpoint().counters().recoveries, 0U);
}

TEST_F(TcpProbe, SendsEverythingAtOnceWhenTheWindowOpens) {
  Adoption closed = adoption();
  closed.peer_window = 0;
  adopt(closed);
  write("waiting");
  wait_for_timer();
  const auto sent = receive(segment({}));  // the probe was refused, and now there is room
  std::string all;
  for (const Sent& each : sent) all += each.text;
  EXPECT_EQ(all, "waiting");
}

TEST_F(TcpProbe, KeepsAnsweringInsideThePeersWindowMeanwhile) {
  Adoption closed = adoption();
  closed.peer_window = 0;
  adopt(closed);
  write("waiting");
  wait_for_timer();
  SegmentIn question = segment({.payload = as_bytes("?")});
  question.window = 0;
  receive(question);
  const auto sent = wait_for_timer();
  ASSERT_FALSE(sent.empty());
  EXPECT_EQ(sent[0].header.ack, kPeers + 1);
  if (sent[0].text.empty()) {
    EXPECT_EQ(sent[0].header.seq, kOurs) << "SND.NXT lies beyond what the peer takes";
  }
}

TEST_F(TcpProbe, OutlivesR2AsLongAsThePeerAnswers) {
  Adoption closed = adoption();
  closed.peer_window = 0;
  adopt(closed);
  write("waiting");
  const Instant begin = now_;
  SegmentIn still_closed = segment({});
  still_closed.window = 0;
  while (now_ - begin < seconds{600}) {
    wait_for_timer();
    ASSERT_EQ(endpoint().failure(), Reason::none);
    receive(still_closed);
  }
  while (endpoint().failure() == Reason::none) wait_for_timer();
  EXPECT_LE(now_ - begin, seconds{900}) << "and not much longer than R2 once it is silent";
}

TEST_F(TcpProbe, KeepaliveAsksAndGivesUpOnASilentPeer) {
  adopt();
  endpoint().start_keepalive(now_);
  auto sent = flush();
  ASSERT_EQ(sent.size(), 1U);
  EXPECT_EQ(sent[0].header.seq, kOurs - 1);
  receive(segment({}));
  EXPECT_EQ(endpoint().deadline(), kNever) << "answered";
  endpoint().start_keepalive(now_);
  flush();
  while (endpoint().failure() == Reason::none) wait_for_timer();
  EXPECT_EQ(endpoint().failure(), Reason::client_timeout);
}

// --- what a peer can draw out ---

/// The peer acknowledges up to there, and takes no more than that.
SegmentIn closed(std::uint32_t acknowledged, std::uint16_t window = 0) {
  SegmentIn made = segment({.ack = kOurs + acknowledged});
  made.window = window;
  return made;
}

TEST_F(TcpSend, HowOftenAWindowWasProbedSaysNothingOfThePathOnceItIsOpen) {
  adopt();
  receive(closed(0));
  write(text(3000));
  std::uint32_t taken = 0;
  while (taken < 9) {  // the peer takes the byte of each probe, and stays closed
    if (wait_for_timer().empty()) continue;
    receive(closed(++taken));
  }
  const auto sent = receive(closed(taken, 60'000));
  ASSERT_FALSE(sent.empty());
  const Instant before = now_;
  while (endpoint().counters().segments_retransmitted == 0) wait_for_timer();
  EXPECT_LT(now_ - before, seconds{3}) << "lost: missed as soon as ever";
  EXPECT_EQ(endpoint().segment_max(), kSegment);
}

TEST_F(TcpSend, AWindowThatOpensAndClosesIsNoProgress) {
  adopt();
  write(text(7000));
  const Instant began = now_;
  for (int i = 0; endpoint().failure() == Reason::none && i < 100'000; ++i) {
    receive(closed(0, static_cast<std::uint16_t>(i % 2)));
    wait(milliseconds{500});
  }
  EXPECT_NE(endpoint().failure(), Reason::none);
  EXPECT_LE(now_ - began, settings_.zero_window_max + seconds{60});
}

TEST_F(TcpSend, AnAnswerToTheLastKeepaliveProbeCountsLikeOneToTheFirst) {
  adopt();
  endpoint().start_keepalive(now_);
  flush();
  for (int probe = 1; probe < settings_.keepalive_probes; ++probe) ASSERT_EQ(wait_for_timer().size(), 1U);
  receive(segment({}));
  EXPECT_EQ(endpoint().deadline(), kNever);
  wait(seconds{60});
  EXPECT_EQ(endpoint().failure(), Reason::none);
}

TEST_F(TcpSend, WhatItRemembersOfSegmentsCountsAsMemory) {
  adopt();
  const std::size_t before = pool_.load();
  for (int i = 0; i < 2000; ++i) write("tiny");
  EXPECT_GE(pool_.load() - before, endpoint().chunks() + 20) << "24 bytes for each of 2,000 segments";
  receive(segment({.ack = kOurs + 8000}));
  endpoint_.reset();
  EXPECT_EQ(pool_.load(), before);
}

}  // namespace
}  // namespace limpid::tcp
