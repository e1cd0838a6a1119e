// Workers on real interfaces: DPDK's packet buffers, AF_PACKET sockets, veth pairs. One Runtime, one pair of
// workers, for the whole process.
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <array>
#include <thread>

#include "dataplane/base/system_clock.h"
#include "dataplane/nic/runtime.h"
#include "dataplane/worker/ask.h"
#include "tests/support/network.h"
#include "tests/support/wire_frames.h"
#include "tests/unit/dataplane/flow/engine_harness.h"

namespace limpid::worker {
namespace {

constexpr std::size_t kWorkers = 2;

Duration cpu_time_of_this_thread() {
  rusage usage{};
  getrusage(RUSAGE_THREAD, &usage);
  const auto of = [](const timeval& time) {
    return std::chrono::seconds(time.tv_sec) + std::chrono::microseconds(time.tv_usec);
  };
  return of(usage.ru_utime) + of(usage.ru_stime);
}

/// The appliance in small: ports, fabric, workers, threads.
class Appliance {
 public:
  explicit Appliance(std::unique_ptr<nic::Runtime> runtime) : runtime_(std::move(runtime)) {
    for (std::size_t i = 0; i < kWorkers; ++i) {
      WorkerSettings settings;
      settings.index = i;
      settings.flow.flows_max = 1024;
      settings.stop_grace = std::chrono::milliseconds(50);
      workers.push_back(std::make_unique<Worker>(
          settings, WorkerSurroundings{fabric_, runtime_->pool(), random_[i], clock_, sleepers_[i]}));
      workers.back()->attach(users_[i]);
      threads_.emplace_back([this, i] {
        ASSERT_TRUE(runtime_->enter_worker(i).ok());
        workers[i]->run();
        workers[i].reset();
        runtime_->leave_worker();
      });
    }
  }
  ~Appliance() {
    for (const auto& worker : workers) worker->request_stop();
    for (std::thread& thread : threads_) thread.join();
  }

  std::vector<std::unique_ptr<Worker>> workers;

 private:
  std::unique_ptr<nic::Runtime> runtime_;
  SystemClock clock_;
  Fabric fabric_{{&runtime_->port(0), &runtime_->port(1)},
                 {.segments = {{0, 1}}, .workers = kWorkers, .hash_secret = 77}};
  std::array<SeededRandom, kWorkers> random_{SeededRandom(1), SeededRandom(2)};
  std::array<PollSleeper, kWorkers> sleepers_;
  std::array<flow::ScriptedUser, kWorkers> users_;
  std::vector<std::thread> threads_;
};

std::unique_ptr<Appliance> appliance;

class Machine final : public ::testing::Environment {
 public:
  void SetUp() override {
    if (!network::enter_fresh_namespace()) return;
    ASSERT_TRUE(network::make_veth("d0", "f0") && network::make_veth("d1", "f1"));
    nic::RuntimeSettings settings;
    settings.cores = {0, 1};
    if (std::thread::hardware_concurrency() < 2) settings.cores = {0, 0};
    settings.memory_bytes = std::uint64_t{64} << 20U;
    settings.ports = {{.interface = "d0", .driver = nic::PortDriver::kAfPacket, .pci = {}},
                      {.interface = "d1", .driver = nic::PortDriver::kAfPacket, .pci = {}}};
    auto runtime = nic::Runtime::start(settings);
    ASSERT_TRUE(runtime.ok()) << runtime.error();
    appliance = std::make_unique<Appliance>(std::move(runtime).value());
  }
  void TearDown() override { appliance.reset(); }
};

const auto* const kMachine = ::testing::AddGlobalTestEnvironment(new Machine);

class WorkerSystemTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (appliance == nullptr) GTEST_SKIP() << "needs root, for a network namespace";
  }
  template <typename Answer, typename Question>
  static Answer answer_of(std::size_t worker, Question question) {
    return ask<Answer>(*appliance->workers[worker], question, std::chrono::seconds(20)).value();
  }
};

TEST_F(WorkerSystemTest, ForwardsEveryKindOfFrameUnchanged) {
  const network::RawSocket client("f0");
  const network::RawSocket server("f1");
  for (const frames::NamedFrame& kind : frames::every_kind(1500)) {
    client.send(kind.frame);
    EXPECT_EQ(server.receive(), kind.frame) << kind.name;
    server.send(kind.frame);
    EXPECT_EQ(client.receive(), kind.frame) << kind.name;
  }
}

TEST_F(WorkerSystemTest, TakesABurstWithoutLosingAFrame) {
  const network::RawSocket client("f0");
  const network::RawSocket server("f1");
  constexpr std::size_t kBurst = 3'000;  // the receive ring alone could keep them
  const frames::Frame frame = frames::raw({}, 0x88b5, 1400);
  for (std::size_t i = 0; i < kBurst; ++i) client.send(frame);
  std::size_t arrived = 0;
  while (arrived < kBurst && server.receive()) ++arrived;
  EXPECT_EQ(arrived, kBurst);
}

TEST_F(WorkerSystemTest, UsesLittleOfItsCoreWhenNothingComes) {
  const network::RawSocket silent("f1");
  for (std::size_t i = 0; i < kWorkers; ++i) {
    const auto look = [](Worker& it) { return std::pair(cpu_time_of_this_thread(), it.counters()); };
    using Look = decltype(look(*appliance->workers[0]));
    const Look before = answer_of<Look>(i, look);
    EXPECT_FALSE(silent.receive(500).has_value());  // a while of idleness is what is observed
    const Look after = answer_of<Look>(i, look);
    const double wall = std::chrono::duration<double>(after.second.total - before.second.total).count();
    const double used = std::chrono::duration<double>(after.first - before.first).count();
    RecordProperty("idle_core_percent_of_worker_" + std::to_string(i), std::to_string(100 * used / wall));
    EXPECT_LT(used / wall, 0.05) << "worker " << i;
    EXPECT_GT(after.second.naps, before.second.naps);
  }
}

TEST_F(WorkerSystemTest, WakesForAFrameLongBeforeItsNapWouldEnd) {
  const network::RawSocket client("f0");
  const network::RawSocket server("f1");
  const frames::Frame frame = frames::raw({}, 0x88b5, 60);
  Duration quickest = Duration::max();
  for (int i = 0; i < 10; ++i) {
    EXPECT_FALSE(server.receive(5).has_value());  // silence, until the worker naps
    const auto before = std::chrono::steady_clock::now();
    client.send(frame);
    ASSERT_TRUE(server.receive().has_value());
    quickest = std::min<Duration>(quickest, std::chrono::steady_clock::now() - before);
  }
  RecordProperty("wake_and_forward_us", std::to_string(quickest.count() / 1000));
  EXPECT_LT(quickest, WorkerSettings{}.rest_max / 4);
}

}  // namespace
}  // namespace limpid::worker
