// `limpid capture`: has the running appliance record handshakes, and writes what it records into a pcapng
// file. Returns the exit code.
#pragma once

#include <functional>
#include <iosfwd>
#include <string>

#include "control/backend.h"
#include "control/command_ask.h"

namespace limpid::control {

struct CaptureArguments {
  std::string file{};  // made anew, mode 0600; one that is there already is an error
  CaptureQuery query{};
};

/// `interrupted_within` waits, and says whether the operator wants it to end.
int capture(const AskArguments& ask, const CaptureArguments& arguments,
            const std::function<bool(Duration)>& interrupted_within, std::ostream& out, std::ostream& err);

}  // namespace limpid::control
