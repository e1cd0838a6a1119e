#include "dataplane/tcp/active_open.h"

#include <gtest/gtest.h>

#include <vector>

namespace limpid::tcp {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using State = ActiveOpen::State;

struct KeptSegments final : SegmentSink {
  bool send(const SegmentOut& segment) override {
    if (full) return false;
    sent.push_back(segment);
    return true;
  }
  std::vector<SegmentOut> take() { return std::exchange(sent, {}); }
  std::vector<SegmentOut> sent;
  bool full = false;
};

struct OpenActively : testing::Test {
  static constexpr std::uint32_t kIsn = 0xffff'fff0;
  static constexpr std::uint32_t kPeerIsn = 5000;
  SynOffer offer{.sequence = kIsn,
                 .mss = 1400,
                 .window_shift = 7,
                 .sack = true,
                 .ecn = true,
                 .timestamps = true,
                 .ts_value = 1'000};
  Instant now{seconds(100)};
  KeptSegments sink;

  static SegmentIn answer() {
    SegmentIn segment{.seq = kPeerIsn, .ack = kIsn + 1, .window = 800, .flags = kSyn | kAck | kEce};
    segment.options.mss = 1460;
    segment.options.window_scale = 9;
    segment.options.sack_permitted = true;
    segment.options.timestamps = wire::Timestamps{.value = 77, .echo = 1'000};
    return segment;
  }
  /// The SYN has gone out.
  ActiveOpen begun() {
    ActiveOpen open(offer, seconds(1), now);
    open.flush(sink, now);
    return open;
  }
};

TEST_F(OpenActively, TheSynSaysWhatIsOffered) {
  begun();
  const std::vector<SegmentOut> sent = sink.take();
  ASSERT_EQ(sent.size(), 1U);
  EXPECT_EQ(sent[0].seq, kIsn);
  EXPECT_EQ(sent[0].flags, kSyn | kEce | kCwr);
  EXPECT_EQ(sent[0].options.mss, 1400);
  EXPECT_EQ(sent[0].options.window_scale, 7);
  EXPECT_TRUE(sent[0].options.sack_permitted);
  EXPECT_EQ(sent[0].options.timestamps->value, 1'000U);
}

TEST_F(OpenActively, TheSynComesAgainAfterLongerAndLongerPausesAndWithoutEcn) {
  ActiveOpen open = begun();
  sink.take();
  for (const Duration pause : {seconds(1), seconds(2), seconds(4)}) {
    EXPECT_EQ(open.deadline(), now + pause);
    now += pause;
    open.flush(sink, now);
    const std::vector<SegmentOut> again = sink.take();
    ASSERT_EQ(again.size(), 1U);
    EXPECT_EQ(again[0].flags, kSyn);
  }
}

TEST_F(OpenActively, TheAnswerIsAcknowledgedAndSaysHowAnEndpointGoesOn) {
  ActiveOpen open = begun();
  sink.take();
  now += milliseconds(20);
  open.on_segment(answer(), now);
  EXPECT_EQ(open.state(), State::kOpen);
  open.flush(sink, now);
  const std::vector<SegmentOut> sent = sink.take();
  ASSERT_EQ(sent.size(), 1U);
  EXPECT_EQ(sent[0].seq, kIsn + 1);
  EXPECT_EQ(sent[0].ack, kPeerIsn + 1);
  EXPECT_EQ(sent[0].flags, kAck);
  EXPECT_EQ(sent[0].options.timestamps->echo, 77U);

  const Adoption made = open.adoption(Leg::kServer, 1380, now);
  EXPECT_EQ(made.snd_nxt, kIsn + 1);
  EXPECT_EQ(made.rcv_nxt, kPeerIsn + 1);
  EXPECT_EQ(made.peer_window, 800U);
  EXPECT_EQ(made.peer_window_shift, 9);
  EXPECT_EQ(made.our_window_shift, 7);
  EXPECT_TRUE(made.sack && made.ecn && made.timestamps);
  EXPECT_EQ(made.ts_recent, 77U);
  EXPECT_EQ(made.ts_value, 1'020U);
  EXPECT_EQ(made.mss, 1380);
  EXPECT_EQ(made.rtt, milliseconds(20));
}

TEST_F(OpenActively, NothingIsAgreedThatOneSideDidNotSay) {
  offer.window_shift.reset();
  offer.timestamps = false;
  ActiveOpen open = begun();
  SegmentIn bare = answer();
  bare.flags = kSyn | kAck;
  bare.options.sack_permitted = false;
  bare.options.mss.reset();
  open.on_segment(bare, now);
  const Adoption made = open.adoption(Leg::kServer, 1380, now);
  EXPECT_EQ(made.peer_window_shift, 0);
  EXPECT_EQ(made.our_window_shift, 0);
  EXPECT_FALSE(made.sack || made.ecn || made.timestamps);
  EXPECT_EQ(made.mss, 536);
}

TEST_F(OpenActively, AResetThatAcknowledgesTheSynRefusesIt) {
  ActiveOpen open = begun();
  open.on_segment({.seq = 0, .ack = kIsn + 1, .flags = kRst | kAck}, now);
  EXPECT_EQ(open.state(), State::kRefused);
  EXPECT_EQ(open.deadline(), kNever);
}

TEST_F(OpenActively, AResetThatDoesNotIsAGuess) {
  ActiveOpen open = begun();
  sink.take();
  open.on_segment({.seq = 0, .flags = kRst}, now);
  open.on_segment({.seq = 0, .ack = kIsn, .flags = kRst | kAck}, now);
  EXPECT_EQ(open.state(), State::kWaiting);
  open.flush(sink, now);
  EXPECT_TRUE(sink.take().empty());
}

// RFC 9293 §3.5.2: the peer still has the former connection, and challenges the SYN.
TEST_F(OpenActively, AFormerConnectionIsResetAndTheSynComesAgainAtOnceButOnlyOnce) {
  ActiveOpen open = begun();
  sink.take();
  for (const bool first : {true, false}) {
    open.on_segment({.seq = 9'000, .ack = 4'711, .flags = kAck}, now);
    open.flush(sink, now);
    const std::vector<SegmentOut> sent = sink.take();
    ASSERT_EQ(sent.size(), first ? 2U : 1U);
    EXPECT_EQ(sent[0].flags, kRst);
    EXPECT_EQ(sent[0].seq, 4'711U);
    if (first) {
      EXPECT_EQ(sent[1].flags, kSyn);
    }
  }
  EXPECT_EQ(open.state(), State::kWaiting);
}

TEST_F(OpenActively, ASynThatFindsNoBufferGoesOutAMomentLater) {
  sink.full = true;
  ActiveOpen open = begun();
  sink.full = false;
  EXPECT_EQ(open.deadline(), now + milliseconds(1));
  open.flush(sink, open.deadline());
  EXPECT_EQ(sink.take().size(), 1U);
}

TEST_F(OpenActively, WhoeverHasTheSynIsToldThatItIsTakenBack) {
  ActiveOpen open = begun();
  sink.take();
  open.abort();
  open.flush(sink, now);
  const std::vector<SegmentOut> sent = sink.take();
  ASSERT_EQ(sent.size(), 1U);
  EXPECT_EQ(sent[0].flags, kRst);
  EXPECT_EQ(sent[0].seq, kIsn + 1);
}

}  // namespace
}  // namespace limpid::tcp
