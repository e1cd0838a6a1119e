#include "control/tool_watch.h"

#include <algorithm>
#include <chrono>
#include <optional>
#include <string_view>
#include <utility>

namespace limpid::control {

namespace {

constexpr Duration kResetsMax = std::chrono::seconds{1};  // for the resets of a failed tool's sessions

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

ToolWatch::ToolWatch(std::vector<Watched> tools, Write write, const Clock& clock)
    : write_(std::move(write)), clock_(clock) {
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
  for (Group& group : groups_) {
    look_at_group(group);
    look_at_ports(group);
  }
}

namespace {

/// What the failure of a group means for the network.
std::string consequence(tool::OnFailure on_failure) {
  switch (on_failure) {
    case tool::OnFailure::kReset:
      return "new sessions that need it are refused";
    case tool::OnFailure::kBypass:
      return "new sessions go past it";
    case tool::OnFailure::kBypassNetwork:
      return "nothing new is intercepted, everything is forwarded";
    case tool::OnFailure::kDropNetwork:
      return "the segments forward nothing";
    case tool::OnFailure::kPortsDown:
      return "the segments' interfaces are set down";
  }
  return "";
}

}  // namespace

void ToolWatch::look_at_group(Group& group) const {
  using Way = tool::GroupStatus::Way;
  const tool::GroupStatus& status = *group.watched.status;
  const Way before = group.way;
  const Way now = status.way();
  if (now == before) return;
  group.way = now;
  const std::string tools = " (" + std::to_string(status.served()) + " of the " +
                            std::to_string(status.required()) + " tools that it needs work)";
  if (now == Way::kFailed) {
    write_(true, group.watched.name + " has failed" + tools + ": " + consequence(status.on_failure()));
  } else {
    write_(false, group.watched.name + (now == Way::kPast ? " is out of service: new sessions go past it"
                                                          : " is used" + tools));
  }
}

/// The resets leave with the loops that make them: at the look after the last of them the ports may go down.
void ToolWatch::look_at_ports(Group& group) const {
  if (group.watched.status->on_failure() != tool::OnFailure::kPortsDown) return;
  if (group.way != tool::GroupStatus::Way::kFailed) {
    group.ports_down_by.reset();
    group.quiet = false;
    if (!std::exchange(group.ports_down, false)) return;
    // Another one may want them down still.
    if (std::ranges::none_of(groups_, &Group::ports_down)) group.watched.set_ports(true);
    return;
  }
  if (group.ports_down) return;
  const Instant now = clock_.now();
  if (!group.ports_down_by) group.ports_down_by = now + kResetsMax;
  if (now < *group.ports_down_by) {
    if (!std::exchange(group.quiet, !group.watched.resetting()) || !group.quiet) return;
  }
  group.ports_down = true;
  group.watched.set_ports(false);
}

Result<ServiceChange, std::string> ToolWatch::set_service(const std::string& tool, bool in_service) {
  std::string names;
  for (Tool& each : tools_) {
    names += (names.empty() ? "" : ", ") + each.watched.name;
    if (each.watched.name != tool) continue;
    if (each.watched.board->in_service.exchange(in_service) != in_service) {
      write_(false, "tool " + tool + ": " + (in_service ? "in service again" : "out of service") +
                        ", as the operator says");
    }
    look();
    return ServiceChange{
        .tool = tool, .in_service = in_service, .state = std::string(name(each.watched.board->state.load()))};
  }
  return Failure{"there is no inline tool \"" + tool + "\"" +
                 (names.empty() ? std::string("; there are none") : "; there are: " + names)};
}

/// Told again until the worker has taken it.
void ToolWatch::look_at_link(Tool& tool) const {
  const bool up = tool.watched.link_up();
  if (up != tool.link_told && tool.watched.tell(up)) tool.link_told = up;
}

}  // namespace limpid::control
