// What this executable is made of. Any thread.
#pragma once

#include "control/reports.h"

namespace limpid::control {

/// From the build: the libraries are linked as they were found there.
Version built_version();

}  // namespace limpid::control
