// The page of reasons in docs/operations, made from dataplane/base/reasons.def.
#pragma once

#include <string>

namespace limpid::architecture {

std::string reasons_page();

}  // namespace limpid::architecture
