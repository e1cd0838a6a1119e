// A flow's hash, with a secret of this process: attackers choose ports, and some of them addresses. Pure.
#pragma once

#include <cstdint>

#include "dataplane/base/address.h"
#include "dataplane/wire/packet_view.h"

namespace limpid::tool {

std::uint64_t flow_hash(const FlowFacts& flow, std::uint64_t secret);
/// With the lower end as the client: the same whichever end was called so.
FlowFacts ordered(FlowFacts flow);
/// The same whichever end is called the client, and in whichever segment.
std::uint64_t symmetric_flow_hash(const FlowFacts& flow, std::uint64_t secret);

/// What all packets between two hosts have in common, fragments among them: as facts without ports.
FlowFacts hosts_of(const wire::IpView& ip);

}  // namespace limpid::tool
