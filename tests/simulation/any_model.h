// What the dice make of a seed: links, applications and settings as any run may have them.
#pragma once

#include "dataplane/tcp/endpoint_settings.h"
#include "tests/simulation/application.h"
#include "tests/simulation/link.h"

namespace limpid::simulation {

/// Sequence numbers and clocks like to begin just before they wrap.
std::uint32_t any_number(Dice& dice);
LinkModel any_link(Dice& dice, Duration delay);
ApplicationModel any_application(Dice& dice);
tcp::EndpointSettings any_settings(Dice& dice);

}  // namespace limpid::simulation
