// Explicit congestion notification by RFC 3168: what is marked, what is echoed, and what an echo does.
#include <algorithm>

#include "tests/unit/dataplane/tcp/endpoint_harness.h"

namespace limpid::tcp {
namespace {

class TcpEcn : public EndpointTest {
 protected:
  void adopt_with_ecn() {
    Adoption agreed = adoption();
    agreed.ecn = true;
    adopt(agreed);
  }
  SegmentIn marked(std::uint32_t offset, std::uint8_t flags = kAck) {
    return segment({.seq = kPeers + offset, .flags = flags, .payload = as_bytes("text"), .ce = true});
  }
};

TEST_F(TcpEcn, MarksNewTextAndNothingElse) {  // §6.1.2, §6.1.4, §6.1.5
  adopt_with_ecn();
  const auto text_sent = write(text(1500));
  ASSERT_EQ(text_sent.size(), 2U);
  EXPECT_TRUE(text_sent[0].header.ect && text_sent[1].header.ect);
  EXPECT_FALSE(receive(marked(0))[0].header.ect) << "a bare acknowledgement";
  EXPECT_FALSE(wait_for_timer()[0].header.ect) << "a retransmission";
}

TEST_F(TcpEcn, DoesNotMarkAWindowProbe) {  // §6.1.6
  adopt_with_ecn();
  receive(segment({.window = 1}));
  receive(segment({.seq = kPeers, .ack = kOurs, .window = 1}));
  write(text(3000));
  const auto probe = wait_for_timer();
  ASSERT_EQ(probe.size(), 1U);
  EXPECT_FALSE(probe[0].header.ect);
}

TEST_F(TcpEcn, EchoesCongestionWithEverySegmentUntilThePeerHasReduced) {  // §6.1.3
  adopt_with_ecn();
  auto sent = receive(marked(0));
  ASSERT_EQ(sent.size(), 1U) << "at once";
  EXPECT_TRUE(sent[0].has(kEce));
  EXPECT_TRUE(write("text")[0].has(kEce));
  sent = receive(
      segment({.seq = kPeers + 4, .ack = kOurs + 4, .flags = kAck | kCwr, .payload = as_bytes("text")}));
  EXPECT_FALSE(wait(milliseconds{40})[0].has(kEce));
}

TEST_F(TcpEcn, AMarkOnTheSegmentThatSaysReducedIsEchoedAgain) {  // §6.1.3
  adopt_with_ecn();
  receive(marked(0));
  receive(marked(4, kAck | kCwr));
  EXPECT_TRUE(write("text")[0].has(kEce));
}

TEST_F(TcpEcn, ReducesForAnEchoAndTellsThePeerOnceWithNewText) {  // §6.1.2
  adopt_with_ecn();
  write(text(10'000));
  EXPECT_TRUE(receive(segment({.ack = kOurs + 1000, .flags = kAck | kEce})).empty());
  EXPECT_EQ(endpoint().congestion_window(), 7000U) << "CUBIC, RFC 9438 §4.6";
  receive(segment({.ack = kOurs + 5000, .flags = kAck | kEce}));
  EXPECT_EQ(endpoint().congestion_window(), 7000U) << "once per window";
  const auto sent = write(text(3000));
  ASSERT_GE(sent.size(), 2U);
  EXPECT_TRUE(sent[0].has(kCwr));
  EXPECT_FALSE(sent[1].has(kCwr));
  EXPECT_EQ(endpoint().counters().segments_retransmitted, 0U);
}

TEST_F(TcpEcn, TellsThePeerThoughALossMeanwhileTurnsOutToBeNone) {  // §6.1.2
  adopt_with_ecn();
  write(text(10'000));
  receive(segment({.ack = kOurs + 1000, .flags = kAck | kEce}));
  // The second segment is overtaken, taken for lost and sent again; then both copies are reported.
  SegmentIn gap = segment({.ack = kOurs + 1000, .flags = kAck | kEce});
  gap.options.sack_blocks = 1;
  gap.options.sack[0] = {kOurs + 2000, kOurs + 10'000};
  now_ += milliseconds{10};
  std::vector<Sent> sent = receive(gap);
  while (endpoint().counters().segments_retransmitted == 0) sent = wait_for_timer();
  SegmentIn both = segment({.ack = kOurs + 10'000, .flags = kAck | kEce});
  both.options.sack_blocks = 1;
  both.options.sack[0] = {kOurs + 1000, kOurs + 2000};
  sent = receive(both);
  EXPECT_EQ(endpoint().counters().undone, 1U);
  EXPECT_LE(endpoint().congestion_window(), 7000U) << "the congestion was real";
  const std::vector<Sent> after = write(text(1000));
  sent.insert(sent.end(), after.begin(), after.end());
  const bool told = std::any_of(sent.begin(), sent.end(), [](const Sent& one) { return one.has(kCwr); });
  EXPECT_TRUE(told) << "or the peer goes on echoing for ever";
}

TEST_F(TcpEcn, TellsThePeerAfterALossToo) {  // §6.1.2: a loss is a congestion signal like any other
  adopt_with_ecn();
  write(text(5000));
  SegmentIn ack = segment({});
  ack.options.sack_blocks = 1;
  ack.options.sack[0] = {kOurs + 1000, kOurs + 5000};
  now_ += milliseconds{10};
  const auto again = receive(ack);
  ASSERT_EQ(again.size(), 1U);
  EXPECT_FALSE(again[0].has(kCwr)) << "not on a retransmission";
  receive(segment({.ack = kOurs + 5000}));
  EXPECT_TRUE(write(text(1000))[0].has(kCwr));
}

TEST_F(TcpEcn, IsSilentWhereItWasNotAgreed) {
  adopt();
  EXPECT_FALSE(write("text")[0].header.ect);
  const auto sent = receive(marked(0));
  EXPECT_TRUE(sent.empty() || !sent[0].has(kEce));
  receive(segment({.ack = kOurs + 4, .flags = kAck | kEce}));
  EXPECT_EQ(endpoint().congestion_window(), 10'000U);
}

}  // namespace
}  // namespace limpid::tcp
