// What is wrong with configured ports, as the operator is told at start. Nothing of this reaches DPDK.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/dataplane/nic/running_ports.h"

namespace limpid::nic {
namespace {

using ::testing::HasSubstr;

class PortOpeningTest : public RuntimeTest {
 protected:
  static std::string error_of(const RuntimeSettings& settings) {
    const auto started = Runtime::start(settings);
    return started ? "none" : started.error();
  }
};

TEST_F(PortOpeningTest, NamesAnInterfaceThatDoesNotExist) {
  EXPECT_THAT(error_of(settings_with({at("d0"), at("nosuch0")})), HasSubstr("nosuch0 does not exist"));
}

TEST_F(PortOpeningTest, SaysHowToBringAnInterfaceUp) {
  ASSERT_TRUE(network::command("ip link add down0 type veth peer name down1"));
  EXPECT_THAT(error_of(settings_with({at("down0")})), HasSubstr("ip link set down0 up"));
}

TEST_F(PortOpeningTest, RefusesAPortThatIsUsedTwice) {
  EXPECT_THAT(error_of(settings_with({at("d0"), at("d0")})), HasSubstr("d0 is used twice"));
}

TEST_F(PortOpeningTest, RefusesAMemifThatIsUsedTwiceOrIsItsOwnPeer) {
  const auto memif = [](MemifRole role, std::uint32_t id) {
    return PortSettings{.interface = {}, .pci = {}, .memif = {.socket = "/tmp/m", .role = role, .id = id}};
  };
  const auto server = memif(MemifRole::kServer, 0);
  EXPECT_THAT(error_of(settings_with({server, server})), HasSubstr("port /tmp/m is used twice"));
  const auto seventh = memif(MemifRole::kServer, 7);
  EXPECT_THAT(error_of(settings_with({seventh, seventh})), HasSubstr("port /tmp/m#7 is used twice"));
  EXPECT_THAT(error_of(settings_with({server, memif(MemifRole::kClient, 7)})),
              HasSubstr("memif /tmp/m is used as a server and as a client"));
}

TEST_F(PortOpeningTest, RefusesAnMtuBeyondWhatABufferHolds) {
  ASSERT_TRUE(network::make_veth("wide0", "wide1", 30'000));
  EXPECT_THAT(error_of(settings_with({at("wide0")})), HasSubstr("ip link set wide0 mtu 16000"));
}

TEST_F(PortOpeningTest, RefusesMoreMemoryThanThereIs) {
  RuntimeSettings greedy = settings_with({at("d0")});
  greedy.memory_bytes = std::uint64_t{1} << 50U;
  EXPECT_THAT(error_of(greedy), HasSubstr("do not fit into this machine"));
}

TEST_F(PortOpeningTest, RefusesATapWhoseNameIsTaken) {
  EXPECT_THAT(error_of(settings_with({at("d0", PortDriver::kTap)})), HasSubstr("exists already"));
}

TEST_F(PortOpeningTest, RefusesAfXdpBesideJumboFrames) {
  const std::string error = error_of(settings_with({at("d0", PortDriver::kAfXdp), at("j0")}));
  EXPECT_THAT(error, HasSubstr("af_xdp"));
  EXPECT_THAT(error, HasSubstr("MTU"));
}

}  // namespace
}  // namespace limpid::nic
