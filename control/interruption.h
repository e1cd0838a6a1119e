// Interruption: Ctrl-C for a command that has something to finish. From its construction on SIGINT and
// SIGTERM no longer end the process; within() says that one came. Thread: the one that made it, before any
// other starts.
#pragma once

#include "dataplane/base/clock.h"

namespace limpid::control {

class Interruption {
 public:
  Interruption();
  /// Waits for so long, or until a signal has come: true.
  bool within(Duration time);
};

}  // namespace limpid::control
