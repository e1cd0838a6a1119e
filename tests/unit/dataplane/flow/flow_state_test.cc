#include "dataplane/flow/flow_state.h"

#include <gtest/gtest.h>

#include <set>

namespace limpid::flow {
namespace {

TEST(FlowState, EveryStateCanBeReachedFromASyn) {
  std::set<FlowState> reached{FlowState::kSynSeen};
  for (std::size_t round = 0; round < kFlowEdges.list.size(); ++round) {
    for (const auto& edge : kFlowEdges.list) {
      if (reached.contains(edge.from)) reached.insert(edge.to);
    }
  }
  EXPECT_EQ(reached.size(), 10U);
}

TEST(FlowState, NoEdgeIsListedTwice) {
  std::set<std::pair<FlowState, FlowState>> edges;
  for (const auto& edge : kFlowEdges.list)
    EXPECT_TRUE(edges.emplace(edge.from, edge.to).second) << name(edge.from);
}

TEST(FlowState, NothingThatWasAdoptedIsEverForwarded) {
  std::set<FlowState> after{FlowState::kAdopted};
  for (std::size_t round = 0; round < kFlowEdges.list.size(); ++round) {
    for (const auto& edge : kFlowEdges.list) {
      if (after.contains(edge.from)) after.insert(edge.to);
    }
  }
  EXPECT_FALSE(after.contains(FlowState::kForwarded));
}

}  // namespace
}  // namespace limpid::flow
