// The running appliance: appliance.cc wires every part of limpid together, and nothing else does.
#pragma once

#include <string>

namespace limpid::control {

/// `limpid run`: loads the configuration, starts everything, and returns after SIGTERM or SIGINT when it has
/// drained. The exit code: 0 stopped in good order, 1 failed at run time, 2 configuration.
int run_appliance(const std::string& config_path);

}  // namespace limpid::control
