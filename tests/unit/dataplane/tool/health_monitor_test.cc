#include "dataplane/tool/health_monitor.h"

#include <gtest/gtest.h>

#include "tests/support/frames.h"

namespace limpid::tool {
namespace {

using frames::Frame;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr Instant kStart{seconds(100)};

struct SentFrames final : PacketOutput {
  bool send(Bytes frame) override {
    sent.emplace_back(frame.begin(), frame.end());
    return true;
  }
  void send(wire::Packet packet) override { send(Bytes(packet.bytes())); }
  std::vector<Frame> sent;
};

/// A monitor beside a tool that passes what the test lets it pass.
class HealthMonitorTest : public ::testing::Test {
 protected:
  HealthMonitor& monitor() {
    if (!monitor_) {
      HeartbeatFrameSettings of;
      of.port = 50'443;
      of.negative = negative;
      frames_.emplace(of);
      monitor_.emplace(settings, *frames_, board, a, b, now);
    }
    return *monitor_;
  }
  /// What was sent comes out at the other side.
  void pass_frames() {
    for (const auto& [from, way, passes] :
         {std::tuple(&a, HeartbeatWay::kAToB, a_to_b), std::tuple(&b, HeartbeatWay::kBToA, b_to_a)}) {
      for (const Frame& frame : std::exchange(from->sent, {})) {
        const auto known = frames_->recognise(frame, way);
        ASSERT_TRUE(known);
        if (known->negative ? !inspects : passes) board.note(*known, way);
      }
    }
  }
  /// The worker's loops from deadline to deadline.
  void pass(Duration time) {
    const Instant until = now + time;
    monitor().run(now);
    pass_frames();
    monitor().run(now);
    while (monitor().deadline() <= until) {
      now = std::max(now, monitor().deadline());
      monitor().run(now);
      pass_frames();
      monitor().run(now);
    }
    now = until;
  }
  std::vector<HealthChange> changes() {
    std::vector<HealthChange> all;
    while (const auto change = board.changes.pop()) all.push_back(*change);
    return all;
  }
  HealthState state() const { return board.state; }

  HealthMonitorSettings settings;
  std::string negative;
  HealthBoard board;
  SentFrames a;
  SentFrames b;
  Instant now = kStart;
  bool a_to_b = true;
  bool b_to_a = true;
  bool inspects = true;

