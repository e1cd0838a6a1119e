#include "policy/explanation.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <utility>

#include "policy/host_pattern.h"
#include "policy/strictness.h"

namespace limpid::policy {

namespace {

constexpr std::size_t kListedMax = 4;  // elements of a condition that an explanation names

std::string words(const IpPrefix& prefix) { return prefix.text(); }

std::string words(const NumberRange& range) {
  const std::string first = std::to_string(range.first);
  return range.first == range.last ? first : first + "-" + std::to_string(range.last);
}

std::string words(const std::string& pattern) { return pattern; }

std::string days_words(Duration duration) {
  return std::to_string(std::chrono::duration_cast<std::chrono::hours>(duration).count() / 24) + " days";
}

template <typename T>
std::string listed(const std::vector<T>& list) {
  std::string out;
  for (std::size_t i = 0; i < std::min(list.size(), kListedMax); ++i) {
    out += (i == 0 ? "" : ", ") + words(list[i]);
  }
  if (list.size() > kListedMax) out += " and " + std::to_string(list.size() - kListedMax) + " more";
  return out;
}

bool holds(const std::vector<IpPrefix>& list, const IpAddress& ip) {
  return list.empty() ||
         std::any_of(list.begin(), list.end(), [&](const IpPrefix& prefix) { return prefix.contains(ip); });
}

std::string vlan_words(const NumberRange& range) {
  if (range.first == 0 && range.last == 0) return "untagged";
  return range.first == 0 ? "untagged, " + words(NumberRange{1, range.last}) : words(range);
}

std::string vlans_listed(const std::vector<NumberRange>& list) {
  std::vector<std::string> named;
  named.reserve(list.size());
  for (const NumberRange& range : list) named.push_back(vlan_words(range));
  return listed(named);
}

/// One flow, in the words that explanations use.
class Witness {
 public:
  /// `certified`: the certificate's name that stands for the one that the client does not send; null: none
  /// does.
  Witness(const Names& names, const FlowFacts& facts, std::optional<std::string_view> sni,
          const SeenBeyond& seen, const std::string* certified)
      : names_(names),
        facts_(facts),
        upgrade_(seen.upgrade),
        shown_(seen.shown),
        certified_(certified),
        now_(seen.now),
        sent_name_(sni.has_value()),
        fronted_(!seen.front.empty()) {
    if (sni) host_ = normalize_host(*sni, buffer_.data());
    if (upgrade_ != nullptr) connect_host_ = normalize_host(upgrade_->host, connect_buffer_.data());
  }

  /// The first connection condition that does not hold, in words; empty where all hold.
  std::string connection_refusal(const Conditions& when) const {
    if (!holds(when.server, facts_.server.ip)) {
      return "server " + facts_.server.ip.text() + " is not in " + listed(when.server);
    }
    if (!holds(when.client, facts_.client.ip)) {
      return "client " + facts_.client.ip.text() + " is not in " + listed(when.client);
    }
    if (!holds(when.server_port, facts_.server.port)) {
      return "server port " + std::to_string(facts_.server.port) + " is not " + listed(when.server_port);
    }
    if (!holds(when.client_port, facts_.client.port)) {
      return "client port " + std::to_string(facts_.client.port) + " is not " + listed(when.client_port);
    }
    if (!holds(when.vlan, facts_.vlan)) {
      const std::string seen = facts_.vlan == 0 ? "no VLAN tag" : "VLAN " + std::to_string(facts_.vlan);
      return seen + " is not " + vlans_listed(when.vlan);
    }
    if (!segment_holds(when)) return "segment " + segment(facts_.segment) + " is not " + segments(when);
    return "";
  }

  std::string upgrade_refusal(const Conditions& when) const {
    if (!when.needs_upgrade()) return "";
    if (upgrade_ == nullptr)
      return "it needs words before TLS (StartTLS, CONNECT, SOCKS), and none are given";
    if (!when.upgrade.empty() && !spoken_holds(when))
      return std::string(upgrade_->spoken) + " before TLS is not " + listed(when.upgrade);
    if ((!when.connect_host.empty() || !when.connect_port.empty()) && upgrade_->host.empty())
      return "it needs a proxy's client, and no proxy was asked";
    if (!when.connect_host.empty() && matching_pattern(when.connect_host, connect_host_) == nullptr)
      return "the host that the proxy was asked for is not " + listed(when.connect_host);
    if (!holds(when.connect_port, upgrade_->port)) {
      return "the port that the proxy was asked for, " + std::to_string(upgrade_->port) + ", is not " +
             listed(when.connect_port);
    }
    return "";
  }

