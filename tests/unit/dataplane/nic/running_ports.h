// What the tests of running ports share: one Runtime for the process, and frames passed from one port to
// another as a worker would.
#pragma once

#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "dataplane/nic/runtime.h"
#include "tests/support/network.h"
#include "tests/support/wire_frames.h"

namespace limpid::nic {

using frames::Frame;

/// Of the ports that runtime_test.cc opens.
enum PortNumber : std::size_t { kPlain0, kPlain1, kJumbo0, kJumbo1 };

inline PortSettings at(const std::string& interface, PortDriver driver = PortDriver::kAfPacket) {
  return {.interface = interface, .driver = driver, .pci = {}};
}

inline RuntimeSettings settings_with(std::vector<PortSettings> ports) {
  RuntimeSettings settings;
  settings.cores = {0};
  settings.memory_bytes = std::uint64_t{96} << 20U;
  settings.receive_frames = 512;
  settings.ports = std::move(ports);
  return settings;
}

/// Set by the environment of each executable; null where the machine gives no namespace.
inline std::unique_ptr<Runtime> running;

class RuntimeTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (running == nullptr) GTEST_SKIP() << "needs root, for a network namespace";
  }

  static Port& port(std::size_t number) { return running->port(number); }

  /// Waits for one frame at the port; empty where none comes.
  static Frame received_at(std::size_t number) {
    std::array<wire::Packet, 8> into;
    const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(2);
    while (std::chrono::steady_clock::now() < until) {
      if (port(number).receive(0, into) == 0) continue;
      return {into[0].bytes().begin(), into[0].bytes().end()};
    }
    return {};
  }

  /// From one port to the other, as a worker would: receives one frame and transmits it.
  static bool pass_on(std::size_t from, std::size_t to) {
    std::array<wire::Packet, 1> packet;
    const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(2);
    while (port(from).receive(0, packet) == 0) {
      if (std::chrono::steady_clock::now() > until) return false;
    }
    return port(to).transmit(0, packet) == 1 && !packet[0];
  }

  static void expect_passed_unchanged(std::size_t from, std::size_t to, const std::string& far_from,
                                      const std::string& far_to, std::size_t mtu) {
    const network::RawSocket sender(far_from);
    const network::RawSocket receiver(far_to);
    for (const frames::NamedFrame& kind : frames::every_kind(mtu)) {
      sender.send(kind.frame);
      ASSERT_TRUE(pass_on(from, to)) << kind.name;
      const auto arrived = receiver.receive();
      ASSERT_TRUE(arrived.has_value()) << kind.name;
      EXPECT_EQ(*arrived, kind.frame) << kind.name;
    }
  }
};

}  // namespace limpid::nic
