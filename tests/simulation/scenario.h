// Scenario: everything that one seed decides. Two hosts, two links, how their applications behave, and when
// the link heals.
#pragma once

#include <optional>
#include <string>

#include "tests/simulation/any_model.h"
#include "tests/simulation/endpoint_host.h"
#include "tests/simulation/link.h"
#include "tests/simulation/observer.h"
#include "tests/simulation/reference_peer.h"

namespace limpid::simulation {

struct Scenario {
  std::uint64_t seed = 0;
  EndpointHostModel left{};
  std::optional<EndpointHostModel> right_endpoint{};
  std::optional<ReferencePeerModel> right_reference{};
  LinkModel to_right{};
  LinkModel to_left{};
  double lies = 0;  // for each frame, a forged report that it was too big
  Duration heals_after{};
  Duration bound{};  // everything has ended by then

  static Scenario from_seed(std::uint64_t seed);
  std::string describe() const;
};

struct RunResult {
  std::optional<Complaint> complaint{};
  std::string log{};  // how both ends stood at last
  Duration took{};    // virtual
  std::uint64_t frames = 0;
  std::uint64_t delivered = 0;  // bytes read by the applications
  Coverage coverage{};
};

/// Plays the scenario to its end. `observer`: not owned; may be null.
RunResult run(const Scenario& scenario, Observer* observer = nullptr);

}  // namespace limpid::simulation
