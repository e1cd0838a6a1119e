#include "tls_proxy/certificate/forge.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <string>

#include "dataplane/base/address.h"
#include "dataplane/base/check.h"
#include "tls_proxy/certificate/dates.h"

namespace limpid::certificate {

namespace {

using ExtensionPtr = std::unique_ptr<X509_EXTENSION, openssl::Freed<X509_EXTENSION_free>>;

// Servers choose how large their certificates are, so the cache is bounded by size, too: this much for each
// of its places. A usual certificate takes 4 KB once it has been parsed.
constexpr std::size_t kCachedBytesEach = 8'192;
constexpr std::size_t kParsedOverhead = 2'560;
// An end that we have chosen ourselves is moved on a day before it comes.
constexpr std::chrono::hours kRenewBefore{24};

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

/// The last common name, which is the most specific one; empty: none.
std::string common_name(const X509* of) {
  const X509_NAME* subject = X509_get_subject_name(of);
  int index = -1;
  for (int next = index; (next = X509_NAME_get_index_by_NID(subject, NID_commonName, next)) >= 0;)
    index = next;
  if (index < 0) return {};
  unsigned char* text = nullptr;
  const int size = ASN1_STRING_to_UTF8(&text, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, index)));
  if (size < 0) return {};
  std::string name(reinterpret_cast<const char*>(text), static_cast<std::size_t>(size));
  OPENSSL_free(text);
  return name;
}

/// Clients look at names in the SAN alone (RFC 9525 §2), so a server that has only a common name is given
/// one, and whoever overrides the warning has a certificate for the right name.
bool add_name_from_subject(X509* to, const X509* from) {
  constexpr std::string_view kHostCharacters =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._*";
  const std::string name = common_name(from);
  if (name.empty() || name.size() > 253) return true;
  const bool address = name.find('\0') == std::string::npos && IpAddress::parse(name).has_value();
  if (address) return add_extension(to, NID_subject_alt_name, ("IP:" + name).c_str());
  if (name.find_first_not_of(kHostCharacters) != std::string::npos) return true;
  return add_extension(to, NID_subject_alt_name, ("DNS:" + name).c_str());
}

/// Under the trusted CA no name is added: the verdict may be one without a look at names, as the client sent
/// none, and a client that does look would take what it refuses of the server itself.
bool add_names(X509* to, const X509* from, bool trusted) {
  return copy_extension(to, from, NID_subject_alt_name) || trusted || add_name_from_subject(to, from);
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

struct Period {
  std::int64_t from = 0;
  std::int64_t until = 0;
};

/// Within the server's and the CA's dates and never too long. A period that lies in the past or in the future
/// stays there: a defect of dates is mirrored, so where the server's and the CA's periods do not meet, the
/// server's own stands.
Period period_for(const Period& server, const Period& ca, WallTime now) {
  const std::int64_t limit = unix_seconds(now + kForgedLifetimeMax);
  constexpr std::int64_t kLongest = std::chrono::seconds(kForgedPeriodMax).count();
  Period period{std::max(server.from, ca.from), std::min({server.until, ca.until, limit})};
  if (period.from > period.until) {
    period = {server.from, std::min(server.until, std::max(limit, server.from + kLongest))};
  }
  period.from = std::max(period.from, period.until - kLongest);
  return period;
}

/// None where a date cannot be read.
std::optional<Period> period_of(const X509* certificate) {
  const std::optional<std::int64_t> from = unix_seconds(X509_get0_notBefore(certificate));
  const std::optional<std::int64_t> until = unix_seconds(X509_get0_notAfter(certificate));
  if (!from || !until) return std::nullopt;
  return Period{*from, *until};
}

bool set_period(X509* to, const Period& period) {
  return ASN1_TIME_set(X509_getm_notBefore(to), period.from) != nullptr &&
         ASN1_TIME_set(X509_getm_notAfter(to), period.until) != nullptr;
}

}  // namespace

std::size_t Forge::KeyHash::operator()(const Key& key) const {
  std::size_t hash = 0;
  std::memcpy(&hash, key.leaf.data(), sizeof hash);
  return hash ^ (key.trusted ? 1U : 0U) ^ (key.key == KeyKind::kP256 ? 2U : 0U);
}

Forge::Forge(std::shared_ptr<const SigningMaterial> material, Random& random, std::size_t certificates_max)
    : material_(std::move(material)),
      random_(random),
      cache_(certificates_max, certificates_max * kCachedBytesEach) {}

Result<std::shared_ptr<const ForgedCertificate>, Reason> Forge::certificate_for(const PresentedChain& chain,
                                                                                const Verdict& verdict,
                                                                                KeyKind key, WallTime now) {
  LIMPID_CHECK(!chain.empty(), "there is nothing to forge");
  const Key wanted{chain.leaf_fingerprint(), verdict.trusted(), key};
  if (const auto* known = cache_.find(wanted); known != nullptr && now < (*known)->renew_from) return *known;
  if (!material_) return Failure{Reason::forging_failed};
  const SigningCa& ca = verdict.trusted() ? material_->trusted() : material_->untrusted();
  if (!ca.certificate) return Failure{Reason::server_certificate_refused};
  std::shared_ptr<const ForgedCertificate> forged = forge(chain.leaf(), ca, key, now);
  if (!forged) {
    ERR_clear_error();
    return Failure{Reason::forging_failed};
  }
  const auto size = static_cast<std::size_t>(std::max(0, i2d_X509(forged->leaf.get(), nullptr)));
  return cache_.put(wanted, std::move(forged), kParsedOverhead + 2 * size);
}

std::shared_ptr<const ForgedCertificate> Forge::forge(X509* original, const SigningCa& ca, KeyKind key,
                                                      WallTime now) {
  const std::optional<Period> server = period_of(original);
  const std::optional<Period> signer = period_of(ca.certificate.get());
  if (!server || !signer) return nullptr;
  const Period period = period_for(*server, *signer, now);
  const bool trusted = &ca == &material_->trusted();
  auto forged = std::make_shared<ForgedCertificate>();
  forged->leaf.reset(X509_new());
  forged->ca = std::shared_ptr<const SigningCa>(material_, &ca);
  forged->key = material_->leaf_key(key);
  X509* leaf = forged->leaf.get();
  const bool made =
      leaf != nullptr && X509_set_version(leaf, X509_VERSION_3) == 1 && set_serial(leaf, random_) &&
      set_period(leaf, period) && X509_set_subject_name(leaf, X509_get_subject_name(original)) == 1 &&
      X509_set_issuer_name(leaf, X509_get_subject_name(ca.certificate.get())) == 1 &&
      X509_set_pubkey(leaf, forged->key) == 1 && add_names(leaf, original, trusted) &&
      add_usages(leaf, original, key) && add_key_identifier(leaf) &&
      add_authority_identifier(leaf, ca.certificate.get()) && material_->keys().sign(ca.key, *leaf);
  if (!made) return nullptr;
  const bool could_last_longer = period.until < std::min(server->until, signer->until);
  if (could_last_longer) forged->renew_from = wall_time(period.until) - kRenewBefore;
  return forged;
}

}  // namespace limpid::certificate
