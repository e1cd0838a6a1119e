// The command line of limpid: parses arguments, and carries out what only asks the running appliance. The
// commands that need more of limpid are given by main.cc, so that this file links nothing of it.
// Exit codes: 0 good, 1 failed at run time, 2 usage or configuration.
#pragma once

#include <functional>
#include <iosfwd>
#include <optional>
#include <string>

#include "control/command_check_config.h"
#include "control/command_explain.h"
#include "control/reports.h"
#include "dataplane/base/clock.h"

namespace limpid::control {

struct Commands {
  std::function<int(const std::string& config)> run;
  std::function<int(const CheckConfigArguments&, std::ostream& out, std::ostream& err)> check_config;
  std::function<int(const ExplainArguments&, std::ostream& out, std::ostream& err)> explain;
  /// Where a configuration puts these; none, and its errors on `err`, where it cannot be read.
  struct Places {
    std::string socket;
    std::string database;
  };
  std::function<std::optional<Places>(const std::string& config, std::ostream& err)> places;
  /// Waits for so long at the most; true: the operator has pressed Ctrl-C.
  std::function<bool(Duration)> interrupted_within;
  std::function<Version()> version;
  std::function<WallTime()> now;
};

int run_command_line(int argc, const char* const* argv, const Commands& commands, std::ostream& out,
                     std::ostream& err);

}  // namespace limpid::control