  std::string name_refusal(const Conditions& when) const {
    if (when.sni.empty()) return "";
    if (name_pattern(when) != nullptr) return "";
    if (certified_ != nullptr) {
      return "the client sends no server name, and the certificate's " + *certified_ + " is not " +
             listed(when.sni);
    }
    if (fronted_ && !sent_name_) return "it needs a server name, and a front's is nobody's (ECH)";
    if (!sent_name_) return "it needs a server name, and the client sends none (no SNI)";
    if (!host_) return "it needs a server name, and what the client sends is not one";
    return "server name " + std::string(*host_) + " is not " + listed(when.sni);
  }

  /// No certificate is given, and with some the rule would match: all of it holds that can be known without.
  bool awaits(const Conditions& when) const {
    if (fronted_ || shown_ != nullptr) return false;
    if (!connection_refusal(when).empty() || !upgrade_refusal(when).empty()) return false;
    const bool named = when.sni.empty() || name_pattern(when) != nullptr;
    return named ? when.certificate.any() : !host_;
  }

  std::string certificate_refusal(const Rule& rule) const {
    const CertificateConditions& when = rule.when.certificate;
    if (!when.any()) return "";
    if (fronted_) return "it needs the server's certificate, and what a front shows is not that (ECH)";
    if (shown_ == nullptr) return "it needs the server's certificate";
    const auto is_not = [](const std::string& what, const std::string& shown, const std::string& wanted) {
      return "the certificate's " + what + " " + shown + " is not " + wanted;
    };
    switch (refusal(when, *shown_, rule.then == Action::kPass, now_)) {
      case CertificateRefusal::kNone:
        return "";
      case CertificateRefusal::kName:
        return is_not("name", listed(shown_->names), listed(when.name));
      case CertificateRefusal::kSubject:
        return is_not("subject", shown_->subject, listed(when.subject));
      case CertificateRefusal::kIssuer:
        return is_not("issuer", shown_->issuer, listed(when.issuer));
      case CertificateRefusal::kFingerprint:
        return "no certificate of the chain has the fingerprint " + listed(when.fingerprint);
      case CertificateRefusal::kKey:
        return is_not("key", shown_->key, listed(when.key));
      case CertificateRefusal::kKeyBits:
        return is_not("key", std::to_string(shown_->key_bits) + " bits", listed(when.key_bits));
      case CertificateRefusal::kExpiry:
        return "the certificate does not expire within " + days_words(when.expires_within);
      case CertificateRefusal::kIssued:
        return "the certificate is older than " + days_words(when.issued_within);
      case CertificateRefusal::kLifetime:
        return "the certificate is not valid for more than " + days_words(when.valid_for_more_than);
      case CertificateRefusal::kOutcome:
        return "verification says " + listed(shown_->outcomes) + ", not " + listed(when.outcome);
      case CertificateRefusal::kNotBelieved:
        return "the certificate's texts match, but it does not verify (" + listed(shown_->outcomes) +
               "), and the rule passes";
    }
    return "";
  }

  std::string agreement(const Conditions& when) const {
    std::string out;
    const auto add = [&out](const std::string& what) { out += (out.empty() ? "" : ", ") + what; };
    if (!when.server.empty()) add("server " + facts_.server.ip.text());
    if (!when.client.empty()) add("client " + facts_.client.ip.text());
    if (!when.server_port.empty()) add("server port " + std::to_string(facts_.server.port));
    if (!when.client_port.empty()) add("client port " + std::to_string(facts_.client.port));
    if (!when.vlan.empty()) add(facts_.vlan == 0 ? "untagged" : "VLAN " + std::to_string(facts_.vlan));
    if (!when.segment.empty()) add("segment " + segment(facts_.segment));
    if (!when.upgrade.empty()) add(std::string(upgrade_->spoken) + " before TLS");
    if (const std::string* pattern = matching_pattern(when.connect_host, connect_host_)) {
      add("proxy asked for " + std::string(*connect_host_) + " matches " + *pattern);
    }
    if (!when.connect_port.empty()) add("proxy asked for port " + std::to_string(upgrade_->port));
    if (const std::string* pattern = name_pattern(when)) {
      add((host_ ? "server name " + std::string(*host_) : std::string("a name of the certificate")) +
          " matches " + *pattern);
    }
    if (when.certificate.any()) add("the certificate is as it says");
    return out.empty() ? "it has no conditions" : out;
  }

