// A whole-box run: client, link, box with four endpoints, tool, link, server, in virtual time. One seed is
// one run. The oracles are always on: streams, wires, liveness, resources.
#pragma once

#include <optional>
#include <string>

#include "tests/simulation/box_scenario.h"
#include "tests/simulation/observer.h"

namespace limpid::simulation {

/// How often something happened that the seeds are there to bring about.
struct BoxCoverage {
  std::uint64_t adopted = 0;
  std::uint64_t undecided = 0;  // of these: before the first line was whole
  std::uint64_t forwarded = 0;
  std::uint64_t dropped = 0;
  std::uint64_t through_tool = 0;  // whole streams
  std::uint64_t tool_ended = 0;
  std::uint64_t tool_broke = 0;
  std::uint64_t detoured = 0;    // whole streams of flows that are not decrypted, through the tool
  std::uint64_t detour_cut = 0;  // of these flows: by the tool's death
  std::uint64_t aborted = 0;     // by the client or the server
  std::uint64_t evicted = 0;
  std::uint64_t no_packet = 0;  // runs in which a packet buffer was refused
  std::uint64_t no_chunk = 0;   // and stream memory
  std::uint64_t reports = 0;    // ICMP acted upon

  void add(const BoxCoverage& other);
};

struct BoxResult {
  std::optional<Complaint> complaint{};
  std::string log{};  // how everything stood at last
  Duration took{};    // virtual, until all was over
  std::uint64_t frames = 0;
  std::uint64_t delivered = 0;  // bytes that client and server have read
  BoxCoverage coverage{};
};

/// Plays the scenario to its end. `observer`: not owned; may be null.
BoxResult run(const BoxScenario& scenario, BoxObserver* observer = nullptr);

}  // namespace limpid::simulation
