// The configuration as limpid understands it: YAML with every default visible, which loads again as the same
// configuration.
#pragma once

#include <string>

#include "config/configuration.h"

namespace limpid::config {

std::string render_effective(const Configuration& configuration);

}  // namespace limpid::config
