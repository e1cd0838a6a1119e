#include "tests/support/pki.h"

#include <openssl/bn.h>
#include <openssl/conf.h>
#include <openssl/ocsp.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <openssl/rand.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>

#include <atomic>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <memory>
#include <stdexcept>

#include <unistd.h>

#include "tls_proxy/certificate/dates.h"

namespace limpid::testing {

namespace {

void require(bool ok, const char* what) {
  if (!ok) throw std::runtime_error(std::string("test PKI: ") + what);
}

void add(X509* certificate, X509* issuer, int nid, const std::string& value) {
  if (value.empty()) return;
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  // Some kinds of extension ask for a configuration even where their value refers to none.
  const std::unique_ptr<CONF, openssl::Freed<NCONF_free>> configuration(NCONF_new(nullptr));
  X509V3_set_nconf(&context, configuration.get());
  X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str());
  require(extension != nullptr, value.c_str());
  X509_add_ext(certificate, extension, -1);
  X509_EXTENSION_free(extension);
}

template <typename Setter, typename Of>
void set_time(Setter setter, Of* of, std::time_t when) {
  ASN1_TIME* time = ASN1_TIME_set(nullptr, when);
  setter(of, time);
  ASN1_TIME_free(time);
}

void add_entry(X509_NAME* name, const char* field, const std::string& value) {
  if (value.empty()) return;
  X509_NAME_add_entry_by_txt(name, field, MBSTRING_UTF8, reinterpret_cast<const unsigned char*>(value.data()),
                             static_cast<int>(value.size()), -1, 0);
}

std::string text_of(BIO* memory) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(memory, &data);
  return {data, static_cast<std::size_t>(size)};
}

std::time_t at(Duration after_now) {
  return std::chrono::duration_cast<std::chrono::seconds>((kTestNow + after_now).time_since_epoch()).count();
}

struct Folders {
  Folders() = default;
  Folders(const Folders&) = delete;
  Folders& operator=(const Folders&) = delete;
  std::vector<std::string> made;
  ~Folders() {
    std::error_code ignored;
    for (const std::string& folder : made) std::filesystem::remove_all(folder, ignored);
  }
};

EVP_PKEY* rsa_key_with_large_exponent() {
  const std::unique_ptr<BIGNUM, openssl::Freed<BN_free>> exponent(BN_new());
  require(BN_set_bit(exponent.get(), 40) == 1 && BN_set_bit(exponent.get(), 0) == 1, "an exponent");
  const std::unique_ptr<EVP_PKEY_CTX, openssl::Freed<EVP_PKEY_CTX_free>> context(
      EVP_PKEY_CTX_new_from_name(nullptr, "RSA", nullptr));
  EVP_PKEY* key = nullptr;
  require(EVP_PKEY_keygen_init(context.get()) == 1 &&
              EVP_PKEY_CTX_set_rsa_keygen_bits(context.get(), 2048) == 1 &&
              EVP_PKEY_CTX_set1_rsa_keygen_pubexp(context.get(), exponent.get()) == 1 &&
              EVP_PKEY_keygen(context.get(), &key) == 1,
          "a key with a large exponent");
  return key;
}

}  // namespace

openssl::KeyPtr make_key(TestKey kind) {
  EVP_PKEY* key = nullptr;
  switch (kind) {
    case TestKey::kP224:
      key = EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-224");
      break;
    case TestKey::kP256:
      key = EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-256");
      break;
    case TestKey::kP384:
      key = EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-384");
      break;
    case TestKey::kRsa2048:
      key = EVP_PKEY_Q_keygen(nullptr, nullptr, "RSA", std::size_t{2048});
      break;
    case TestKey::kRsa1024:
      key = EVP_PKEY_Q_keygen(nullptr, nullptr, "RSA", std::size_t{1024});
      break;
    case TestKey::kRsa2048LargeExponent:
      key = rsa_key_with_large_exponent();
      break;
    case TestKey::kEd25519:
      key = EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519");
      break;
  }
  require(key != nullptr, "a key");
  return openssl::KeyPtr(key);
}

CertificateSpec ca_spec(const std::string& common_name) {
  CertificateSpec spec;
  spec.common_name = common_name;
  spec.names.clear();
  spec.key_usage = "critical,keyCertSign,cRLSign";
  spec.extended_key_usage.clear();
  spec.ca = true;
  spec.from = -std::chrono::hours(24 * 365);
  spec.until = std::chrono::hours(24 * 365 * 5);
  return spec;
}

