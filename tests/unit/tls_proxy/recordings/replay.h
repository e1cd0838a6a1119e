// A recorded flow, played to the recognisers of upgrades and to the parser of ClientHellos as limpid would.
#pragma once

#include <optional>
#include <vector>

#include "policy/upgrade_protocol.h"
#include "tests/unit/tls_proxy/recordings/known_flows.h"
#include "tls_proxy/client_hello.h"
#include "tls_proxy/upgrade/recogniser.h"

namespace limpid::testing {

struct Replayed {
  tls::Finding found;
  std::vector<RecordedTurn> behind;  // the upgrade: what the client says then, and all that follows
};

/// nullopt: nobody says what is spoken on the port.
Replayed replay(const RecordedFlow& flow, std::optional<policy::UpgradeProtocol> of_port);

struct SpokenUpgrade {
  /// nullopt: what is spoken shows in the client's first bytes.
  std::optional<policy::UpgradeProtocol> protocol;
};
/// Of KnownFlow::upgrade; null: nothing that a flow could be upgraded by.
const SpokenUpgrade* upgrade_of(const KnownFlow& known);

/// What is TLS of the flow: all, or what is behind the upgrade.
std::vector<RecordedTurn> tls_turns(const KnownFlow& known, const RecordedFlow& flow);

/// Shown turn by turn, as far as the parser wants more.
tls::FirstBytes first_bytes_of(const std::vector<RecordedTurn>& turns, tls::ClientHello& hello);

}  // namespace limpid::testing
