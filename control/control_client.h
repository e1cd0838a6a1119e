// The command line's end of the control socket. May block for as long as it is told; not for the appliance.
#pragma once

#include <string>
#include <string_view>

#include "dataplane/base/clock.h"
#include "dataplane/base/result.h"

namespace limpid::control {

struct AskError {
  bool not_running = false;  // nobody listens there
  std::string sentence;
};

/// Sends one request line and returns the answer's line. `silence_max`: how long nothing may come.
Result<std::string, AskError> ask(const std::string& socket_path, std::string_view request,
                                  Duration silence_max);

}  // namespace limpid::control
