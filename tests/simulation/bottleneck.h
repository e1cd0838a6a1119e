// Bulk transfers: the two ends of one, and several that share a bottleneck.
#pragma once

#include <string>
#include <vector>

#include "tests/simulation/endpoint_host.h"
#include "tests/simulation/link.h"

namespace limpid::simulation {

/// MSS 1460, timestamps, SACK, window shift 7; what the application writes is the caller's to say.
EndpointHostModel bulk_sender(tcp::CongestionControl control, std::size_t buffer);
EndpointHostModel receiver_for(const EndpointHostModel& sender);

struct Contender {
  std::string name;
  tcp::CongestionControl control = tcp::CongestionControl::kCubic;
  Duration begins{};
};

/// What each reaches between two moments, in Mbit/s, when all their data crosses the one link. The way back
/// has the same delay and no limit.
std::vector<double> share_bottleneck(const std::vector<Contender>& contenders, const LinkModel& link,
                                     Duration from, Duration until);

}  // namespace limpid::simulation
