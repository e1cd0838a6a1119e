#include "control/cores.h"

#include <sched.h>

#include <algorithm>

namespace limpid::control {

std::vector<std::uint16_t> default_worker_cores(unsigned cores_of_machine) {
  std::vector<std::uint16_t> cores;
  for (unsigned core = 1; core < cores_of_machine; ++core) cores.push_back(static_cast<std::uint16_t>(core));
  if (cores.empty()) cores.push_back(0);
  return cores;
}

std::vector<std::uint16_t> cores_beside(const std::vector<std::uint16_t>& workers,
                                        const std::vector<std::uint16_t>& allowed) {
  std::vector<std::uint16_t> rest;
  for (const std::uint16_t core : allowed) {
    if (std::find(workers.begin(), workers.end(), core) == workers.end()) rest.push_back(core);
  }
  return rest.empty() ? allowed : rest;
}

bool stay_beside(const std::vector<std::uint16_t>& workers) {
  cpu_set_t now;
  CPU_ZERO(&now);
  if (sched_getaffinity(0, sizeof now, &now) != 0) return false;
  std::vector<std::uint16_t> allowed;
  for (std::uint16_t core = 0; core < CPU_SETSIZE; ++core) {
    if (CPU_ISSET(core, &now)) allowed.push_back(core);
  }
  cpu_set_t rest;
  CPU_ZERO(&rest);
  for (const std::uint16_t core : cores_beside(workers, allowed)) CPU_SET(core, &rest);
  return sched_setaffinity(0, sizeof rest, &rest) == 0;
}

}  // namespace limpid::control
