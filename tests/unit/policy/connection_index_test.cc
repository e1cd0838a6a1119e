#include "policy/connection_index.h"

#include <gtest/gtest.h>

#include <deque>
#include <random>

#include "tests/unit/policy/policies.h"

namespace limpid::policy {
namespace {

/// Rules with their conditions, and the index over all of them.
struct Indexed {
  std::deque<ConnectionConditions> conditions;
  std::vector<ConnectionIndex::Entry> entries;

  void add(const Conditions& when) {
    conditions.emplace_back(when);
    entries.push_back({static_cast<std::uint32_t>(entries.size()), &conditions.back()});
  }
  std::uint32_t walk(const FlowFacts& facts) const {
    for (const ConnectionIndex::Entry& entry : entries) {
      if (entry.when->hold(FlowPoints(facts))) return entry.rule;
    }
    return kNoRule;
  }
};

TEST(ConnectionIndex, IsEmptyAtFirst) {
  EXPECT_EQ(ConnectionIndex().lowest(FlowPoints(web_flow()), kNoRule), kNoRule);
}

TEST(ConnectionIndex, AnswersNothingThatIsNotLowerThanAsked) {
  Indexed rules;
  for (int i = 0; i < 100; ++i) rules.add({});
  const ConnectionIndex index(rules.entries);
  EXPECT_EQ(index.lowest(FlowPoints(web_flow()), kNoRule), 0U);
  EXPECT_EQ(index.lowest(FlowPoints(web_flow()), 0), 0U);
}

TEST(ConnectionIndex, FindsOneRuleOfAGridOfClientsAndServers) {
  Indexed rules;
  for (std::uint32_t client = 0; client < 100; ++client) {
    for (std::uint32_t server = 0; server < 100; ++server) {
      Conditions when;
      when.client = prefixes({"10.0." + std::to_string(client) + ".0/24"});
      when.server = prefixes({"10.1." + std::to_string(server) + ".0/24"});
      rules.add(when);
    }
  }
  const ConnectionIndex index(rules.entries);
  EXPECT_EQ(index.lowest(FlowPoints(flow("10.0.42.1:5", "10.1.17.9:443")), kNoRule), 4217U);
  EXPECT_EQ(index.lowest(FlowPoints(flow("10.0.42.1:5", "10.1.100.9:443")), kNoRule), kNoRule);
}

/// Small domains, so that conditions overlap, repeat and hide each other.
Conditions random_conditions(std::mt19937& random) {
  const auto one_in = [&](unsigned n) { return random() % n == 0; };
  const auto address = [&] {
    const auto length = static_cast<std::uint8_t>(8 * (random() % 5));
    std::array<std::byte, 4> bytes{};
    for (std::size_t i = 0; i < length / 8U; ++i) bytes[i] = std::byte(random() % 3);
    return IpPrefix{IpAddress::v4(bytes), length};
  };
  const auto range = [&] {
    const auto first = static_cast<std::uint16_t>(random() % 10);
    return NumberRange{first, static_cast<std::uint16_t>(first + random() % 4)};
  };
  Conditions when;
  for (auto i = random() % 3; i > 0; --i) when.client.push_back(address());
  for (auto i = random() % 3; i > 0; --i) when.server.push_back(address());
  if (one_in(2)) when.server_port = {range(), range()};
  if (one_in(4)) when.client_port = {range()};
  if (one_in(4)) when.vlan = {range()};
  if (one_in(4)) when.segment = {static_cast<std::uint16_t>(random() % 3)};
  return when;
}

FlowFacts random_flow(std::mt19937& random) {
  const auto address = [&] {
    std::array<std::byte, 4> bytes{};
    for (std::byte& byte : bytes) byte = std::byte(random() % 3);
    return IpAddress::v4(bytes);
  };
  const auto number = [&](unsigned below) { return static_cast<std::uint16_t>(random() % below); };
  return {{address(), number(14)}, {address(), number(14)}, number(14), number(3)};
}

TEST(ConnectionIndex, AgreesWithWalkingTheRules) {
  for (unsigned seed = 0; seed < 60; ++seed) {
    std::mt19937 random(seed);
    Indexed rules;
    const std::size_t count = 1 + random() % 600;
    for (std::size_t i = 0; i < count; ++i) rules.add(random_conditions(random));
    const ConnectionIndex index(rules.entries);
    for (int i = 0; i < 200; ++i) {
      const FlowFacts facts = random_flow(random);
      ASSERT_EQ(index.lowest(FlowPoints(facts), kNoRule), rules.walk(facts)) << "seed " << seed;
    }
  }
}

}  // namespace
}  // namespace limpid::policy
