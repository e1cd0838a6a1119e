#include "policy/evaluator.h"

#include <algorithm>
#include <array>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "dataplane/base/check.h"
#include "policy/compiled_policy.h"
#include "policy/host_pattern.h"
#include "policy/strictness.h"

namespace limpid::policy {

class Evaluator::Scratch {
 public:
  PatternScratch scan;
  std::array<char, kHostBytesMax> host{};
  std::array<std::uint32_t, PatternDatabase::kMatchesMax> matched{};
};

Evaluator::Evaluator(std::shared_ptr<const RuleSet> rules) : scratch_(std::make_unique<Scratch>()) {
  use(std::move(rules));
}

Evaluator::~Evaluator() = default;

void Evaluator::use(std::shared_ptr<const RuleSet> rules) {
  LIMPID_CHECK(rules != nullptr, "an Evaluator without rules");
  rules->compiled().patterns->prepare(scratch_->scan);
  rules_ = std::move(rules);
}

std::optional<Decision> Evaluator::decide_connection(const FlowFacts& facts) {
  const CompiledPolicy& compiled = rules_->compiled();
  const FlowPoints flow(facts);
  const std::uint32_t first = compiled.without_sni.lowest(flow, kNoRule);
  if (compiled.after_syn.lowest(flow, first) != first) return std::nullopt;  // a rule before it needs more
  return compiled.decision(first);
}

namespace {

/// Names that may stand for the server: the one that the client sends, or those of its certificate.
using Hosts = std::span<const std::string_view>;

bool any_matches(const std::vector<std::string>& patterns, Hosts names) {
  return patterns.empty() || std::any_of(patterns.begin(), patterns.end(), [&](const std::string& pattern) {
           return std::any_of(names.begin(), names.end(),
                              [&](std::string_view name) { return includes(pattern, name); });
         });
}

/// The conditions of what was said before TLS.
bool upgrade_holds(const Conditions& when, const UpgradeFacts* upgrade) {
  if (!when.needs_upgrade()) return true;
  if (upgrade == nullptr) return false;
  const bool spoken = when.upgrade.empty() || std::find(when.upgrade.begin(), when.upgrade.end(),
                                                        upgrade->spoken) != when.upgrade.end();
  const bool port =
      when.connect_port.empty() || (!upgrade->host.empty() && holds(when.connect_port, upgrade->port));
  if (!spoken || !port) return false;
  std::array<char, kHostBytesMax> buffer{};
  const auto host = normalize_host(upgrade->host, buffer.data());
  return any_matches(when.connect_host, host ? Hosts(&*host, 1) : Hosts());
}

Hosts names_of(const std::optional<std::string_view>& host) { return host ? Hosts(&*host, 1) : Hosts(); }

}  // namespace

/// Of the rules that need nothing but the connection and this name.
std::uint32_t Evaluator::lowest_named(const FlowPoints& flow, std::string_view host, std::uint32_t first) {
  const CompiledPolicy& compiled = rules_->compiled();
  first = compiled.any_name.lowest(flow, first);
  const std::size_t matched = compiled.patterns->find(host, scratch_->scan, scratch_->matched);
  for (std::size_t i = 0; i < matched; ++i) {
    first = compiled.by_pattern[scratch_->matched[i]].lowest(flow, first);
  }
  return first;
}

std::uint32_t Evaluator::lowest(const FlowPoints& flow, std::optional<std::string_view> host) {
  const std::uint32_t first = rules_->compiled().without_sni.lowest(flow, kNoRule);
  return host ? lowest_named(flow, *host, first) : first;
}

Decision Evaluator::decide_hello(const FlowFacts& facts, std::optional<std::string_view> sni,
                                 const UpgradeFacts* upgrade) {
  const CompiledPolicy& compiled = rules_->compiled();
  const FlowPoints flow(facts);
  const std::optional<std::string_view> host =
      sni ? normalize_host(*sni, scratch_->host.data()) : std::nullopt;
  std::uint32_t first = lowest(flow, host);
  if (upgrade != nullptr) {
    first = compiled.lowest_of(compiled.after_upgrade, flow, first, [&](const Rule& rule) {
      return upgrade_holds(rule.when, upgrade) && any_matches(rule.when.sni, names_of(host));
    });
  }
  Decision decision = compiled.decision(first);
  decision.awaits_certificate = certificate_matters(flow, host, upgrade, first);
  return decision;
}

/// Does a rule before `first` ask for the certificate, and does all else that it asks for hold?
bool Evaluator::certificate_matters(const FlowPoints& flow, std::optional<std::string_view> host,
                                    const UpgradeFacts* upgrade, std::uint32_t first) const {
  const CompiledPolicy& compiled = rules_->compiled();
  const auto rest_holds = [&](const Rule& rule) {
    return upgrade_holds(rule.when, upgrade) && (!host || any_matches(rule.when.sni, names_of(host)));
  };
  if (compiled.lowest_of(compiled.after_certificate, flow, first, rest_holds) != first) return true;
  if (host) return false;
  if (compiled.with_sni.lowest(flow, first) != first) return true;
  return upgrade != nullptr && compiled.lowest_of(compiled.after_upgrade, flow, first, rest_holds) != first;
}

Decision Evaluator::decide_certificate(const FlowFacts& facts, std::optional<std::string_view> sni,
                                       const UpgradeFacts* upgrade, const CertificateFacts& shown,
                                       WallTime now) {
  const CompiledPolicy& compiled = rules_->compiled();
  const FlowPoints flow(facts);
  // Whatever the server is called.
  std::vector<ConnectionIndex::Entry> holding;
  const auto keep = [&](const ConnectionIndex::Entry& entry) {
    const Rule& rule = compiled.policy.rules[entry.rule];
    if (entry.when->hold(flow) && upgrade_holds(rule.when, upgrade) &&
        refusal(rule.when.certificate, shown, rule.then == Action::kPass, now) == CertificateRefusal::kNone)
      holding.push_back(entry);
  };
  std::for_each(compiled.after_certificate.begin(), compiled.after_certificate.end(), keep);

  const std::optional<std::string_view> host =
      sni ? normalize_host(*sni, scratch_->host.data()) : std::nullopt;
  if (host || !shown.believed || shown.names.empty()) return decide_named(flow, host, upgrade, holding);
  std::optional<Decision> strictest;
  for (const std::string& name : shown.names) {
    const Decision decision = decide_named(flow, name, upgrade, holding);
    if (!strictest || is_stricter(decision.action, decision.rule, strictest->action, strictest->rule))
      strictest = decision;
  }
  return *strictest;
}

/// `host` may be a name of a certificate, with "*." before it. `holding`: of the rules that ask for the
/// certificate those of which all but the name holds.
Decision Evaluator::decide_named(const FlowPoints& flow, std::optional<std::string_view> host,
                                 const UpgradeFacts* upgrade,
                                 const std::vector<ConnectionIndex::Entry>& holding) {
  const CompiledPolicy& compiled = rules_->compiled();
  // Some name below "*.shop.example", which no pattern but those for all of them is likely to mean.
  const bool wild = host && host->starts_with("*.");
  const std::string below = wild ? "_" + std::string(host->substr(1)) : std::string();
  std::uint32_t first = lowest(flow, wild ? std::optional<std::string_view>(below) : host);
  first = compiled.lowest_of(compiled.after_upgrade, flow, first, [&](const Rule& rule) {
    return upgrade_holds(rule.when, upgrade) && any_matches(rule.when.sni, names_of(host));
  });
  first = compiled.lowest_of(holding, flow, first,
                             [&](const Rule& rule) { return any_matches(rule.when.sni, names_of(host)); });
  return compiled.decision(first);
}

Explanation Evaluator::explain(const FlowFacts& facts, std::optional<std::string_view> sni) const {
  return policy::explain(rules_->policy(), rules_->names(), facts, sni);
}

}  // namespace limpid::policy
