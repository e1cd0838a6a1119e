// Treatment: what is done with a session whose server's certificate chain is not what it should be, by the
// class of the defect, as the configuration and its rules say. Values; no thread owns them.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace limpid::policy {

enum class CertificateDefect : std::uint8_t {
#define LIMPID_CERTIFICATE_DEFECT(enumerator, word, sentence) enumerator,
#include "dataplane/base/certificate_defects.def"
#undef LIMPID_CERTIFICATE_DEFECT
};
inline constexpr std::size_t kCertificateDefects = 0
#define LIMPID_CERTIFICATE_DEFECT(enumerator, word, sentence) +1
#include "dataplane/base/certificate_defects.def"
#undef LIMPID_CERTIFICATE_DEFECT
    ;
/// "expired", "not_yet_valid", … in the order of the enumeration.
const std::vector<std::string>& certificate_defect_words();

/// From the mildest to the strictest.
enum class Treatment : std::uint8_t {
  kDecrypt,           // as if there were no defect
  kPass,              // the client sees for itself, by a connection of its own
  kDecryptUntrusted,  // the client is shown the defect, under the untrusted CA
  kBlock,
};
/// "decrypt", "pass", "decrypt-untrusted", "block".
std::string_view name(Treatment treatment);
/// An invalid certificate is never shown as a valid one: only a defect of form may be overlooked.
bool may_be_decrypted_as_trusted(CertificateDefect defect);

using Treatments = std::array<Treatment, kCertificateDefects>;
Treatments default_treatments();

/// What a rule says in place of that.
struct TreatmentOverride {
  CertificateDefect defect = CertificateDefect::kExpired;
  Treatment treatment = Treatment::kBlock;

  friend bool operator==(const TreatmentOverride&, const TreatmentOverride&) = default;
};

}  // namespace limpid::policy
