#include "dataplane/tcp/state.h"

#include <gtest/gtest.h>

#include <array>
#include <set>
#include <string_view>

namespace limpid::tcp {
namespace {

constexpr std::array kAll{State::kSynSent,  State::kSynReceived, State::kEstablished, State::kFinWait1,
                          State::kFinWait2, State::kCloseWait,   State::kClosing,     State::kLastAck,
                          State::kTimeWait, State::kClosed};

TEST(State, HasANameOfItsOwn) {
  std::set<std::string_view> names;
  for (const State state : kAll) names.insert(name(state));
  EXPECT_EQ(names.size(), kAll.size());
  EXPECT_EQ(names.count(""), 0U);
}

TEST(State, EveryStateMayEndAndNothingFollowsTheEnd) {
  for (const State state : kAll) {
    if (state != State::kClosed) {
      EXPECT_TRUE(kStateEdges.allow(state, State::kClosed));
    }
    EXPECT_FALSE(kStateEdges.allow(State::kClosed, state));
  }
}

// RFC 9293 §3.3.2: TIME-WAIT is reached by both FINs, never from the half-closed states of the other side.
TEST(State, TimeWaitFollowsTwoFinsAlone) {
  for (const State state : kAll) {
    EXPECT_EQ(kStateEdges.allow(state, State::kTimeWait),
              state == State::kFinWait2 || state == State::kClosing);
  }
}

}  // namespace
}  // namespace limpid::tcp
