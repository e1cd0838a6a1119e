// What a target claims. A claim that does not hold ends the process, which libFuzzer keeps as a finding.
#pragma once

#include <cstdio>
#include <cstdlib>

namespace limpid {

inline void require(bool condition, const char* what) {
  if (condition) return;
  std::fprintf(stderr, "claim broken: %s\n", what);
  std::abort();
}

}  // namespace limpid
