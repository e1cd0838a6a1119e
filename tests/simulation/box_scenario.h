// BoxScenario: everything that one seed decides of a whole-box run: client, server and what they are, four
// links and the tool between them, what policy says, and what fails.
#pragma once

#include <array>
#include <optional>
#include <string>

#include "dataplane/flow/flow_engine.h"
#include "tests/simulation/adversarial_peer.h"
#include "tests/simulation/endpoint_host.h"
#include "tests/simulation/tool.h"

namespace limpid::simulation {

/// The client or the server.
struct BoxPeerModel {
  enum class Kind : std::uint8_t { kEndpoint, kReference, kAdversary } kind = Kind::kEndpoint;
  EndpointHostModel endpoint{};
  ReferencePeerModel reference{};
  Mischief mischief{};

  ApplicationModel& application() {
    return kind == Kind::kEndpoint ? endpoint.application : reference.application;
  }
  const ApplicationModel& application() const {
    return kind == Kind::kEndpoint ? endpoint.application : reference.application;
  }
  std::string describe() const;
};

/// What policy says, and when.
enum class BoxPolicy : std::uint8_t { kAdopt, kForward, kForwardAtSyn, kDropAtSyn, kReset };

struct BoxFaults {
  double no_packet = 0;  // a packet buffer is refused
  // No buffer is free, and the engine can see it.
  Duration outage_at{};
  Duration outage_for{};
  Duration timer_jitter{};  // so much later than asked for
  double lies = 0;          // for each frame, a forged report that it was too big
};

struct BoxScenario {
  std::uint64_t seed = 0;
  Route route{};  // from the client to the server
  BoxPeerModel client{};
  BoxPeerModel server{};
  LinkModel client_to_box{};
  LinkModel box_to_client{};
  LinkModel server_to_box{};
  LinkModel box_to_server{};
  std::optional<ToolModel> tool{};  // none: bytes pass from leg to leg
  std::uint64_t hello = 0;          // the client's first line
  BoxPolicy policy = BoxPolicy::kAdopt;
  bool client_on_server_port = false;
  flow::FlowEngineSettings engine{};
  BoxFaults faults{};
  Duration heals_after{};
  Duration bound{};            // where nobody breaks the connection, all has ended by then
  Duration bound_if_broken{};  // a lost reset is found out by the keepalive of an idle flow, after an hour

  /// What is not decrypted goes through the tool as well, packet by packet. A relay speaks in numbers of its
  /// own, which the ends would not understand.
  bool detours() const {
    const bool forwards = policy == BoxPolicy::kForward || policy == BoxPolicy::kForwardAtSyn;
    return forwards && tool && tool->kind == ToolModel::Kind::kBridge;
  }

  static BoxScenario from_seed(std::uint64_t seed);
  std::string describe() const;
};

}  // namespace limpid::simulation
