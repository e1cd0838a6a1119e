// The committed tables of the simulator.
#pragma once

#include <string>

namespace limpid::simulation {

std::string all_tables();
/// Writes them where the test looks for them; from the top of the sources.
void write_tables();

}  // namespace limpid::simulation
