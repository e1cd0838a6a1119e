#include "tls_proxy/certificate/forge.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <array>
#include <ctime>
#include <string>

#include "dataplane/base/check.h"

namespace limpid::certificate {

namespace {

using ExtensionPtr = std::unique_ptr<X509_EXTENSION, openssl::Freed<X509_EXTENSION_free>>;

std::time_t seconds(const ASN1_TIME* time) {
  std::tm parts{};
  return ASN1_TIME_to_tm(time, &parts) == 1 ? timegm(&parts) : std::time_t{0};
}

bool add_extension(X509* to, int nid, const char* value) {
  const ExtensionPtr extension(X509V3_EXT_conf_nid(nullptr, nullptr, nid, value));
  return extension && X509_add_ext(to, extension.get(), -1) == 1;
}

bool add_octets(X509* to, int nid, ASN1_OCTET_STRING* value) {
  return X509_add1_ext_i2d(to, nid, value, 0, X509V3_ADD_APPEND) == 1;
}

/// Copies an extension with its criticality, byte for byte. False where the original has none.
bool copy_extension(X509* to, const X509* from, int nid) {
  const int index = X509_get_ext_by_NID(from, nid, -1);
  return index >= 0 && X509_add_ext(to, X509_get_ext(from, index), -1) == 1;
}

/// Clients look at names in the SAN alone (RFC 9525 §2), so a server that has only a common name is given
/// one.
bool add_name_from_subject(X509* to, const X509* from) {
  const X509_NAME* subject = X509_get_subject_name(from);
  const int index = X509_NAME_get_index_by_NID(subject, NID_commonName, -1);
  if (index < 0) return true;
  unsigned char* text = nullptr;
  const int size = ASN1_STRING_to_UTF8(&text, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, index)));
  if (size <= 0) return true;
  const std::string name(reinterpret_cast<const char*>(text), static_cast<std::size_t>(size));
  OPENSSL_free(text);
  constexpr std::string_view kHostCharacters =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._*";
  if (name.find_first_not_of(kHostCharacters) != std::string::npos) return true;
  return add_extension(to, NID_subject_alt_name, ("DNS:" + name).c_str());
}

bool add_names(X509* to, const X509* from) {
  return copy_extension(to, from, NID_subject_alt_name) || add_name_from_subject(to, from);
}

bool add_usages(X509* to, const X509* from, KeyKind key) {
  // The usages fit our own key, not the server's: an RSA key that cannot sign is refused by browsers.
  const char* key_usage =
      key == KeyKind::kP256 ? "critical,digitalSignature" : "critical,digitalSignature,keyEncipherment";
  return add_extension(to, NID_basic_constraints, "critical,CA:FALSE") &&
         add_extension(to, NID_key_usage, key_usage) &&
         (copy_extension(to, from, NID_ext_key_usage) || add_extension(to, NID_ext_key_usage, "serverAuth"));
}

/// RFC 5280 §4.2.1.2, method 1: the SHA-1 of the public key's bits.
bool add_key_identifier(X509* to) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int size = 0;
  if (X509_pubkey_digest(to, EVP_sha1(), digest.data(), &size) != 1) return false;
  const std::unique_ptr<ASN1_OCTET_STRING, openssl::Freed<ASN1_OCTET_STRING_free>> value(
      ASN1_OCTET_STRING_new());
  return ASN1_OCTET_STRING_set(value.get(), digest.data(), static_cast<int>(size)) == 1 &&
         add_octets(to, NID_subject_key_identifier, value.get());
}

/// RFC 5280 §4.2.1.1: the issuer's own subject key identifier, where it has one.
bool add_authority_identifier(X509* to, X509* ca) {
  const ASN1_OCTET_STRING* identifier = X509_get0_subject_key_id(ca);
  if (identifier == nullptr) return true;
  const std::unique_ptr<AUTHORITY_KEYID, openssl::Freed<AUTHORITY_KEYID_free>> value(AUTHORITY_KEYID_new());
  value->keyid = ASN1_OCTET_STRING_dup(identifier);
  return X509_add1_ext_i2d(to, NID_authority_key_identifier, value.get(), 0, X509V3_ADD_APPEND) == 1;
}

