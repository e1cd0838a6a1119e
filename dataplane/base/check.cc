#include "dataplane/base/check.h"

#include <cstdio>
#include <cstdlib>

namespace limpid {

void check_failed(const char* file, int line, const char* condition, const char* why) {
  static_cast<void>(std::fprintf(stderr, "limpid: defect at %s:%d: %s (%s)\n", file, line, why, condition));
  std::abort();
}

}  // namespace limpid
