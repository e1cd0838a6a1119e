#include "control/tool_watch.h"

#include <optional>
#include <string_view>
#include <utility>

namespace limpid::control {

namespace {

/// Which way the heartbeats were lost that were.
std::string_view lost_way(const tool::HeartbeatRound& round) {
  if (!round.a_to_b && !round.b_to_a) return "; both ways";
  return round.a_to_b ? "; from side_b to side_a" : "; from side_a to side_b";
}

}  // namespace

std::string health_line(const std::string& tool, const tool::HealthChange& change) {
  std::string line = "tool " + tool + ": " + std::string(name(change.to)) +
                     " (before: " + std::string(name(change.from)) + ")";
  switch (change.to) {
    case tool::HealthState::kUp:
      return line + ": new sessions go through it";
    case tool::HealthState::kRecovering:
      return line + ": it shows signs of life, and is used when it has been well for the time of recovery";
    case tool::HealthState::kSuspect:
      return line + ": a heartbeat was missed" + std::string(lost_way(change.round));
    case tool::HealthState::kDown:
      break;
  }
  line += ": " + std::string(sentence(change.cause)) + " (" + std::string(name(change.cause));
  if (change.cause == Reason::tool_heartbeat_lost) line += lost_way(change.round);
  return line + ")";
}

ToolWatch::ToolWatch(std::vector<Watched> tools, Write write) : write_(std::move(write)) {
  for (Watched& watched : tools) tools_.push_back({.watched = std::move(watched)});
}

void ToolWatch::look() {
  for (Tool& tool : tools_) {
    look_at_link(tool);
    while (const std::optional<tool::HealthChange> change = tool.watched.board->changes.pop()) {
      const bool grave = change->to == tool::HealthState::kDown || change->to == tool::HealthState::kSuspect;
      write_(grave, health_line(tool.watched.name, *change));
    }
  }
}

/// Told again until the worker has taken it.
void ToolWatch::look_at_link(Tool& tool) const {
  const bool up = tool.watched.link_up();
  if (up != tool.link_told && tool.watched.tell(up)) tool.link_told = up;
}

}  // namespace limpid::control
