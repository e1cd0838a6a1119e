// A flow engine, the product's path through two tools, and a client and a server that keep to TCP, in virtual
// time: whatever the tools lose or delay, both streams arrive whole, and no byte of them goes past a tool.
#include <gtest/gtest.h>

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "dataplane/tool/packet_path.h"
#include "tests/support/bridge_tool.h"
#include "tests/unit/dataplane/flow/engine_harness.h"
#include "tests/unit/dataplane/flow/simulated_peers.h"

namespace limpid::flow {
namespace {

/// A flow that is passed through these tools.
struct PathMemo final : FlowMemo {
  PathMemo(const FlowFacts& facts, const std::vector<tool::PacketPath::Stage>& stages)
      : path(facts, stages) {}
  bool on_server_bytes(Bytes /*bytes*/) override { return false; }
  Detour* detour() override { return &path; }
  tool::PacketPath path;
};

/// One tool: a bridge that loses and delays by the dice.
struct BadTool {
  BadTool(wire::MemoryPacketPool& pool, Random& random)
      : tool({}, pool, random, bridge.side_a(), bridge.side_b()),
        status({&board}, {}, 1, tool::OnFailure::kReset),
        group({}, status, {&tool}) {}
  tool::HealthBoard board;
  tool::BridgeTool bridge;
  tool::InlineTool tool;
  tool::GroupStatus status;
  tool::ToolGroup group;
};

enum class Decided : std::uint8_t { kAtSyn, kAtFirstBytes, kAtPieces };

class DetouredStream : public EngineTest, public ::testing::WithParamInterface<Decided> {
 protected:
  DetouredStream() {
    settings.keep_passed = true;
    user.on_syn_says = GetParam() == Decided::kAtSyn ? Disposition::kForward : Disposition::kWatch;
    user.pass_hello = true;
    user.intercept = GetParam() != Decided::kAtPieces;
    user.make_memo = [this] {
      return std::make_unique<PathMemo>(
          user.syns.back(),
          std::vector<tool::PacketPath::Stage>{{&tools_[0]->group, 0}, {&tools_[1]->group, 1}});
    };
  }

  PeerModel model(std::string own, std::string other, std::string writes) const {
    return {.own = std::move(own),
            .other = std::move(other),
            .greeting = usual_greeting(0xffffff00),
            .writes = std::move(writes),
            .first_write = 3,
            .pause = milliseconds(GetParam() == Decided::kAtPieces ? 80 : 0)};
  }

  void play(std::uint64_t seed) {
    dice_ = std::make_unique<SeededRandom>(seed);
    came_out_.clear();
    tools_.clear();
    for (int i = 0; i < 2; ++i) tools_.push_back(std::make_unique<BadTool>(pool, random));
    for (auto& each : tools_)
      each->bridge.filter = [this](tool::ToolSide, Frame frame) { return cross(std::move(frame)); };
    PeerModel client_model = model(client, server, "HELLO\n" + std::string(40'000, 'q'));
    client_model.greeting.opens = true;
    client_model.greeting.leg = tcp::Leg::kServer;
    SimulatedPeer asks(std::move(client_model), now);
    SimulatedPeer answers(model(server, client, std::string(40'000, 'r')), now);
    const Instant until = now + seconds(60);
    while (now < until && !(asks.saw_end() && answers.saw_end())) tick(asks, answers);
    EXPECT_EQ(answers.received(), asks.writes());
    EXPECT_EQ(asks.received(), answers.writes());
    EXPECT_EQ(engine().counters().now_held_packets, 0U);
    settle_down(asks, answers);
    EXPECT_EQ(pool.used(), 0U);
    for (const auto& each : tools_) EXPECT_EQ(each->tool.counters().now_flows, 0U);
    restart();  // before the tools of its flows
  }

 private:
  std::optional<Frame> cross(Frame frame) {
    if (dice_->next() % 20 == 0) return std::nullopt;
    ++came_out_[frame];
    return frame;
  }
  void tick(SimulatedPeer& asks, SimulatedPeer& answers) {
    now += milliseconds(1);
    for (const auto& frame : asks.run(now)) arrive(frame, Side::kClient);
    for (const auto& frame : answers.run(now)) arrive(frame, Side::kServer);
    for (const auto& each : tools_) {
      if (dice_->next() % 3 != 0) each->bridge.pass(each->tool, pool, now);
    }
    engine().run_timers(now);
    engine().flush(now);
    for (const Sent& each : std::exchange(output.sent, {})) {
      const wire::PacketView view = each.view();
      const bool bears = view.payload_size() != 0 || (view.flags & tcp::kFin) != 0;
      if (bears) {
        EXPECT_GE(came_out_[each.frame], 2) << "past a tool: " << view.seq;
      }
      (each.to == Side::kClient ? asks : answers).receive(each.frame, now);
    }
  }
  /// The engine forgets the flow in its time.
  void settle_down(SimulatedPeer& asks, SimulatedPeer& answers) {
    const Instant until = now + minutes(5);
    const Instant ticks_until = now + seconds(10);
    while (now < ticks_until) tick(asks, answers);
    advance(until - now);
  }

  std::unique_ptr<SeededRandom> dice_;
  std::map<Frame, int> came_out_;  // of the tools: how often
  std::vector<std::unique_ptr<BadTool>> tools_;
};

TEST_P(DetouredStream, ArrivesWholeThroughToolsThatLoseAndDelay) {
  for (std::uint64_t seed = 1; seed <= 25 && !HasFailure(); ++seed) {
    SCOPED_TRACE(seed);
    play(seed);
  }
}

std::string name_of(const ::testing::TestParamInfo<Decided>& tested) {
  switch (tested.param) {
    case Decided::kAtSyn:
      return "AtItsSyn";
    case Decided::kAtFirstBytes:
      return "AtItsFirstBytes";
    case Decided::kAtPieces:
      return "WhileTheyAreInPieces";
  }
  return "";
}

INSTANTIATE_TEST_SUITE_P(Decided, DetouredStream,
                         ::testing::Values(Decided::kAtSyn, Decided::kAtFirstBytes, Decided::kAtPieces),
                         name_of);

}  // namespace
}  // namespace limpid::flow
