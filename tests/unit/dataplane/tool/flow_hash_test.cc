#include "dataplane/tool/flow_hash.h"

#include <gtest/gtest.h>

#include <set>

namespace limpid::tool {
namespace {

FlowFacts flow(const char* client, const char* server) {
  return {.client = *SocketAddress::parse(client), .server = *SocketAddress::parse(server)};
}

TEST(FlowHash, DependsOnEachPartOfTheFlowAndOnTheSecret) {
  FlowFacts tagged = flow("10.0.0.1:1", "10.0.0.2:2");
  tagged.vlan = 7;
  const std::set<std::uint64_t> hashes{
      flow_hash(flow("10.0.0.1:1", "10.0.0.2:2"), 5), flow_hash(flow("10.0.0.1:2", "10.0.0.2:2"), 5),
      flow_hash(flow("10.0.0.1:1", "10.0.0.2:1"), 5), flow_hash(flow("10.0.0.3:1", "10.0.0.2:2"), 5),
      flow_hash(flow("10.0.0.1:1", "10.0.0.3:2"), 5), flow_hash(tagged, 5),
      flow_hash(flow("10.0.0.1:1", "10.0.0.2:2"), 6)};
  EXPECT_EQ(hashes.size(), 7U);
}

TEST(FlowHash, TheSymmetricOneIsTheSameWhicheverEndOpened) {
  for (const auto& [one, other] :
       {std::pair("10.0.0.1:40000", "10.0.0.2:443"), std::pair("10.0.0.1:443", "10.0.0.1:40000"),
        std::pair("[2001:db8::1]:5", "[2001:db8::2]:4")}) {
    EXPECT_EQ(symmetric_flow_hash(flow(one, other), 9), symmetric_flow_hash(flow(other, one), 9));
    EXPECT_NE(flow_hash(flow(one, other), 9), flow_hash(flow(other, one), 9));
  }
}

TEST(FlowHash, TheSegmentDoesNotMatter) {
  FlowFacts elsewhere = flow("10.0.0.1:1", "10.0.0.2:2");
  elsewhere.segment = 3;
  EXPECT_EQ(symmetric_flow_hash(elsewhere, 1), symmetric_flow_hash(flow("10.0.0.1:1", "10.0.0.2:2"), 1));
}

}  // namespace
}  // namespace limpid::tool
