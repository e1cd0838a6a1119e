#include "dataplane/tool/mapped_mirror.h"

#include <gtest/gtest.h>

#include "tests/unit/dataplane/tool/told_frames.h"

namespace limpid::tool {
namespace {

class Opened final : public Mirror {
 public:
  std::unique_ptr<PlaintextTap> open(const FlowFacts& facts, WallTime) override {
    told = facts;
    return nullptr;
  }
  FlowFacts told;
};

std::uint16_t told_for(std::uint16_t port, MappedMirror::Others others) {
  Opened target;
  FlowFacts facts = v4_flow();
  facts.server.port = port;
  MappedMirror(target, PortMap({{443, 80}}), others).open(facts, moment());
  EXPECT_EQ(target.told.client, facts.client);
  EXPECT_EQ(target.told.server.ip, facts.server.ip);
  return target.told.server.port;
}

TEST(MappedMirror, TellsTheMirrorOfTheMappedPortAndLeavesOthers) {
  EXPECT_EQ(told_for(443, MappedMirror::Others::kStay), 80);
  EXPECT_EQ(told_for(8'443, MappedMirror::Others::kStay), 8'443);
}

TEST(MappedMirror, NeverTellsOfAFlowsOwnPortWhereThatIsSomebodyElses) {
  EXPECT_EQ(told_for(443, MappedMirror::Others::kShifted), 80);
  EXPECT_EQ(told_for(8'443, MappedMirror::Others::kShifted), 18'443);
  EXPECT_EQ(told_for(60'000, MappedMirror::Others::kShifted), 50'000);
}

}  // namespace
}  // namespace limpid::tool
