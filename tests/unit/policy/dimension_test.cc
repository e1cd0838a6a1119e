#include "policy/dimension.h"

#include <gtest/gtest.h>

#include "tests/unit/policy/policies.h"

namespace limpid::policy {
namespace {

constexpr auto kServer = static_cast<std::size_t>(Dimension::kServer);
constexpr auto kServerPort = static_cast<std::size_t>(Dimension::kServerPort);

ConnectionConditions ports(std::uint16_t first, std::uint16_t last) {
  Conditions when;
  when.server_port = {{first, last}};
  return ConnectionConditions(when);
}

bool hold(const ConnectionConditions& conditions, const FlowFacts& facts) {
  return conditions.hold(FlowPoints(facts));
}

TEST(ConnectionConditions, HoldForEveryPortOfARangeAndNoOther) {
  const std::pair<std::uint16_t, std::uint16_t> ranges[] = {
      {0, 65535}, {0, 0}, {65535, 65535}, {1, 65534}, {443, 443}, {8000, 9000}, {32767, 32768}, {5, 6}};
  for (const auto& [first, last] : ranges) {
    const ConnectionConditions conditions = ports(first, last);
    EXPECT_LE(conditions.prefixes(kServerPort).size(), 30U);
    FlowFacts facts = web_flow();
    for (std::uint32_t port = 0; port <= 0xffffU; ++port) {
      facts.server.port = static_cast<std::uint16_t>(port);
      ASSERT_EQ(hold(conditions, facts), first <= port && port <= last)
          << first << "-" << last << ": " << port;
    }
  }
}

TEST(ConnectionConditions, KeepIpv4AndIpv6Apart) {
  Conditions when;
  when.client = prefixes({"::/0"});
  EXPECT_FALSE(hold(ConnectionConditions(when), flow("10.0.0.1:1", "10.0.0.2:2")));
  EXPECT_TRUE(hold(ConnectionConditions(when), flow("[::1]:1", "[::2]:2")));
  when.client = prefixes({"0.0.0.0/0"});
  EXPECT_TRUE(hold(ConnectionConditions(when), flow("10.0.0.1:1", "10.0.0.2:2")));
  EXPECT_FALSE(hold(ConnectionConditions(when), flow("[::1]:1", "[::2]:2")));
}

TEST(ConnectionConditions, CompareEveryBitOfAnIpv6Prefix) {
  Conditions when;
  when.server = prefixes({"2001:db8:0:8000::/65"});
  EXPECT_TRUE(hold(ConnectionConditions(when), flow("[::1]:1", "[2001:db8:0:8000:7fff::1]:443")));
  EXPECT_FALSE(hold(ConnectionConditions(when), flow("[::1]:1", "[2001:db8:0:8000:8000::1]:443")));
  when.server = prefixes({"2001:db8::7"});
  EXPECT_TRUE(hold(ConnectionConditions(when), flow("[::1]:1", "[2001:db8::7]:443")));
  EXPECT_FALSE(hold(ConnectionConditions(when), flow("[::1]:1", "[2001:db8::6]:443")));
}

TEST(ConnectionConditions, DropPrefixesWithinOthers) {
  Conditions when;
  when.server = prefixes({"10.1.0.0/16", "10.0.0.0/8", "10.1.2.3", "192.0.2.0/24"});
  const ConnectionConditions conditions(when);
  EXPECT_EQ(conditions.prefixes(kServer).size(), 2U);
}

TEST(ConnectionConditions, EveryConditionMustHold) {
  Conditions when;
  when.client = prefixes({"10.0.0.0/8"});
  when.vlan = {{7, 7}};
  when.segment = {1};
  FlowFacts facts = web_flow();
  facts.vlan = 7;
  facts.segment = 1;
  EXPECT_TRUE(hold(ConnectionConditions(when), facts));
  facts.vlan = 0;
  EXPECT_FALSE(hold(ConnectionConditions(when), facts));
  facts.vlan = 7;
  facts.segment = 0;
  EXPECT_FALSE(hold(ConnectionConditions(when), facts));
}

TEST(ConnectionConditions, IncludeWhatIsNarrowerInEveryDimension) {
  Conditions wide;
  wide.client = prefixes({"10.0.0.0/8"});
  Conditions narrow = wide;
  narrow.client = prefixes({"10.1.0.0/16", "10.2.3.4"});
  narrow.server_port = {{443, 443}};
  EXPECT_TRUE(ConnectionConditions(wide).include(ConnectionConditions(narrow)));
  EXPECT_FALSE(ConnectionConditions(narrow).include(ConnectionConditions(wide)));
  narrow.client.push_back(IpPrefix::parse("192.0.2.1").value());
  EXPECT_FALSE(ConnectionConditions(wide).include(ConnectionConditions(narrow)));
}

TEST(ConnectionConditions, AreEqualHoweverTheyAreWritten) {
  Conditions one;
  one.server = prefixes({"10.0.0.0/8", "192.0.2.0/24"});
  one.server_port = {{80, 81}, {443, 443}};
  Conditions two;
  two.server = prefixes({"192.0.2.0/24", "10.0.0.0/8", "10.9.0.0/16"});
  two.server_port = {{443, 443}, {80, 80}, {81, 81}, {80, 81}};
  EXPECT_EQ(ConnectionConditions(one), ConnectionConditions(two));
  EXPECT_EQ(ConnectionConditions(one).hash(), ConnectionConditions(two).hash());
  EXPECT_FALSE(ConnectionConditions(one) == ConnectionConditions(Conditions{}));
}

}  // namespace
}  // namespace limpid::policy
