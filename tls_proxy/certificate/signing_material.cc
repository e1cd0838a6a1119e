#include "tls_proxy/certificate/signing_material.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>

#include "tls_proxy/certificate/dates.h"
#include "tls_proxy/certificate/pem_file.h"

namespace limpid::certificate {

namespace {

constexpr int kSecurityBitsMin = 112;  // RSA-2048, P-224
constexpr std::chrono::hours kExpiresSoon{30 * 24};

constexpr const char* kOneCaEach = "a self-signed CA of its own, with its own key";

struct Findings {
  std::vector<SigningProblem> problems;
  std::vector<SigningProblem> warnings;
  bool incomplete = false;  // a file is absent, and whoever left it out has said why
};

/// A file with what it is for.
struct File {
  SigningFile which{};
  const std::string& path;

  SigningProblem says(const std::string& what, std::string expected = "", std::string hint = "") const {
    return {which, path + ": " + what, std::move(expected), std::move(hint)};
  }
};

bool load_certificates(const File& file, SigningCa& ca, Findings& findings) {
  auto certificates = read_certificates(file.path);
  if (!certificates) {
    findings.problems.push_back({file.which, certificates.error(), "a CA certificate in PEM", ""});
    return false;
  }
  if (certificates->empty()) {
    findings.problems.push_back(file.says("holds no certificate in PEM form", "a CA certificate in PEM",
                                          "convert DER with openssl x509 -inform DER"));
    return false;
  }
  ca.certificate = std::move(certificates->front());
  for (std::size_t i = 1; i < certificates->size(); ++i) ca.chain.push_back(std::move((*certificates)[i]));
  return true;
}

void check_dates(const File& file, X509* certificate, WallTime now, Findings& findings) {
  const std::optional<WallTime> from = wall_time(X509_get0_notBefore(certificate));
  const std::optional<WallTime> until = wall_time(X509_get0_notAfter(certificate));
  if (!from || !until) {
    findings.problems.push_back(file.says("its dates cannot be read"));
    return;
  }
  const std::string end = date_text(X509_get0_notAfter(certificate));
  if (*until <= now) {
    findings.problems.push_back(file.says("has expired on " + end, "a certificate that is valid now",
                                          "make a new one with the same key and name, or a new CA"));
  } else if (*until <= now + kExpiresSoon) {
    findings.warnings.push_back(
        file.says("expires on " + end + "; from then on clients accept nothing that it signs"));
  }
  if (*from > now) {
    findings.problems.push_back(
        file.says("is not valid yet, but from " + date_text(X509_get0_notBefore(certificate)),
                  "a certificate that is valid now", "is this machine's clock right?"));
  }
}

void check_ca(const File& file, const SigningCa& ca, WallTime now, Findings& findings) {
  X509* certificate = ca.certificate.get();
  if (X509_check_ca(certificate) != 1) {
    findings.problems.push_back(file.says("is not a CA certificate",
                                          "basicConstraints CA:TRUE and keyUsage keyCertSign",
                                          "is it a server's certificate, or is a leaf first in the file?"));
  } else if (X509_check_purpose(certificate, X509_PURPOSE_SSL_SERVER, 1) != 1) {
    findings.problems.push_back(file.says("may not sign for TLS servers",
                                          "an extendedKeyUsage with serverAuth",
                                          "or a CA without any extendedKeyUsage"));
  }
  const EVP_PKEY* key = X509_get0_pubkey(certificate);
  if (key != nullptr && EVP_PKEY_get_security_bits(key) < kSecurityBitsMin) {
    findings.warnings.push_back(
        file.says("its key is too weak for today's clients", "", "RSA-2048 or P-256 at least"));
  }
  check_dates(file, certificate, now, findings);
}

void check_key_file(const File& file, Findings& findings) {
  if (readable_by_all(file.path)) {
    findings.warnings.push_back(
        file.says("every user of this machine can read this private key", "", "chmod 600 it"));
  }
}

openssl::KeyPtr load_key(const File& file, Findings& findings) {
  Result<openssl::KeyPtr, std::string> key = read_private_key(file.path);
  if (key) {
    check_key_file(file, findings);
    return std::move(key).value();
  }
  findings.problems.push_back({file.which, key.error(), "an unencrypted private key in PEM",
                               "openssl pkey writes one of any form, and asks for its passphrase"});
  return nullptr;
}

openssl::KeyPtr load_ca(const File& certificate, const File& key, WallTime now, SigningCa& ca,
                        Findings& findings) {
  const bool named = !certificate.path.empty();
  const bool have_certificate = named && load_certificates(certificate, ca, findings);
  if (have_certificate) check_ca(certificate, ca, now, findings);
  findings.incomplete = findings.incomplete || !named || key.path.empty();
  if (key.path.empty()) return nullptr;
  openssl::KeyPtr loaded = load_key(key, findings);
  if (loaded && have_certificate && X509_check_private_key(ca.certificate.get(), loaded.get()) != 1) {
    findings.problems.push_back(key.says("is not the key of " + certificate.path,
                                         "the private key that belongs to the certificate",
                                         "openssl x509 -pubkey and openssl pkey -pubout must show the same"));
  }
  ERR_clear_error();
  return loaded;
}

bool vouches_for(const SigningCa& trusted, X509* other) {
  if (X509_cmp(trusted.certificate.get(), other) == 0) return true;
  const bool issued = X509_check_issued(trusted.certificate.get(), other) == X509_V_OK &&
                      X509_verify(other, X509_get0_pubkey(trusted.certificate.get())) == 1;
  ERR_clear_error();
  return issued;
}

/// What the untrusted CA signs must not be trusted by way of the trusted one.
void check_apart(const File& file, const SigningCa& trusted, const SigningCa& untrusted, Findings& findings) {
  X509* ours = trusted.certificate.get();
  X509* theirs = untrusted.certificate.get();
  if (EVP_PKEY_eq(X509_get0_pubkey(ours), X509_get0_pubkey(theirs)) == 1) {
    findings.problems.push_back(
        file.says("has the trusted CA's key; what it signs would be trusted", kOneCaEach));
    return;
  }
  bool vouched = vouches_for(trusted, theirs);
  for (const openssl::X509Ptr& further : untrusted.chain)
    vouched = vouched || vouches_for(trusted, further.get());
  if (vouched) {
    findings.problems.push_back(
        file.says("is signed by the trusted CA; what it signs would be trusted", kOneCaEach));
  } else if (X509_NAME_cmp(X509_get_subject_name(ours), X509_get_subject_name(theirs)) == 0) {
    findings.warnings.push_back(
        file.says("has the trusted CA's name; clients and people may take one for the other"));
  }
}

}  // namespace

Result<std::shared_ptr<const SigningMaterial>, std::vector<SigningProblem>> SigningMaterial::load(
    const SigningFiles& files, WallTime now) {
  Findings findings;
  const std::shared_ptr<SigningMaterial> material(new SigningMaterial());
  SigningCa& trusted = material->trusted_;
  SigningCa& untrusted = material->untrusted_;
  trusted.key = KeyId::kTrustedCa;
  untrusted.key = KeyId::kUntrustedCa;
  openssl::KeyPtr trusted_key =
      load_ca({SigningFile::kTrustedCertificate, files.trusted_certificate},
              {SigningFile::kTrustedKey, files.trusted_key}, now, trusted, findings);
  const File untrusted_certificate{SigningFile::kUntrustedCertificate, files.untrusted_certificate};
  openssl::KeyPtr untrusted_key;
  if (!files.untrusted_certificate.empty() || !files.untrusted_key.empty()) {
    untrusted_key = load_ca(untrusted_certificate, {SigningFile::kUntrustedKey, files.untrusted_key}, now,
                            untrusted, findings);
  }
  if (trusted.certificate && untrusted.certificate)
    check_apart(untrusted_certificate, trusted, untrusted, findings);
  if (findings.incomplete || !findings.problems.empty()) return Failure{std::move(findings.problems)};

  material->warnings_ = std::move(findings.warnings);
  material->keys_ = std::make_unique<FileSigningKey>(std::move(trusted_key), std::move(untrusted_key));
  material->p256_.reset(EVP_EC_gen("P-256"));
  material->rsa_.reset(EVP_RSA_gen(2048));
  if (!material->p256_ || !material->rsa_) {
    return Failure{
        std::vector<SigningProblem>{{{}, "no key pairs could be made for forged certificates", "", ""}}};
  }
  return std::shared_ptr<const SigningMaterial>(material);
}

}  // namespace limpid::certificate
