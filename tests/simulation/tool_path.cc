#include "tests/simulation/tool_path.h"

#include <algorithm>
#include <utility>

#include "dataplane/tool/packet_path.h"

namespace limpid::simulation {
namespace {

tool::InlineToolSettings settings() {
  tool::InlineToolSettings settings;
  settings.open_max = std::chrono::seconds(20);  // links here may lose a few of the SYNs
  return settings;
}

constexpr Duration kDeathKnownAfter = std::chrono::seconds(3);  // as heartbeats would have it

tool::HeartbeatFrames no_heartbeats() { return tool::HeartbeatFrames({}); }

/// What a flow's memo is to the engine: where its way is.
class Way final : public flow::FlowMemo {
 public:
  Way(const FlowFacts& facts, tool::ToolGroup& group) : path_(facts, {{.group = &group}}) {}
  bool on_server_bytes(Bytes /*bytes*/) override { return false; }
  flow::Detour* detour() override { return &path_; }

 private:
  tool::PacketPath path_;
};

}  // namespace

// --- Port -----------------------------------------------------------------------------------------------

bool ToolPath::Port::send(Bytes bytes) {
  const RawFrame frame(bytes.begin(), bytes.end());
  path_.note(path_.judge(*this, frame), number_);
  const Passage passage = to_tool.send(frame, path_.now_);
  path_.with_.watch(number_, frame, passage);
  return true;
}

// --- ToolPath -------------------------------------------------------------------------------------------

ToolPath::ToolPath(const ToolModel& model, ToolSurroundings with, Random& random, std::uint64_t seed,
                   Instant now)
    : with_(std::move(with)),
      now_(now),
      tool_(make_tool(model, with_.route, now)),
      a_(*this, ToolPort::kTa, model.links[0], model.links[1], seed,
         LegLint(with_.from_client, with_.mss_max), now),
      b_(*this, ToolPort::kTb, model.links[2], model.links[3], seed + 2,
         LegLint(with_.from_server, with_.mss_max), now),
      inline_tool_(settings(), with_.packets, random, with_.turned ? b_ : a_, with_.turned ? a_ : b_),
      status_({&board_}, {}, 1, tool::OnFailure::kReset),
      group_({.reset_open_sessions = true}, status_, {&inline_tool_}) {}

std::optional<Complaint> ToolPath::judge(Port& at, const RawFrame& frame) {
  if (with_.may_break() || lingers_) at.lint.expect_reset(false);
  const std::optional<Frame> segment = decode(frame);
  // What no session and no flow has in the tool any more is answered by nobody in particular.
  const bool reset = segment && segment->has(tcp::kRst);
  if (forwards_ && !opened_) {
    return reset || with_.was_there(frame) ? std::nullopt
                                           : std::optional<Complaint>("is shown what was on no wire");
  }
  if (left_ && counters().now_passages == 0)
    return reset ? std::nullopt : std::optional<Complaint>("speaks after the end");
  return at.lint.opened_or_composed(frame, at.name, now_);
}

void ToolPath::note(const std::optional<Complaint>& complaint, ToolPort port) {
  if (complaint && !complaint_) complaint_ = (port == ToolPort::kTa ? "Ta " : "Tb ") + *complaint;
}

void ToolPath::run(Instant now) {
  now_ = now;
  for (const ToolPort number : {ToolPort::kTa, ToolPort::kTb}) {
    Port& at = port(number);
    while (auto frame = at.to_tool.arrived(now)) tool_->receive(number, std::move(*frame), now);
    while (const auto frame = at.from_tool.arrived(now)) {
      at.lint.heard(*frame, now);
      came_out_.insert(hash_of(*frame));
      const bool at_a = (number == ToolPort::kTa) != with_.turned;
      const auto side = at_a ? tool::ToolSide::kA : tool::ToolSide::kB;
      inline_tool_.on_packet(with_.packet(*frame), side, now);
    }
  }
  tool_->run(now, [this, now](ToolPort to, const RawFrame& frame) {
    const Passage passage = port(to).from_tool.send(frame, now);
    with_.watch(to, frame, passage);
  });
  if (forwards_) find_out_that_it_is_dead(now);
}

void ToolPath::find_out_that_it_is_dead(Instant now) {
  const bool dead = tool_->doing() == Tool::Doing::kDead && board_.failures == 0;
  if (dead && dead_known_at_ == kNever) dead_known_at_ = now + kDeathKnownAfter;
  if (now >= dead_known_at_) {
    dead_known_at_ = kNever;
    board_.state = tool::HealthState::kDown;
    ++board_.failures;
  }
  inline_tool_.run(now);
}

std::unique_ptr<flow::FlowMemo> ToolPath::forward(const FlowFacts& facts) {
  if (!std::exchange(forwards_, true)) inline_tool_.watch(board_, no_heartbeats());
  return std::make_unique<Way>(facts, group_);
}

Instant ToolPath::deadline() const {
  return std::min({dead_known_at_, a_.to_tool.next_arrival(), a_.from_tool.next_arrival(),
                   b_.to_tool.next_arrival(), b_.from_tool.next_arrival(), tool_->deadline()});
}

std::unique_ptr<tool::Passage> ToolPath::open(tool::PassageRequest request, Instant now) {
  if (opened_) complaint_ = "a second passage is asked for";
  opened_ = true;
  with_.opened();
  a_.name = with_.client.end();
  b_.name = with_.server.end();
  now_ = now;
  return inline_tool_.open(std::move(request), now);
}

void ToolPath::leave(bool broken) {
  left_ = true;
  broken_ = broken;
}

std::string ToolPath::describe() const {
  const tool::InlineToolCounters& counters = inline_tool_.counters();
  return "tool: " + std::to_string(counters.passages) + " passages, " + std::to_string(counters.opened) +
         " opened, " + std::to_string(counters.unreachable) + " unreachable, " +
         std::to_string(counters.resets) + " reset, " + std::to_string(counters.timeouts) +
         " timed out, bytes in " + std::to_string(counters.bytes_in) + ", out " +
         std::to_string(counters.bytes_out) + (broken_ ? ", broken\n" : "\n");
}

}  // namespace limpid::simulation
