#include "tls_proxy/certificate/defects.h"

#include <openssl/x509_vfy.h>

#include <algorithm>
#include <array>
#include <string_view>

#include "dataplane/base/ascii.h"
#include "tls_proxy/certificate/dates.h"
#include "tls_proxy/certificate/x509_values.h"

namespace limpid::certificate {

namespace {

/// A chain with several defects is named after the first of these that it has.
constexpr std::array<Outcome, kOutcomes - 1> kGravestFirst{
    Outcome::kBadSignature, Outcome::kRevoked,           Outcome::kWeak,        Outcome::kWrongUsage,
    Outcome::kOther,        Outcome::kSelfSigned,        Outcome::kIncomplete,  Outcome::kUnknownIssuer,
    Outcome::kNameMismatch, Outcome::kRevocationUnknown, Outcome::kNotYetValid, Outcome::kExpired,
    Outcome::kMalformed};

constexpr int kNamesShown = 3;
constexpr std::size_t kNameShownMax = 80;

/// Names are the server's to choose.
std::string printable(std::string_view name) { return shown_text(name, kNameShownMax); }

std::string name_text(const GENERAL_NAME* name) {
  int kind = 0;
  const auto* value = static_cast<const ASN1_STRING*>(GENERAL_NAME_get0_value(name, &kind));
  if (kind == GEN_DNS) return printable(text_of(value));
  const auto address = kind == GEN_IPADD ? address_of(value) : std::nullopt;
  return address ? address->text() : std::string();
}

std::string names_text(const X509* certificate) {
  const GeneralNamesPtr names = alternative_names(certificate);
  const int count = names ? sk_GENERAL_NAME_num(names.get()) : 0;
  std::string text;
  for (int i = 0; i < std::min(count, kNamesShown); ++i) {
    const std::string name = name_text(sk_GENERAL_NAME_value(names.get(), i));
    if (name.empty()) continue;
    if (!text.empty()) text += ", ";
    text += name;
  }
  if (count > kNamesShown) text += " and " + std::to_string(count - kNamesShown) + " more";
  return text.empty() ? "it names no host" : "it is for " + text;
}

/// What helps to mend it: the date, or the names that the certificate does have.
std::string particulars(Outcome outcome, const X509* certificate) {
  if (certificate == nullptr) return {};
  if (outcome == Outcome::kExpired) return date_text(X509_get0_notAfter(certificate));
  if (outcome == Outcome::kNotYetValid) return date_text(X509_get0_notBefore(certificate));
  if (outcome == Outcome::kNameMismatch) return names_text(certificate);
  return {};
}

std::string at_place(std::string sentence, int depth) {
  if (depth > 0) sentence += ", certificate " + std::to_string(depth + 1) + " of the chain";
  return sentence;
}

}  // namespace

// clang-format off
Outcome classify(int error) {
  switch (error) {
    case X509_V_ERR_CERT_HAS_EXPIRED: return Outcome::kExpired;
    case X509_V_ERR_CERT_NOT_YET_VALID: return Outcome::kNotYetValid;
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH: return Outcome::kNameMismatch;
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT: return Outcome::kSelfSigned;
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    case X509_V_ERR_CERT_UNTRUSTED: return Outcome::kUnknownIssuer;
    case X509_V_ERR_INVALID_PURPOSE:
    case X509_V_ERR_CERT_REJECTED:
    case X509_V_ERR_KEYUSAGE_NO_CERTSIGN:
    case X509_V_ERR_KEYUSAGE_NO_DIGITAL_SIGNATURE:
    case X509_V_ERR_PERMITTED_VIOLATION:
    case X509_V_ERR_EXCLUDED_VIOLATION:
    case X509_V_ERR_UNHANDLED_CRITICAL_EXTENSION:
    case X509_V_ERR_INVALID_NON_CA:
    case X509_V_ERR_INVALID_CA: return Outcome::kWrongUsage;
    case X509_V_ERR_EE_KEY_TOO_SMALL:
    case X509_V_ERR_CA_KEY_TOO_SMALL:
    case X509_V_ERR_CA_MD_TOO_WEAK: return Outcome::kWeak;
    case X509_V_ERR_CERT_SIGNATURE_FAILURE:
    case X509_V_ERR_UNABLE_TO_DECRYPT_CERT_SIGNATURE:
    case X509_V_ERR_UNABLE_TO_DECODE_ISSUER_PUBLIC_KEY:
    case X509_V_ERR_SIGNATURE_ALGORITHM_MISMATCH:
    case X509_V_ERR_SIGNATURE_ALGORITHM_INCONSISTENCY: return Outcome::kBadSignature;
    case X509_V_ERR_CERT_REVOKED: return Outcome::kRevoked;
    case X509_V_ERR_OCSP_VERIFY_NEEDED:
    case X509_V_ERR_UNABLE_TO_GET_CRL:
    case X509_V_ERR_UNABLE_TO_GET_CRL_ISSUER:
    case X509_V_ERR_UNABLE_TO_DECRYPT_CRL_SIGNATURE:
    case X509_V_ERR_CRL_SIGNATURE_FAILURE:
    case X509_V_ERR_CRL_NOT_YET_VALID:
    case X509_V_ERR_CRL_HAS_EXPIRED:
    case X509_V_ERR_ERROR_IN_CRL_LAST_UPDATE_FIELD:
    case X509_V_ERR_ERROR_IN_CRL_NEXT_UPDATE_FIELD:
    case X509_V_ERR_KEYUSAGE_NO_CRL_SIGN:
    case X509_V_ERR_UNHANDLED_CRITICAL_CRL_EXTENSION:
    case X509_V_ERR_DIFFERENT_CRL_SCOPE:
    case X509_V_ERR_CRL_PATH_VALIDATION_ERROR: return Outcome::kRevocationUnknown;
    case X509_V_ERR_MISSING_AUTHORITY_KEY_IDENTIFIER:
    case X509_V_ERR_MISSING_SUBJECT_KEY_IDENTIFIER:
    case X509_V_ERR_AUTHORITY_KEY_IDENTIFIER_CRITICAL:
    case X509_V_ERR_SUBJECT_KEY_IDENTIFIER_CRITICAL:
    case X509_V_ERR_CA_BCONS_NOT_CRITICAL:
    case X509_V_ERR_CA_CERT_MISSING_KEY_USAGE:
    case X509_V_ERR_EMPTY_SUBJECT_ALT_NAME:
    case X509_V_ERR_EMPTY_SUBJECT_SAN_NOT_CRITICAL:
    case X509_V_ERR_EXTENSIONS_REQUIRE_VERSION_3:
    case X509_V_ERR_ISSUER_NAME_EMPTY:
    case X509_V_ERR_SUBJECT_NAME_EMPTY:
    case X509_V_ERR_KU_KEY_CERT_SIGN_INVALID_FOR_NON_CA:
    case X509_V_ERR_PATHLEN_INVALID_FOR_NON_CA:
    case X509_V_ERR_PATHLEN_WITHOUT_KU_KEY_CERT_SIGN: return Outcome::kMalformed;
    default: return Outcome::kOther;
  }
}
// clang-format on

void Defects::say(const std::string& sentence) {
  if (!detail_.empty()) detail_ += "; ";
  detail_ += sentence;
}

void Defects::add(int error, int depth, X509* certificate) {
  Outcome outcome = classify(error);
  // A server that sends its own certificate alone leaves out what leads to a root.
  if (error == X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY && depth == 0) outcome = Outcome::kIncomplete;
  const bool known_to_end = classes_[static_cast<std::size_t>(Outcome::kIncomplete)];
  if (error == X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE && known_to_end) return;
  const auto place = static_cast<std::size_t>(outcome);
  if (classes_[place]) return;
  classes_[place] = true;
  std::string sentence = X509_verify_cert_error_string(error);
  const std::string particular = particulars(outcome, certificate);
  if (!particular.empty()) sentence += " (" + particular + ")";
  say(at_place(std::move(sentence), depth));
}

void Defects::add(Outcome outcome, const std::string& sentence, int depth) {
  const auto place = static_cast<std::size_t>(outcome);
  if (classes_[place]) return;
  classes_[place] = true;
  say(at_place(sentence, depth));
}

void Defects::add_impossible_name() {
  classes_[static_cast<std::size_t>(Outcome::kNameMismatch)] = true;
  say("hostname mismatch (the client named a host that no certificate can be for)");
}

bool Defects::less_grave_than(const Defects& other) const {
  for (const Outcome outcome : kGravestFirst) {
    const auto place = static_cast<std::size_t>(outcome);
    if (classes_[place] != other.classes_[place]) return other.classes_[place];
  }
  return false;
}

Outcome Defects::outcome() const {
  for (const Outcome outcome : kGravestFirst) {
    if (classes_[static_cast<std::size_t>(outcome)]) return outcome;
  }
  return Outcome::kTrusted;
}

}  // namespace limpid::certificate
