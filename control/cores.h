// Which core does what: each worker has one of its own, and all other threads run on the rest. A worker that
// shares its core with them keeps its frames waiting for as long as they run.
#pragma once

#include <cstdint>
#include <vector>

namespace limpid::control {

/// For workers: every core but the first; on a machine of one core, that one.
std::vector<std::uint16_t> default_worker_cores(unsigned cores_of_machine);

/// Of those that are allowed, what the workers leave; all of them where they leave none.
std::vector<std::uint16_t> cores_beside(const std::vector<std::uint16_t>& workers,
                                        const std::vector<std::uint16_t>& allowed);

/// Keeps this thread, and those that it starts, off the workers' cores. Workers pin themselves. False where
/// the kernel does not take it: threads then run where they did, slower, and not wrong.
bool stay_beside(const std::vector<std::uint16_t>& workers);

}  // namespace limpid::control
