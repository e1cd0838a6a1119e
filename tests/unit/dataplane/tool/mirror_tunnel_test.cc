// Over the loopback; raw sockets need root, so that GRE and ERSPAN are tested by
// tests/interop/test_mirrors.py.
#include "dataplane/tool/mirror_tunnel.h"

#include <netinet/in.h>
#include <sys/socket.h>

#include <atomic>
#include <set>

#include "dataplane/base/system_clock.h"
#include "dataplane/tool/socket.h"
#include "tests/unit/dataplane/tool/told_frames.h"

namespace limpid::tool {
namespace {

class VxlanMirrorTest : public testing::Test {
 protected:
  VxlanMirrorTest() : collector_(open_socket(AF_INET, SOCK_DGRAM, 0).value()) {
    const KernelAddress any(*SocketAddress::parse("127.0.0.1:0"));
    EXPECT_EQ(::bind(collector_.number(), any.get(), any.size), 0);
    set_option(collector_, SOL_SOCKET, SO_RCVBUF, 4 << 20);
  }

  TunnelMirrorSettings settings() const {
    return {.kind = TunnelKind::kVxlan, .collector = address_of(collector_), .id = 0x1234};
  }
  std::unique_ptr<QueuedMirror> open(const TunnelMirrorSettings& settings) {
    auto mirror = open_tunnel_mirror(settings, clock_, [this](std::string_view line) {
      ++warnings_;
      last_warning_ = line;
    });
    EXPECT_TRUE(mirror.ok()) << mirror.error();
    return std::move(mirror).value();
  }
  void tell(QueuedMirror& mirror, const FlowFacts& facts) {
    {
      const auto tap = mirror.for_worker(0).open(facts, moment());
      tap->on_bytes(Direction::kFromClient, as_bytes("ping"), moment(1));
      tap->on_bytes(Direction::kFromServer, as_bytes(pattern(40'000)), moment(2));
      tap->on_end(Direction::kFromServer, moment(3));
      tap->on_end(Direction::kFromClient, moment(4));
    }
    mirror.stop();
  }
  /// Everything that came; the loopback delivers at once.
  std::vector<std::vector<std::byte>> received() {
    std::vector<std::vector<std::byte>> all;
    std::array<std::byte, 65'536> space{};
    sockaddr_in from{};
    socklen_t size = sizeof from;
    ssize_t got = 0;
    while ((got = ::recvfrom(collector_.number(), space.data(), space.size(), MSG_DONTWAIT,
                             reinterpret_cast<sockaddr*>(&from), &size)) > 0) {
      all.emplace_back(space.begin(), space.begin() + got);
      ports_.insert(from.sin_port);
    }
    return all;
  }

  Descriptor collector_;
  SystemClock clock_;
  std::set<std::uint16_t> ports_;
  std::atomic<int> warnings_{0};
  std::string last_warning_;
};

TEST_F(VxlanMirrorTest, TheCollectorReadsTheStreams) {
  const auto mirror = open(settings());
  FlowFacts facts = v6_flow();
  facts.vlan = 7;
  tell(*mirror, facts);
  StreamReader reader(facts.client);
  std::size_t largest = 0;
  const auto packets = received();
  for (const auto& packet : packets) {
    EXPECT_EQ(as_text(Bytes{packet}.first(8)), std::string_view("\x08\0\0\0\0\x12\x34\0", 8));
    reader.read(Bytes{packet}.subspan(8));
    largest = std::max(largest, packet.size());
  }
  EXPECT_EQ(reader.from_client(), "ping");
  EXPECT_EQ(reader.from_server(), pattern(40'000));
  EXPECT_EQ(reader.gaps, 0);
  EXPECT_EQ(largest, 1'500U - 20 - 8) << "the outer packet is as large as it may be, and no larger";
  EXPECT_EQ(ports_.size(), 1U) << "a connection stays on its path";
  EXPECT_EQ(mirror->counters().packets, packets.size());
  EXPECT_EQ(mirror->counters().lost_write, 0U);
  EXPECT_EQ(warnings_, 0);
}

TEST_F(VxlanMirrorTest, ASmallerPathGetsSmallerPackets) {
  TunnelMirrorSettings narrow = settings();
  narrow.mtu = 1'280;
  tell(*open(narrow), v4_flow());
  std::size_t largest = 0;
  for (const auto& packet : received()) largest = std::max(largest, packet.size());
  EXPECT_EQ(largest, 1'280U - 20 - 8 - wire::kVlanTagSize) << "room for a tag is kept";
}

TEST_F(VxlanMirrorTest, ACollectorThatIsNotThereCostsNothing) {
  const TunnelMirrorSettings gone = settings();
  collector_ = open_socket(AF_INET, SOCK_DGRAM, 0).value();
  const auto mirror = open(gone);
  tell(*mirror, v4_flow());
  EXPECT_EQ(mirror->counters().lost_write, 0U) << "who listens to the wire has it";
}

TEST_F(VxlanMirrorTest, WhatTheKernelRefusesIsCountedAndWarnedOfOnce) {
  TunnelMirrorSettings refused = settings();
  refused.collector.ip = *IpAddress::parse("255.255.255.255");  // without SO_BROADCAST: permission denied
  const auto mirror = open(refused);
  tell(*mirror, v4_flow());
  EXPECT_GT(mirror->counters().lost_write, 30U);
  EXPECT_EQ(mirror->counters().packets, 0U);
  EXPECT_EQ(warnings_, 1);
  EXPECT_EQ(last_warning_, "VXLAN to 255.255.255.255: copies are being lost: Permission denied");
}

}  // namespace
}  // namespace limpid::tool
