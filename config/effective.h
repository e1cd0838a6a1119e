// The configuration as limpid understands it: YAML with every default visible, which loads again as the same
// configuration.
#pragma once

#include <string>

#include "config/configuration.h"

namespace limpid::config {

std::string render_effective(const Configuration& configuration);
/// The policy alone: the same text for policies that are the same.
std::string render_policy(const Configuration& configuration);

}  // namespace limpid::config
