// ChainTreatment: what is done with a session for what its server's chain turned out to be. Pure.
#pragma once

#include <span>

#include "dataplane/base/reasons.h"
#include "policy/treatment.h"
#include "tls_proxy/certificate/verdict.h"

namespace limpid::tls {

struct ChainTreatment {
  policy::Treatment treatment = policy::Treatment::kDecrypt;
  Reason reason = Reason::none;  // where it is blocked

  bool blocks() const { return treatment == policy::Treatment::kBlock; }
  /// The client is shown a certificate of the trusted CA.
  bool as_trusted() const { return treatment == policy::Treatment::kDecrypt; }
};

/// The strictest that any of the chain's defects deserves. `of_rule` goes before `usual`.
ChainTreatment treatment_of(const certificate::Verdict& verdict, const policy::Treatments& usual,
                            std::span<const policy::TreatmentOverride> of_rule);

}  // namespace limpid::tls
