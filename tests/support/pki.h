// A public key infrastructure for tests, made anew by each of them: authorities, intermediates, and leaves
// with any defect. Nothing here is read from a file, so nothing can expire.
#pragma once

#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include "dataplane/base/clock.h"
#include "tls_proxy/certificate/presented_chain.h"
#include "tls_proxy/openssl/pointers.h"

namespace limpid::testing {

/// 2030-01-01 00:00 UTC: what tests call now.
inline constexpr WallTime kTestNow{std::chrono::seconds(1'893'456'000)};

enum class TestKey { kP224, kP256, kP384, kRsa2048, kRsa1024, kRsa2048LargeExponent, kEd25519 };

openssl::KeyPtr make_key(TestKey kind = TestKey::kP256);

struct CertificateSpec {
  std::string common_name = "server.example";
  std::string organisation{};                           // empty: none
  std::string names = "DNS:server.example";             // subjectAltName as OpenSSL writes it; empty: none
  std::string key_usage = "critical,digitalSignature";  // empty: none
  std::string extended_key_usage = "serverAuth";        // empty: none
  bool ca = false;
  Duration from = -std::chrono::hours(24 * 10);  // relative to kTestNow
  Duration until = std::chrono::hours(24 * 80);
  const char* until_date = nullptr;  // in place of `until`: "99991231235959Z"
  TestKey key = TestKey::kP256;
  const EVP_MD* digest = EVP_sha256();  // null for Ed25519 issuers
  bool authority_key = true;            // names the issuer's key beside its name
  // Extensions as OpenSSL writes them, by their NID: {NID_info_access, "OCSP;URI:http://ocsp.example"}.
  std::vector<std::pair<int, std::string>> further{};
};

/// A certificate with its private key.
struct Credential {
  openssl::X509Ptr certificate;
  openssl::KeyPtr key;

  std::string certificate_pem() const;
  std::string key_pem() const;
  std::string encrypted_key_pem(const std::string& passphrase) const;
  /// A PKCS#12 file with the key, the certificate and those of `others`. Empty passphrase: none.
  std::string pkcs12(const std::string& passphrase, const std::vector<const Credential*>& others = {}) const;
};

/// Signed by `issuer`, or by itself where that is null.
Credential make_certificate(const CertificateSpec& spec, const Credential* issuer = nullptr);
CertificateSpec ca_spec(const std::string& common_name);

struct RevocationListSpec {
  std::vector<const Credential*> revoked{};
  Duration from = -std::chrono::hours(24);
  Duration until = std::chrono::hours(24 * 7);
  bool numbered = true;
  bool number_critical = false;
  bool delta = false;  // of another list
};
/// Signed by the issuer's key, as the issuer.
openssl::CrlPtr make_revocation_list(const Credential& issuer, const RevocationListSpec& spec);
std::string revocation_list_pem(X509_CRL* list);

struct OcspSpec {
  bool revoked = false;
  Duration from = -std::chrono::hours(1);
  Duration until = std::chrono::hours(24);
  const Credential* responder = nullptr;  // null: the issuer itself
};
/// About a certificate of this issuer; DER.
std::string make_ocsp_response(const Credential& issuer, const Credential& about, const OcspSpec& spec = {});

/// Leaf first; shares the certificates.
certificate::PresentedChain chain_of(const std::vector<const Credential*>& leaf_first);

/// Values of extensions and fields, as OpenSSL prints them; empty where there is none.
std::string extension_text(X509* certificate, int nid);
std::string name_text(const X509_NAME* name);
std::string serial_text(X509* certificate);
WallTime not_before(X509* certificate);
WallTime not_after(X509* certificate);

/// Writes a file into a fresh folder of the test; returns its path.
std::string write_file(const std::string& folder, const std::string& name, const std::string& text);
/// A fresh folder under the system's temporary one, removed at the process's end.
std::string make_folder();

}  // namespace limpid::testing
