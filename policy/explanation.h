// Explanation: why policy decides as it does for one flow, for `limpid explain` and session reports. It tries
// the rules one after the other on the plain conditions, without the compiled tables: slow, and an
// independent witness of what the tables answer. Values; may allocate; never on the data path.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "dataplane/base/address.h"
#include "policy/own_server.h"
#include "policy/rule.h"
#include "policy/upgrade_protocol.h"

namespace limpid::policy {

enum class Phase : std::uint8_t { kConnection, kHello, kCertificate };

/// "connection phase", "SNI phase", "certificate phase".
std::string_view name(Phase phase);

struct RuleTrial {
  std::uint32_t rule = 0;  // counted from 0
  std::string name;
  Action then = Action::kPass;
  bool matched = false;
  bool awaits = false;  // it would match with some certificate, and none is given
  std::string why;      // the first condition that did not match, in words; or what matched
};

struct Explanation {
  FlowFacts facts;
  std::string segment;             // its name; empty: unknown
  std::optional<std::string> sni;  // as given
  std::string front;    // in place of a name, where the hello is encrypted for it; empty: it is not
  std::string upgrade;  // what was spoken before TLS; empty: nothing
  std::string connect;  // whom a proxy was asked for, "shop.example:443"; empty: no proxy
  Phase phase = Phase::kConnection;  // the earliest phase in which this could be decided
  std::string phase_why;
  Action action = Action::kPass;
  std::int32_t rule = -1;  // -1: the default
  std::string rule_name;
  std::vector<std::string> tools;
  bool awaits_certificate = false;  // the decision may be that of a rule that `awaits`, if one matches
  std::vector<RuleTrial> trials;    // up to the one that matched
  KeysInWords keys;                 // of what is decrypted
};

/// What has been seen of a flow beyond its hello.
struct SeenBeyond {
  const UpgradeFacts* upgrade{};    // what was said before TLS; null: nothing
  const CertificateFacts* shown{};  // the server's certificate; null: not known yet
  WallTime now{};                   // when it was shown
  /// The name that the client sends in a hello which is encrypted for it (ECH): nobody's, as any server may
  /// be behind it, and its certificate says nothing of that. Empty: it is not.
  std::string_view front{};
};

/// `own`: the servers whose keys limpid has.
Explanation explain(const Policy& policy, const Names& names, const FlowFacts& facts,
                    std::optional<std::string_view> sni, const std::vector<OwnServer>& own = {},
                    const SeenBeyond& seen = {});

/// For people; ends with a line break. `without_ech`: of the same hello where it is not encrypted for the
/// front that it names; null: `explanation` says it all.
std::string text(const Explanation& explanation, const Explanation* without_ech = nullptr);
/// For machines: one JSON object, without a line break.
std::string json(const Explanation& explanation, const Explanation* without_ech = nullptr);

}  // namespace limpid::policy
