#include "dataplane/tool/queued_mirror.h"

#include <map>
#include <thread>

#include "dataplane/base/system_clock.h"
#include "tests/unit/dataplane/tool/told_frames.h"

namespace limpid::tool {
namespace {

/// What an output was given; read when the mirror has stopped.
struct Received {
  std::vector<ToldFrame> frames;
  bool finished = false;
};

class ListOutput final : public MirrorOutput {
 public:
  explicit ListOutput(Received& received) : received_(received) {}
  void on_frame(Bytes frame, WallTime when) override {
    EXPECT_FALSE(received_.finished);
    received_.frames.push_back(told(frame, when));
    count_sent(frame.size());
  }
  void begin(Instant) override {}
  void flush(Instant) override {}
  void finish(Instant) override { received_.finished = true; }

 private:
  Received& received_;
};

class QueuedMirrorTest : public testing::Test {
 protected:
  std::unique_ptr<QueuedMirror> mirror(const QueuedMirrorSettings& settings = {}) {
    return std::make_unique<QueuedMirror>(settings, std::make_unique<ListOutput>(received_), clock_);
  }

  Received received_;
  SystemClock clock_;
};

TEST_F(QueuedMirrorTest, TakesTheCopiesOfSeveralWorkersAtOnce) {
  constexpr std::size_t kWorkers = 3;
  constexpr int kSessions = 40;
  const auto made = mirror({.workers = kWorkers});
  std::vector<std::thread> workers;
  for (std::size_t worker = 0; worker < kWorkers; ++worker) {
    workers.emplace_back([&made, worker] {
      for (int i = 0; i < kSessions; ++i) {
        FlowFacts facts = v4_flow();
        facts.client.port = static_cast<std::uint16_t>(10'000 + 1'000 * worker + static_cast<std::size_t>(i));
        const auto tap = made->for_worker(worker).open(facts, moment(i));
        tap->on_bytes(Direction::kFromClient, as_bytes(pattern(5'000)), moment(i));
        tap->on_end(Direction::kFromClient, moment(i));
        tap->on_end(Direction::kFromServer, moment(i));
      }
    });
  }
  for (std::thread& worker : workers) worker.join();
  made->stop();

  std::map<SocketAddress, StreamReader> readers;
  for (const ToldFrame& frame : received_.frames) {
    const auto view = wire::parse(frame.bytes);
    ASSERT_TRUE(view.ok());
    const SocketAddress client = view->source_port == 443 ? view->destination() : view->source();
    readers.try_emplace(client, client).first->second.read(frame.bytes);
  }
  EXPECT_EQ(readers.size(), kWorkers * kSessions);
  for (const auto& [client, reader] : readers)
    EXPECT_EQ(reader.from_client(), pattern(5'000)) << client.text();
  EXPECT_EQ(made->counters().lost_queue, 0U);
  EXPECT_EQ(made->counters().sessions, kWorkers * kSessions);
  EXPECT_EQ(made->counters().packets, received_.frames.size());
}

TEST_F(QueuedMirrorTest, AFullQueueLosesTheCopyCountsItAndLeavesAGap) {
  const auto made = mirror({.queue_bytes_max = 1'000});
  {
    const auto tap = made->for_worker(0).open(v4_flow(), moment());
    tap->on_bytes(Direction::kFromClient, as_bytes(pattern(1'001)), moment(1));
    tap->on_bytes(Direction::kFromClient, as_bytes("after"), moment(2));
  }
  made->stop();
  StreamReader reader(v4_flow().client);
  reader.read(received_.frames);
  EXPECT_EQ(reader.from_client(), "after");
  EXPECT_EQ(reader.gaps, 1);
  EXPECT_EQ(made->counters().lost_queue, 1U);
}

TEST_F(QueuedMirrorTest, MasksOnItsOwnThreadAlsoAroundWhatTheQueueLost) {
  auto masking = std::make_unique<Masking>();
  masking->headers = {"cookie"};
  QueuedMirror made({.queue_bytes_max = 1'000}, std::make_unique<ListOutput>(received_), clock_,
                    std::move(masking));
  {
    const auto tap = made.for_worker(0).open(v4_flow(), moment());
    tap->on_bytes(Direction::kFromClient, as_bytes("GET /\nCookie: a"), moment(1));
    tap->on_bytes(Direction::kFromClient, as_bytes(pattern(1'001)), moment(2));
    tap->on_bytes(Direction::kFromClient, as_bytes("b\nHost: c\n"), moment(3));
  }
  made.stop();
  StreamReader reader(v4_flow().client);
  reader.read(received_.frames);
  EXPECT_EQ(reader.from_client(), "GET /\nCookie:xxx\nHost: c\n");
  EXPECT_EQ(reader.gaps, 1);
  EXPECT_EQ(made.counters().lost_queue, 1U);
}

TEST_F(QueuedMirrorTest, TheOutputIsFinishedWhenEverythingIsTold) {
  const auto made = mirror();
  made->for_worker(0).open(v4_flow(), moment())->on_bytes(Direction::kFromClient, as_bytes("x"), moment());
  made->stop();
  EXPECT_TRUE(received_.finished);
  StreamReader reader(v4_flow().client);
  reader.read(received_.frames);
  EXPECT_EQ(reader.from_client(), "x");
}

TEST_F(QueuedMirrorTest, ItsPacketsAreNoLargerThanTheOutputTakes) {
  const auto made = mirror({.packet_max = 1'400});
  made->for_worker(0)
      .open(v6_flow(), moment())
      ->on_bytes(Direction::kFromServer, as_bytes(pattern(9'000)), moment());
  made->stop();
  StreamReader reader(v6_flow().client);
  reader.read(received_.frames);
  EXPECT_EQ(reader.from_server(), pattern(9'000));
  EXPECT_EQ(reader.largest_payload, 1'340U);
}

}  // namespace
}  // namespace limpid::tool
