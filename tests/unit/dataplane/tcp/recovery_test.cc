#include "dataplane/tcp/recovery.h"

#include <gtest/gtest.h>

#include <vector>

namespace limpid::tcp {
namespace {

using std::chrono::milliseconds;

constexpr std::uint16_t kSize = 1000;

class RecoveryTest : public testing::Test {
 protected:
  explicit RecoveryTest(bool sack = true) : recovery_(settings(), kSize, sack, milliseconds{20}) {}

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
    while (const SentSegment* const lost = recovery_.board().next_lost()) {
      if (!recovery_.may_retransmit(lost->length())) break;
      starts.push_back(recovery_.board().start_of(*lost));
      recovery_.on_retransmitted(now_);
    }
    return starts;
  }
  void acknowledge(Offset up_to, std::vector<Interval> sacked = {}) {
    const bool duplicate = up_to == acknowledged_;
    recovery_.on_ack({.previous = acknowledged_,
                      .acknowledged = up_to,
                      .next = next_,
                      .sacked = sacked,
                      .duplicate = duplicate},
                     now_);
    acknowledged_ = up_to;
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
  recovery_.on_timeout(next_, 10000);
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
  recovery_.on_timeout(next_, 10000);
  EXPECT_EQ(recovery_.timeout(settings()), 2 * once);
  recovery_.on_timeout(next_, 10000);
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
  recovery_.on_timeout(next_, 10000);
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
