#include "policy/treatment.h"

namespace limpid::policy {

const std::vector<std::string>& certificate_defect_words() {
  static const std::vector<std::string> kWords = {
#define LIMPID_CERTIFICATE_DEFECT(enumerator, word, sentence) #word,
#include "dataplane/base/certificate_defects.def"
#undef LIMPID_CERTIFICATE_DEFECT
  };
  return kWords;
}

std::string_view name(Treatment treatment) {
  switch (treatment) {
    case Treatment::kDecrypt:
      return "decrypt";
    case Treatment::kPass:
      return "pass";
    case Treatment::kDecryptUntrusted:
      return "decrypt-untrusted";
    case Treatment::kBlock:
      return "block";
  }
  return "";
}

bool may_be_decrypted_as_trusted(CertificateDefect defect) { return defect == CertificateDefect::kMalformed; }

Treatments default_treatments() {
  Treatments treatments;
  treatments.fill(Treatment::kDecryptUntrusted);
  // What no client lets its user click away, or what says that somebody else may hold the key.
  for (const CertificateDefect defect :
       {CertificateDefect::kBadSignature, CertificateDefect::kRevoked, CertificateDefect::kRevocationUnknown,
        CertificateDefect::kWeak, CertificateDefect::kWrongUsage}) {
    treatments[static_cast<std::size_t>(defect)] = Treatment::kBlock;
  }
  return treatments;
}

}  // namespace limpid::policy
