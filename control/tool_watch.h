// ToolWatch: the control thread's part in the health of inline tools. It reads the carrier of their ports,
// which the packet path has no time for, tells the judging workers of each change, and writes every change of
// a tool's or group's state to the log, with its cause and what follows from it. It sets the segments'
// interfaces down and up where a failure means that (down when the resets of the tool's sessions are out: an
// end that waits for an answer would never learn), and takes tools out of service and back. Control thread.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "control/reports.h"
#include "dataplane/base/clock.h"
#include "dataplane/base/result.h"
#include "dataplane/tool/group_status.h"
#include "dataplane/tool/health_board.h"

namespace limpid::control {

class ToolWatch {
 public:
  struct Watched {
    std::string name;
    tool::HealthBoard* board = nullptr;
    std::function<bool()> link_up;      // of both its ports
    std::function<bool(bool up)> tell;  // the judging worker; false: it could not be told now
  };
  /// `write` takes one line; `grave`: the tool has become worse.
  using Write = std::function<void(bool grave, const std::string& line)>;
  ToolWatch(std::vector<Watched> tools, Write write, const Clock& clock);

  void look();

  /// A group, or a tool of its own, as the rules name it.
  struct WatchedGroup {
    std::string name;
    const tool::GroupStatus* status = nullptr;
    // Both are asked only where on_failure means the segments' interfaces.
    std::function<void(bool up)> set_ports;
    std::function<bool()> resetting;  // sessions of its failed tools are still to be reset
  };
  void watch(WatchedGroup group) { groups_.push_back({.watched = std::move(group)}); }

  /// The operator's wish. The error is a sentence.
  Result<ServiceChange, std::string> set_service(const std::string& tool, bool in_service);

 private:
  struct Tool {
    Watched watched;
    bool link_told = true;
  };

  struct Group {
    WatchedGroup watched;
    tool::GroupStatus::Way way = tool::GroupStatus::Way::kThrough;
    std::optional<Instant> ports_down_by{};  // they are to be set down, at the latest then
    bool quiet = false;                      // nothing was left to reset at the last look
    bool ports_down = false;
  };

  void look_at_link(Tool& tool) const;
  void look_at_group(Group& group) const;
  void look_at_ports(Group& group) const;

  std::vector<Tool> tools_;
  std::vector<Group> groups_;
  Write write_;
  const Clock& clock_;
};

/// "tool ips: down (before: suspect): heartbeats … (tool_heartbeat_lost; from side_a to side_b)".
std::string health_line(const std::string& tool, const tool::HealthChange& change);

}  // namespace limpid::control
