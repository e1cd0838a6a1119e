// The relay over legs without TLS: the rules of ends and of budgets by themselves.
#include "tls_proxy/relay.h"

#include <gtest/gtest.h>

#include <array>

#include "tests/unit/tls_proxy/memory_stream.h"
#include "tls_proxy/openssl/plain_engine.h"

namespace limpid::testing {
namespace {

using std::chrono::milliseconds;
using tls::Direction;
using tls::Relay;

struct PlainRelay : tls::RelayObserver {
  void on_plaintext(Direction direction, Bytes bytes) override {
    (direction == Direction::kFromClient ? from_client : from_server) += as_text(bytes);
  }
  void on_direction_end(Direction direction, bool clean) override {
    ends += direction == Direction::kFromClient ? 'c' : 's';
    ends += clean ? '+' : '-';
  }
  void run(Duration at = {}) { relay.run({client, server}, scratch, *this, Instant(at)); }

  MemoryStream client_stream{Reason::client_reset};
  MemoryStream server_stream{Reason::server_reset};
  tls::PlainEngine client{client_stream};
  tls::PlainEngine server{server_stream};
  Relay relay;
  std::array<std::byte, 16'384> scratch{};
  std::string from_client;
  std::string from_server;
  std::string ends;
};

TEST(Relay, MovesBytesBothWays) {
  PlainRelay it;
  it.client_stream.deliver("question");
  it.server_stream.deliver("answer");
  it.run();
  EXPECT_EQ(it.server_stream.take(), "question");
  EXPECT_EQ(it.client_stream.take(), "answer");
  EXPECT_EQ(it.from_client, "question");
  EXPECT_EQ(it.relay.deadline(), kNever);
}

TEST(Relay, AsksToBeRunAgainAtOnceWhenItsBudgetIsSpent) {
  PlainRelay it;
  it.client_stream.deliver(std::string(Relay::kBudget + 1, 'x'));
  it.run(milliseconds(5));
  EXPECT_EQ(it.from_client.size(), Relay::kBudget);
  EXPECT_EQ(it.relay.deadline(), Instant(milliseconds(5)));
  it.run(milliseconds(5));
  EXPECT_EQ(it.from_client.size(), Relay::kBudget + 1);
  EXPECT_EQ(it.relay.deadline(), kNever);
}

TEST(Relay, ReadsNothingWhileTheOtherLegAsksForNothing) {
  PlainRelay it;
  it.server_stream.window(0);
  it.client_stream.deliver("wait");
  it.run();
  EXPECT_EQ(it.client_stream.readable(), 4U);
  it.server_stream.window(1);
  it.run();
  EXPECT_EQ(it.server_stream.take(), "wait");
}

TEST(Relay, EndsWhenBothDirectionsHaveEnded) {
  PlainRelay it;
  it.client_stream.deliver_fin();
  it.run();
  EXPECT_TRUE(it.server_stream.fin_sent());
  EXPECT_FALSE(it.relay.ended());
  it.server_stream.deliver("late");
  it.server_stream.deliver_fin();
  it.run();
  EXPECT_EQ(it.client_stream.take(), "late");
  EXPECT_TRUE(it.client_stream.fin_sent());
  EXPECT_TRUE(it.relay.ended());
  EXPECT_EQ(it.ends, "c-s-");
  EXPECT_FALSE(it.relay.broken());
}

TEST(Relay, FinishesOnlyBehindWhatStreamMemoryHeldUp) {
  PlainRelay it;
  it.server_stream.memory(2);
  it.client_stream.deliver("abcd");
  it.client_stream.deliver_fin();
  it.run();
  EXPECT_FALSE(it.server_stream.fin_sent());
  EXPECT_EQ(it.relay.deadline(), Instant(Relay::kStarvedRetry));
  EXPECT_EQ(it.server_stream.take(), "ab");
  it.run();
  EXPECT_EQ(it.server_stream.take(), "cd");
  EXPECT_TRUE(it.server_stream.fin_sent());
}

TEST(Relay, ResetsTheOtherLegOnceItHasTakenEverything) {
  PlainRelay it;
  it.client_stream.deliver("last");
  it.client_stream.deliver_reset();
  it.run();
  EXPECT_FALSE(it.server_stream.aborted());
  EXPECT_EQ(it.relay.deadline(), Instant(Relay::kDrainMax));
  EXPECT_EQ(it.server_stream.take(), "last");
  it.run(milliseconds(1));
  EXPECT_TRUE(it.server_stream.aborted());
  EXPECT_TRUE(it.relay.ended());
  ASSERT_TRUE(it.relay.broken());
  EXPECT_EQ(it.relay.broken()->from, Direction::kFromClient);
  EXPECT_FALSE(it.relay.broken()->after_end);
}

TEST(Relay, TakesNothingMoreFromTheOtherLegAfterAReset) {
  PlainRelay it;
  it.server_stream.window(1);
  it.client_stream.deliver(std::string(40'000, 'x'));
  it.run();
  it.client_stream.deliver_reset();
  it.server_stream.deliver("too late");
  it.run();
  EXPECT_EQ(it.from_server, "");
  it.run(Relay::kDrainMax);
  EXPECT_TRUE(it.server_stream.aborted());
}

}  // namespace
}  // namespace limpid::testing
