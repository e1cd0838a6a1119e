// EAL: DPDK's environment, started from our settings and never from argv. Several limpid processes share a
// machine: nothing is shared between them, no file of one is seen by another. Start-up only.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "dataplane/base/result.h"
#include "dataplane/nic/runtime.h"

namespace limpid::nic {

/// What start-up finds out about the machine.
struct MachineFacts {
  std::uint64_t huge_bytes_free = 0;  // of hugepages, whatever their size
  std::uint64_t memory_bytes_available = 0;
  std::vector<int> cores;  // that this process may run on
  int process = 0;         // its id
};

MachineFacts look_at_machine();

struct EalPlan {
  std::vector<std::string> arguments;
  bool huge = false;
};

/// Bytes of the EAL's own, besides the packet buffers: rings, queues of drivers.
inline constexpr std::uint64_t kEalBytes = std::uint64_t{48} << 20U;

/// The arguments of rte_eal_init. The error is a sentence: the memory does not fit. Pure.
Result<EalPlan, std::string> plan_eal(const RuntimeSettings& settings, const MachineFacts& machine);

/// Starts it. The calling thread keeps the cores it may run on. The error is a sentence.
std::string start_eal(const EalPlan& plan, std::function<void(LogLevel, std::string_view)> log);
/// The last line that DPDK has logged as an error, where its functions say no more than that they failed;
/// empty: none.
std::string last_eal_error();
/// The end of it in this process.
void stop_eal();

}  // namespace limpid::nic