/// A fresh random positive serial of 127 bits: browsers refuse one issuer's serial on two certificates.
bool set_serial(X509* to, Random& random) {
  std::array<std::byte, 16> bytes{};
  random.fill(bytes);
  bytes[0] = (bytes[0] & std::byte{0x7f}) | std::byte{0x40};
  const std::unique_ptr<BIGNUM, openssl::Freed<BN_free>> number(BN_bin2bn(
      reinterpret_cast<const unsigned char*>(bytes.data()), static_cast<int>(bytes.size()), nullptr));
  return number && BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(to)) != nullptr;
}

/// Within the server's and the CA's dates and never too long. An expired server certificate stays expired:
/// where the two periods do not meet, the server's own stands.
void set_dates(X509* to, const X509* original, const X509* ca, WallTime now) {
  const std::time_t limit =
      std::chrono::duration_cast<std::chrono::seconds>((now + kForgedLifetimeMax).time_since_epoch()).count();
  const std::time_t server_from = seconds(X509_get0_notBefore(original));
  const std::time_t until =
      std::min({seconds(X509_get0_notAfter(original)), seconds(X509_get0_notAfter(ca)), limit});
  std::time_t from = std::max(server_from, seconds(X509_get0_notBefore(ca)));
  if (from > until) from = server_from;
  ASN1_TIME_set(X509_getm_notBefore(to), from);
  ASN1_TIME_set(X509_getm_notAfter(to), until);
  // A certificate that is not valid yet and lasts beyond the limit keeps its own end, mirrored as it is.
  if (from > until) ASN1_TIME_set(X509_getm_notAfter(to), seconds(X509_get0_notAfter(original)));
}

}  // namespace

std::size_t Forge::KeyHash::operator()(const Key& key) const {
  std::size_t hash = 0;
  std::memcpy(&hash, key.leaf.data(), sizeof hash);
  return hash ^ (key.trusted ? 1U : 0U) ^ (key.key == KeyKind::kP256 ? 2U : 0U);
}

Forge::Forge(std::shared_ptr<const SigningMaterial> material, Random& random, std::size_t certificates_max)
    : material_(std::move(material)), random_(random), cache_(certificates_max) {}

Result<std::shared_ptr<const ForgedCertificate>, Reason> Forge::certificate_for(const PresentedChain& chain,
                                                                                const Verdict& verdict,
                                                                                KeyKind key, WallTime now) {
  LIMPID_CHECK(!chain.empty(), "there is nothing to forge");
  const Key wanted{chain.leaf_fingerprint(), verdict.trusted(), key};
  if (const auto* known = cache_.find(wanted); known != nullptr) {
    const bool fresh = now < (*known)->expires;
    if (fresh || !verdict.trusted()) return *known;  // a mirrored expiry is no reason to forge anew
  }
  const SigningCa& ca = verdict.trusted() ? material_->trusted() : material_->untrusted();
  if (!ca.certificate) return Failure{Reason::server_certificate_refused};
  std::shared_ptr<const ForgedCertificate> forged = forge(chain.leaf(), ca, key, now);
  if (!forged) {
    ERR_clear_error();
    return Failure{Reason::forging_failed};
  }
  return cache_.put(wanted, std::move(forged));
}

std::shared_ptr<const ForgedCertificate> Forge::forge(X509* original, const SigningCa& ca, KeyKind key,
                                                      WallTime now) {
  auto forged = std::make_shared<ForgedCertificate>();
  forged->leaf.reset(X509_new());
  forged->ca = &ca;
  forged->key = material_->leaf_key(key);
  X509* leaf = forged->leaf.get();
  set_dates(leaf, original, ca.certificate.get(), now);
  const bool made = X509_set_version(leaf, X509_VERSION_3) == 1 && set_serial(leaf, random_) &&
                    X509_set_subject_name(leaf, X509_get_subject_name(original)) == 1 &&
                    X509_set_issuer_name(leaf, X509_get_subject_name(ca.certificate.get())) == 1 &&
                    X509_set_pubkey(leaf, forged->key) == 1 && add_names(leaf, original) &&
                    add_usages(leaf, original, key) && add_key_identifier(leaf) &&
                    add_authority_identifier(leaf, ca.certificate.get()) &&
                    material_->keys().sign(ca.key, *leaf);
  if (!made) return nullptr;
  forged->expires = WallTime(std::chrono::seconds(seconds(X509_get0_notAfter(leaf))));
  return forged;
}

}  // namespace limpid::certificate
