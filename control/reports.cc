#include "control/reports.h"

#include <algorithm>
#include <chrono>
#include <optional>

#include "control/printable.h"
#include "control/table.h"
#include "control/units.h"

namespace limpid::control {

namespace {

std::int64_t unix_seconds(WallTime time) {
  return std::chrono::floor<std::chrono::seconds>(time).time_since_epoch().count();
}

std::string or_dash(std::string_view text) { return text.empty() ? "-" : std::string(text); }

std::optional<Reason> reason_of(std::string_view id) {
  for (std::size_t i = 1; i < kReasons; ++i) {
    if (name(static_cast<Reason>(i)) == id) return static_cast<Reason>(i);
  }
  return std::nullopt;
}

// --- sessions ---

std::string state_cell(const SessionRow& row) {
  if (row.finished) return "closed";
  return row.state.empty() ? or_dash(row.disposition) : row.state;
}

std::string decision_cell(const SessionRow& row) {
  if (row.decision.empty()) return "-";
  const std::string through = row.tools.empty() ? "" : " through " + row.tools;
  const std::string key = row.key.empty() ? "" : " with key " + row.key;
  return (row.rule.empty() ? row.decision : row.decision + "/" + row.rule) + key + through;
}

/// "TLS 1.3" where both legs agree, "1.2/1.3" (client/server) where not.
/// The name, and how the client came to TLS where it did not begin with it.
std::string host_cell(const SessionRow& row) {
  std::string cell = row.host.empty() && !row.certificate_names.empty()
                         ? "- (certificate: " + row.certificate_names.front() + ")"
                         : or_dash(row.host);
  if (!row.connect.empty()) return cell + " (connect: " + row.connect + ")";
  return row.upgrade.empty() ? cell : cell + " (upgrade: " + row.upgrade + ")";
}

std::string version_cell(const SessionRow& row) {
  if (row.client_version == row.server_version) return or_dash(row.client_version);
  const auto number = [](const std::string& version) {
    return version.starts_with("TLS ") ? version.substr(4) : or_dash(version);
  };
  return number(row.client_version) + "/" + number(row.server_version);
}

/// "from it ClientHello, alert unknown_ca; to it Finished".
std::string leg_text(const LegRow& leg) {
  const auto side = [](std::string_view words, std::string_view last, std::string_view alert) {
    std::string text(words);
    text += last.empty() && alert.empty() ? std::string(" nothing") : "";
    if (!last.empty()) text += ' ' + std::string(last);
    if (!alert.empty()) text += (last.empty() ? " the alert " : ", the alert ") + std::string(alert);
    return text;
  };
  return side("from it", leg.last_received, leg.alert_received) + "; " +
         side("to it", leg.last_sent, leg.alert_sent);
}

/// The reason with its sentence.
std::string reason_text(const SessionRow& row) {
  const std::optional<Reason> reason = reason_of(row.reason);
  const std::string whose = row.culprit.empty() ? "" : " (culprit: " + row.culprit + ")";
  return row.reason + whose + (reason ? ": " + std::string(sentence(*reason)) : "");
}

std::string failure_text(const SessionRow& row) {
  std::string text = printable(row.client + " -> " + row.server + "  " + host_cell(row) + "  " +
                               time_text(unix_seconds(row.opened)) + "  " + decision_cell(row)) +
                     '\n';
  const auto add = [&text](std::string_view what, std::string_view value) {
    constexpr std::size_t kValuesAt = 15;
    if (value.empty()) return;
    std::string line = "  " + std::string(what);
    line.resize(std::max(line.size(), kValuesAt), ' ');
    text += line + printable(value) + '\n';
  };
  const bool defective = !row.certificate.empty() && row.certificate != "trusted";
  add("reason", reason_text(row));
  add("cause", row.cause);
  add("detail", row.detail);
  add("certificate", defective ? row.certificate + ": " + row.certificate_detail : row.certificate);
  add("client leg", leg_text(row.client_leg));
  add("server leg", leg_text(row.server_leg));
  return text;
}

// --- certificates ---

std::string expiry_cell(std::int64_t not_after_s, std::int64_t now_s) {
  constexpr std::int64_t kDay_s = 86'400;
  const std::string date = time_text(not_after_s).substr(0, 10);
  if (not_after_s < now_s) return date + " (expired)";
  return date + " (" + std::to_string((not_after_s - now_s) / kDay_s) + "d)";
}

// --- stats ---

std::string workers_text(const Stats& stats) {
  Table table({{"WORKER", 10, true},
               {"CORE", 6, true},
               {"BUSY", 10, true},
               {"BUSY TIME", 12, true},
               {"PACKETS", 20, true},
               {"BYTES", 12, true},
               {"FORWARDED", 20, true},
               {"COMPOSED", 20, true},
               {"DROPPED", 20, true},
               {"FLOWS", 20, true},
               {"SESSIONS", 20, true},
               {"LEVEL", 6},
               {"STREAM MEMORY", 24, true},
               {"BUFFERS", 24, true}});
  for (const WorkerStats& worker : stats.workers) {
    table.add({std::to_string(worker.worker), worker.core < 0 ? "-" : std::to_string(worker.core),
               percent_text(worker.busy_ns, worker.total_ns),
               duration_text(Duration(static_cast<std::int64_t>(worker.busy_ns))),
               std::to_string(worker.packets), bytes_text(worker.bytes),
               std::to_string(worker.packets_forwarded), std::to_string(worker.packets_composed),
               std::to_string(worker.packets_dropped), std::to_string(worker.flows),
               std::to_string(worker.flows_adopted), or_dash(worker.level),
               bytes_text(worker.stream_bytes) + " of " + bytes_text(worker.stream_bytes_max),
               std::to_string(worker.buffers) + " of " + std::to_string(worker.buffers_max)});
  }
  return table.text();
}

std::string flows_text(const Stats& stats) {
  WorkerStats all;
  for (const WorkerStats& worker : stats.workers) {
    all.now_watched += worker.now_watched;
    all.now_forwarded += worker.now_forwarded;
    all.now_adopted += worker.now_adopted;
    all.flows += worker.flows;
    all.flows_forwarded += worker.flows_forwarded;
    all.flows_adopted += worker.flows_adopted;
    all.flows_dropped += worker.flows_dropped;
  }
  Table table({{"FLOWS"}, {"NOW", 20, true}, {"SINCE THE START", 20, true}});
  table.add({"watch", std::to_string(all.now_watched), std::to_string(all.flows)});
  table.add({"forward", std::to_string(all.now_forwarded), std::to_string(all.flows_forwarded)});
  table.add({"terminate", std::to_string(all.now_adopted), std::to_string(all.flows_adopted)});
  table.add({"drop", "-", std::to_string(all.flows_dropped)});
  return table.text();
}

std::string reasons_text(const Stats& stats) {
  std::vector<ReasonCount> counts = stats.reasons;
  std::stable_sort(counts.begin(), counts.end(),
                   [](const ReasonCount& a, const ReasonCount& b) { return a.count > b.count; });
  Table table({{"REASON"}, {"CULPRIT"}, {"COUNT", 20, true}, {"WHAT IT MEANS", 160}});
  for (const ReasonCount& row : counts) {
    const std::optional<Reason> reason = reason_of(row.reason);
    const std::optional<Culprit> whose = reason ? culprit(*reason) : std::nullopt;
    table.add({row.reason, whose ? std::string(name(*whose)) : "-", std::to_string(row.count),
               reason ? std::string(sentence(*reason)) : "-"});
  }
  return table.text();
}

std::string mirrors_text(const Stats& stats) {
  Table table({{"MIRROR"},
               {"KIND"},
               {"SESSIONS", 20, true},
               {"LEFT OUT", 20, true},
               {"PACKETS", 20, true},
               {"BYTES", 12, true},
               {"LOST: QUEUE", 20, true},
               {"LOST: WRITE", 20, true}});
  for (const MirrorStats& mirror : stats.mirrors) {
    table.add({mirror.tool, mirror.kind, std::to_string(mirror.sessions), std::to_string(mirror.left_out),
               std::to_string(mirror.packets), bytes_text(mirror.bytes), std::to_string(mirror.lost_queue),
               std::to_string(mirror.lost_write)});
  }
  return table.text();
}

std::string both_us(std::uint64_t one, std::uint64_t other) {
  return std::to_string(one) + "/" + std::to_string(other) + " us";
}

std::string inline_tools_text(const Stats& stats) {
  Table table({{"INLINE TOOL"},
               {"NOW", 20, true},
               {"SESSIONS", 20, true},
               {"UNREACHABLE", 20, true},
               {"BYPASSED", 20, true},
               {"BYTES TO", 12, true},
               {"BYTES FROM", 12, true},
               {"MODIFIED", 20, true},
               {"RESETS", 20, true},
               {"DROPS", 20, true},
               {"OPENING", 12, true},
               {"TOOL P50/P99", 24, true},
               {"OWN P50/P99", 24, true}});
  for (const InlineToolStats& tool : stats.inline_tools) {
    table.add({tool.tool, std::to_string(tool.now_sessions), std::to_string(tool.sessions),
               std::to_string(tool.unreachable), std::to_string(tool.bypassed), bytes_text(tool.bytes_in),
               bytes_text(tool.bytes_out), std::to_string(tool.modified), std::to_string(tool.resets),
               std::to_string(tool.timeouts), std::to_string(tool.opening_us) + " us",
               both_us(tool.transit_p50_us, tool.transit_p99_us), both_us(tool.own_p50_us, tool.own_p99_us)});
  }
  return table.text();
}

/// What is not decrypted and goes through them packet by packet; empty where nothing does.
std::string detours_text(const Stats& stats) {
  Table table({{"NOT DECRYPTED"},
               {"NOW", 20, true},
               {"FLOWS", 20, true},
               {"FRAMES IN", 20, true},
               {"FRAMES OUT", 20, true},
               {"HELD BACK", 20, true},
               {"BYTES IN", 12, true},
               {"BYTES OUT", 12, true}});
  bool any = false;
  for (const InlineToolStats& tool : stats.inline_tools) {
    if (tool.flow_frames_in == 0 && tool.flow_frames_out == 0) continue;
    any = true;
    const std::uint64_t held = tool.flow_frames_in - std::min(tool.flow_frames_in, tool.flow_frames_out);
    table.add({tool.tool, std::to_string(tool.now_flows), std::to_string(tool.flows),
               std::to_string(tool.flow_frames_in), std::to_string(tool.flow_frames_out),
               std::to_string(held), bytes_text(tool.flow_bytes_in), bytes_text(tool.flow_bytes_out)});
  }
  return any ? table.text() : "";
}

std::string health_cell(const InlineToolStats& tool) {
  return tool.in_service ? or_dash(tool.state) : "out of service (" + or_dash(tool.state) + ")";
}

std::string tool_health_text(const Stats& stats) {
  Table table({{"INLINE TOOL"},
               {"STATE", 30},
               {"LAST FAILURE"},
               {"FAILURES", 20, true},
               {"HEARTBEATS", 20, true},
               {"MISSED", 20, true},
               {"PAST", 20, true},
               {"REFUSED", 20, true},
               {"ON FAILURE"}});
  for (const InlineToolStats& tool : stats.inline_tools) {
    table.add({tool.tool, health_cell(tool), or_dash(tool.cause), std::to_string(tool.failures),
               std::to_string(tool.heartbeats), std::to_string(tool.heartbeats_missed),
               std::to_string(tool.past), std::to_string(tool.refused), tool.on_failure});
  }
  return table.text();
}

std::string tool_groups_text(const Stats& stats) {
  Table table({{"GROUP"},
               {"STATE"},
               {"WORKING", 12, true},
               {"MEMBERS", 40},
               {"SPARES", 40},
               {"BYPASSED", 20, true},
               {"PAST", 20, true},
               {"REFUSED", 20, true},
               {"ON FAILURE"}});
  for (const ToolGroupStats& group : stats.tool_groups) {
    table.add({group.group, group.state,
               std::to_string(group.served) + " of " + std::to_string(group.required), or_dash(group.members),
               or_dash(group.spares), std::to_string(group.bypassed), std::to_string(group.past),
               std::to_string(group.refused), group.on_failure});
  }
  return table.text();
}

/// Everything about inline tools.
std::string all_inline_text(const Stats& stats) {
  std::string text = inline_tools_text(stats) + '\n' + tool_health_text(stats);
  if (const std::string detours = detours_text(stats); !detours.empty()) text += '\n' + detours;
  if (!stats.tool_groups.empty()) text += '\n' + tool_groups_text(stats);
  return text;
}

std::string inventory_text(const InventoryStats& inventory) {
  Table table({{"INVENTORY", 60},
               {"RECORDED", 20, true},
               {"WRITTEN", 20, true},
               {"WAITING", 20, true},
               {"LOST", 20, true},
               {"LAST FAILURE", 120}});
  table.add({inventory.database, std::to_string(inventory.recorded), std::to_string(inventory.written),
             std::to_string(inventory.waiting), std::to_string(inventory.lost), or_dash(inventory.failure)});
  return table.text();
}

std::string more_text(const Stats& stats) {
  Table table({{"COUNTER", 60}, {"COUNT", 20, true}});
  for (const NamedCount& count : stats.more) table.add({count.name, std::to_string(count.count)});
  return table.text();
}

}  // namespace

std::vector<ReasonCount> reason_counts(const ReasonCounters& counters) {
  std::vector<ReasonCount> counts;
  for (std::size_t i = 1; i < kReasons; ++i) {
    const auto reason = static_cast<Reason>(i);
    if (counters[reason] != 0) counts.push_back({std::string(name(reason)), counters[reason]});
  }
  return counts;
}

std::string sessions_text(const std::vector<SessionRow>& rows) {
  if (rows.empty()) return "no sessions\n";
  Table table({{"CLIENT", 47},
               {"SERVER", 47},
               {"HOST"},
               {"STATE"},
               {"DECISION/RULE", 32},
               {"VERSION"},
               {"FROM CLIENT", 12, true},
               {"FROM SERVER", 12, true},
               {"AGE", 10, true},
               {"REASON"}});
  for (const SessionRow& row : rows) {
    const bool failed = !row.reason.empty() && row.reason != "none";
    table.add({row.client, row.server, host_cell(row), state_cell(row), decision_cell(row), version_cell(row),
               bytes_text(row.bytes_from_client), bytes_text(row.bytes_from_server), duration_text(row.age),
               failed ? row.reason : "-"});
  }
  return table.text();
}

std::string failures_text(const std::vector<SessionRow>& rows) {
  if (rows.empty()) return "no failed sessions\n";
  std::string text;
  for (const SessionRow& row : rows) {
    if (!text.empty()) text += '\n';
    text += failure_text(row);
  }
  return text;
}

std::string certificates_text(const std::vector<CertificateRow>& rows, WallTime now) {
  if (rows.empty()) return "no certificates\n";
  Table table({{"HOST"},
               {"SUBJECT", 32},
               {"SERVER", 47},
               {"ISSUER", 32},
               {"NOT AFTER"},
               {"OUTCOME"},
               {"FIRST SEEN"},
               {"LAST SEEN"},
               {"COUNT", 20, true}});
  for (const CertificateRow& row : rows) {
    const bool v6 = row.server_ip.find(':') != std::string::npos;
    const std::string ip = v6 ? "[" + row.server_ip + "]" : row.server_ip;
    table.add({or_dash(row.sni), or_dash(row.subject), ip + ":" + std::to_string(row.server_port),
               or_dash(row.issuer), expiry_cell(row.not_after_s, unix_seconds(now)), or_dash(row.outcome),
               time_text(row.first_seen_s), time_text(row.last_seen_s), std::to_string(row.count)});
  }
  return table.text();
}

std::string stats_text(const Stats& stats) {
  std::string text = "up " + duration_text(stats.uptime) + ", " + std::to_string(stats.sessions_finished) +
                     " sessions finished, " + std::to_string(stats.sessions_failed) + " of them failed\n";
  text += '\n' + workers_text(stats) + '\n' + flows_text(stats);
  if (!stats.reasons.empty()) text += '\n' + reasons_text(stats);
  if (!stats.inline_tools.empty()) text += '\n' + all_inline_text(stats);
  if (!stats.mirrors.empty()) text += '\n' + mirrors_text(stats);
  if (!stats.inventory.database.empty()) text += '\n' + inventory_text(stats.inventory);
  if (!stats.more.empty()) text += '\n' + more_text(stats);
  return text;
}

std::string tools_text(const Stats& stats) {
  if (stats.inline_tools.empty() && stats.mirrors.empty()) return "no tools\n";
  std::string text;
  if (!stats.inline_tools.empty()) text += all_inline_text(stats);
  if (!text.empty() && !stats.mirrors.empty()) text += '\n';
  if (!stats.mirrors.empty()) text += mirrors_text(stats);
  return text;
}

std::string service_text(const ServiceChange& change) {
  if (!change.in_service) {
    return change.tool +
           " is out of service: new sessions go past it, or to the others of its group; open ones go on\n";
  }
  return change.tool + " is in service; it is " + change.state + '\n';
}

std::string capture_text(const CaptureProgress& capture, const std::string& file) {
  std::string text = file + ": " + std::to_string(capture.sessions) + " sessions, " +
                     std::to_string(capture.failed) + " of them failed";
  if (capture.lost > 0) text += "; " + std::to_string(capture.lost) + " more were lost";
  return text + " (" + capture.over + ")\n";
}

std::string version_text(const Version& version) {
  constexpr std::size_t kColumnsMax = 80;  // behind the name of a list
  std::string text = "limpid " + version.limpid + '\n';
  const auto add = [&text](std::string_view library, const std::string& number) {
    if (!number.empty()) text += "  " + std::string(library) + " " + number + '\n';
  };
  add("OpenSSL", version.openssl);
  add("DPDK", version.dpdk);
  add("Hyperscan", version.hyperscan);
  const auto add_list = [&add](std::string_view what, const std::vector<std::string>& list) {
    std::string lines;
    std::size_t column = 0;
    for (const std::string& each : list) {
      const bool wraps = column + each.size() > kColumnsMax;
      lines += lines.empty() ? "" : wraps ? ",\n            " : ", ";
      column = (wraps ? 0 : column) + each.size() + 2;
      lines += each;
    }
    add(what, lines);
  };
  add_list("versions:", version.tls_versions);
  add_list("groups:  ", version.groups);
  add_list("ciphers: ", version.ciphers);
  add_list("compressed certificates:", version.certificate_compressions);
  return text;
}

}  // namespace limpid::control
