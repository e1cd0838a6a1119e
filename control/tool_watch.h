// ToolWatch: the control thread's part in the health of inline tools. It reads the carrier of their ports,
// which the packet path has no time for, tells the judging workers of each change, and writes every change of
// a tool's state to the log, with its cause. Control thread.
#pragma once

#include <functional>
#include <string>
#include <vector>

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
  ToolWatch(std::vector<Watched> tools, Write write);

  void look();

 private:
  struct Tool {
    Watched watched;
    bool link_told = true;
  };

  void look_at_link(Tool& tool) const;

  std::vector<Tool> tools_;
  Write write_;
};

/// "tool ips: down (before: suspect): heartbeats … (tool_heartbeat_lost; from side_a to side_b)".
std::string health_line(const std::string& tool, const tool::HealthChange& change);

}  // namespace limpid::control
