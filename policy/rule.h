// The policy as the operator wrote it: rules in order, first match wins. Plain values, filled by config/ and
// compiled by rule_set.h. An empty list of a condition means: whatever it is.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "dataplane/base/address.h"
#include "dataplane/base/port_map.h"
#include "policy/certificate_conditions.h"
#include "policy/client_certificate.h"
#include "policy/learning.h"
#include "policy/number_range.h"
#include "policy/treatment.h"
#include "policy/versions.h"

namespace limpid::policy {

enum class Action : std::uint8_t { kDecrypt, kPass, kBlock };

/// "decrypt", "pass", "block": as the configuration and every report write them.
std::string_view name(Action action);

/// Whose certificate the client of a decrypted session is shown: its server's own, whose key limpid has
/// (inbound), a forged one (outbound), or the one where limpid has it, and else the other (any).
enum class Direction : std::uint8_t { kAny, kInbound, kOutbound };

/// "any", "inbound", "outbound".
std::string_view name(Direction direction);

// The braces behind members let designated initialisers leave them out without a warning.
struct Conditions {
  std::vector<IpPrefix> client{};
  std::vector<IpPrefix> server{};
  std::vector<NumberRange> client_port{};
  std::vector<NumberRange> server_port{};
  std::vector<NumberRange> vlan{};
  std::vector<std::uint16_t> segment{};  // indices into the configuration's segments
  std::vector<std::string> sni{};        // host patterns in normal form; see host_pattern.h
  // Of what was said in the clear before TLS; see upgrade_protocol.h. Without such words they do not hold.
  std::vector<std::string> upgrade{};       // words
  std::vector<std::string> connect_host{};  // host patterns
  std::vector<NumberRange> connect_port{};
  CertificateConditions certificate{};  // of the server's: the session waits for it

  bool needs_upgrade() const { return !upgrade.empty() || !connect_host.empty() || !connect_port.empty(); }

  /// The connection and the name that the client sends are all that it asks for.
  bool known_at_hello() const { return !needs_upgrade() && !certificate.any(); }

  friend bool operator==(const Conditions&, const Conditions&) = default;
};

/// What an inline tool is to see of the servers' ports in one rule's sessions.
struct ToolPorts {
  std::uint16_t tool = 0;  // index into the configuration's tools
  PortMap ports{};

  friend bool operator==(const ToolPorts&, const ToolPorts&) = default;
};

struct Rule {
  std::string name{};
  Conditions when{};
  Action then = Action::kDecrypt;
  std::vector<std::uint16_t> tools{};   // indices into the configuration's tools; in the order written
  std::vector<ToolPorts> tool_ports{};  // of those of them for which the rule says it
  bool names_tools = false;             // `tools` is there, if only as an empty list
  Direction direction = Direction::kAny;
  VersionChanges versions{};
  std::vector<TreatmentOverride> verification{};  // of defects of certificates, in place of tls.verification
  std::optional<ClientCertificate> client_certificate{};  // in place of tls.client_certificate
  std::optional<Learning> learning{};                     // in place of tls.learning.mode

  friend bool operator==(const Rule&, const Rule&) = default;
};

/// The inline tools of what is not decrypted, where no pass rule names tools of its own. Indices, in order.
struct NotDecrypted {
  std::vector<std::uint16_t> tls{};
  std::vector<std::uint16_t> other_tcp{};
  std::vector<std::uint16_t> non_tcp{};

  friend bool operator==(const NotDecrypted&, const NotDecrypted&) = default;
};

struct Policy {
  Action default_action = Action::kDecrypt;
  std::vector<Rule> rules{};
  NotDecrypted not_decrypted{};

  /// Some TCP flow that is not decrypted may have to go through a tool.
  bool detours_flows() const;

  friend bool operator==(const Policy&, const Policy&) = default;
};

/// What indices are called, for explanations only.
struct Names {
  std::vector<std::string> segments{};
  std::vector<std::string> tools{};
};

/// The name under which the default decides; no rule may bear it.
inline constexpr std::string_view kDefaultRuleName = "default";
inline constexpr std::int32_t kDefaultRule = -1;

/// What policy says of one flow. The views live as long as the RuleSet.
struct Decision {
  Action action = Action::kPass;
  std::int32_t rule = kDefaultRule;  // counted from 0 in the order of the file; kDefaultRule: none matched
  std::string_view rule_name = kDefaultRuleName;
  std::span<const std::uint16_t> tools{};  // indices into the configuration's tools
  std::span<const ToolPorts> tool_ports{};
  bool names_tools = false;  // the rule does, if only that there are none
  /// The server's certificate may yet change it: ask decide_certificate() when it is there.
  bool awaits_certificate = false;
  Direction direction = Direction::kAny;
  std::optional<ClientCertificate> client_certificate{};  // nothing: what is usual
  std::optional<Learning> learning{};                     // likewise
  const VersionChanges* versions = nullptr;               // null: what is usual
  std::span<const TreatmentOverride> verification{};

  /// What the rule says of this tool; null: nothing.
  const PortMap* ports_of(std::uint16_t tool) const {
    for (const ToolPorts& each : tool_ports) {
      if (each.tool == tool) return &each.ports;
    }
    return nullptr;
  }
};

}  // namespace limpid::policy
