#include "tls_proxy/certificate/signing_material.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>

#include <filesystem>

#include "tls_proxy/certificate/dates.h"
#include "tls_proxy/certificate/pem_file.h"

namespace limpid::certificate {

namespace {

constexpr int kSecurityBitsMin = 112;  // RSA-2048, P-224
constexpr std::chrono::hours kExpiresSoon{30 * 24};

struct Findings {
  std::vector<std::string> problems;
  std::vector<std::string> warnings;
};

bool load_certificates(const std::string& path, SigningCa& ca, Findings& findings) {
  auto certificates = read_certificates(path);
  if (!certificates) {
    findings.problems.push_back(certificates.error());
    return false;
  }
  if (certificates->empty()) {
    findings.problems.push_back(path + ": holds no certificate in PEM form");
    return false;
  }
  ca.certificate = std::move(certificates->front());
  for (std::size_t i = 1; i < certificates->size(); ++i) ca.chain.push_back(std::move((*certificates)[i]));
  return true;
}

void check_dates(const std::string& path, X509* certificate, WallTime now, Findings& findings) {
  const std::optional<WallTime> from = wall_time(X509_get0_notBefore(certificate));
  const std::optional<WallTime> until = wall_time(X509_get0_notAfter(certificate));
  if (!from || !until) {
    findings.problems.push_back(path + ": its dates cannot be read");
    return;
  }
  const std::string end = date_text(X509_get0_notAfter(certificate));
  if (*until <= now) {
    findings.problems.push_back(path + ": has expired on " + end);
  } else if (*until <= now + kExpiresSoon) {
    findings.warnings.push_back(path + ": expires on " + end +
                                "; from then on clients accept nothing that it signs");
  }
  if (*from > now) {
    findings.problems.push_back(path + ": is not valid yet, but from " +
                                date_text(X509_get0_notBefore(certificate)));
  }
}

void check_ca(const std::string& path, const SigningCa& ca, WallTime now, Findings& findings) {
  X509* certificate = ca.certificate.get();
  if (X509_check_ca(certificate) != 1) {
    findings.problems.push_back(
        path + ": is not a CA certificate (basicConstraints CA:TRUE and keyUsage keyCertSign are needed)");
  } else if (X509_check_purpose(certificate, X509_PURPOSE_SSL_SERVER, 1) != 1) {
    findings.problems.push_back(path +
                                ": may not sign for TLS servers (its extendedKeyUsage has no serverAuth)");
  }
  const EVP_PKEY* key = X509_get0_pubkey(certificate);
  if (key != nullptr && EVP_PKEY_get_security_bits(key) < kSecurityBitsMin) {
    findings.warnings.push_back(path +
                                ": its key is too weak for today's clients (RSA-2048 or P-256 at least)");
  }
  check_dates(path, certificate, now, findings);
}

void check_key_file(const std::string& path, Findings& findings) {
  std::error_code error;
  const std::filesystem::perms allowed = std::filesystem::status(path, error).permissions();
  if (!error && (allowed & std::filesystem::perms::others_read) != std::filesystem::perms::none) {
    findings.warnings.push_back(path + ": every user of this machine can read this private key");
  }
}

openssl::KeyPtr load_ca(const std::string& certificate_path, const std::string& key_path, WallTime now,
                        SigningCa& ca, Findings& findings) {
  const bool have_certificate = load_certificates(certificate_path, ca, findings);
  if (have_certificate) check_ca(certificate_path, ca, now, findings);
  Result<openssl::KeyPtr, std::string> key = read_private_key(key_path);
  if (!key) {
    findings.problems.push_back(key.error());
    return nullptr;
  }
  check_key_file(key_path, findings);
  if (have_certificate && X509_check_private_key(ca.certificate.get(), key->get()) != 1) {
    findings.problems.push_back(key_path + ": is not the key of " + certificate_path);
    ERR_clear_error();
  }
  return std::move(key).value();
}

bool vouches_for(const SigningCa& trusted, X509* other) {
  if (X509_cmp(trusted.certificate.get(), other) == 0) return true;
  const bool issued = X509_check_issued(trusted.certificate.get(), other) == X509_V_OK &&
                      X509_verify(other, X509_get0_pubkey(trusted.certificate.get())) == 1;
  ERR_clear_error();
  return issued;
}

/// What the untrusted CA signs must not be trusted by way of the trusted one.
void check_apart(const SigningFiles& files, const SigningCa& trusted, const SigningCa& untrusted,
                 Findings& findings) {
  X509* ours = trusted.certificate.get();
  X509* theirs = untrusted.certificate.get();
  if (EVP_PKEY_eq(X509_get0_pubkey(ours), X509_get0_pubkey(theirs)) == 1) {
    findings.problems.push_back(files.untrusted_certificate +
                                ": has the trusted CA's key; what it signs would be trusted");
    return;
  }
  bool vouched = vouches_for(trusted, theirs);
  for (const openssl::X509Ptr& further : untrusted.chain)
    vouched = vouched || vouches_for(trusted, further.get());
  if (vouched) {
    findings.problems.push_back(files.untrusted_certificate +
                                ": is signed by the trusted CA; what it signs would be trusted");
  } else if (X509_NAME_cmp(X509_get_subject_name(ours), X509_get_subject_name(theirs)) == 0) {
    findings.warnings.push_back(files.untrusted_certificate +
                                ": has the trusted CA's name; clients and people may take one for the other");
  }
}

}  // namespace

Result<std::shared_ptr<const SigningMaterial>, std::vector<std::string>> SigningMaterial::load(
    const SigningFiles& files, WallTime now) {
  Findings findings;
  const std::shared_ptr<SigningMaterial> material(new SigningMaterial());
  SigningCa& trusted = material->trusted_;
  SigningCa& untrusted = material->untrusted_;
  trusted.key = KeyId::kTrustedCa;
  untrusted.key = KeyId::kUntrustedCa;
  openssl::KeyPtr trusted_key = load_ca(files.trusted_certificate, files.trusted_key, now, trusted, findings);
  openssl::KeyPtr untrusted_key;
  if (!files.untrusted_certificate.empty()) {
    untrusted_key = load_ca(files.untrusted_certificate, files.untrusted_key, now, untrusted, findings);
  }
  if (trusted.certificate && untrusted.certificate) check_apart(files, trusted, untrusted, findings);
  if (!findings.problems.empty()) return Failure{std::move(findings.problems)};

  material->warnings_ = std::move(findings.warnings);
  material->keys_ = std::make_unique<FileSigningKey>(std::move(trusted_key), std::move(untrusted_key));
  material->p256_.reset(EVP_EC_gen("P-256"));
  material->rsa_.reset(EVP_RSA_gen(2048));
  if (!material->p256_ || !material->rsa_)
    return Failure{std::vector<std::string>{"no key pairs could be made for forged certificates"}};
  return std::shared_ptr<const SigningMaterial>(material);
}

}  // namespace limpid::certificate
