// docs/state-machines.md, made from the tables of edges in the sources.
#pragma once

#include <string>

namespace limpid::architecture {

std::string state_machines_page();

}  // namespace limpid::architecture
