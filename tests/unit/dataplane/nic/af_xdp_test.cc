// The af_xdp driver against real interfaces; an executable of its own, because its packet buffers must fit
// into a page, and jumbo frames' do not.
#include <gtest/gtest.h>

#include "tests/unit/dataplane/nic/running_ports.h"

// DPDK's driver forgets what libxdp gave it when a port is closed; limpid closes ports when it ends.
extern "C" const char* __lsan_default_suppressions() { return "leak:xsk_umem__create"; }

namespace limpid::nic {
namespace {

class Machine final : public ::testing::Environment {
 public:
  void SetUp() override {
    if (!network::enter_fresh_namespace()) return;
    ASSERT_TRUE(network::make_veth("x0", "xf0"));
    ASSERT_TRUE(network::make_veth("x1", "xf1"));
    auto started =
        Runtime::start(settings_with({at("x0", PortDriver::kAfXdp), at("x1", PortDriver::kAfXdp)}));
    ASSERT_TRUE(started.ok()) << started.error();
    running = std::move(started).value();
  }
  void TearDown() override { running.reset(); }
};

const auto* const kMachine = ::testing::AddGlobalTestEnvironment(new Machine);

using AfXdpTest = RuntimeTest;

TEST_F(AfXdpTest, PassesEveryKindOfFrameUnchanged) {
  ASSERT_EQ(port(0).mtu(), 1500);
  expect_passed_unchanged(0, 1, "xf0", "xf1", 1500);
  expect_passed_unchanged(1, 0, "xf1", "xf0", 1500);
}

TEST_F(AfXdpTest, CountsFramesAndBytes) {
  const PortCounters before = port(0).counters();
  const network::RawSocket far("xf0");
  const Frame frame = frames::raw({}, 0x88b5, 86);
  far.send(frame);
  EXPECT_EQ(received_at(0), frame);
  EXPECT_EQ(port(0).counters().packets_received, before.packets_received + 1);
  EXPECT_EQ(port(0).counters().bytes_received, before.bytes_received + frame.size());
}

}  // namespace
}  // namespace limpid::nic
