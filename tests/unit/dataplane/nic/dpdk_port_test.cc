// The af_xdp driver against real interfaces; an executable of its own, because its packet buffers must fit
// into a page, and jumbo frames' do not.
#include <gtest/gtest.h>

#include "tests/unit/dataplane/nic/running_ports.h"

// DPDK's driver forgets what libxdp gave it when a port is closed; limpid closes ports when it ends.
// NOLINTNEXTLINE: the name is LeakSanitizer's
extern "C" const char* __lsan_default_suppressions() { return "leak:xsk_umem__create"; }

namespace limpid::nic {
namespace {

class Machine final : public ::testing::Environment {
 public:
  void SetUp() override {
    if (!network::enter_fresh_namespace()) return;
    ASSERT_TRUE(network::make_veth("x0", "xf0"));
    ASSERT_TRUE(network::make_veth("x1", "xf1"));
    auto started = Runtime::start(settings_with(
        {at("x0", PortDriver::kAfXdp), at("x1", PortDriver::kAfXdp), at("tap0", PortDriver::kTap)}));
    ASSERT_TRUE(started.ok()) << started.error();
    running = std::move(started).value();
  }
  void TearDown() override { running.reset(); }
};

const auto* const kMachine = ::testing::AddGlobalTestEnvironment(new Machine);

using DpdkPortTest = RuntimeTest;
constexpr std::size_t kTapPort = 2;

TEST_F(DpdkPortTest, PassesEveryKindOfFrameThroughAfXdpUnchanged) {
  ASSERT_EQ(port(0).mtu(), 1500);
  expect_passed_unchanged(0, 1, "xf0", "xf1", 1500);
  expect_passed_unchanged(1, 0, "xf1", "xf0", 1500);
}

TEST_F(DpdkPortTest, CountsFramesAndBytes) {
  const PortCounters before = port(0).counters();
  const network::RawSocket far("xf0");
  const Frame frame = frames::raw({}, 0x88b5, 86);
  far.send(frame);
  EXPECT_EQ(received_at(0), frame);
  EXPECT_EQ(port(0).counters().packets_received, before.packets_received + 1);
  EXPECT_EQ(port(0).counters().bytes_received, before.bytes_received + frame.size());
}

TEST_F(DpdkPortTest, TapMakesAnInterfaceThatTheHostSpeaksThrough) {
  const network::RawSocket host("tap0");
  const Frame frame = frames::raw({}, 0x88b5, 100);
  host.send(frame);
  EXPECT_EQ(received_at(kTapPort), frame);
  std::array<wire::Packet, 1> packet{running->pool().allocate(frame.size())};
  ASSERT_TRUE(packet[0]);
  std::copy(frame.begin(), frame.end(), packet[0].bytes().begin());
  ASSERT_EQ(port(kTapPort).transmit(0, packet), 1U);
  EXPECT_EQ(host.receive(), frame);
}

}  // namespace
}  // namespace limpid::nic
