// Two workers on two threads: each polls one side of the segment, so that about half of all TCP frames are
// handed to the other.
#include <gtest/gtest.h>

#include <map>
#include <thread>

#include "dataplane/base/system_clock.h"
#include "dataplane/worker/ask.h"
#include "tests/unit/dataplane/worker/bench_workers.h"

namespace limpid::worker {
namespace {

class TwoWorkersTest : public ::testing::Test {
 protected:
  static constexpr std::size_t kWorkers = 2;

  void SetUp() override {
    for (std::size_t i = 0; i < kWorkers; ++i) {
      WorkerSettings settings;
      settings.index = i;
      settings.flow.flows_max = 1024;
      settings.stop_grace = std::chrono::milliseconds(50);
      workers.push_back(std::make_unique<Worker>(
          settings, WorkerSurroundings{fabric, pool, random[i], clock, sleepers[i]}));
      workers.back()->attach(users[i]);
    }
    for (const auto& worker : workers) threads.emplace_back([&it = *worker] { it.run(); });
  }
  void TearDown() override {
    stop();
    EXPECT_EQ(pool.used(), 0U);
  }
  void stop() {
    for (const auto& worker : workers) worker->request_stop();
    for (std::thread& thread : threads) thread.join();
    threads.clear();
    workers.clear();
  }

  /// Observes until it is so; false where it does not become so.
  template <typename Condition>
  static bool becomes_true(Condition condition) {
    const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (!condition()) {
      if (std::chrono::steady_clock::now() > until) return false;
      std::this_thread::yield();
    }
    return true;
  }
  WorkerCounters counters_of(std::size_t index) {
    return ask<WorkerCounters>(
               *workers[index], [](Worker& it) { return it.counters(); }, std::chrono::seconds(20))
        .value();
  }

  static std::string client_of(int flow) { return "10.0.0.1:" + std::to_string(20'000 + flow); }
  static frames::Tcp from_client(int flow, std::uint32_t seq, unsigned flags, std::string payload = {}) {
    return {.source = client_of(flow),
            .seq = 1000 + seq,
            .ack = (flags & tcp::kAck) != 0 ? 9001U : 0U,
            .flags = flags,
            .payload = std::move(payload)};
  }
  static frames::Tcp from_server(int flow, std::uint32_t seq, unsigned flags) {
    return {.source = "10.0.0.2:443",
            .destination = client_of(flow),
            .seq = 9000 + seq,
            .ack = 1001,
            .flags = flags};
  }

  SystemClock clock;
  nic::SharedPacketPool pool;
  nic::MemoryPort client{"d0", pool};
  nic::MemoryPort server{"d1", pool};
  Fabric fabric{{&client, &server}, {.segments = {{0, 1}}, .workers = kWorkers, .hash_secret = 5}};
  std::array<SeededRandom, kWorkers> random{SeededRandom(1), SeededRandom(2)};
  std::array<PollSleeper, kWorkers> sleepers;
  std::array<flow::ScriptedUser, kWorkers> users;
  std::vector<std::unique_ptr<Worker>> workers;
  std::vector<std::thread> threads;
};

TEST_F(TwoWorkersTest, ForwardEveryKindOfFrameOnceAndUnchanged) {
  for (const frames::NamedFrame& kind : frames::every_kind(1500)) {
    client.arrive(kind.frame);
    ASSERT_TRUE(becomes_true([&] { return server.sent() == 1; })) << kind.name;
    EXPECT_EQ(server.take_sent(), kind.frame) << kind.name;
    server.arrive(kind.frame);
    ASSERT_TRUE(becomes_true([&] { return client.sent() == 1; })) << kind.name;
    EXPECT_EQ(client.take_sent(), kind.frame) << kind.name;
  }
}

TEST_F(TwoWorkersTest, KeepTheOrderWithinEveryFlow) {
  constexpr int kFlows = 16;
  constexpr std::uint32_t kFrames = 200;
  for (std::uint32_t i = 0; i < kFrames; ++i) {
    for (int flow = 0; flow < kFlows; ++flow) client.arrive(frames::tcp(from_client(flow, i, tcp::kAck)));
  }
  ASSERT_TRUE(becomes_true([&] { return server.sent() == kFlows * kFrames; }));
  std::map<std::uint16_t, std::uint32_t> next;
  while (const auto frame = server.take_sent()) {
    const auto view = wire::parse(*frame);
    ASSERT_TRUE(view.ok());
    EXPECT_EQ(view->seq, 1000 + next[view->source_port]++);
  }
  EXPECT_EQ(next.size(), kFlows);
  EXPECT_GT(counters_of(0).packets_handed_off, 0U) << "the client's side is polled by worker 0";
  EXPECT_EQ(counters_of(0).packets_handed_off, counters_of(1).packets_handed_in);
}

TEST_F(TwoWorkersTest, EachHaveBothDirectionsOfTheirFlows) {
  constexpr int kFlows = 64;
  for (int flow = 0; flow < kFlows; ++flow) client.arrive(frames::tcp(from_client(flow, 0, tcp::kSyn)));
  ASSERT_TRUE(becomes_true([&] { return server.sent() == kFlows; }));
  for (int flow = 0; flow < kFlows; ++flow)
    server.arrive(frames::tcp(from_server(flow, 0, tcp::kSyn | tcp::kAck)));
  ASSERT_TRUE(becomes_true([&] { return client.sent() == kFlows; }));
  for (int flow = 0; flow < kFlows; ++flow) {
    client.arrive(frames::tcp(from_client(flow, 1, tcp::kAck)));
    client.arrive(frames::tcp(from_client(flow, 1, tcp::kAck | tcp::kPsh, "plain text")));
  }
  ASSERT_TRUE(becomes_true([&] { return server.sent() == 3 * kFlows; }));
  stop();
  EXPECT_GT(users[0].syns.size(), 0U);
  EXPECT_GT(users[1].syns.size(), 0U);
  EXPECT_EQ(users[0].syns.size() + users[1].syns.size(), kFlows);
  for (const flow::ScriptedUser& user : users) {
    EXPECT_EQ(user.first_bytes.size(), user.syns.size())
        << "first bytes are asked of only after a whole handshake";
    EXPECT_EQ(user.closed.size(), user.syns.size());
  }
}

TEST_F(TwoWorkersTest, AnswerQuestionsOfTheControlPlane) {
  const auto index = [](Worker& it) { return it.index(); };
  EXPECT_EQ(ask<std::size_t>(*workers[0], index, std::chrono::seconds(20)), 0U);
  EXPECT_EQ(ask<std::size_t>(*workers[1], index, std::chrono::seconds(20)), 1U);
}

TEST_F(TwoWorkersTest, GoOnServingEachOtherUntilBothHaveDrained) {
  workers[1]->request_stop();
  const Frame frame = frames::raw({}, 0x88b5, 60);
  server.arrive(frame);  // polled by worker 1, which must not have ended
  ASSERT_TRUE(becomes_true([&] { return client.sent() == 1; }));
  EXPECT_EQ(client.take_sent(), frame);
}

}  // namespace
}  // namespace limpid::worker