 private:
  std::optional<HeartbeatFrames> frames_;
  std::optional<HealthMonitor> monitor_;
};

TEST_F(HealthMonitorTest, SendsARoundAtOnceAndOneInEachInterval) {
  monitor().run(now);
  EXPECT_EQ(a.sent.size(), 1U);
  EXPECT_EQ(b.sent.size(), 1U);
  pass(seconds(10));
  EXPECT_EQ(board.rounds, 11U);
  EXPECT_EQ(board.missed, 0U);
  EXPECT_EQ(state(), HealthState::kUp);
}

TEST_F(HealthMonitorTest, AToolThatPassesNothingIsDownAfterThreeRoundsAndTheirTime) {
  a_to_b = b_to_a = false;
  pass(milliseconds(2'499));
  EXPECT_EQ(state(), HealthState::kSuspect);
  pass(milliseconds(1));
  EXPECT_EQ(state(), HealthState::kDown);
  EXPECT_EQ(board.cause, Reason::tool_heartbeat_lost);
  EXPECT_EQ(board.failures, 1U);
  EXPECT_FALSE(board.usable());
}

TEST_F(HealthMonitorTest, ItsChangesSayWhichWayWasLost) {
  b_to_a = false;
  pass(seconds(3));
  const auto told = changes();
  ASSERT_EQ(told.size(), 2U);
  EXPECT_EQ(told[0].to, HealthState::kSuspect);
  EXPECT_EQ(told[1].to, HealthState::kDown);
  EXPECT_EQ(told[1].cause, Reason::tool_heartbeat_lost);
  EXPECT_TRUE(told[1].round.a_to_b);
  EXPECT_FALSE(told[1].round.b_to_a);
}

TEST_F(HealthMonitorTest, IsUpAgainAfterThirtySecondsOfGoodHeartbeats) {
  a_to_b = false;
  pass(seconds(10));
  ASSERT_EQ(state(), HealthState::kDown);
  a_to_b = true;
  pass(seconds(29));
  EXPECT_EQ(state(), HealthState::kRecovering);
  pass(seconds(2));
  EXPECT_EQ(state(), HealthState::kUp);
  EXPECT_TRUE(board.usable());
}

TEST_F(HealthMonitorTest, JudgesInThirtyMillisecondsWhereItIsToldSo) {
  settings.interval = settings.timeout = milliseconds(30);
  settings.health.misses = 1;
  pass(seconds(1));
  EXPECT_GE(board.rounds, 33U);
  a_to_b = b_to_a = false;
  pass(milliseconds(60));
  EXPECT_EQ(state(), HealthState::kDown);
}

TEST_F(HealthMonitorTest, AHeartbeatThatIsLateIsMissed) {
  settings.health.misses = 1;
  a_to_b = b_to_a = false;
  monitor().run(now);
  now += milliseconds(500);
  monitor().run(now);
  EXPECT_EQ(state(), HealthState::kDown);
  board.note({.number = 1}, HeartbeatWay::kAToB);
  board.note({.number = 1}, HeartbeatWay::kBToA);
  monitor().run(now);
  EXPECT_EQ(state(), HealthState::kDown);
}

TEST_F(HealthMonitorTest, AWorkerThatWasHeldUpSendsOneRoundAndNotAllThatItMissed) {
  monitor().run(now);
  pass_frames();
  now += seconds(10);
  monitor().run(now);
  EXPECT_EQ(a.sent.size(), 1U);
  pass_frames();
  monitor().run(now);
  EXPECT_EQ(board.missed, 0U) << "the first round had come back: it was only not looked at";
}

TEST_F(HealthMonitorTest, AToolThatStopsNegativeHeartbeatsIsUp) {
  negative = "stop me";
  pass(seconds(5));
  EXPECT_EQ(board.rounds, 5U) << "judged at the end of their time, as one may still come";
  EXPECT_EQ(state(), HealthState::kUp);
}

TEST_F(HealthMonitorTest, AToolThatLetsANegativeHeartbeatThroughIsDownAtOnceAndUntilItStopsThem) {
  negative = "stop me";
  inspects = false;
  pass(Duration::zero());
  EXPECT_EQ(state(), HealthState::kDown);
  EXPECT_EQ(board.cause, Reason::tool_not_inspecting);
  pass(seconds(60));
  EXPECT_EQ(state(), HealthState::kDown);
  EXPECT_EQ(changes().size(), 1U) << "and does not waver meanwhile";
  inspects = true;
  pass(seconds(32));
  EXPECT_EQ(state(), HealthState::kUp);
}

TEST_F(HealthMonitorTest, ALostCarrierIsNotWaitedFor) {
  pass(seconds(1));
  monitor().on_link(false, now);
  EXPECT_EQ(state(), HealthState::kDown);
  EXPECT_EQ(board.cause, Reason::tool_link_down);
}

TEST_F(HealthMonitorTest, WithoutHeartbeatsNothingIsSentAndTheCarrierDecides) {
  settings.health = {.heartbeats = false, .recovery = seconds(2)};
  pass(seconds(10));
  EXPECT_TRUE(a.sent.empty() && b.sent.empty());
  monitor().on_link(false, now);
  EXPECT_EQ(state(), HealthState::kDown);
  monitor().on_link(true, now);
  pass(seconds(2));
  EXPECT_EQ(state(), HealthState::kUp);
}

TEST(HealthBoard, KeepsTheHighestNumberWhoeverNotesIt) {
  HealthBoard board;
  board.note({.number = 5}, HeartbeatWay::kAToB);
  board.note({.number = 4}, HeartbeatWay::kAToB);
  EXPECT_EQ(board.returned[0], 5U);
  EXPECT_EQ(board.returned[1], 0U);
}

TEST(HealthBoard, AToolThatIsOutOfServiceIsNotUsableThoughItWorks) {
  HealthBoard board;
  EXPECT_TRUE(board.usable());
  board.in_service = false;
  EXPECT_TRUE(board.healthy());
  EXPECT_FALSE(board.usable());
}

}  // namespace
}  // namespace limpid::tool
