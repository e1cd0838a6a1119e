// How a worker ends: request_stop(), the drain, the end of the grace period.
#include <gmock/gmock.h>

#include "tests/unit/dataplane/worker/bench_workers.h"

namespace limpid::worker {
namespace {

class WorkerStopTest : public WorkerTest {
 protected:
  static constexpr std::uint32_t kClientIsn = 1000;
  static constexpr std::uint32_t kServerIsn = 9000;

  static frames::Tcp from_client(std::uint32_t seq, unsigned flags, std::string payload = {}) {
    return {.seq = kClientIsn + seq,
            .ack = (flags & tcp::kAck) != 0 ? kServerIsn + 1 : 0,
            .flags = flags,
            .payload = std::move(payload)};
  }
  static frames::Tcp from_server(std::uint32_t seq, unsigned flags) {
    return {.source = "10.0.0.2:443",
            .destination = "10.0.0.1:40000",
            .seq = kServerIsn + seq,
            .ack = kClientIsn + 1,
            .flags = flags};
  }
  void adopt_a_flow() {
    client.arrive(frames::tcp(from_client(0, tcp::kSyn)));
    worker().run_once();
    server.arrive(frames::tcp(from_server(0, tcp::kSyn | tcp::kAck)));
    worker().run_once();
    client.arrive(frames::tcp(from_client(1, tcp::kAck)));
    client.arrive(frames::tcp(from_client(1, tcp::kAck | tcp::kPsh, "HELLO\n")));
    worker().run_once();
    ASSERT_EQ(worker().flows().counters().now_adopted, 1U);
  }
  bool reset_was_sent(nic::MemoryPort& at) {
    bool reset = false;
    while (const auto frame = at.take_sent()) {
      const auto view = wire::parse(*frame);
      reset = reset || (view.ok() && (view->flags & tcp::kRst) != 0);
    }
    return reset;
  }
};

TEST_F(WorkerStopTest, EndsAtOnceWhereNothingIsIntercepted) {
  worker().request_stop();
  const Instant before = clock.now();
  worker().run();
  EXPECT_LT(clock.now() - before, milliseconds(5));
}

TEST_F(WorkerStopTest, ReportsTheFlowsThatAreLeft) {
  client.arrive(frames::tcp(from_client(0, tcp::kSyn)));
  worker().run_once();
  worker().request_stop();
  worker().run();
  EXPECT_EQ(user.closed.size(), 1U);
}

TEST_F(WorkerStopTest, GivesInterceptedSessionsTheirGraceAndThenResetsThem) {
  settings.stop_grace = seconds(3);
  adopt_a_flow();
  const Instant before = clock.now();
  worker().request_stop();
  worker().run();
  EXPECT_GE(clock.now() - before, seconds(3));
  EXPECT_LT(clock.now() - before, seconds(4));
  EXPECT_TRUE(reset_was_sent(client));
  EXPECT_TRUE(reset_was_sent(server));
  ASSERT_EQ(user.closed.size(), 1U);
}

TEST_F(WorkerStopTest, EndsBeforeTheGraceIsOverWhenTheLastSessionDoes) {
  settings.stop_grace = std::chrono::hours(1);
  adopt_a_flow();
  worker().request_stop();
  sleeper.while_asleep = [this](std::size_t naps) {
    if (naps != 3) return;
    frames::Tcp reset = from_client(7, tcp::kRst | tcp::kAck);
    client.arrive(frames::tcp(reset));
  };
  const Instant before = clock.now();
  worker().run();
  EXPECT_LT(clock.now() - before, std::chrono::minutes(2));
  EXPECT_EQ(user.closed.size(), 1U);
}

TEST_F(WorkerStopTest, ForwardsNewFlowsWhileItDrains) {
  settings.stop_grace = seconds(3);
  adopt_a_flow();
  while (server.take_sent()) continue;
  worker().request_stop();
  frames::Tcp other = from_client(0, tcp::kSyn);
  other.source = "10.0.0.9:1234";
  sleeper.while_asleep = [&](std::size_t naps) {
    if (naps == 2) client.arrive(frames::tcp(other));
  };
  worker().run();
  bool forwarded = false;
  while (const auto frame = server.take_sent()) forwarded = forwarded || *frame == frames::tcp(other);
  EXPECT_TRUE(forwarded);
  EXPECT_EQ(user.syns.size(), 1U) << "the user is not asked any more";
}

TEST_F(WorkerStopTest, TakesNoCommandAfterItsEnd) {
  worker().request_stop();
  worker().run();
  EXPECT_FALSE(worker().post([](Worker&) {}));
}

}  // namespace
}  // namespace limpid::worker