Credential make_certificate(const CertificateSpec& spec, const Credential* issuer) {
  Credential made{openssl::X509Ptr(X509_new()), make_key(spec.key)};
  X509* certificate = made.certificate.get();
  X509* issuer_certificate = issuer != nullptr ? issuer->certificate.get() : certificate;
  X509_set_version(certificate, X509_VERSION_3);
  std::uint64_t serial = 0;
  RAND_bytes(reinterpret_cast<unsigned char*>(&serial), sizeof serial);
  ASN1_INTEGER_set_uint64(X509_get_serialNumber(certificate), serial >> 1U | 1U);
  X509_NAME* subject = X509_NAME_new();
  add_entry(subject, "O", spec.organisation);
  add_entry(subject, "CN", spec.common_name);
  X509_set_subject_name(certificate, subject);
  X509_NAME_free(subject);
  X509_set_issuer_name(certificate, X509_get_subject_name(issuer_certificate));
  ASN1_TIME_set(X509_getm_notBefore(certificate), at(spec.from));
  ASN1_TIME_set(X509_getm_notAfter(certificate), at(spec.until));
  if (spec.until_date != nullptr) {
    require(ASN1_TIME_set_string_X509(X509_getm_notAfter(certificate), spec.until_date) == 1, "a date");
  }
  X509_set_pubkey(certificate, made.key.get());
  add(certificate, issuer_certificate, NID_basic_constraints,
      spec.ca ? "critical,CA:TRUE" : "critical,CA:FALSE");
  add(certificate, issuer_certificate, NID_key_usage, spec.key_usage);
  add(certificate, issuer_certificate, NID_ext_key_usage, spec.extended_key_usage);
  add(certificate, issuer_certificate, NID_subject_alt_name, spec.names);
  add(certificate, issuer_certificate, NID_subject_key_identifier, "hash");
  if (issuer != nullptr && spec.authority_key)
    add(certificate, issuer_certificate, NID_authority_key_identifier, "keyid");
  for (const auto& [nid, value] : spec.further) add(certificate, issuer_certificate, nid, value);
  EVP_PKEY* signer = issuer != nullptr ? issuer->key.get() : made.key.get();
  require(X509_sign(certificate, signer, spec.digest) > 0, "a signature");
  return made;
}

