#include "tls_proxy/late_decision.h"

namespace limpid::tls {

namespace {

using policy::Action;
using policy::ClientCertificate;

constexpr Reason kWanted = Reason::server_wants_client_certificate;

/// The handshake has failed: it is passed or over.
LateDecision pass_or_block(bool pass, Reason reason) {
  return {pass ? Action::kPass : Action::kBlock, reason, false};
}

}  // namespace

LateDecision decide_late(const LateFacts& facts, const LatePolicy& policy) {
  if (facts.below_minimum) {
    return pass_or_block(policy.may_pass && policy.below_minimum == policy::BelowMinimum::kPass,
                         Reason::server_version_unsupported);
  }
  ChainTreatment treatment;
  if (facts.verdict != nullptr) {
    const auto& treated = policy.may_pass ? treatment_of : treatment_unless_passed;
    treatment = treated(*facts.verdict, policy.treatments, policy.of_rule);
  }
  if (treatment.blocks()) return {Action::kBlock, treatment.reason, false};
  if (facts.insists_on_certificate)
    return pass_or_block(policy.may_pass && policy.client_certificate != ClientCertificate::kBlock, kWanted);
  if (facts.asked_for_certificate && policy.client_certificate == ClientCertificate::kBlock)
    return {Action::kBlock, kWanted, false};
  const bool wanted = facts.asked_for_certificate && policy.client_certificate == ClientCertificate::kPass;
  if (treatment.passes()) return {Action::kPass, treatment.reason, false};
  if (wanted && policy.may_pass) return {Action::kPass, kWanted, false};
  return {Action::kDecrypt, Reason::none, treatment.as_trusted()};
}

}  // namespace limpid::tls
