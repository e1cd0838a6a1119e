// Closing, and what the endpoint costs while nothing happens.
#include "dataplane/tcp/endpoint.h"

#include "tests/unit/dataplane/tcp/endpoint_harness.h"

namespace limpid::tcp {
namespace {

using TcpClose = EndpointTest;
using TcpIdle = EndpointTest;

TEST_F(TcpClose, ByUsFirstGoesThroughFinWaitToTimeWait) {
  adopt();
  endpoint().finish();
  ASSERT_EQ(flush().size(), 1U);
  EXPECT_EQ(endpoint().state(), State::kFinWait1);
  receive(segment({.ack = kOurs + 1}));
  EXPECT_EQ(endpoint().state(), State::kFinWait2);
  const auto sent = receive(segment({.ack = kOurs + 1, .flags = kAck | kFin}));
  EXPECT_EQ(endpoint().state(), State::kTimeWait);
  ASSERT_EQ(sent.size(), 1U);
  EXPECT_EQ(sent[0].header.ack, kPeers + 1);
  EXPECT_FALSE(endpoint().closed());
  wait(seconds{60});
  EXPECT_TRUE(endpoint().closed());
  EXPECT_EQ(endpoint().deadline(), kNever);
}

TEST_F(TcpClose, ByThePeerFirstGoesThroughCloseWaitToClosed) {
  adopt();
  receive(segment({.flags = kAck | kFin}));
  EXPECT_EQ(endpoint().state(), State::kCloseWait);
  EXPECT_TRUE(endpoint().finished());
  const auto sent = write("a last word");
  EXPECT_EQ(sent[0].text, "a last word") << "half-closed: our direction goes on";
  endpoint().finish();
  flush();
  EXPECT_EQ(endpoint().state(), State::kLastAck);
  receive(segment({.seq = kPeers + 1, .ack = kOurs + 12}));
  EXPECT_TRUE(endpoint().closed());
  EXPECT_EQ(endpoint().failure(), Reason::none);
}

TEST_F(TcpClose, ByBothAtOnceGoesThroughClosing) {
  adopt();
  endpoint().finish();
  flush();
  receive(segment({.flags = kAck | kFin}));
  EXPECT_EQ(endpoint().state(), State::kClosing);
  receive(segment({.seq = kPeers + 1, .ack = kOurs + 1}));
  EXPECT_EQ(endpoint().state(), State::kTimeWait);
}

TEST_F(TcpClose, ReceivesUntilThePeerHasFinishedToo) {
  adopt();
  endpoint().finish();
  flush();
  receive(segment({.ack = kOurs + 1, .payload = as_bytes("still talking")}));
  EXPECT_EQ(read(), "still talking");
  EXPECT_EQ(endpoint().state(), State::kFinWait2);
}

TEST_F(TcpClose, SendsEverythingWrittenBeforeTheFin) {
  adopt();
  EXPECT_EQ(endpoint().write(as_bytes(text(1500))), 1500U);
  endpoint().finish();
  EXPECT_EQ(endpoint().write(as_bytes("too late")), 0U);
  const auto sent = flush();
  ASSERT_EQ(sent.size(), 2U);
  EXPECT_FALSE(sent[0].has(kFin));
  EXPECT_TRUE(sent[1].has(kFin));
  EXPECT_EQ(endpoint().unacknowledged(), 1501U) << "the FIN counts one";
}

TEST_F(TcpClose, AFinThatThePeerSentBeforeItSawOursIsAcknowledged) {
  adopt();
  write("abc");
  endpoint().finish();
  flush();
  receive(segment({.ack = kOurs + 4}));
  const auto sent = receive(segment({.ack = kOurs, .flags = kAck | kFin}));
  ASSERT_EQ(sent.size(), 1U);
  EXPECT_EQ(sent[0].header.ack, kPeers + 1);
  EXPECT_EQ(endpoint().state(), State::kTimeWait);
}

TEST_F(TcpClose, TimeWaitAnswersARetransmittedFinAndIgnoresResets) {
  adopt();
  endpoint().finish();
  flush();
  receive(segment({.ack = kOurs + 1, .flags = kAck | kFin}));
  ASSERT_EQ(endpoint().state(), State::kTimeWait);
  const Instant end = endpoint().deadline();
  now_ += seconds{1};
  EXPECT_EQ(receive(segment({.ack = kOurs + 1, .flags = kAck | kFin})).size(), 1U);
  EXPECT_EQ(endpoint().deadline(), end) << "however often the peer asks";
  receive(segment({.seq = kPeers + 1, .flags = kRst}));
  EXPECT_EQ(endpoint().state(), State::kTimeWait) << "RFC 1337";
  endpoint().abort();
  EXPECT_EQ(receive(segment({.ack = kOurs + 1, .flags = kAck | kFin})).size(), 1U) << "nor forgets on abort";
}

TEST_F(TcpClose, AResetAfterEverythingWasDeliveredIsNoFailure) {
  adopt();
  receive(segment({.flags = kAck | kFin}));
  endpoint().finish();
  flush();
  receive(segment({.seq = kPeers + 1, .flags = kRst}));
  EXPECT_TRUE(endpoint().closed());
  EXPECT_EQ(endpoint().failure(), Reason::none);
}

TEST_F(TcpClose, AnAbortIsNeverACleanEnd) {
  adopt();
  receive(segment({.payload = as_bytes("partial")}));
  endpoint().abort();
  EXPECT_FALSE(endpoint().finished());
  EXPECT_EQ(endpoint().readable(), 0U);
  EXPECT_EQ(endpoint().credit(), 0U);
}

TEST_F(TcpIdle, HoldsNoMemoryAndNoTimer) {
  adopt();
  write(text(5000));
  receive(segment({.ack = kOurs + 5000, .payload = as_bytes(text(700))}));
  wait_for_timer();
  read();
  flush();
  EXPECT_EQ(endpoint().chunks(), 0U);
  EXPECT_EQ(pool_.used(), 0U);
  EXPECT_EQ(endpoint().deadline(), kNever);
  EXPECT_FALSE(endpoint().wants_flush());
}

TEST_F(TcpIdle, BeginsAgainWithTheInitialWindow) {
  adopt();
  std::uint32_t acknowledged = 0;
  for (int i = 0; i < 3; ++i) {
    const auto sent = write(text(endpoint().congestion_window()));
    for (const Sent& each : sent) acknowledged += static_cast<std::uint32_t>(each.text.size());
    receive(segment({.ack = kOurs + acknowledged}));
  }
  ASSERT_GT(endpoint().congestion_window(), 20000U);
  now_ += seconds{10};
  EXPECT_EQ(write(text(40000)).size(), 10U);
}

TEST(TcpState, HasTheNamesThatOperatorsRead) {
  EXPECT_EQ(name(State::kEstablished), "EST");
  EXPECT_EQ(name(State::kSynReceived), "SYN_RCV");
  EXPECT_EQ(name(State::kTimeWait), "TIME_WAIT");
}

}  // namespace
}  // namespace limpid::tcp
