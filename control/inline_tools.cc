#include "control/inline_tools.h"

#include <algorithm>
#include <set>
#include <utility>

#include "control/stats_rows.h"
#include "dataplane/nic/interface.h"

namespace limpid::control {

namespace {

/// Which worker judges a tool: they take turns.
std::size_t judge_of(std::size_t tool, std::size_t workers) { return tool % workers; }

tool::HeartbeatFrameSettings heartbeat_frames(const config::InlineTool& of, std::size_t number,
                                              std::uint64_t token) {
  return {.address_a = of.heartbeat.address_a,
          .address_b = of.heartbeat.address_b,
          .port = of.heartbeat.port,
          .ethertype = of.heartbeat.ethertype,
          .vlan = of.heartbeat.vlan,
          .tool = static_cast<std::uint16_t>(number),
          .negative = of.negative_heartbeat,
          .token = token};
}

tool::HealthMonitorSettings monitor_settings(const config::Heartbeat& of) {
  return {.health = {.heartbeats = of.on, .misses = of.misses, .recovery = of.recovery},
          .interval = of.interval,
          .timeout = of.timeout};
}

tool::OnFailure on_failure_of(config::ToolFailure action) {
  switch (action) {
    case config::ToolFailure::kReset:
      return tool::OnFailure::kReset;
    case config::ToolFailure::kBypass:
      return tool::OnFailure::kBypass;
    case config::ToolFailure::kBypassNetwork:
      return tool::OnFailure::kBypassNetwork;
    case config::ToolFailure::kDropNetwork:
      return tool::OnFailure::kDropNetwork;
    case config::ToolFailure::kPortsDown:
      return tool::OnFailure::kPortsDown;
  }
  return tool::OnFailure::kReset;
}

/// The numbers of a group's tools, members first; a tool of its own is a group of one.
std::vector<std::uint16_t> tools_of(const config::Tool& tool, std::size_t number) {
  if (!tool.group) return {static_cast<std::uint16_t>(number)};
  std::vector<std::uint16_t> tools = tool.group->members;
  tools.insert(tools.end(), tool.group->spares.begin(), tool.group->spares.end());
  return tools;
}

const config::FailureAction& failure_of(const config::Tool& tool) {
  return tool.group ? tool.group->failure : tool.inline_tool->failure;
}

}  // namespace

tool::ToolTags tags_of(const config::InlineTool& tool) {
  std::vector<tool::SegmentMark> marks;
  for (const config::ToolSegment& each : tool.segments)
    marks.push_back({each.vlan, each.client_at_side_b ? tool::ToolSide::kB : tool::ToolSide::kA});
  return tool::ToolTags(std::move(marks));
}

InlineTools::InlineTools(const Surroundings& with)
    : with_(with),
      tools_(with.configuration.tools),
      heartbeat_token_(with.random.next()),
      group_secret_(with.random.next()),
      boards_(tools_.size()),
      statuses_(tools_.size()) {
  for (std::size_t i = 0; i < tools_.size(); ++i) {
    if (tools_[i].inline_tool) boards_[i] = std::make_unique<tool::HealthBoard>();
  }
  for (std::size_t i = 0; i < tools_.size(); ++i) {
    const config::Tool& tool = tools_[i];
    if (!tool.group && !tool.inline_tool) continue;
    const std::size_t member_count = tool.group ? tool.group->members.size() : 1;
    std::vector<const tool::HealthBoard*> members;
    std::vector<const tool::HealthBoard*> spares;
    for (const std::uint16_t number : tools_of(tool, i))
      (members.size() < member_count ? members : spares).push_back(boards_[number].get());
    statuses_[i] = std::make_unique<tool::GroupStatus>(std::move(members), std::move(spares),
                                                       tool.group ? tool.group->min_healthy : 1,
                                                       on_failure_of(failure_of(tool).on_failure));
  }
}

// --- A worker's ------------------------------------------------------------------------------------------

std::unique_ptr<tool::InlineTool> InlineTools::make(std::size_t number, worker::Worker& on) const {
  const config::InlineTool& of = *tools_[number].inline_tool;
  const worker::PortIndex side_a = with_.ports.at(number);
  const auto side_b = static_cast<worker::PortIndex>(side_a + 1);
  tool::InlineToolSettings settings;
  settings.mtu = std::min(with_.runtime.port(side_a).mtu(), with_.runtime.port(side_b).mtu());
  settings.open_max = of.open_timeout;
  settings.tags = tags_of(of);
  settings.ports = of.port_map;
  settings.ports_change = config::inline_ports_mapped(with_.configuration);
  auto made = std::make_unique<tool::InlineTool>(settings, with_.runtime.pool(), with_.random,
                                                 on.output_to(side_a), on.output_to(side_b));
  made->watch(*boards_[number], tool::HeartbeatFrames(heartbeat_frames(of, number, heartbeat_token_)));
  if (on.index() == judge_of(number, with_.configuration.dataplane.cores.size()))
    made->judge(monitor_settings(of.heartbeat), with_.clock.now());
  return made;
}

InlineTools::OfWorker InlineTools::attach_to(worker::Worker& on) const {
  OfWorker made{.tools = std::vector<std::unique_ptr<tool::InlineTool>>(tools_.size()),
                .groups = std::vector<std::unique_ptr<tool::ToolGroup>>(tools_.size()),
                .frames = nullptr};
  std::size_t attached = 0;
  for (std::size_t i = 0; i < tools_.size(); ++i) {
    if (!boards_[i]) continue;
    made.tools[i] = make(i, on);
    on.attach_tool(attached++, *made.tools[i]);
  }
  for (std::size_t i = 0; i < tools_.size(); ++i) {
    if (!statuses_[i]) continue;
    const config::FailureAction& failure = failure_of(tools_[i]);
    std::vector<tool::InlineTool*> of_group;
    for (const std::uint16_t number : tools_of(tools_[i], i)) of_group.push_back(made.tools[number].get());
    made.groups[i] = std::make_unique<tool::ToolGroup>(
        tool::ToolGroupSettings{.reset_open_sessions = failure.open_sessions == config::OpenSessions::kReset,
                                .hash_secret = group_secret_},
        *statuses_[i], std::move(of_group));
    if (failure.on_failure == config::ToolFailure::kDropNetwork) on.drop_network_with(*statuses_[i]);
  }
  add_frame_path(made, on);
  return made;
}

void InlineTools::add_frame_path(OfWorker& made, worker::Worker& on) const {
  const std::vector<std::uint16_t>& tools = with_.configuration.policy.not_decrypted.non_tcp;
  if (tools.empty()) return;
  std::vector<tool::ToolGroup*> groups;
  groups.reserve(tools.size());
  for (const std::uint16_t number : tools) groups.push_back(made.groups[number].get());
  std::vector<tool::FramePath::Exits> segments;
  for (std::size_t i = 0; i < with_.configuration.segments.size(); ++i) {
    const auto client_side = static_cast<worker::PortIndex>(2 * i);
    const auto server_side = static_cast<worker::PortIndex>(2 * i + 1);
    segments.push_back({on.output_to(client_side), on.output_to(server_side)});
  }
  made.frames = std::make_unique<tool::FramePath>(std::move(groups), std::move(segments));
  on.detour_frames(*made.frames);
}

// --- The control thread's ---------------------------------------------------------------------------------

std::unique_ptr<ToolWatch> InlineTools::watch(const std::vector<worker::Worker*>& workers,
                                              const ToolOf& tool_of, ToolWatch::Write write) {
  write_ = std::move(write);
  std::vector<ToolWatch::Watched> watched;
  for (std::size_t i = 0; i < tools_.size(); ++i) {
    if (!boards_[i]) continue;
    const std::size_t judge = judge_of(i, workers.size());
    const auto link_up = [this, port = with_.ports.at(i)] {
      return with_.runtime.port(port).link_up() && with_.runtime.port(port + std::size_t{1}).link_up();
    };
    const auto tell = [worker = workers[judge], tool = tool_of(judge, i)](bool up) {
      return worker->post([tool, up](worker::Worker& self) { tool->on_link(up, self.now()); });
    };
    watched.push_back({.name = tools_[i].name, .board = boards_[i].get(), .link_up = link_up, .tell = tell});
  }
  auto made = std::make_unique<ToolWatch>(std::move(watched), write_, with_.clock);
  add_to(*made);
  return made;
}

/// A member is its group's affair.
void InlineTools::add_to(ToolWatch& watch) {
  std::set<std::size_t> members;
  for (std::size_t i = 0; i < tools_.size(); ++i) {
    if (!tools_[i].group) continue;
    for (const std::uint16_t number : tools_of(tools_[i], i)) members.insert(number);
  }
  for (std::size_t i = 0; i < tools_.size(); ++i) {
    if (!statuses_[i] || members.contains(i)) continue;
    watch.watch({.name = (tools_[i].group ? "group " : "tool ") + tools_[i].name,
                 .status = statuses_[i].get(),
                 .set_ports = [this](bool up) { set_ports(up); },
                 .resetting = [this, i] { return resetting(i); }});
  }
}

bool InlineTools::resetting(std::size_t number) const {
  if (failure_of(tools_[number]).open_sessions != config::OpenSessions::kReset) return false;
  const std::vector<std::uint16_t> tools = tools_of(tools_[number], number);
  return std::any_of(tools.begin(), tools.end(), [this](std::uint16_t each) {
    const tool::HealthBoard& board = *boards_[each];
    return !board.healthy() && !board.deserted(with_.configuration.dataplane.cores.size());
  });
}

void InlineTools::set_ports(bool up) {
  ports_down_ = !up;
  for (const config::Segment& segment : with_.configuration.segments) {
    for (const config::Port* port : {&segment.client_side, &segment.server_side}) {
      const Result<bool, std::string> done = nic::set_interface(port->interface, up);
      if (!done) write_(true, done.error());
    }
  }
}

void InlineTools::restore_ports() {
  if (ports_down_) set_ports(true);
}

std::string InlineTools::names_of(const std::vector<std::uint16_t>& tools) const {
  std::string list;
  for (const std::uint16_t each : tools) list += (list.empty() ? "" : ", ") + tools_[each].name;
  return list;
}

void InlineTools::add_stats(Stats& stats, const ToolTotals& totals) const {
  for (std::size_t i = 0; i < std::min(tools_.size(), totals.groups.size()); ++i) {
    if (!statuses_[i]) continue;
    const std::string_view on_failure = config::name(failure_of(tools_[i]).on_failure);
    if (boards_[i]) {
      add_inline_tool(stats, tools_[i].name, on_failure, totals.inline_tools[i], *boards_[i],
                      totals.groups[i]);
    } else {
      ToolGroupStats row{.group = tools_[i].name};
      row.members = names_of(tools_[i].group->members);
      row.spares = names_of(tools_[i].group->spares);
      row.on_failure = on_failure;
      add_tool_group(stats, std::move(row), *statuses_[i], totals.groups[i]);
    }
  }
}

}  // namespace limpid::control
