#include "dataplane/tcp/recovery.h"

#include <gtest/gtest.h>

#include <limits>
#include <vector>

namespace limpid::tcp {
namespace {

using std::chrono::milliseconds;

constexpr std::uint16_t kSize = 1000;
constexpr Duration kRoundTrip = milliseconds{20};

class RecoveryTest : public testing::Test {
 protected:
  explicit RecoveryTest(bool sack = true) : recovery_(settings(), kSize, sack, kRoundTrip, Instant{}) {}

  static EndpointSettings settings() {
    EndpointSettings settings;
    settings.congestion = CongestionControl::kReno;
    return settings;
  }
  /// Sends new segments for as long as the window allows. Returns how many.
  int send(int most = 1000) {
    int sent = 0;
    while (sent < most && recovery_.may_send(kSize)) {
      recovery_.reserve();
      recovery_.on_sent(next_, kSize, false, now_);
      next_ += kSize;
      ++sent;
    }
    recovery_.on_flushed(true);
    return sent;
  }
  /// Retransmits for as long as it is allowed. Returns where the segments began.
  std::vector<Offset> retransmit() {
    std::vector<Offset> starts;
    while (const SentSegment* const lost = recovery_.next_lost()) {
      if (!recovery_.may_retransmit(lost->length())) break;
      starts.push_back(recovery_.board().start_of(*lost));
      recovery_.on_retransmitted(now_);
    }
    return starts;
  }
  void acknowledge(Offset up_to, std::vector<Interval> sacked = {}) {
    Recovery::Ack ack{.acknowledged = up_to};
    ack.duplicate = up_to == acknowledged_;
    acknowledge(ack, sacked);
  }
  /// The same with whatever else the acknowledgement says; a round trip later.
  void acknowledge(Recovery::Ack ack, std::vector<Interval> sacked = {}) {
    now_ += kRoundTrip;
    ack.previous = acknowledged_;
    ack.next = next_;
    ack.sacked = sacked;
    recovery_.on_ack(ack, now_);
    acknowledged_ = ack.acknowledged;
  }