 private:
  bool segment_holds(const Conditions& when) const {
    return when.segment.empty() ||
           std::find(when.segment.begin(), when.segment.end(), facts_.segment) != when.segment.end();
  }

  /// Of the names that the client sends, or where it sends none, that the certificate bears.
  const std::string* name_pattern(const Conditions& when) const {
    if (host_) return matching_pattern(when.sni, host_);
    for (const std::string& pattern : when.sni) {
      if (certificate_names(pattern)) return &pattern;
    }
    return nullptr;
  }

  bool spoken_holds(const Conditions& when) const {
    return std::find(when.upgrade.begin(), when.upgrade.end(), upgrade_->spoken) != when.upgrade.end();
  }

  static const std::string* matching_pattern(const std::vector<std::string>& patterns,
                                             std::optional<std::string_view> host) {
    if (!host) return nullptr;
    for (const std::string& pattern : patterns) {
      if (matches(pattern, *host)) return &pattern;
    }
    return nullptr;
  }

  bool certificate_names(const std::string& pattern) const {
    return certified_ != nullptr && includes(pattern, *certified_);
  }

  std::string segment(std::uint16_t index) const {
    return index < names_.segments.size() ? names_.segments[index] : std::to_string(index);
  }

  std::string segments(const Conditions& when) const {
    std::vector<std::string> called;
    for (const std::uint16_t index : when.segment) called.push_back(segment(index));
    return listed(called);
  }

