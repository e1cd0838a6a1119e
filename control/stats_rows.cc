#include "control/stats_rows.h"

#include <algorithm>
#include <chrono>
#include <utility>

namespace limpid::control {

void add_reason(Stats& stats, Reason reason, std::uint64_t count) {
  if (count == 0) return;
  const std::string_view id = name(reason);
  const auto known = std::find_if(stats.reasons.begin(), stats.reasons.end(),
                                  [&](const ReasonCount& row) { return row.reason == id; });
  if (known != stats.reasons.end()) {
    known->count += count;
  } else {
    stats.reasons.push_back({std::string(id), count});
  }
}

void add_reasons(Stats& stats, const ReasonCounters& counters) {
  for (std::size_t i = 1; i < kReasons; ++i) {
    const auto reason = static_cast<Reason>(i);
    add_reason(stats, reason, counters[reason]);
  }
}

void add_mirror(Stats& stats, const std::string& tool, const std::string& kind,
                const tool::MirrorCounters& counters, std::uint64_t left_out) {
  stats.mirrors.push_back({tool, kind, counters.sessions, left_out, counters.packets, counters.bytes,
                           counters.lost_queue, counters.lost_write});
  add_reason(stats, Reason::mirror_queue_full, counters.lost_queue);
  add_reason(stats, Reason::mirror_write_failed, counters.lost_write);
}

namespace {

std::uint64_t microseconds_of(Duration duration) {
  return static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::microseconds>(duration).count());
}

}  // namespace

void add_inline_tool(Stats& stats, const std::string& tool, std::string_view on_failure,
                     const tool::InlineToolCounters& counters, const tool::HealthBoard& board,
                     const tool::ToolGroupCounters& sessions) {
  InlineToolStats row;
  row.tool = tool;
  row.on_failure = on_failure;
  row.now_sessions = counters.now_passages;
  row.sessions = counters.passages;
  row.unreachable = counters.unreachable;
  row.bypassed = sessions.bypassed;
  row.past = sessions.past;
  row.refused = sessions.refused;
  row.resets = counters.resets;
  row.timeouts = counters.timeouts;
  row.bytes_in = counters.bytes_in;
  row.bytes_out = counters.bytes_out;
  row.frames_received = counters.frames_received;
  row.frames_sent = counters.frames_sent;
  row.frames_foreign = counters.frames_foreign;
  if (counters.opened != 0) row.opening_us = microseconds_of(counters.opening) / counters.opened;
  row.modified = counters.modified;
  row.transit_p50_us = microseconds_of(counters.transit.percentile(50));
  row.transit_p99_us = microseconds_of(counters.transit.percentile(99));
  row.own_p50_us = microseconds_of(counters.own.percentile(50));
  row.own_p99_us = microseconds_of(counters.own.percentile(99));
  row.now_flows = counters.now_flows;
  row.flows = counters.flows;
  row.flow_frames_in = counters.flow_frames_in;
  row.flow_frames_out = counters.flow_frames_out;
  row.flow_bytes_in = counters.flow_bytes_in;
  row.flow_bytes_out = counters.flow_bytes_out;
  row.state = name(board.state.load());
  if (const Reason cause = board.cause.load(); cause != Reason::none) row.cause = name(cause);
  row.in_service = board.serves();
  row.failures = board.failures.load();
  row.heartbeats = board.rounds.load();
  row.heartbeats_missed = board.missed.load();
  stats.inline_tools.push_back(std::move(row));
  add_reason(stats, Reason::tool_bypassed, sessions.bypassed);
  add_reason(stats, Reason::tool_out_of_service, sessions.past);
}

void add_tool_group(Stats& stats, ToolGroupStats row, const tool::GroupStatus& status,
                    const tool::ToolGroupCounters& counters) {
  switch (status.way()) {
    case tool::GroupStatus::Way::kThrough:
      row.state = "up";
      break;
    case tool::GroupStatus::Way::kPast:
      row.state = "out of service";
      break;
    case tool::GroupStatus::Way::kFailed:
      row.state = "failed";
      break;
  }
  row.served = status.served();
  row.required = status.required();
  row.bypassed = counters.bypassed;
  row.past = counters.past;
  row.refused = counters.refused;
  stats.tool_groups.push_back(std::move(row));
  add_reason(stats, Reason::tool_bypassed, counters.bypassed);
  add_reason(stats, Reason::tool_out_of_service, counters.past);
}

void add_inventory(Stats& stats, const InventoryStats& inventory) {
  stats.inventory = inventory;
  add_reason(stats, Reason::inventory_write_failed, inventory.failures);
}

void add_port(Stats& stats, const std::string& device, const nic::PortCounters& counters) {
  const auto add = [&](const char* what, std::uint64_t count) {
    stats.more.push_back({"port " + device + " " + what, count});
  };
  add("received", counters.packets_received);
  add("transmitted", counters.packets_transmitted);
  add("missed", counters.receive_missed);
  add("receive refused", counters.receive_refused);
  add("transmit refused", counters.transmit_refused);
}

}  // namespace limpid::control
