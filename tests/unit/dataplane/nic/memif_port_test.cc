// Ports of shared memory against each other. Both ends are in this process: the client finds the server's
// socket by another name, without which DPDK's driver would take the two for one.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <mutex>
#include <thread>

#include "tests/unit/dataplane/nic/running_ports.h"

namespace limpid::nic {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;

enum MemifNumber : std::size_t { kServer, kClient, kSecondServer, kLonely, kEarly };

std::string folder;
std::mutex log_mutex;
std::vector<std::string> logged;

PortSettings memif(const std::string& name, MemifRole role, std::uint32_t id = 0) {
  return {.interface = {}, .pci = {}, .memif = {.socket = folder + "/" + name, .role = role, .id = id}};
}

int bound_socket(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, sizeof address.sun_path - 1);
  const int made = socket(AF_UNIX, SOCK_SEQPACKET, 0);
  EXPECT_EQ(bind(made, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  return made;
}

class Machine final : public ::testing::Environment {
 public:
  void SetUp() override {
    if (!network::enter_fresh_namespace()) return;
    folder = std::filesystem::temp_directory_path() / "limpid-memif-XXXXXX";
    ASSERT_NE(mkdtemp(folder.data()), nullptr);
    close(bound_socket(folder + "/server"));  // of a process that was killed
    std::filesystem::create_symlink(folder + "/server", folder + "/client");
    RuntimeSettings settings =
        settings_with({memif("server", MemifRole::kServer), memif("client", MemifRole::kClient),
                       memif("server", MemifRole::kServer, 1), memif("lonely", MemifRole::kServer),
                       memif("early", MemifRole::kClient)});
    settings.log = settings.news = [](LogLevel, std::string_view line) {
      const std::lock_guard lock(log_mutex);
      logged.emplace_back(line);
    };
    auto started = Runtime::start(settings);
    ASSERT_TRUE(started.ok()) << started.error();
    running = std::move(started).value();
  }
  void TearDown() override {
    running.reset();
    if (folder.empty()) return;
    EXPECT_FALSE(std::filesystem::exists(folder + "/server"));
    std::filesystem::remove_all(folder);
  }
};

const auto* const kMachine = ::testing::AddGlobalTestEnvironment(new Machine);

class MemifPortTest : public RuntimeTest {
 protected:
  static bool seen(const std::function<bool()>& what) {
    const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (!what()) {
      if (std::chrono::steady_clock::now() > until) return false;
    }
    return true;
  }
  void SetUp() override {
    RuntimeTest::SetUp();
    if (running == nullptr) return;
    ASSERT_TRUE(seen([] { return port(kServer).link_up() && port(kClient).link_up(); }));
    std::array<wire::Packet, 1> probe{packet_of(frames::raw({}, 0x88b5, 86))};
    ASSERT_TRUE(seen([&] {
      std::array<wire::Packet, 1> none;  // a client that receives gives the server room to send to
      return port(kClient).receive(0, none) == 0 && port(kServer).transmit(0, probe) == 1;
    }));
    ASSERT_FALSE(received_at(kClient).empty());
  }
  static wire::Packet packet_of(const Frame& frame) {
    wire::Packet packet = running->pool().allocate(frame.size());
    std::copy(frame.begin(), frame.end(), packet.bytes().begin());
    return packet;
  }
  /// A door may just be shut: as a worker does, it is tried again.
  static bool sent(std::size_t number, wire::Packet packet) {
    std::array<wire::Packet, 1> packets{std::move(packet)};
    return seen([&] { return port(number).transmit(0, packets) == 1; });
  }
};

TEST_F(MemifPortTest, CarriesEveryKindOfFrameUnchanged) {
  const auto ways = std::array{std::pair(kServer, kClient), std::pair(kClient, kServer)};
  for (const auto& [from, to] : ways) {
    for (const frames::NamedFrame& kind : frames::every_kind(1500)) {
      ASSERT_TRUE(sent(from, packet_of(kind.frame))) << kind.name;
      EXPECT_EQ(received_at(to), kind.frame) << kind.name;
    }
  }
}

TEST_F(MemifPortTest, CarriesMoreThanARingHoldsInOrder) {
  constexpr std::size_t kFrames = 5'000;
  std::size_t begun = 0;
  std::size_t ended = 0;
  const bool all = seen([&] {
    Frame frame = frames::raw({}, 0x88b5, 200);
    frame[20] = static_cast<std::byte>(begun & 0xffU);
    frame[21] = static_cast<std::byte>(begun >> 8U);
    std::array<wire::Packet, 1> packets{packet_of(frame)};
    if (begun < kFrames && port(kClient).transmit(0, packets) == 1) {
      ++begun;
      return false;  // until there is no more room
    }
    std::array<wire::Packet, 16> into;
    const std::size_t count = port(kServer).receive(0, into);
    for (std::size_t i = 0; i < count; ++i, ++ended) {
      EXPECT_EQ(into[i].bytes()[20], static_cast<std::byte>(ended & 0xffU));
      EXPECT_EQ(into[i].bytes()[21], static_cast<std::byte>(ended >> 8U));
    }
    return ended == kFrames;
  });
  EXPECT_TRUE(all) << begun << " " << ended;
}

TEST_F(MemifPortTest, CountsFramesAndBytes) {
  const PortCounters server = port(kServer).counters();
  const PortCounters client = port(kClient).counters();
  ASSERT_TRUE(sent(kServer, packet_of(frames::raw({}, 0x88b5, 86))));
  EXPECT_EQ(received_at(kClient).size(), 100U);
  EXPECT_EQ(port(kServer).counters().packets_transmitted, server.packets_transmitted + 1);
  EXPECT_EQ(port(kServer).counters().bytes_transmitted, server.bytes_transmitted + 100);
  EXPECT_EQ(port(kClient).counters().packets_received, client.packets_received + 1);
  EXPECT_EQ(port(kClient).counters().bytes_received, client.bytes_received + 100);
}

TEST_F(MemifPortTest, DropsFramesThatAreTooLong) {
  const std::uint64_t before = port(kServer).counters().transmit_refused;
  ASSERT_TRUE(sent(kServer, packet_of(Frame(1523))));
  EXPECT_EQ(port(kServer).counters().transmit_refused, before + 1);
  ASSERT_TRUE(sent(kServer, packet_of(Frame(1522))));
  EXPECT_EQ(received_at(kClient).size(), 1522U);
}

TEST_F(MemifPortTest, DropsFramesWhileNobodyIsConnected) {
  for (const std::size_t number : {kSecondServer, kLonely, kEarly}) {
    const std::uint64_t before = port(number).counters().transmit_refused;
    EXPECT_FALSE(port(number).link_up());
    ASSERT_TRUE(sent(number, packet_of(frames::raw({}, 0x88b5, 86))));
    EXPECT_EQ(port(number).counters().transmit_refused, before + 1);
    std::array<wire::Packet, 1> into;
    EXPECT_EQ(port(number).receive(0, into), 0U);
  }
}

/// The connections of this process, as if both ends hung up.
void hang_up() {
  constexpr int kDescriptors = 256;
  for (int descriptor = 3; descriptor < kDescriptors; ++descriptor) {
    int type = 0;
    int listening = 0;
    socklen_t size = sizeof type;
    if (getsockopt(descriptor, SOL_SOCKET, SO_TYPE, &type, &size) != 0 || type != SOCK_SEQPACKET) continue;
    if (getsockopt(descriptor, SOL_SOCKET, SO_ACCEPTCONN, &listening, &size) == 0 && listening == 0)
      shutdown(descriptor, SHUT_RDWR);
  }
}

TEST_F(MemifPortTest, SurvivesThatItsPeerGoesWhileWorkersAreInTheRings) {
  std::atomic<bool> ended{false};
  std::thread worker([&] {
    std::array<wire::Packet, 64> packets;
    while (!ended) {
      for (const auto& [from, to] : {std::pair(kServer, kClient), std::pair(kClient, kServer)}) {
        for (wire::Packet& each : packets) {
          if (!each) each = running->pool().allocate(1'500);
        }
        port(from).transmit(0, packets);
        std::array<wire::Packet, 64> into;
        port(to).receive(0, into);
      }
    }
  });
  const auto both = [](bool up) { return port(kServer).link_up() == up && port(kClient).link_up() == up; };
  for (int i = 0; i < 5; ++i) {
    hang_up();
    EXPECT_TRUE(seen([&] { return both(false); }));
    EXPECT_TRUE(seen([&] { return both(true); }));
  }
  ended = true;
  worker.join();
  std::array<wire::Packet, 64> rest;
  while (port(kClient).receive(0, rest) + port(kServer).receive(0, rest) > 0) continue;
}

TEST_F(MemifPortTest, AClientTriesAgainUntilItsServerIsThere) {
  const int listener = bound_socket(folder + "/early");
  ASSERT_EQ(listen(listener, 1), 0);
  for (int attempt = 0; attempt < 2; ++attempt) {  // the first is hung up on
    pollfd waiting{.fd = listener, .events = POLLIN, .revents = 0};
    ASSERT_EQ(poll(&waiting, 1, 20'000), 1);
    const int accepted = accept(listener, nullptr, nullptr);
    ASSERT_GE(accepted, 0);
    close(accepted);
  }
  close(listener);
}

TEST_F(MemifPortTest, HasOneQueueAndANameAndSaysWhoComes) {
  EXPECT_EQ(port(kServer).receive_queues(), 1);
  EXPECT_EQ(port(kServer).transmit_queues(), 1);
  EXPECT_EQ(port(kServer).mtu(), 1500);
  EXPECT_EQ(port(kServer).name(), folder + "/server");
  EXPECT_EQ(port(kSecondServer).name(), folder + "/server#1");
  ASSERT_TRUE(seen([] {
    const std::lock_guard lock(log_mutex);
    return std::count(logged.begin(), logged.end(), "port " + folder + "/server: somebody is connected") == 1;
  }));
  const std::lock_guard lock(log_mutex);
  EXPECT_THAT(logged, Not(Contains(HasSubstr("Failed"))));  // attempts of a client are no news
}

}  // namespace
}  // namespace limpid::nic
