// Evaluator: asks a RuleSet about one flow. One for each worker (it owns the matcher's scratch memory), used
// on that worker's thread only. Look-ups throw nothing, and but for decide_certificate() allocate nothing;
// explain() may allocate.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "dataplane/base/address.h"
#include "dataplane/base/result.h"
#include "policy/connection_index.h"
#include "policy/explanation.h"
#include "policy/rule.h"
#include "policy/rule_set.h"
#include "policy/upgrade_protocol.h"

namespace limpid::policy {

class FlowPoints;

class Evaluator {
 public:
  /// Ends the process where there is no memory for the scratch (some 100 KB).
  explicit Evaluator(std::shared_ptr<const RuleSet> rules);
  ~Evaluator();
  Evaluator(const Evaluator&) = delete;
  Evaluator& operator=(const Evaluator&) = delete;

  /// Another policy from now on. Decisions made before hold views into the old one.
  void use(std::shared_ptr<const RuleSet> rules);
  const std::shared_ptr<const RuleSet>& rules() const { return rules_; }

  /// Connection phase, on the SYN: a decision if no rule that could still match depends on the ClientHello.
  /// Nullopt: watch the flow, and ask decide_hello(). (A decision to decrypt says only that the server name
  /// does not matter: whether the flow is TLS is seen later.)
  std::optional<Decision> decide_connection(const FlowFacts& facts);
  /// On the ClientHello. `sni` as the client sent it; nullopt or empty: it sent none.
  /// `upgrade`: what was said before it in the clear; null: nothing.
  /// Where it says `awaits_certificate`, it is what is decided if the certificate changes nothing: a rule
  /// before it asks for the certificate, or for a name that the client does not send.
  Decision decide_hello(const FlowFacts& facts, std::optional<std::string_view> sni,
                        const UpgradeFacts* upgrade = nullptr);
  /// The same when the server has shown its certificate. Where the client sends no name, each of the names in
  /// a certificate that is `believed` takes its place, and the strictest of these decisions is the one.
  Decision decide_certificate(const FlowFacts& facts, std::optional<std::string_view> sni,
                              const UpgradeFacts* upgrade, const CertificateFacts& shown, WallTime now);
  /// Every rule that was tried, in order, and why it did not match.
  Explanation explain(const FlowFacts& facts, std::optional<std::string_view> sni) const;

 private:
  class Scratch;
  std::uint32_t lowest(const FlowPoints& flow, std::optional<std::string_view> host);
  std::uint32_t lowest_named(const FlowPoints& flow, std::string_view host, std::uint32_t first);
  Decision decide_named(const FlowPoints& flow, std::optional<std::string_view> host,
                        const UpgradeFacts* upgrade, const std::vector<ConnectionIndex::Entry>& holding);
  bool certificate_matters(const FlowPoints& flow, std::optional<std::string_view> host,
                           const UpgradeFacts* upgrade, std::uint32_t first) const;

  std::shared_ptr<const RuleSet> rules_;
  std::unique_ptr<Scratch> scratch_;
};

}  // namespace limpid::policy
