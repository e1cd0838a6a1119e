// Generations: numbers that tell any two of a process's snapshots apart (policies, trust stores, signing
// material), so that what was remembered under one is never used under another. Safe from any thread.
#pragma once

#include <atomic>
#include <cstdint>

namespace limpid {

/// Never 0, and never the same again.
inline std::uint64_t next_generation() {
  static std::atomic<std::uint64_t> last{0};
  return ++last;
}

}  // namespace limpid
