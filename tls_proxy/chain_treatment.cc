#include "tls_proxy/chain_treatment.h"

namespace limpid::tls {

namespace {

using policy::CertificateDefect;

constexpr std::size_t place(certificate::Outcome outcome) { return static_cast<std::size_t>(outcome); }
constexpr std::size_t place(CertificateDefect defect) { return static_cast<std::size_t>(defect); }

// Policy knows the outcomes by the same names, without "trusted" before them.
static_assert(certificate::kOutcomes == policy::kCertificateDefects + 1);
static_assert(place(certificate::Outcome::kExpired) == place(CertificateDefect::kExpired) + 1);
static_assert(place(certificate::Outcome::kMalformed) == place(CertificateDefect::kMalformed) + 1);

constexpr std::array<Reason, policy::kCertificateDefects> kReasonsToBlock{
    Reason::server_certificate_expired,
    Reason::server_certificate_not_yet_valid,
    Reason::server_certificate_name_mismatch,
    Reason::server_certificate_unknown_issuer,
    Reason::server_certificate_self_signed,
    Reason::server_certificate_wrong_usage,
    Reason::server_certificate_weak,
    Reason::server_certificate_bad_signature,
    Reason::server_certificate_other,
    Reason::server_certificate_revoked,
    Reason::server_certificate_revocation_unknown,
    Reason::server_certificate_incomplete,
    Reason::server_certificate_malformed,
};

}  // namespace

ChainTreatment treatment_of(const certificate::Verdict& verdict, const policy::Treatments& usual,
                            std::span<const policy::TreatmentOverride> of_rule) {
  policy::Treatments treatments = usual;
  for (const policy::TreatmentOverride& each : of_rule) treatments[place(each.defect)] = each.treatment;
  ChainTreatment strictest;
  certificate::Classes classes = verdict.classes;
  if (!verdict.trusted()) classes.set(place(verdict.outcome));
  for (std::size_t defect = 0; defect < treatments.size(); ++defect) {
    if (!classes[defect + 1]) continue;
    // What names the chain also names the reason, if it is as strict as the rest.
    const bool names_it = place(verdict.outcome) == defect + 1;
    if (treatments[defect] > strictest.treatment || (names_it && treatments[defect] == strictest.treatment))
      strictest = {treatments[defect], kReasonsToBlock[defect]};
  }
  if (!strictest.blocks()) strictest.reason = Reason::none;
  return strictest;
}

}  // namespace limpid::tls
