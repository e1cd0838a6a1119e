// One sighting of a server's certificate, on its way from a worker to the inventory. Values only: it crosses
// threads.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "dataplane/base/address.h"
#include "dataplane/base/clock.h"

namespace limpid::certificate {

struct ObservedCertificate {
  std::vector<std::string> chain;  // DER, leaf first
  std::string outcome;             // name(Outcome); empty: not verified
  std::string detail;
  FlowFacts facts;
  std::string sni;  // empty: none
  WallTime seen{};
  bool intercepted = false;  // else seen in the clear handshake of a passed flow
  std::string changed{};     // for the log: the server should present something else; empty: nothing to say
  std::uint32_t times = 1;   // sightings that this one stands for: SightingFilter keeps equal ones back
  std::string leaf{};        // SHA-256, hexadecimal; only of repetitions, whose `chain` is not said again
};

}  // namespace limpid::certificate