openssl::CrlPtr make_revocation_list(const Credential& issuer, const RevocationListSpec& spec) {
  openssl::CrlPtr list(X509_CRL_new());
  X509_CRL_set_version(list.get(), X509_CRL_VERSION_2);
  X509_CRL_set_issuer_name(list.get(), X509_get_subject_name(issuer.certificate.get()));
  set_time(X509_CRL_set1_lastUpdate, list.get(), at(spec.from));
  set_time(X509_CRL_set1_nextUpdate, list.get(), at(spec.until));
  for (const Credential* each : spec.revoked) {
    X509_REVOKED* entry = X509_REVOKED_new();
    X509_REVOKED_set_serialNumber(entry, X509_get_serialNumber(each->certificate.get()));
    set_time(X509_REVOKED_set_revocationDate, entry, at(spec.from));
    X509_CRL_add0_revoked(list.get(), entry);
  }
  if (spec.numbered) {
    ASN1_INTEGER* number = ASN1_INTEGER_new();
    ASN1_INTEGER_set(number, 1);
    X509_CRL_add1_ext_i2d(list.get(), NID_crl_number, number, spec.number_critical ? 1 : 0,
                          X509V3_ADD_APPEND);
    if (spec.delta) X509_CRL_add1_ext_i2d(list.get(), NID_delta_crl, number, 1, 0);
    ASN1_INTEGER_free(number);
  }
  X509_CRL_sort(list.get());
  require(X509_CRL_sign(list.get(), issuer.key.get(), EVP_sha256()) > 0, "a revocation list's signature");
  // As it would be read: what the library works out while it reads is missing otherwise.
  const std::string text = revocation_list_pem(list.get());
  const openssl::BioPtr memory(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
  return openssl::CrlPtr(PEM_read_bio_X509_CRL(memory.get(), nullptr, nullptr, nullptr));
}

std::string make_ocsp_response(const Credential& issuer, const Credential& about, const OcspSpec& spec) {
  OCSP_BASICRESP* basic = OCSP_BASICRESP_new();
  OCSP_CERTID* id = OCSP_cert_to_id(EVP_sha1(), about.certificate.get(), issuer.certificate.get());
  ASN1_TIME* from = ASN1_TIME_set(nullptr, at(spec.from));
  ASN1_TIME* until = ASN1_TIME_set(nullptr, at(spec.until));
  OCSP_basic_add1_status(basic, id, spec.revoked ? V_OCSP_CERTSTATUS_REVOKED : V_OCSP_CERTSTATUS_GOOD,
                         OCSP_REVOKED_STATUS_NOSTATUS, spec.revoked ? from : nullptr, from, until);
  const Credential& responder = spec.responder != nullptr ? *spec.responder : issuer;
  require(
      OCSP_basic_sign(basic, responder.certificate.get(), responder.key.get(), EVP_sha256(), nullptr, 0) == 1,
      "an OCSP response's signature");
  OCSP_RESPONSE* response = OCSP_response_create(OCSP_RESPONSE_STATUS_SUCCESSFUL, basic);
  unsigned char* der = nullptr;
  const int size = i2d_OCSP_RESPONSE(response, &der);
  std::string bytes(reinterpret_cast<const char*>(der), static_cast<std::size_t>(size));
  OPENSSL_free(der);
  OCSP_RESPONSE_free(response);
  OCSP_BASICRESP_free(basic);
  OCSP_CERTID_free(id);
  ASN1_TIME_free(from);
  ASN1_TIME_free(until);
  return bytes;
}

std::string revocation_list_pem(X509_CRL* list) {
  const openssl::BioPtr memory(BIO_new(BIO_s_mem()));
  PEM_write_bio_X509_CRL(memory.get(), list);
  return text_of(memory.get());
}

std::string Credential::certificate_pem() const {
  const openssl::BioPtr memory(BIO_new(BIO_s_mem()));
  PEM_write_bio_X509(memory.get(), certificate.get());
  return text_of(memory.get());
}

std::string Credential::key_pem() const {
  const openssl::BioPtr memory(BIO_new(BIO_s_mem()));
  PEM_write_bio_PrivateKey(memory.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr);
  return text_of(memory.get());
}

std::string Credential::encrypted_key_pem(const std::string& passphrase) const {
  const openssl::BioPtr memory(BIO_new(BIO_s_mem()));
  PEM_write_bio_PKCS8PrivateKey(memory.get(), key.get(), EVP_aes_256_cbc(), passphrase.c_str(),
                                static_cast<int>(passphrase.size()), nullptr, nullptr);
  return text_of(memory.get());
}

std::string Credential::pkcs12(const std::string& passphrase,
                               const std::vector<const Credential*>& others) const {
  STACK_OF(X509)* further = sk_X509_new_null();
  for (const Credential* other : others) sk_X509_push(further, other->certificate.get());
  const std::unique_ptr<PKCS12, openssl::Freed<PKCS12_free>> file(
      PKCS12_create(passphrase.c_str(), nullptr, key.get(), certificate.get(), further, 0, 0, 0, 0, 0));
  sk_X509_free(further);
  require(file != nullptr, "a PKCS#12 file");
  const openssl::BioPtr memory(BIO_new(BIO_s_mem()));
  i2d_PKCS12_bio(memory.get(), file.get());
  return text_of(memory.get());
}

certificate::PresentedChain chain_of(const std::vector<const Credential*>& leaf_first) {
  std::vector<openssl::X509Ptr> certificates;
  for (const Credential* credential : leaf_first)
    certificates.push_back(openssl::share(credential->certificate.get()));
  return certificate::PresentedChain::of(std::move(certificates));
}

std::string extension_text(X509* certificate, int nid) {
  const int index = X509_get_ext_by_NID(certificate, nid, -1);
  if (index < 0) return "";
  const openssl::BioPtr memory(BIO_new(BIO_s_mem()));
  X509V3_EXT_print(memory.get(), X509_get_ext(certificate, index), 0, 0);
  return text_of(memory.get());
}

std::string name_text(const X509_NAME* name) {
  const openssl::BioPtr memory(BIO_new(BIO_s_mem()));
  X509_NAME_print_ex(memory.get(), name, 0, XN_FLAG_RFC2253);
  return text_of(memory.get());
}

std::string serial_text(X509* certificate) {
  const openssl::BioPtr memory(BIO_new(BIO_s_mem()));
  i2a_ASN1_INTEGER(memory.get(), X509_get_serialNumber(certificate));
  return text_of(memory.get());
}

WallTime not_before(X509* certificate) {
  return certificate::wall_time(X509_get0_notBefore(certificate)).value();
}
WallTime not_after(X509* certificate) {
  return certificate::wall_time(X509_get0_notAfter(certificate)).value();
}

std::string write_file(const std::string& folder, const std::string& name, const std::string& text) {
  const std::string path = folder + "/" + name;
  std::ofstream(path, std::ios::binary) << text;
  return path;
}

std::string make_folder() {
  static Folders folders;
  static std::atomic<int> count{0};
  const std::string folder = (std::filesystem::temp_directory_path() /
                              ("limpid-test-" + std::to_string(getpid()) + "-" + std::to_string(++count)))
                                 .string();
  std::filesystem::create_directories(folder);
  folders.made.push_back(folder);
  return folder;
}

}  // namespace limpid::testing
