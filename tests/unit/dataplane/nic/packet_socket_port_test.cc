// Kernel interfaces as ports: pairs of veth, raw sockets at their far ends.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "tests/unit/dataplane/nic/running_ports.h"

namespace limpid::nic {
namespace {

using PacketSocketPortTest = RuntimeTest;

TEST_F(PacketSocketPortTest, PassesEveryKindOfFrameUnchanged) {
  expect_passed_unchanged(kPlain0, kPlain1, "f0", "f1", 1500);
}

TEST_F(PacketSocketPortTest, PassesJumboFramesUnchanged) {
  expect_passed_unchanged(kJumbo0, kJumbo1, "jf0", "jf1", 9000);
}

TEST_F(PacketSocketPortTest, DoesNotReceiveWhatThisHostSends) {
  const network::RawSocket host("d0");  // the near end: as the appliance's own kernel would
  host.send(frames::raw({}, 0x88b5, 60));
  const network::RawSocket far("f0");
  const Frame marker = frames::raw({}, 0x88b6, 60);
  far.send(marker);
  EXPECT_EQ(received_at(kPlain0), marker) << "nothing may come before the frame from the wire";
}

TEST_F(PacketSocketPortTest, CompletesChecksumsThatTheSenderLeftToADevice) {
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

TEST_F(PacketSocketPortTest, RefusesAFrameThatIsTooLongAndGoesOn) {
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

TEST_F(PacketSocketPortTest, CountsWhatPassesAndWhatIsMissed) {
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

TEST_F(PacketSocketPortTest, WakeDescriptorIsReadableWhileFramesWait) {
  pollfd waited{port(kPlain0).wake_descriptor(0), POLLIN, 0};
  ASSERT_GE(waited.fd, 0);
  EXPECT_EQ(poll(&waited, 1, 0), 0);
  const network::RawSocket far("f0");
  far.send(frames::raw({}, 0x88b5, 60));
  EXPECT_EQ(poll(&waited, 1, 2000), 1);
  EXPECT_FALSE(received_at(kPlain0).empty());
  EXPECT_EQ(poll(&waited, 1, 0), 0);
}

TEST_F(PacketSocketPortTest, SurvivesAnInterfaceThatGoesDownAndComesBack) {
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

TEST_F(PacketSocketPortTest, KnowsThePortsMtuAndLink) {
  EXPECT_EQ(port(kPlain0).mtu(), 1500);
  EXPECT_EQ(port(kJumbo0).mtu(), 9000);
  EXPECT_TRUE(port(kPlain0).link_up());
  EXPECT_EQ(port(kPlain0).name(), "d0");
}

}  // namespace
}  // namespace limpid::nic