  const Names& names_;
  const FlowFacts& facts_;
  const UpgradeFacts* upgrade_;
  const CertificateFacts* shown_;
  const std::string* certified_;  // its name that stands for the one that the client does not send
  WallTime now_;
  bool sent_name_;
  bool fronted_;  // what is sent is the name of a front
  std::array<char, kHostBytesMax> buffer_{};
  std::array<char, kHostBytesMax> connect_buffer_{};
  std::optional<std::string_view> host_;
  std::optional<std::string_view> connect_host_;  // as `host_`, of whom a proxy was asked for
};

/// Whether the server name can matter: does a rule that needs it come before the first that does not, among
/// those whose other conditions hold?
void judge_phase(const Policy& policy, const Witness& witness, Explanation& made) {
  made.phase = Phase::kConnection;
  made.phase_why = "no rule that could match needs the server name";
  for (const Rule& rule : policy.rules) {
    if (!witness.connection_refusal(rule.when).empty()) continue;
    if (rule.when.sni.empty() && rule.when.known_at_hello()) return;
    made.phase = Phase::kHello;
    made.phase_why = "rule \"" + rule.name + "\" could match and needs " +
                     (rule.when.needs_upgrade()     ? "what is said before TLS"
                      : rule.when.certificate.any() ? "the server's certificate"
                                                    : "the server name");
    return;
  }
}

void decide_default(const Policy& policy, Explanation& made) {
  made.action = policy.default_action;
  made.rule = -1;
  made.rule_name = kDefaultRuleName;
}

void decide(const Rule& rule, std::uint32_t number, const Names& names, Explanation& made) {
  made.action = rule.then;
  made.rule = static_cast<std::int32_t>(number);
  made.rule_name = rule.name;
  for (const std::uint16_t tool : rule.tools) {
    made.tools.push_back(tool < names.tools.size() ? names.tools[tool] : std::to_string(tool));
  }
}

}  // namespace

std::string_view name(Phase phase) {
  switch (phase) {
    case Phase::kConnection:
      return "connection phase";
    case Phase::kHello:
      return "SNI phase";
    case Phase::kCertificate:
      return "certificate phase";
  }
  return "";
}

namespace {

/// What is the same whichever name of a certificate stands for the server's.
Explanation described(const Names& names, const FlowFacts& facts, std::optional<std::string_view> sni,
                      const SeenBeyond& seen) {
  const UpgradeFacts* upgrade = seen.upgrade;
  Explanation made;
  made.facts = facts;
  made.front = seen.front;
  if (facts.segment < names.segments.size()) made.segment = names.segments[facts.segment];
  if (sni && !sni->empty()) made.sni = std::string(*sni);
  if (upgrade == nullptr) return made;
  made.upgrade = upgrade->spoken;
  if (!upgrade->host.empty()) made.connect = std::string(upgrade->host) + ":" + std::to_string(upgrade->port);
  return made;
}

void say_certificate_phase(const Rule& rule, const char* why, Explanation& made) {
  made.phase = Phase::kCertificate;
  made.phase_why = "rule \"" + rule.name + "\" " + why;
}

/// True: it matches.
bool try_rule(const Witness& witness, const Rule& rule, std::uint32_t number, Explanation& made) {
  std::string why = witness.connection_refusal(rule.when);
  if (why.empty()) why = witness.upgrade_refusal(rule.when);
  if (why.empty()) why = witness.name_refusal(rule.when);
  if (why.empty()) why = witness.certificate_refusal(rule);
  const bool matched = why.empty();
  if (matched) why = witness.agreement(rule.when);
  const bool awaits = witness.awaits(rule.when);
  if (awaits && !made.awaits_certificate)
    say_certificate_phase(rule, "may match with the server's certificate", made);
  made.awaits_certificate = made.awaits_certificate || awaits;
  made.trials.push_back({number, rule.name, rule.then, matched, awaits, std::move(why)});
  if (matched && rule.when.certificate.any())
    say_certificate_phase(rule, "needs the server's certificate", made);
  return matched;
}

Explanation judged(const Policy& policy, const Names& names, const Witness& witness, Explanation made) {
  judge_phase(policy, witness, made);
  decide_default(policy, made);
  for (std::uint32_t number = 0; number < policy.rules.size(); ++number) {
    if (!try_rule(witness, policy.rules[number], number, made)) continue;
    decide(policy.rules[number], number, names, made);
    break;
  }
  return made;
}

void explain_own_keys(const Policy& policy, const std::vector<OwnServer>& own, Explanation& made) {
  if (made.action != Action::kDecrypt) return;
  const Direction direction = made.rule == kDefaultRule
                                  ? Direction::kAny
                                  : policy.rules[static_cast<std::size_t>(made.rule)].direction;
  made.keys = {"outbound", {}, ""};
  // Keys are chosen by the name in the clear, whoever is behind it.
  const std::string& asked = made.front.empty() ? made.sni.value_or("") : made.front;
  if (!own.empty()) made.keys = explain_keys(direction, own, made.facts, asked);
}

}  // namespace

Explanation explain(const Policy& policy, const Names& names, const FlowFacts& facts,
                    std::optional<std::string_view> sni, const std::vector<OwnServer>& own,
                    const SeenBeyond& seen) {
  const Explanation flow = described(names, facts, sni, seen);
  const auto by = [&](const std::string* certified) {
    return judged(policy, names, Witness(names, facts, flow.sni, seen, certified), flow);
  };
  std::array<char, kHostBytesMax> buffer{};
  const bool named = sni && normalize_host(*sni, buffer.data());
  const bool stands_for_it = !named && seen.shown != nullptr && seen.shown->believed;
  Explanation strictest =
      by(stands_for_it && !seen.shown->names.empty() ? &seen.shown->names.front() : nullptr);
  for (std::size_t i = 1; stands_for_it && i < seen.shown->names.size(); ++i) {
    Explanation made = by(&seen.shown->names[i]);
    if (is_stricter(made.action, made.rule, strictest.action, strictest.rule)) strictest = std::move(made);
  }
  explain_own_keys(policy, own, strictest);
  return strictest;
}

}  // namespace limpid::policy
