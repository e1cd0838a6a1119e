#include "dataplane/tool/sampled_mirror.h"

#include <gtest/gtest.h>

#include <set>

#include "tests/unit/dataplane/tool/told_frames.h"

namespace limpid::tool {
namespace {

class Opened final : public Mirror {
 public:
  std::unique_ptr<PlaintextTap> open(const FlowFacts& facts, WallTime) override {
    ports.insert(facts.client.port);
    return nullptr;
  }
  std::set<std::uint16_t> ports;
};

/// The client's ports of those sessions that a share of 10,000 gets.
std::set<std::uint16_t> sampled(std::uint32_t share, std::uint64_t key, FlowFacts facts = v4_flow()) {
  Opened all;
  SampledMirror mirror(all, share, key);
  for (std::uint16_t port = 20'000; port < 30'000; ++port) {
    facts.client.port = port;
    mirror.open(facts, moment());
  }
  EXPECT_EQ(all.ports.size() + mirror.left_out(), 10'000U);
  return all.ports;
}

TEST(SampledMirror, GetsAboutItsShare) {
  EXPECT_NEAR(static_cast<double>(sampled(100'000, 1).size()), 1'000, 150);
  EXPECT_NEAR(static_cast<double>(sampled(10'000, 2, v6_flow()).size()), 100, 50);
  EXPECT_EQ(sampled(SampledMirror::kAll, 3).size(), 10'000U);
}

TEST(SampledMirror, TheSameSessionsUnderTheSameKeyAndOthersUnderAnother) {
  EXPECT_EQ(sampled(100'000, 7), sampled(100'000, 7));
  EXPECT_NE(sampled(100'000, 7), sampled(100'000, 8));
}

TEST(SampledMirror, ALargerShareHasEverySessionOfASmallerOne) {
  const auto small = sampled(50'000, 9);
  const auto large = sampled(200'000, 9);
  EXPECT_TRUE(std::includes(large.begin(), large.end(), small.begin(), small.end()));
}

}  // namespace
}  // namespace limpid::tool
