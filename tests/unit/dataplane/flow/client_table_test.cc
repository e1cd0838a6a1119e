#include "dataplane/flow/client_table.h"

#include <gtest/gtest.h>

#include <map>

#include "dataplane/base/random.h"

namespace limpid::flow {
namespace {

/// The client has opened the flow.
KeyOfPacket flow_of(const char* client, const char* server) {
  return key_of(FlowFacts{.client = *SocketAddress::parse(client), .server = *SocketAddress::parse(server)},
                0);
}

struct Clients : testing::Test {
  void count(const KeyOfPacket& flow, int watched, int adopted) {
    table.count(flow.key, flow.from_low, watched, adopted);
  }
  ClientShare share(const KeyOfPacket& flow) { return table.share(flow.key, flow.from_low); }
  ClientTable table{100, {.one = 1, .other = 2}};
};

TEST_F(Clients, FlowsOfOneAddressAreCountedTogetherWhateverTheirPortsAndServers) {
  count(flow_of("10.0.0.9:1", "10.0.0.2:443"), 1, 0);
  count(flow_of("10.0.0.9:2", "192.0.2.1:443"), 1, 0);
  count(flow_of("10.0.0.9:2", "192.0.2.1:443"), -1, 1);
  EXPECT_EQ(share(flow_of("10.0.0.9:7", "198.51.100.1:80")).watched, 1U);
  EXPECT_EQ(share(flow_of("10.0.0.9:7", "198.51.100.1:80")).adopted, 1U);
  EXPECT_EQ(share(flow_of("10.0.0.8:1", "10.0.0.2:443")).watched, 0U);
  EXPECT_EQ(share(flow_of("10.0.0.2:443", "10.0.0.9:1")).watched, 0U) << "the server is no client";
  EXPECT_EQ(table.size(), 1U);
}

TEST_F(Clients, AnIpv6HostIsItsSlash64) {
  count(flow_of("[2001:db8:1:2::1]:1", "[2001:db8::5]:443"), 1, 0);
  count(flow_of("[2001:db8:1:2:ffff::9]:1", "[2001:db8::5]:443"), 1, 0);
  EXPECT_EQ(share(flow_of("[2001:db8:1:2:3:4:5:6]:9", "[2001:db8::5]:443")).watched, 2U);
  EXPECT_EQ(share(flow_of("[2001:db8:1:3::1]:1", "[2001:db8::5]:443")).watched, 0U);
}

TEST_F(Clients, AnAddressOfIpv4IsNotThePrefixOfIpv6WithTheSameBytes) {
  count(flow_of("32.1.13.184:1", "10.0.0.2:443"), 1, 0);
  EXPECT_EQ(share(flow_of("[2001:db8::1]:1", "[2001:db8:9::5]:443")).watched, 0U);
}

TEST_F(Clients, OneThatHasNothingAnyMoreTakesNoEntry) {
  for (int round = 0; round < 1000; ++round) {
    const std::string client =
        "10.0." + std::to_string(round / 250) + "." + std::to_string(round % 250) + ":1";
    const KeyOfPacket flow = flow_of(client.c_str(), "192.0.2.1:443");
    count(flow, 1, 0);
    count(flow, -1, 1);
    count(flow, 0, -1);
  }
  EXPECT_EQ(table.size(), 0U);
}

TEST_F(Clients, AgreesWithAMapUpToTheLastEntry) {
  SeededRandom random(3);
  std::map<std::uint64_t, std::uint32_t> model;
  std::uint32_t flows = 0;
  for (int step = 0; step < 20'000; ++step) {
    const std::uint64_t number = random.next() % 120;
    const std::string client = "10.9.9." + std::to_string(number) + ":1";
    const KeyOfPacket flow = flow_of(client.c_str(), "192.0.2.1:443");
    const bool more = flows < 100 && random.next() % 2 == 0;
    if (!more && model[number] == 0) continue;
    count(flow, more ? 1 : -1, 0);
    model[number] += more ? 1U : ~0U;
    flows += more ? 1U : ~0U;
    ASSERT_EQ(share(flow).watched, model[number]) << step;
  }
  std::uint32_t clients = 0;
  for (const auto& [number, count] : model) clients += count != 0 ? 1U : 0U;
  EXPECT_EQ(table.size(), clients);
}

}  // namespace
}  // namespace limpid::flow
