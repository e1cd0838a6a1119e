// How explanations are shown: to people as text, to machines as JSON.
#include <array>
#include <nlohmann/json.hpp>
#include <string_view>

#include "policy/explanation.h"

namespace limpid::policy {

namespace {

/// Names come from the command line and from clients: nothing in them may move the cursor.
std::string printable(std::string_view text) {
  static constexpr std::string_view kHex = "0123456789abcdef";
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x20U && byte < 0x7fU) {
      out += c;
    } else {
      out += std::string("\\x") + kHex[byte >> 4U] + kHex[byte & 15U];
    }
  }
  return out;
}

constexpr std::array<std::string_view, 3> kPhaseWords{"connection", "sni", "certificate"};

std::string headline(const Explanation& explanation) {
  const FlowFacts& facts = explanation.facts;
  std::string line = facts.client.text() + " -> " + facts.server.text();
  if (!explanation.segment.empty()) line += ", segment " + explanation.segment;
  line += facts.vlan == 0 ? ", untagged" : ", VLAN " + std::to_string(facts.vlan);
  if (!explanation.upgrade.empty()) line += ", " + explanation.upgrade;
  if (!explanation.connect.empty()) line += " " + printable(explanation.connect);
  if (!explanation.front.empty()) return line + ", SNI " + printable(explanation.front) + " with ECH";
  return line + (explanation.sni ? ", SNI " + printable(*explanation.sni) : ", no SNI");
}

/// Nobody on the wire can tell who means the extension from who sends it as browsers do everywhere.
constexpr std::string_view kFrontWhy =
    "the name is one of tls.ech_fronts: in a hello with the ECH extension, which almost every browser sends, "
    "it is nobody's, and policy decides without it and without the certificate";

std::string joined(const std::vector<std::string>& list) {
  std::string out;
  for (const std::string& element : list) out += (out.empty() ? "" : ", ") + element;
  return out;
}

std::string one_text(const Explanation& explanation) {
  std::string out = headline(explanation) + "\n";
  for (const RuleTrial& trial : explanation.trials) {
    out += "  rules[" + std::to_string(trial.rule) + "] " + trial.name + ": " +
           (trial.matched  ? "matches: "
            : trial.awaits ? "awaits: "
                           : "no: ") +
           printable(trial.why) + "\n";
  }
  if (explanation.rule < 0) out += "  default: no rule matches\n";
  out += "decision: " + std::string(name(explanation.action)) + ", by " +
         (explanation.rule < 0 ? std::string("the default") : "rule \"" + explanation.rule_name + "\"");
  if (!explanation.tools.empty()) out += ", tools " + joined(explanation.tools);
  if (explanation.awaits_certificate)
    out += ", unless the server's certificate matches a rule that awaits it (--certificate)";
  if (!explanation.keys.why.empty()) {
    out += "\nkeys:     " + explanation.keys.direction;
    if (!explanation.keys.keys.empty()) out += ", " + joined(explanation.keys.keys);
    out += " (" + explanation.keys.why + ")";
  }
  out += "\nphase:    " + std::string(name(explanation.phase)) + " (" + explanation.phase_why + ")\n";
  return out;
}

nlohmann::json object_of(const Explanation& explanation) {
  using nlohmann::json;
  json trials = json::array();
  for (const RuleTrial& trial : explanation.trials) {
    trials.push_back({{"rule", trial.rule},
                      {"name", trial.name},
                      {"then", name(trial.then)},
                      {"matched", trial.matched},
                      {"awaits_certificate", trial.awaits},
                      {"why", trial.why}});
  }
  const FlowFacts& facts = explanation.facts;
  const bool fronted = !explanation.front.empty();
  const json sni = explanation.sni ? json(*explanation.sni) : json(nullptr);
  return {
      {"client", facts.client.text()},
      {"server", facts.server.text()},
      {"vlan", facts.vlan},
      {"segment", explanation.segment},
      {"sni", fronted ? json(explanation.front) : sni},
      {"ech", fronted},
      {"ech_why", fronted ? kFrontWhy : ""},
      {"upgrade", explanation.upgrade},
      {"connect", explanation.connect},
      {"phase", kPhaseWords[static_cast<std::size_t>(explanation.phase)]},
      {"phase_why", explanation.phase_why},
      {"decision", name(explanation.action)},
      {"awaits_certificate", explanation.awaits_certificate},
      {"rule", explanation.rule < 0 ? json(nullptr) : json(explanation.rule)},
      {"rule_name", explanation.rule_name},
      {"tools", explanation.tools},
      {"direction", explanation.keys.direction},
      {"keys", explanation.keys.keys},
      {"keys_why", explanation.keys.why},
      {"tried", std::move(trials)},
  };
}

}  // namespace

std::string text(const Explanation& explanation, const Explanation* without_ech) {
  std::string out = one_text(explanation);
  if (!explanation.front.empty()) out += "why:      " + std::string(kFrontWhy) + "\n";
  if (without_ech != nullptr) out += "\nwithout the extension:\n\n" + one_text(*without_ech);
  return out;
}

std::string json(const Explanation& explanation, const Explanation* without_ech) {
  using nlohmann::json;
  json object = object_of(explanation);
  object["without_ech"] = without_ech == nullptr ? json(nullptr) : object_of(*without_ech);
  return object.dump(-1, ' ', false, json::error_handler_t::replace);
}

}  // namespace limpid::policy
