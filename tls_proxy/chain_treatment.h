// ChainTreatment: what is done with a session for what its server's chain turned out to be. Pure.
#pragma once

#include <span>

#include "dataplane/base/reasons.h"
#include "policy/treatment.h"
#include "tls_proxy/certificate/verdict.h"

namespace limpid::tls {

struct ChainTreatment {
  policy::Treatment treatment = policy::Treatment::kDecrypt;
  Reason reason = Reason::none;  // where it is blocked or passed

  bool blocks() const { return treatment == policy::Treatment::kBlock; }
  bool passes() const { return treatment == policy::Treatment::kPass; }
  /// The client is shown a certificate of the trusted CA.
  bool as_trusted() const { return treatment == policy::Treatment::kDecrypt; }
};

/// The strictest that any of the chain's defects deserves. `of_rule` goes before `usual`.
ChainTreatment treatment_of(const certificate::Verdict& verdict, const policy::Treatments& usual,
                            std::span<const policy::TreatmentOverride> of_rule);
/// The same of a session that cannot be passed any more: a defect that should pass it has the treatment that
/// limpid gives it by default.
ChainTreatment treatment_unless_passed(const certificate::Verdict& verdict, const policy::Treatments& usual,
                                       std::span<const policy::TreatmentOverride> of_rule);

}  // namespace limpid::tls
