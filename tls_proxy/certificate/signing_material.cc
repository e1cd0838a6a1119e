#include "tls_proxy/certificate/signing_material.h"

#include <openssl/err.h>
#include <openssl/pem.h>

#include <ctime>

namespace limpid::certificate {

namespace {

using Problems = std::vector<std::string>;

/// A passphrase cannot be asked for by a daemon: an encrypted key is an error that says so.
int refuse_passphrase(char*, int, int, void* asked) {
  *static_cast<bool*>(asked) = true;
  return -1;
}

openssl::KeyPtr read_key(const std::string& path, Problems& problems) {
  const openssl::BioPtr file(BIO_new_file(path.c_str(), "r"));
  if (!file) {
    problems.push_back(path + ": cannot be read");
    ERR_clear_error();
    return nullptr;
  }
  bool encrypted = false;
  openssl::KeyPtr key(PEM_read_bio_PrivateKey(file.get(), nullptr, refuse_passphrase, &encrypted));
  if (!key)
    problems.push_back(path +
                       (encrypted ? ": the private key is encrypted" : ": holds no private key in PEM form"));
  ERR_clear_error();
  return key;
}

bool read_certificates(const std::string& path, SigningCa& ca, Problems& problems) {
  const openssl::BioPtr file(BIO_new_file(path.c_str(), "r"));
  if (!file) {
    problems.push_back(path + ": cannot be read");
    ERR_clear_error();
    return false;
  }
  ca.certificate.reset(PEM_read_bio_X509(file.get(), nullptr, nullptr, nullptr));
  while (ca.certificate) {
    openssl::X509Ptr next(PEM_read_bio_X509(file.get(), nullptr, nullptr, nullptr));
    if (!next) break;
    ca.chain.push_back(std::move(next));
  }
  ERR_clear_error();
  if (!ca.certificate) problems.push_back(path + ": holds no certificate in PEM form");
  return ca.certificate != nullptr;
}

void check_ca(const std::string& path, const SigningCa& ca, WallTime now, Problems& problems) {
  std::time_t seconds = std::chrono::duration_cast<std::chrono::seconds>(now.time_since_epoch()).count();
  if (X509_check_ca(ca.certificate.get()) != 1) {
    problems.push_back(
        path + ": is not a CA certificate (basicConstraints CA:TRUE and keyUsage keyCertSign are needed)");
  }
  if (X509_cmp_time(X509_get0_notAfter(ca.certificate.get()), &seconds) < 0)
    problems.push_back(path + ": has expired");
  if (X509_cmp_time(X509_get0_notBefore(ca.certificate.get()), &seconds) > 0) {
    problems.push_back(path + ": is not valid yet");
  }
}

openssl::KeyPtr load_ca(const std::string& certificate_path, const std::string& key_path, WallTime now,
                        SigningCa& ca, Problems& problems) {
  const bool have_certificate = read_certificates(certificate_path, ca, problems);
  openssl::KeyPtr key = read_key(key_path, problems);
  if (have_certificate) check_ca(certificate_path, ca, now, problems);
  if (have_certificate && key && X509_check_private_key(ca.certificate.get(), key.get()) != 1) {
    problems.push_back(key_path + ": is not the key of " + certificate_path);
    ERR_clear_error();
  }
  return key;
}

}  // namespace

Result<std::shared_ptr<const SigningMaterial>, std::vector<std::string>> SigningMaterial::load(
    const SigningFiles& files, WallTime now) {
  Problems problems;
  const std::shared_ptr<SigningMaterial> material(new SigningMaterial());
  material->trusted_.key = KeyId::kTrustedCa;
  material->untrusted_.key = KeyId::kUntrustedCa;
  openssl::KeyPtr trusted_key =
      load_ca(files.trusted_certificate, files.trusted_key, now, material->trusted_, problems);
  openssl::KeyPtr untrusted_key;
  if (!files.untrusted_certificate.empty()) {
    untrusted_key =
        load_ca(files.untrusted_certificate, files.untrusted_key, now, material->untrusted_, problems);
  }
  if (trusted_key && untrusted_key && EVP_PKEY_eq(trusted_key.get(), untrusted_key.get()) == 1) {
    problems.push_back(files.untrusted_key + ": is the trusted CA's key; what it signs would be trusted");
  }
  if (!problems.empty()) return Failure{std::move(problems)};

  material->keys_ = std::make_unique<FileSigningKey>(std::move(trusted_key), std::move(untrusted_key));
  material->p256_.reset(EVP_EC_gen("P-256"));
  material->rsa_.reset(EVP_RSA_gen(2048));
  if (!material->p256_ || !material->rsa_)
    return Failure{Problems{"no key pairs could be made for forged certificates"}};
  return std::shared_ptr<const SigningMaterial>(material);
}

}  // namespace limpid::certificate
