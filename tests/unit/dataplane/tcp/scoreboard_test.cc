#include "dataplane/tcp/scoreboard.h"

#include <gtest/gtest.h>

namespace limpid::tcp {
namespace {

constexpr std::uint16_t kSize = 100;

class ScoreboardTest : public testing::Test {
 protected:
  void send(int segments) {
    for (int i = 0; i < segments; ++i, next_ += kSize) {
      ASSERT_TRUE(board_.reserve());
      board_.sent(next_, kSize, false, Instant{Duration{next_}});
    }
  }
  Scoreboard::Delivery sack(Offset left, Offset right) {
    Scoreboard::Delivery delivery{.rack = &rack_, .now = now_};
    board_.sack(left, right, delivery);
    return delivery;
  }
  Scoreboard::Delivery acknowledge(Offset offset) {
    Scoreboard::Delivery delivery;
    board_.acknowledge(offset, delivery);
    return delivery;
  }

  Scoreboard board_;
  Rack rack_;
  Instant now_{Duration{1000}};
  Offset next_ = 0;
};

TEST_F(ScoreboardTest, MarksOnlyWhatWasOvertakenAndHasHadItsTime) {
  send(10);
  sack(200, 400);  // sent at 200 and 300
  Instant next{};
  const Instant now{Duration{1000}};
  EXPECT_TRUE(board_.mark_overtaken(Duration{250}, now, next)) << "RFC 8985 §6.2: the first, sent at 0";
  EXPECT_EQ(board_.lost(), 100U);
  EXPECT_EQ(next, Instant{Duration{1050}}) << "the second, sent at 100, may still come";
  EXPECT_TRUE(board_.mark_overtaken(Duration{250}, next, next));
  EXPECT_EQ(board_.lost(), 200U);
  EXPECT_EQ(next, kNever) << "nothing was sent before what has arrived";
  EXPECT_EQ(board_.pipe(), 1000U - 200 - 200);
}

TEST_F(ScoreboardTest, FindsALostRetransmissionByTheTimeOfItsTransmission) {
  send(4);
  sack(100, 200);
  Instant next{};
  ASSERT_TRUE(board_.mark_overtaken(Duration{0}, Instant{Duration{1000}}, next));
  ASSERT_NE(board_.next_lost(), nullptr);
  board_.retransmitted(Instant{Duration{1000}});
  sack(100, 400);
  EXPECT_FALSE(board_.mark_overtaken(Duration{0}, Instant{Duration{2000}}, next))
      << "it was sent after everything that has arrived";
  send(1);  // at 400: still before the retransmission
  next_ = 2000;
  board_.sent(500, kSize, false, Instant{Duration{2000}});
  now_ = Instant{Duration{3000}};
  sack(500, 600);
  EXPECT_TRUE(board_.mark_overtaken(Duration{0}, Instant{Duration{3000}}, next));
  EXPECT_EQ(board_.start_of(*board_.next_lost()), 0);
}

TEST_F(ScoreboardTest, TakesLossesBackButNotWhatIsOnItsWayAgain) {
  send(4);
  board_.mark_all_lost();
  ASSERT_NE(board_.next_lost(), nullptr);
  board_.retransmitted(Instant{Duration{1000}});
  board_.unmark_lost();
  EXPECT_EQ(board_.lost(), 0U);
  EXPECT_EQ(board_.pipe(), 400U);
  EXPECT_EQ(board_.next_lost(), nullptr);
  acknowledge(400);
  EXPECT_EQ(board_.pipe(), 0U);
}

TEST_F(ScoreboardTest, CountsADeliveryOnceHoweverOftenItIsReported) {
  send(10);
  EXPECT_EQ(sack(200, 400).bytes, 200U);
  EXPECT_EQ(sack(200, 400).bytes, 0U);
  EXPECT_EQ(sack(100, 500).bytes, 200U);
  EXPECT_EQ(acknowledge(500).bytes, 100U);
  EXPECT_EQ(board_.pipe(), 500U);
  EXPECT_EQ(board_.sacked(), 0U);
}

TEST_F(ScoreboardTest, AHalfSackedSegmentIsNotDelivered) {
  send(2);
  EXPECT_EQ(sack(150, 200).bytes, 0U);
  EXPECT_EQ(sack(100, 150).bytes, 100U);
}

TEST_F(ScoreboardTest, GivesLostSegmentsInOrderAndEachOnce) {
  send(6);
  board_.mark_all_lost();
  EXPECT_EQ(board_.pipe(), 0U);
  for (Offset at = 0; at < 600; at += 100) {
    const SentSegment* const lost = board_.next_lost();
    ASSERT_NE(lost, nullptr);
    EXPECT_EQ(board_.start_of(*lost), at);
    board_.retransmitted(Instant{});
  }
  EXPECT_EQ(board_.next_lost(), nullptr);
  EXPECT_EQ(board_.pipe(), 600U);
}

TEST_F(ScoreboardTest, TakesNoRoundTripSampleFromARetransmission) {
  send(2);
  board_.mark_first_lost();
  ASSERT_NE(board_.next_lost(), nullptr);
  board_.retransmitted(Instant{});
  EXPECT_TRUE(acknowledge(100).retransmitted);
  EXPECT_EQ(acknowledge(200).sent, Instant{Duration{100}});
}

TEST_F(ScoreboardTest, ForgetsSacksOfAPeerThatBreaksItsWord) {
  send(4);
  sack(0, 100);  // SACKed, and never acknowledged
  sack(200, 300);
  board_.mark_all_lost();
  EXPECT_EQ(board_.sacked(), 0U);
  EXPECT_EQ(board_.lost(), 400U);
}

TEST_F(ScoreboardTest, KeepsTheRestOfAPartlyAcknowledgedSegment) {
  send(2);
  EXPECT_EQ(acknowledge(30).bytes, 30U);
  EXPECT_EQ(board_.pipe(), 170U);
  board_.mark_first_lost();
  const SentSegment* const lost = board_.next_lost();
  ASSERT_NE(lost, nullptr);
  EXPECT_EQ(board_.start_of(*lost), 30);
  EXPECT_EQ(lost->length(), 70U);
}

}  // namespace
}  // namespace limpid::tcp
