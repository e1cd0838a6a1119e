// tls: whose certificates sign, whom to trust, which versions, on which ports connections are upgraded to it.
#include <algorithm>

#include "config/conditions.h"
#include "config/sections.h"
#include "config/versions.h"

namespace limpid::config {

namespace {

/// Some session may need a forged certificate.
bool forges(const policy::Policy& policy) {
  return policy.default_action == policy::Action::kDecrypt ||
         std::any_of(policy.rules.begin(), policy.rules.end(), [](const policy::Rule& rule) {
           return rule.then == policy::Action::kDecrypt && rule.direction != policy::Direction::kInbound;
         });
}

bool names_inbound(const policy::Policy& policy) {
  return std::any_of(policy.rules.begin(), policy.rules.end(),
                     [](const policy::Rule& rule) { return rule.direction == policy::Direction::kInbound; });
}

std::optional<KeyPair> read_key_pair(const Value& value, const Files& files) {
  auto section = Section::open(value);
  if (!section) return std::nullopt;
  KeyPair pair;
  const auto certificate = section->require("certificate", "certificate: a CA certificate in PEM");
  if (certificate) pair.certificate = files.pem(*certificate, "CERTIFICATE").value_or("");
  const auto key = section->require("key", "key: the CA's private key in PEM");
  if (key) pair.key = files.pem(*key, "PRIVATE KEY").value_or("");
  section->finish();
  return pair;
}

void read_signing(const std::optional<Value>& value, Reading& reading) {
  auto section = value ? Section::open(*value) : std::nullopt;
  if (!section) return;
  if (const auto pair = section->take("trusted"))
    reading.made.tls.trusted = read_key_pair(*pair, reading.files);
  if (const auto pair = section->take("untrusted")) {
    reading.made.tls.untrusted = read_key_pair(*pair, reading.files);
  }
  section->finish();
}

std::optional<std::uint16_t> read_port(const Value& value) {
  const auto number = value.number("a port", 1, UINT16_MAX);
  if (!number) return std::nullopt;
  return static_cast<std::uint16_t>(*number);
}

/// A port alone, where it is well known what is spoken there; else "{ port: …, protocol: … }".
std::optional<StarttlsPort> read_starttls_port(const Value& value) {
  if (value.node().kind != YamlNode::Kind::kMap) {
    const auto port = read_port(value);
    if (!port) return std::nullopt;
    if (const auto usual = policy::usual_protocol(*port)) return StarttlsPort{*port, *usual};
    value.error("it is not known what is spoken on this port",
                "{ port: " + std::to_string(*port) + ", protocol: smtp }");
    return std::nullopt;
  }
  static const std::vector<std::string> kWords(policy::upgrade_protocol_names().begin(),
                                               policy::upgrade_protocol_names().end());
  auto section = Section::open(value);
  if (!section) return std::nullopt;
  const auto given = section->require("port", "port: a number");
  const auto spoken = section->require("protocol", "protocol: what is spoken there");
  const auto port = given ? read_port(*given) : std::nullopt;
  const auto word = spoken ? spoken->one_of("a protocol", kWords) : std::nullopt;
  section->finish();
  if (!port || !word) return std::nullopt;
  return StarttlsPort{*port, static_cast<policy::UpgradeProtocol>(*word)};
}

void read_starttls_ports(Section& section, Tls& tls) {
  constexpr std::uint64_t kMost = 4'096;
  if (const auto most = section.take("starttls_ports_max")) {
    if (const auto number = most->number("a number of ports", 1, kMost))
      tls.starttls_ports_max = static_cast<std::uint32_t>(*number);
  }
  const auto ports = section.take("starttls_ports");
  const auto elements = ports ? ports->list("ports", Value::ListForm::kListOrEmpty) : std::nullopt;
  if (!elements) return;
  if (elements->size() > tls.starttls_ports_max) {
    return ports->error(
        "there are " + std::to_string(elements->size()) + " ports",
        "at most " + std::to_string(tls.starttls_ports_max) + ", or a higher starttls_ports_max");
  }
  for (const Value& element : *elements) {
    const auto port = read_starttls_port(element);
    if (!port) continue;
    const bool known = std::any_of(tls.starttls_ports.begin(), tls.starttls_ports.end(),
                                   [&](const StarttlsPort& other) { return other.port == port->port; });
    if (known) element.error("the port is here twice", "every port once");
    tls.starttls_ports.push_back(*port);
  }
}

/// In place of the usual ones; an empty list: every name is taken at its word.
void read_ech_fronts(Section& section, Tls& tls) {
  const auto value = section.take("ech_fronts");
  const auto elements = value ? value->list("host patterns", Value::ListForm::kListOrEmpty) : std::nullopt;
  if (!elements) return;
  tls.ech_fronts.clear();
  for (const Value& element : *elements) {
    if (auto pattern = read_pattern(element)) tls.ech_fronts.push_back(std::move(*pattern));
  }
}

/// What rules change must leave each leg a version.
void check_rules(const Value& at, const Configuration& made) {
  for (const policy::Rule& rule : made.policy.rules) {
    if (rule.versions == policy::VersionChanges{}) continue;
    const policy::VersionPolicy versions = rule.versions.applied_to(made.tls.versions);
    check_versions(at, versions, "rule " + in_quotes(rule.name) + ": ");
    if (rule.when.certificate.any() && versions.server.max < made.tls.versions.server.max) {
      at.warning("rule " + in_quotes(rule.name) +
                     ": servers that have a newer version than the rule allows are refused: it is agreed "
                     "upon before their certificates are seen",
                 "when: certificate with the \"max\" of tls.versions, or none");
    }
  }
}

/// What a policy that decrypts cannot do without.
void check_needs(const Value& at, bool trust_given, Reading& reading) {
  Tls& tls = reading.made.tls;
  if (tls.inbound.empty() && names_inbound(reading.made.policy))
    at.error("\"tls.inbound\" is missing, but a rule decrypts inbound", "tls.inbound: servers of your own");
  if (!forges(reading.made.policy)) return;
  if (!tls.trusted) {
    at.error("\"tls.signing.trusted\" is missing, but the policy decrypts",
             "tls.signing.trusted: { certificate: …, key: … }, the CA that clients trust");
  } else if (!tls.untrusted) {
    at.warning("\"tls.signing.untrusted\" is missing: sessions with servers that do not verify are refused");
  }
  if (!trust_given && !reading.files.check_default_trust(at, tls.trust)) tls.trust.clear();
}

}  // namespace

void read_tls(Section& root, Reading& reading) {
  const auto value = root.take("tls");
  auto section = value ? Section::open(*value) : std::nullopt;
  if (!section) {
    if (!value) check_needs(root.value(), false, reading);
    return;
  }
  Tls& tls = reading.made.tls;
  read_signing(section->take("signing"), reading);
  const auto trust = section->take("trust");
  if (trust) {
    tls.trust = reading.files.trust(*trust).value_or("");
  }
  if (const auto versions = section->take("versions")) {
    tls.versions = read_versions(*versions).applied_to({});
    check_versions(*versions, tls.versions, "");
  }
  read_verification(*section, reading.files, tls);
  if (const auto resumption = section->take("resumption")) read_resumption(*resumption, tls.resumption);
  if (const auto log = section->take("key_log")) read_key_log(*log, reading.files, tls.key_log);
  if (const auto learning = section->take("learning")) read_learning(*learning, reading.files, tls.learning);
  check_rules(*value, reading.made);
  read_ech_fronts(*section, tls);
  read_starttls_ports(*section, tls);
  if (const auto inbound = section->take("inbound")) read_inbound_keys(*inbound, reading);
  read_client_certificates(*section, reading.files, tls);
  check_needs(*value, trust.has_value(), reading);
  section->finish();
}

}  // namespace limpid::config
