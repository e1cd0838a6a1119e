// A flow's hash, with a secret of this process: attackers choose ports, and some of them addresses. Pure.
#pragma once

#include <cstdint>

#include "dataplane/base/address.h"

namespace limpid::tool {

std::uint64_t flow_hash(const FlowFacts& flow, std::uint64_t secret);
/// The same whichever end is called the client, and in whichever segment.
std::uint64_t symmetric_flow_hash(const FlowFacts& flow, std::uint64_t secret);

}  // namespace limpid::tool