  Recovery recovery_;
  Offset next_ = 0;
  Offset acknowledged_ = 0;
  Instant now_{std::chrono::seconds{1}};
};

class RecoveryWithoutSackTest : public RecoveryTest {
 protected:
  RecoveryWithoutSackTest() : RecoveryTest(false) {}
};

TEST_F(RecoveryTest, SendsNewDataOnTheFirstTwoDuplicatesAndRecoversOnTheThird) {
  EXPECT_EQ(send(), 10);
  acknowledge(0, {{1000, 2000}});
  EXPECT_EQ(send(), 1) << "limited transmit, RFC 3042";
  acknowledge(0, {{1000, 3000}});
  EXPECT_EQ(send(), 1);
  EXPECT_EQ(recovery_.phase(), Recovery::Phase::kOpen);
  acknowledge(0, {{1000, 4000}});
  EXPECT_EQ(recovery_.phase(), Recovery::Phase::kFast);
  EXPECT_EQ(retransmit(), std::vector<Offset>{0});
  EXPECT_EQ(recovery_.recoveries(), 1U);
}

TEST_F(RecoveryTest, HalvesTheWindowOverOneRecoveryHoweverManySegmentsAreLost) {
  send();
  acknowledge(0, {{5000, 8000}});
  EXPECT_EQ(recovery_.threshold(), 5000U);
  retransmit();
  acknowledge(0, {{5000, 9000}});
  acknowledge(0, {{5000, 10000}});
  retransmit();
  send();
  acknowledge(next_);
  EXPECT_EQ(recovery_.phase(), Recovery::Phase::kOpen);
  EXPECT_EQ(recovery_.recoveries(), 1U);
  EXPECT_EQ(recovery_.window(), 5000U);
}

TEST_F(RecoveryTest, CountsWhatArrivedWithTheFirstSignOfALoss) {  // RFC 6937 §3
  send();
  acknowledge(0, {{2000, 10'000}});
  EXPECT_EQ(retransmit().size(), 2U) << "eight segments have arrived, and the window is five";
}

TEST_F(RecoveryTest, NeverBurstsInRecovery) {
  send();
  acknowledge(0, {{1000, 4000}});
  std::size_t sent = retransmit().size();
  EXPECT_LE(sent, 1U);
  for (Offset right = 5000; right <= 10000; right += 1000) {
    acknowledge(0, {{1000, right}});
    const int more = send();
    EXPECT_LE(more, 1) << "what is sent never exceeds what was delivered";
  }
}

TEST_F(RecoveryTest, ATimeoutSendsOneSegmentAndSlowStartsThroughTheRest) {
  send();
  recovery_.on_timeout(acknowledged_, next_, now_);
  EXPECT_EQ(recovery_.window(), kSize);
  EXPECT_EQ(retransmit(), std::vector<Offset>{0});
  acknowledge(1000);
  EXPECT_EQ(retransmit(), (std::vector<Offset>{1000, 2000}));
  acknowledge(3000);
  EXPECT_EQ(retransmit().size(), 4U);
}

TEST_F(RecoveryTest, BacksOffUntilNewDataIsAcknowledged) {
  send();
  const Duration once = recovery_.timeout(settings());
  recovery_.on_timeout(acknowledged_, next_, now_);
  EXPECT_EQ(recovery_.timeout(settings()), 2 * once);
  recovery_.on_timeout(acknowledged_, next_, now_);
  EXPECT_EQ(recovery_.timeout(settings()), 4 * once);
  EXPECT_EQ(recovery_.threshold(), 5000U) << "once per event";
  retransmit();
  acknowledge(0);
  EXPECT_EQ(recovery_.timeout(settings()), 4 * once) << "an ACK that does not advance proves nothing";
  acknowledge(1000);
  EXPECT_LE(recovery_.timeout(settings()), once);
}

TEST_F(RecoveryTest, AWindowThatIsNotUsedDoesNotGrow) {
  for (int i = 0; i < 50; ++i) {
    send(2);
    recovery_.on_flushed(false);
    acknowledge(next_);
  }
  EXPECT_EQ(recovery_.window(), 10'000U);
}

TEST_F(RecoveryTest, AProbeTimeoutSaysNothingOfThePath) {
  send(1);
  const std::uint32_t window = recovery_.window();
  recovery_.on_probe_timeout();
  EXPECT_EQ(recovery_.window(), window);
  EXPECT_EQ(retransmit(), std::vector<Offset>{0});
}

// --- losses by time (RFC 8985 §6) ---

TEST_F(RecoveryTest, WaitsForALateSegmentAndTakesItForLostWhenItsTimeIsOver) {
  send(3);
  acknowledge(0, {{1000, 2000}});
  EXPECT_EQ(recovery_.board().lost(), 0U) << "it may only be late";
  EXPECT_EQ(recovery_.deadline() - now_, kRoundTrip / 4);
  now_ = recovery_.deadline();
  recovery_.on_loss_timer(acknowledged_, next_, now_);
  EXPECT_EQ(recovery_.phase(), Recovery::Phase::kFast)
      << "RFC 8985 §6.2 step 5: two of three duplicates are missing";
  EXPECT_EQ(retransmit(), std::vector<Offset>{0});
}

TEST_F(RecoveryTest, RetransmitsALostRetransmissionWithoutATimeout) {
  send();
  acknowledge(0, {{1000, 5000}});
  EXPECT_EQ(retransmit(), std::vector<Offset>{0});
  acknowledge(0, {{1000, 10000}});
  EXPECT_EQ(retransmit(), std::vector<Offset>{}) << "nothing sent after it has arrived yet";
  ASSERT_GT(send(), 0);
  acknowledge(0, {{1000, next_}});
  EXPECT_EQ(retransmit(), std::vector<Offset>{0});
}

TEST_F(RecoveryTest, ATimeoutLeavesOnTheWireWhatWasSentJustNow) {  // RFC 8985 §6.3
  send(5);
  acknowledge(1000);
  now_ += milliseconds{200};
  send(2);
  recovery_.on_timeout(acknowledged_, next_, now_ + milliseconds{1});
  EXPECT_EQ(recovery_.board().lost(), 4000U);
  EXPECT_EQ(recovery_.pipe(), 2000U);
}

// --- tail loss probe (RFC 8985 §7) ---

TEST_F(RecoveryTest, ProbesTheTailAfterTwoRoundTrips) {
  send(3);
  recovery_.arm_tail_probe(settings(), now_);
  EXPECT_EQ(recovery_.deadline() - now_, 2 * kRoundTrip);
  now_ = recovery_.deadline();
  recovery_.on_loss_timer(acknowledged_, next_, now_);
  EXPECT_TRUE(recovery_.tail_probe_due());
  recovery_.on_tail_probe(true, next_, now_);
  recovery_.arm_tail_probe(settings(), now_);
  EXPECT_EQ(recovery_.deadline(), kNever) << "RFC 8985 §7.3: one at a time";
}

TEST_F(RecoveryTest, GivesALoneSegmentTheTimeOfADelayedAck) {  // RFC 8985 §7.2
  send(1);
  recovery_.arm_tail_probe(settings(), now_);
  EXPECT_EQ(recovery_.deadline() - now_, 2 * kRoundTrip + settings().rto_min);
}

TEST_F(RecoveryTest, ProbesInsteadOfATimeoutWhereThatComesFirst) {  // RFC 8985 §7.2
  send(1);
  recovery_.arm_tail_probe(settings(), now_);
  EXPECT_TRUE(recovery_.probe_the_tail());
  recovery_.on_tail_probe(true, next_, now_);
  EXPECT_FALSE(recovery_.probe_the_tail()) << "the next one is a time-out";
}

TEST_F(RecoveryTest, TheProbesAnswerUncoversTheLossesBeforeIt) {
  send(4);
  now_ += 2 * kRoundTrip;
  recovery_.on_tail_probe(true, next_, now_);
  acknowledge(0, {{3000, 4000}});
  EXPECT_EQ(recovery_.board().lost(), 3000U) << "the probe was sent last and has arrived";
  EXPECT_EQ(recovery_.phase(), Recovery::Phase::kFast);
}

TEST_F(RecoveryTest, ALossThatTheProbeRepairedReducesTheWindow) {  // RFC 8985 §7.4.2
  send(2);
  recovery_.on_tail_probe(true, next_, now_);
  acknowledge(2000);
  send(2);
  acknowledge(4000);
  EXPECT_LT(recovery_.window(), 10'000U);
}

TEST_F(RecoveryTest, AProbeThatWasForNothingDoesNot) {  // RFC 8985 §7.4.2: the DSACK says so
  send(2);
  recovery_.on_tail_probe(true, next_, now_);
  acknowledge({.acknowledged = 2000, .again = {1000, 2000}});
  send(2);
  acknowledge(4000);
  EXPECT_GE(recovery_.window(), 10'000U);
}

// --- undo ---

TEST_F(RecoveryTest, ATimeoutWhoseAnswerIsOlderThanItsRetransmissionIsUndone) {  // RFC 3522, 4015
  send();
  now_ += milliseconds{500};
  recovery_.on_timeout(acknowledged_, next_, now_);
  retransmit();
  acknowledge({.acknowledged = 1000, .echoed_round_trip = milliseconds{520}});
  EXPECT_EQ(recovery_.phase(), Recovery::Phase::kOpen);
  EXPECT_EQ(recovery_.board().lost(), 0U) << "nothing is sent again";
  EXPECT_GE(recovery_.window(), 10'000U);
  EXPECT_GE(recovery_.threshold(), 10'000U);
  EXPECT_GE(recovery_.round_trip(), milliseconds{520}) << "RFC 4015 §3.3: the next one waits longer";
  EXPECT_EQ(recovery_.undone(), 1U);
}

TEST_F(RecoveryTest, ATimeoutWhoseAnswerIsToItsRetransmissionStands) {
  send();
  now_ += milliseconds{500};
  recovery_.on_timeout(acknowledged_, next_, now_);
  retransmit();
  acknowledge({.acknowledged = 1000, .echoed_round_trip = kRoundTrip});
  acknowledge({.acknowledged = 2000, .echoed_round_trip = milliseconds{560}});
  EXPECT_EQ(recovery_.phase(), Recovery::Phase::kLoss) << "only the first acknowledgement decides";
  EXPECT_EQ(recovery_.undone(), 0U);
}

TEST_F(RecoveryTest, ARecoveryAllOfWhoseRetransmissionsAreDuplicatesIsUndone) {  // RFC 3708
  send();
  acknowledge(0, {{2000, 6000}});
  EXPECT_EQ(retransmit().size(), 1U);
  acknowledge(0, {{2000, 7000}});
  acknowledge(0, {{2000, 8000}});
  acknowledge(0, {{2000, 9000}});
  EXPECT_EQ(retransmit(), std::vector<Offset>{1000});
  acknowledge({.acknowledged = next_, .again = {0, 1000}});
  EXPECT_EQ(recovery_.undone(), 0U) << "one of two";
  EXPECT_EQ(recovery_.window(), 5000U);
  acknowledge({.acknowledged = next_, .again = {1000, 2000}});
  EXPECT_EQ(recovery_.undone(), 1U);
  EXPECT_EQ(recovery_.threshold(), std::numeric_limits<std::uint32_t>::max()) << "as before";
}

TEST_F(RecoveryTest, ARecoveryThatEndsBeforeAnythingWasSentAgainIsUndone) {
  send();
  acknowledge(0, {{1000, 5000}});
  EXPECT_EQ(recovery_.phase(), Recovery::Phase::kFast);
  acknowledge(next_);  // no packet buffer was free meanwhile
  EXPECT_EQ(recovery_.undone(), 1U);
  EXPECT_FALSE(recovery_.reduction_to_report());
  EXPECT_EQ(recovery_.threshold(), std::numeric_limits<std::uint32_t>::max());
}

TEST_F(RecoveryTest, ARecoveryWhoseLossesArriveBeforeAnythingWasSentAgainIsUndone) {
  send();
  acknowledge(0, {{1000, 5000}});
  EXPECT_EQ(recovery_.phase(), Recovery::Phase::kFast);
  acknowledge(5000);  // in the same burst: it was only late
  EXPECT_EQ(recovery_.phase(), Recovery::Phase::kOpen);
  EXPECT_EQ(recovery_.undone(), 1U);
}

TEST_F(RecoveryTest, ADuplicateReportedAWindowLaterUndoesNothing) {
  send();
  acknowledge(0, {{1000, 5000}});
  EXPECT_EQ(retransmit().size(), 1U);
  acknowledge(next_);
  for (int i = 0; i < 3; ++i) {
    send(2);
    acknowledge(next_);
  }
  acknowledge({.acknowledged = next_, .again = {0, 1000}});
  EXPECT_EQ(recovery_.undone(), 0U);
}

// --- congestion without loss (RFC 3168 §6.1.2) ---

TEST_F(RecoveryTest, ReducesOncePerWindowForCongestionThatIsEchoed) {
  send();
  acknowledge({.acknowledged = 1000, .congestion = true});
  EXPECT_EQ(recovery_.window(), 5000U);
  EXPECT_TRUE(recovery_.reduction_to_report());
  acknowledge({.acknowledged = 5000, .congestion = true});
  EXPECT_EQ(recovery_.window(), 5000U) << "the same window";
  acknowledge({.acknowledged = 10'000, .congestion = true});
  EXPECT_EQ(recovery_.window(), 5000U) << "the peer has not seen the CWR yet";
  send(1);
  acknowledge({.acknowledged = next_, .congestion = true});
  EXPECT_LT(recovery_.window(), 5000U);
}

TEST_F(RecoveryTest, ReducesAgainGigabytesAfterTheLastTime) {
  send();
  acknowledge({.acknowledged = 1000, .congestion = true});
  acknowledge(next_);
  for (int i = 0; i < 5; ++i) {  // the 32 bits of the last reduction's position come round
    next_ = acknowledged_ = acknowledged_ + (Offset{1} << 29U);
    send(1);
    acknowledge(next_);
  }
  const std::uint32_t window = recovery_.window();
  send();
  acknowledge({.acknowledged = acknowledged_ + 1000, .congestion = true});
  EXPECT_LT(recovery_.window(), window);
}

TEST_F(RecoveryTest, ALossInAWindowThatWasReducedAlreadyReducesNoFurther) {
  send();
  acknowledge({.acknowledged = 1000, .congestion = true});
  acknowledge(1000, {{2000, 6000}});
  EXPECT_EQ(recovery_.phase(), Recovery::Phase::kFast);
  EXPECT_EQ(recovery_.threshold(), 5000U);
}

TEST_F(RecoveryWithoutSackTest, RetransmitsOnTheThirdDuplicateAndOneMorePerPartialAck) {
  send();
  acknowledge(0);
  acknowledge(0);
  EXPECT_EQ(recovery_.phase(), Recovery::Phase::kOpen);
  acknowledge(0);
  EXPECT_EQ(recovery_.phase(), Recovery::Phase::kFast);
  EXPECT_EQ(retransmit(), std::vector<Offset>{0});
  acknowledge(4000);
  EXPECT_EQ(retransmit(), std::vector<Offset>{4000}) << "RFC 6582: the next hole, at once";
  acknowledge(next_);
  EXPECT_EQ(recovery_.phase(), Recovery::Phase::kOpen);
}

TEST_F(RecoveryWithoutSackTest, DuplicatesAfterATimeoutStartNoFastRecovery) {
  send();
  recovery_.on_timeout(acknowledged_, next_, now_);
  retransmit();
  acknowledge(next_);
  for (int i = 0; i < 5; ++i) {
    send(1);
    acknowledge(acknowledged_);
  }
  EXPECT_EQ(recovery_.recoveries(), 0U);
}

}  // namespace
}  // namespace limpid::tcp
