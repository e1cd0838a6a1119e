// DPDK and its ports against real interfaces: pairs of veth in a namespace of this process's own, raw sockets
// at their far ends. Everything shares one Runtime, because DPDK starts once in a process.
#include "dataplane/nic/runtime.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <mutex>
#include <thread>

#include "tests/unit/dataplane/nic/running_ports.h"

namespace limpid::nic {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

enum PortNumber : std::size_t { kPlain0, kPlain1, kJumbo0, kJumbo1, kTap };

std::string error_of(const RuntimeSettings& settings) {
  const auto started = Runtime::start(settings);
  return started ? "none" : started.error();
}

/// Made before the first test: the namespace, the interfaces, what goes wrong before DPDK runs, and DPDK.
class Machine final : public ::testing::Environment {
 public:
  void SetUp() override {
    if (!network::enter_fresh_namespace()) return;
    for (const auto& [near, far, mtu] :
         {std::tuple{"d0", "f0", 1500U}, {"d1", "f1", 1500U}, {"j0", "jf0", 9000U}, {"j1", "jf1", 9000U}}) {
      ASSERT_TRUE(network::make_veth(near, far, mtu)) << near;
    }
    ASSERT_TRUE(network::command("ip link add down0 type veth peer name down1"));
    collect_errors();
    RuntimeSettings settings =
        settings_with({at("d0"), at("d1"), at("j0"), at("j1"), at("tap0", PortDriver::kTap)});
    settings.log = [](LogLevel, std::string_view line) {
      const std::lock_guard lock(log_mutex);
      log.emplace_back(line);
    };
    auto started = Runtime::start(settings);
    ASSERT_TRUE(started.ok()) << started.error();
    running = std::move(started).value();
  }
  void TearDown() override { running.reset(); }

  static void collect_errors() {
    error_missing = error_of(settings_with({at("d0"), at("nosuch0")}));
    error_down = error_of(settings_with({at("down0")}));
    error_twice = error_of(settings_with({at("d0"), at("d0")}));
    RuntimeSettings greedy = settings_with({at("d0")});
    greedy.memory_bytes = std::uint64_t{1} << 50U;
    error_memory = error_of(greedy);
    error_xdp = error_of(settings_with({at("d0", PortDriver::kAfXdp), at("j0")}));
    error_tap = error_of(settings_with({at("d0", PortDriver::kTap)}));
  }

