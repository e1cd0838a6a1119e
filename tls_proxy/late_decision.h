// LateDecision: what becomes of a session that policy decrypts, once its server's leg has shown what only a
// handshake shows: the certificate, a request for one of the client's, the versions that the server has. The
// one place where that is decided; rules on certificates belong in here. Pure.
#pragma once

#include <span>

#include "dataplane/base/reasons.h"
#include "policy/client_certificate.h"
#include "policy/rule.h"
#include "policy/versions.h"
#include "tls_proxy/chain_treatment.h"

namespace limpid::tls {

struct LateFacts {
  const certificate::Verdict* verdict = nullptr;  // null: the chain was not verified, or never came
  bool asked_for_certificate = false;             // and was shown none
  bool insists_on_certificate = false;            // it has failed the handshake for want of one
  bool below_minimum = false;                     // it has nothing as new as it was offered
  bool of_this_hello = false;  // another client's may fare otherwise: what is decided holds for this one
};

/// What the configuration and the rule that decrypts say of it.
struct LatePolicy {
  policy::Treatments treatments = policy::default_treatments();
  std::span<const policy::TreatmentOverride> of_rule{};
  policy::ClientCertificate client_certificate = policy::ClientCertificate::kContinue;
  policy::BelowMinimum below_minimum = policy::BelowMinimum::kBlock;
  bool may_pass = true;  // false: it is too late for that
};

struct LateDecision {
  policy::Action action = policy::Action::kDecrypt;
  Reason reason = Reason::none;  // unless it is decrypted
  bool as_trusted = true;        // where it is decrypted: under which CA
};

LateDecision decide_late(const LateFacts& facts, const LatePolicy& policy);

}  // namespace limpid::tls
