// Overwrites what was secret, where an optimiser must not leave it out.
#pragma once

#include <cstring>

#include "dataplane/base/bytes.h"

namespace limpid {

inline void wipe(MutableBytes bytes) {
  if (!bytes.empty()) explicit_bzero(bytes.data(), bytes.size());
}

}  // namespace limpid