  static inline std::string error_missing, error_down, error_twice, error_memory, error_tap, error_xdp;
  static inline std::mutex log_mutex;
  static inline std::vector<std::string> log;
};

const auto* const kMachine = ::testing::AddGlobalTestEnvironment(new Machine);

TEST_F(RuntimeTest, NamesAnInterfaceThatDoesNotExist) {
  EXPECT_THAT(Machine::error_missing, HasSubstr("nosuch0 does not exist"));
}

TEST_F(RuntimeTest, SaysHowToBringAnInterfaceUp) {
  EXPECT_THAT(Machine::error_down, HasSubstr("ip link set down0 up"));
}

TEST_F(RuntimeTest, RefusesAPortThatIsUsedTwice) {
  EXPECT_THAT(Machine::error_twice, HasSubstr("d0 is used twice"));
}

TEST_F(RuntimeTest, RefusesMoreMemoryThanThereIs) {
  EXPECT_THAT(Machine::error_memory, HasSubstr("do not fit into this machine"));
}

TEST_F(RuntimeTest, RefusesATapWhoseNameIsTaken) {
  EXPECT_THAT(Machine::error_tap, HasSubstr("exists already"));
}

TEST_F(RuntimeTest, RefusesAfXdpBesideJumboFrames) {
  EXPECT_THAT(Machine::error_xdp, HasSubstr("af_xdp"));
  EXPECT_THAT(Machine::error_xdp, HasSubstr("MTU"));
}

TEST_F(RuntimeTest, DoesNotStartTwiceInOneProcess) {
  EXPECT_THAT(error_of(settings_with({at("d0")})), HasSubstr("started in this process before"));
}

TEST_F(RuntimeTest, LeavesTheStartersCoresAlone) {
  cpu_set_t allowed;
  ASSERT_EQ(sched_getaffinity(0, sizeof allowed, &allowed), 0);
  EXPECT_EQ(CPU_COUNT(&allowed), sysconf(_SC_NPROCESSORS_ONLN));
}

TEST_F(RuntimeTest, KnowsThePortsMtuAndLink) {
  EXPECT_EQ(port(kPlain0).mtu(), 1500);
  EXPECT_EQ(port(kJumbo0).mtu(), 9000);
  EXPECT_TRUE(port(kPlain0).link_up());
  EXPECT_EQ(port(kPlain0).name(), "d0");
}

TEST_F(RuntimeTest, PassesEveryKindOfFrameUnchanged) {
  expect_passed_unchanged(kPlain0, kPlain1, "f0", "f1", 1500);
}

TEST_F(RuntimeTest, PassesJumboFramesUnchanged) {
  expect_passed_unchanged(kJumbo0, kJumbo1, "jf0", "jf1", 9000);
}

TEST_F(RuntimeTest, TapMakesAnInterfaceThatTheHostSpeaksThrough) {
  const network::RawSocket host("tap0");
  const Frame frame = frames::raw({}, 0x88b5, 100);
  host.send(frame);
  EXPECT_EQ(received_at(kTap), frame);
  std::array<wire::Packet, 1> packet{running->pool().allocate(frame.size())};
  ASSERT_TRUE(packet[0]);
  std::copy(frame.begin(), frame.end(), packet[0].bytes().begin());
  ASSERT_EQ(port(kTap).transmit(0, packet), 1U);
  EXPECT_EQ(host.receive(), frame);
}

TEST_F(RuntimeTest, DoesNotReceiveWhatThisHostSends) {
  const network::RawSocket host("d0");  // the near end: as the appliance's own kernel would
  host.send(frames::raw({}, 0x88b5, 60));
  const network::RawSocket far("f0");
  const Frame marker = frames::raw({}, 0x88b6, 60);
  far.send(marker);
  EXPECT_EQ(received_at(kPlain0), marker) << "nothing may come before the frame from the wire";
}

TEST_F(RuntimeTest, CompletesChecksumsThatTheSenderLeftToADevice) {
  network::command("ethtool -K f0 tx on");
  network::command("ip addr add 10.9.0.1/24 dev f0; ip neigh add 10.9.0.2 lladdr 02:00:00:00:00:02 dev f0");
  const int sender = socket(AF_INET, SOCK_DGRAM, 0);
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(9);
  inet_pton(AF_INET, "10.9.0.2", &to.sin_addr);
  ASSERT_EQ(sendto(sender, "unfinished", 10, 0, reinterpret_cast<sockaddr*>(&to), sizeof to), 10);
  close(sender);
  Frame frame = received_at(kPlain0);
  while (!frame.empty() && (frame.size() < 52 || frame[23] != std::byte{17}))
    frame = received_at(kPlain0);  // ARP
  network::command("ip addr flush dev f0; ethtool -K f0 tx off");
  ASSERT_EQ(frame.size(), 52U);
  Frame summed(frame.begin() + 26, frame.begin() + 34);
  frames::put(summed, 17, 2);
  frames::put(summed, 18, 2);
  frames::put(summed, Bytes(frame).subspan(34));
  EXPECT_EQ(frames::slow_checksum(summed), 0);
}

TEST_F(RuntimeTest, RefusesAFrameThatIsTooLongAndGoesOn) {
  const std::uint64_t before = port(kPlain0).counters().transmit_refused;
  std::array<wire::Packet, 3> packets;
  for (const std::size_t i : {0U, 1U, 2U}) {
    const Frame frame = frames::raw({}, 0x88b5, i == 1 ? 1600 : 60 + i);
    packets[i] = running->pool().allocate(frame.size());
    ASSERT_TRUE(packets[i]);
    std::copy(frame.begin(), frame.end(), packets[i].bytes().begin());
  }
  const network::RawSocket far("f0");
  std::size_t taken = 0;
  while (taken < 3) taken += port(kPlain0).transmit(0, std::span(packets).subspan(taken));
  EXPECT_EQ(far.receive()->size(), 74U);
  EXPECT_EQ(far.receive()->size(), 76U);
  EXPECT_EQ(port(kPlain0).counters().transmit_refused, before + 1);
}

TEST_F(RuntimeTest, CountsWhatPassesAndWhatIsMissed) {
  const PortCounters before = port(kPlain1).counters();
  const network::RawSocket far("f1");
  const Frame frame = frames::raw({}, 0x88b5, 86);
  constexpr std::uint64_t kSent = 2'000;  // more than the ring holds
  for (std::uint64_t i = 0; i < kSent; ++i) far.send(frame);
  std::array<wire::Packet, 64> into;
  while (port(kPlain1).receive(0, into) > 0) into = {};
  const PortCounters after = port(kPlain1).counters();
  EXPECT_GE(after.packets_received - before.packets_received, 512U);
  EXPECT_EQ(after.bytes_received - before.bytes_received,
            100 * (after.packets_received - before.packets_received));
  EXPECT_EQ(after.packets_received - before.packets_received + after.receive_missed - before.receive_missed,
            kSent);
}

TEST_F(RuntimeTest, WakeDescriptorIsReadableWhileFramesWait) {
  pollfd waited{port(kPlain0).wake_descriptor(0), POLLIN, 0};
  ASSERT_GE(waited.fd, 0);
  EXPECT_EQ(poll(&waited, 1, 0), 0);
  const network::RawSocket far("f0");
  far.send(frames::raw({}, 0x88b5, 60));
  EXPECT_EQ(poll(&waited, 1, 2000), 1);
  EXPECT_FALSE(received_at(kPlain0).empty());
  EXPECT_EQ(poll(&waited, 1, 0), 0);
}

TEST_F(RuntimeTest, PoolKeepsAReserveForFramesThatArrive) {
  wire::PacketPool& pool = running->pool();
  std::vector<wire::Packet> taken;
  while (wire::Packet packet = pool.allocate(1500)) taken.push_back(std::move(packet));
  EXPECT_GT(taken.size(), 1000U);
  EXPECT_EQ(pool.available(), 0U);
  const network::RawSocket far("f0");
  const Frame frame = frames::raw({}, 0x88b5, 60);
  far.send(frame);
  EXPECT_EQ(received_at(kPlain0), frame);
  const std::size_t count = taken.size();
  taken.clear();
  EXPECT_GE(pool.available() + 512, count) << "all but the caches' share are back";
}

TEST_F(RuntimeTest, PoolGivesNoBufferForAFrameThatFitsIntoNone) {
  EXPECT_FALSE(running->pool().allocate(60'000));
}

TEST_F(RuntimeTest, WorkersThreadIsPinnedAndCanUseThePool) {
  std::thread worker([] {
    const auto entered = running->enter_worker(0);
    ASSERT_TRUE(entered.ok()) << entered.error();
    EXPECT_EQ(sched_getcpu(), 0);
    EXPECT_TRUE(running->pool().allocate(100));
    running->leave_worker();
  });
  worker.join();
}

TEST_F(RuntimeTest, SurvivesAnInterfaceThatGoesDownAndComesBack) {
  network::command("ip link set f1 down");
  std::array<wire::Packet, 1> packet{running->pool().allocate(60)};
  port(kPlain1).transmit(0, packet);
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(5);  // the kernel tells it later
  while (port(kPlain1).link_up() && std::chrono::steady_clock::now() < until) std::this_thread::yield();
  EXPECT_FALSE(port(kPlain1).link_up());
  network::command("ip link set d1 down; ip link set d1 up; ip link set f1 up");
  const network::RawSocket far("f1");
  const Frame frame = frames::raw({}, 0x88b5, 60);
  far.send(frame);
  EXPECT_EQ(received_at(kPlain1), frame);
}

}  // namespace
}  // namespace limpid::nic
