#include "tests/simulation/tool_path.h"

#include <algorithm>
#include <utility>

namespace limpid::simulation {
namespace {

tool::InlineToolSettings settings() {
  tool::InlineToolSettings settings;
  settings.open_max = std::chrono::seconds(20);  // links here may lose a few of the SYNs
  return settings;
}

}  // namespace

// --- Port -----------------------------------------------------------------------------------------------

bool ToolPath::Port::send(Bytes bytes) {
  const RawFrame frame(bytes.begin(), bytes.end());
  if (path_.with_.may_break() || path_.lingers_) lint.expect_reset(false);
  // What comes after the session's end is answered by nobody in particular.
  if (path_.left_ && path_.counters().now_passages == 0) {
    const std::optional<Frame> stray = decode(frame);
    if (!stray || !stray->has(tcp::kRst)) path_.note("speaks after the end", number_);
  } else {
    path_.note(lint.opened_or_composed(frame, name, path_.now_), number_);
  }
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
      inline_tool_(settings(), with_.packets, random, a_, b_) {}

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
      const auto side = number == ToolPort::kTa ? tool::ToolSide::kA : tool::ToolSide::kB;
      inline_tool_.on_packet(with_.packet(*frame), side, now);
    }
  }
  tool_->run(now, [this, now](ToolPort to, const RawFrame& frame) {
    const Passage passage = port(to).from_tool.send(frame, now);
    with_.watch(to, frame, passage);
  });
}

Instant ToolPath::deadline() const {
  return std::min({a_.to_tool.next_arrival(), a_.from_tool.next_arrival(), b_.to_tool.next_arrival(),
                   b_.from_tool.next_arrival(), tool_->deadline()});
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
