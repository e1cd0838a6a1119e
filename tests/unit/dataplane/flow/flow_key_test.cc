#include "dataplane/flow/flow_key.h"

#include <gtest/gtest.h>

#include <utility>
#include <vector>

namespace limpid::flow {
namespace {

FlowKey key(std::uint32_t number) {
  FlowKey key;
  std::memcpy(key.low_address.data(), &number, sizeof number);
  key.low_port = 1;
  return key;
}

TEST(FlowKey, TheHashDependsOnItsSecretAndOnEveryPartOfTheKey) {
  const HashSecret secret{.one = 11, .other = 12};
  FlowKey plain = key(1);
  std::vector<FlowKey> changed(7, plain);
  changed[0].low_address[15] = std::byte{1};
  changed[1].high_address[3] = std::byte{1};
  changed[2].low_port = 2;
  changed[3].high_port = 2;
  changed[4].segment = 1;
  changed[5].vlan = 1;
  changed[6].inner_vlan = 1;
  for (const FlowKey& other : changed) EXPECT_NE(hash_of(plain, secret), hash_of(other, secret));
  EXPECT_NE(hash_of(plain, secret), hash_of(plain, {.one = 11, .other = 13}));
}

TEST(FlowKey, TheKeyOfBothDirectionsIsOneAndKnowsItsEnds) {
  FlowFacts facts;
  facts.client = *SocketAddress::parse("10.0.0.9:5");
  facts.server = *SocketAddress::parse("10.0.0.1:443");
  facts.vlan = 3;
  facts.segment = 1;
  const KeyOfPacket there = key_of(facts, 8);
  std::swap(facts.client, facts.server);
  const KeyOfPacket back = key_of(facts, 8);
  EXPECT_EQ(there.key, back.key);
  EXPECT_NE(there.from_low, back.from_low);
  EXPECT_EQ(facts_of(there.key, back.from_low), facts);
}

TEST(FlowKey, OneHostTalkingToItselfHasTwoDirections) {
  FlowFacts facts;
  facts.client = *SocketAddress::parse("10.0.0.1:5000");
  facts.server = *SocketAddress::parse("10.0.0.1:443");
  EXPECT_FALSE(key_of(facts, 0).from_low);
}

}  // namespace
}  // namespace limpid::flow
