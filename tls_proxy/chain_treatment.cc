#include "tls_proxy/chain_treatment.h"

namespace limpid::tls {

namespace {

using policy::CertificateDefect;

constexpr std::size_t place(certificate::Outcome outcome) { return static_cast<std::size_t>(outcome); }
constexpr std::size_t place(CertificateDefect defect) { return static_cast<std::size_t>(defect); }

// Policy knows the outcomes by the same names, without "trusted" before them.
constexpr std::array<Reason, policy::kCertificateDefects> kReasons{
#define LIMPID_CERTIFICATE_DEFECT(enumerator, word, sentence) Reason::server_certificate_##word,
#include "dataplane/base/certificate_defects.def"
#undef LIMPID_CERTIFICATE_DEFECT
};

policy::Treatments combined(const policy::Treatments& usual,
                            std::span<const policy::TreatmentOverride> of_rule) {
  policy::Treatments treatments = usual;
  for (const policy::TreatmentOverride& each : of_rule) treatments[place(each.defect)] = each.treatment;
  return treatments;
}

ChainTreatment strictest_of(const certificate::Verdict& verdict, const policy::Treatments& treatments) {
  ChainTreatment strictest;
  certificate::Classes classes = verdict.classes;
  if (!verdict.trusted()) classes.set(place(verdict.outcome));
  for (std::size_t defect = 0; defect < treatments.size(); ++defect) {
    if (!classes[defect + 1]) continue;
    // What names the chain also names the reason, if it is as strict as the rest.
    const bool names_it = place(verdict.outcome) == defect + 1;
    if (treatments[defect] > strictest.treatment || (names_it && treatments[defect] == strictest.treatment))
      strictest = {treatments[defect], kReasons[defect]};
  }
  if (!strictest.blocks() && !strictest.passes()) strictest.reason = Reason::none;
  return strictest;
}

}  // namespace

ChainTreatment treatment_of(const certificate::Verdict& verdict, const policy::Treatments& usual,
                            std::span<const policy::TreatmentOverride> of_rule) {
  return strictest_of(verdict, combined(usual, of_rule));
}

ChainTreatment treatment_unless_passed(const certificate::Verdict& verdict, const policy::Treatments& usual,
                                       std::span<const policy::TreatmentOverride> of_rule) {
  policy::Treatments treatments = combined(usual, of_rule);
  const policy::Treatments defaults = policy::default_treatments();
  for (std::size_t defect = 0; defect < treatments.size(); ++defect) {
    if (treatments[defect] == policy::Treatment::kPass) treatments[defect] = defaults[defect];
  }
  return strictest_of(verdict, treatments);
}

}  // namespace limpid::tls
