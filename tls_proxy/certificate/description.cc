#include "tls_proxy/certificate/description.h"

#include <openssl/asn1.h>
#include <openssl/bn.h>
#include <openssl/objects.h>

#include <algorithm>
#include <array>
#include <memory>

#include "dataplane/base/ascii.h"
#include "tls_proxy/certificate/dates.h"
#include "tls_proxy/certificate/presented_chain.h"
#include "tls_proxy/certificate/x509_values.h"
#include "tls_proxy/openssl/pointers.h"

namespace limpid::certificate {

namespace {

constexpr int kNamesMax = 1'000;

struct FreeText {
  void operator()(char* text) const { OPENSSL_free(text); }
};
using TextPtr = std::unique_ptr<char, FreeText>;
using NumberPtr = std::unique_ptr<BIGNUM, openssl::Freed<BN_free>>;

std::string printed(const GENERAL_NAME* name) {
  switch (name->type) {
    case GEN_DNS:
      return text_of(name->d.dNSName);
    case GEN_EMAIL:
      return text_of(name->d.rfc822Name);
    case GEN_URI:
      return text_of(name->d.uniformResourceIdentifier);
    case GEN_IPADD: {
      const auto address = address_of(name->d.iPAddress);
      return address ? address->text() : std::string();
    }
    default:
      return {};
  }
}

std::vector<std::string> names_of(X509* certificate) {
  std::vector<std::string> result;
  const GeneralNamesPtr names = alternative_names(certificate);
  if (!names) return result;
  for (int i = 0; i < sk_GENERAL_NAME_num(names.get()) && i < kNamesMax; ++i) {
    std::string text = printed(sk_GENERAL_NAME_value(names.get(), i));
    if (!text.empty()) result.push_back(std::move(text));
  }
  return result;
}

std::string serial_of(const X509* certificate) {
  const NumberPtr number(ASN1_INTEGER_to_BN(X509_get0_serialNumber(certificate), nullptr));
  if (!number) return {};
  const TextPtr text(BN_bn2hex(number.get()));
  return text ? small_letters(text.get()) : std::string();
}

void describe_key(X509* certificate, Description& into) {
  const EVP_PKEY* key = X509_get0_pubkey(certificate);
  if (key == nullptr) return;
  if (const char* kind = EVP_PKEY_get0_type_name(key)) into.key_kind = kind;
  into.key_bits = static_cast<std::uint32_t>(std::max(0, EVP_PKEY_get_bits(key)));
}

}  // namespace

std::string sha256_hex(std::string_view bytes) { return hex(fingerprint_of(bytes)); }

std::optional<Description> describe(std::string_view der) {
  const auto* at = reinterpret_cast<const unsigned char*>(der.data());
  const openssl::X509Ptr certificate(d2i_X509(nullptr, &at, static_cast<long>(der.size())));
  if (!certificate) return std::nullopt;
  Description description;
  description.sha256 = sha256_hex(der);
  description.subject = printed(X509_get_subject_name(certificate.get()));
  description.issuer = printed(X509_get_issuer_name(certificate.get()));
  description.names = names_of(certificate.get());
  description.serial = serial_of(certificate.get());
  description.not_before_s = unix_seconds(X509_get0_notBefore(certificate.get())).value_or(0);
  description.not_after_s = unix_seconds(X509_get0_notAfter(certificate.get())).value_or(0);
  describe_key(certificate.get(), description);
  if (const char* algorithm = OBJ_nid2ln(X509_get_signature_nid(certificate.get()))) {
    description.signature_algorithm = algorithm;
  }
  description.self_signed = X509_self_signed(certificate.get(), 1) == 1;
  return description;
}

}  // namespace limpid::certificate
