// LIMPID_CHECK: for what only a defect of ours can break. Never for anything that a peer, the machine or
// a library may cause: those are ordinary results with a Reason.
#pragma once

namespace limpid {

/// Prints where and what, and ends the process by abort().
[[noreturn]] void check_failed(const char* file, int line, const char* condition, const char* why);

}  // namespace limpid

#define LIMPID_CHECK(condition, why) \
  ((condition) ? static_cast<void>(0) : ::limpid::check_failed(__FILE__, __LINE__, #condition, (why)))
