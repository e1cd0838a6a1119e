#include "tls_proxy/certificate/pem_file.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <memory>
#include <system_error>

namespace limpid::certificate {

namespace {

struct Opened {
  openssl::BioPtr file;
  std::string error;
};

Opened open(const std::string& path) {
  errno = 0;
  Opened opened{openssl::BioPtr(BIO_new_file(path.c_str(), "r")), {}};
  if (!opened.file) {
    opened.error = path + ": cannot be read";
    if (errno != 0) opened.error += " (" + std::generic_category().message(errno) + ")";
  }
  ERR_clear_error();
  return opened;
}

/// The library reports the file's end as an error, too.
bool at_end() {
  const unsigned long error = ERR_peek_last_error();
  return ERR_GET_LIB(error) == ERR_LIB_PEM && ERR_GET_REASON(error) == PEM_R_NO_START_LINE;
}

struct Passphrase {
  const std::optional<std::string>& known;
  bool asked = false;
};

int give_passphrase(char* into, int size, int /*writing*/, void* given) {
  auto& passphrase = *static_cast<Passphrase*>(given);
  passphrase.asked = true;
  if (!passphrase.known || passphrase.known->size() > static_cast<std::size_t>(size)) return -1;
  passphrase.known->copy(into, passphrase.known->size());
  return static_cast<int>(passphrase.known->size());
}

using Pkcs12Ptr = std::unique_ptr<PKCS12, openssl::Freed<PKCS12_free>>;

/// The certificates that follow the leaf, each the issuer of the one before it.
void add_issuers(std::vector<openssl::X509Ptr> others, std::vector<openssl::X509Ptr>& chain) {
  for (;;) {
    X509* last = chain.back().get();
    const auto next = std::find_if(others.begin(), others.end(), [last](const openssl::X509Ptr& each) {
      return X509_check_issued(each.get(), last) == X509_V_OK;
    });
    if (next == others.end()) return;
    chain.push_back(std::move(*next));
    others.erase(next);
  }
}

/// Why what was sealed with the right passphrase cannot be read.
std::string pkcs12_failure() {
  for (unsigned long error = ERR_get_error(); error != 0; error = ERR_get_error()) {
    const int reason = ERR_GET_REASON(error);
    const bool unknown =
        reason == ERR_R_UNSUPPORTED || reason == EVP_R_UNSUPPORTED_ALGORITHM || reason == ERR_R_FETCH_FAILED;
    if (unknown) return ": is encrypted with an algorithm of before 2010 that is too weak to be supported";
  }
  return ": cannot be read as PKCS#12";
}

}  // namespace

Result<std::vector<openssl::X509Ptr>, std::string> read_certificates(const std::string& path) {
  const Opened opened = open(path);
  if (!opened.file) return Failure{opened.error};
  std::vector<openssl::X509Ptr> certificates;
  while (openssl::X509Ptr next{PEM_read_bio_X509(opened.file.get(), nullptr, nullptr, nullptr)}) {
    certificates.push_back(std::move(next));
  }
  const bool ended = at_end();
  ERR_clear_error();
  if (!ended)
    return Failure{path + ": certificate " + std::to_string(certificates.size() + 1) + " cannot be read"};
  return certificates;
}

Result<openssl::KeyPtr, std::string> read_private_key(const std::string& path,
                                                      const std::optional<std::string>& passphrase) {
  const Opened opened = open(path);
  if (!opened.file) return Failure{opened.error};
  Passphrase given{passphrase};
  openssl::KeyPtr key(PEM_read_bio_PrivateKey(opened.file.get(), nullptr, give_passphrase, &given));
  ERR_clear_error();
  if (key) return key;
  if (!given.asked) return Failure{path + ": holds no private key in PEM form"};
  return Failure{path + (passphrase ? ": the passphrase does not open the private key"
                                    : ": the private key is encrypted")};
}

Result<KeyAndChain, std::string> read_pkcs12(const std::string& path,
                                             const std::optional<std::string>& passphrase) {
  const Opened opened = open(path);
  if (!opened.file) return Failure{opened.error};
  const Pkcs12Ptr file(d2i_PKCS12_bio(opened.file.get(), nullptr));
  if (!file) {
    ERR_clear_error();
    return Failure{path + ": is no PKCS#12 file"};
  }
  const char* secret = passphrase ? passphrase->c_str() : "";
  if (PKCS12_mac_present(file.get()) == 1 && PKCS12_verify_mac(file.get(), secret, -1) != 1) {
    ERR_clear_error();
    return Failure{path + (passphrase ? ": the passphrase does not open it" : ": needs a passphrase")};
  }
  EVP_PKEY* key = nullptr;
  X509* leaf = nullptr;
  STACK_OF(X509)* others = nullptr;
  const bool parsed = PKCS12_parse(file.get(), secret, &key, &leaf, &others) == 1;
  KeyAndChain made{openssl::KeyPtr(key), {}};
  std::vector<openssl::X509Ptr> further;
  while (sk_X509_num(others) > 0) further.emplace_back(sk_X509_shift(others));
  sk_X509_free(others);
  if (leaf != nullptr) made.certificates.emplace_back(leaf);
  if (!parsed) return Failure{path + pkcs12_failure()};
  ERR_clear_error();
  if (!made.key || made.certificates.empty())
    return Failure{path + ": holds no private key with its certificate"};
  add_issuers(std::move(further), made.certificates);
  return made;
}

bool readable_by_all(const std::string& path) {
  std::error_code error;
  const std::filesystem::perms allowed = std::filesystem::status(path, error).permissions();
  return !error && (allowed & std::filesystem::perms::others_read) != std::filesystem::perms::none;
}

}  // namespace limpid::certificate
