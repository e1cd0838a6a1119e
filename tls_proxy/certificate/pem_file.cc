#include "tls_proxy/certificate/pem_file.h"

#include <openssl/err.h>
#include <openssl/pem.h>

#include <cerrno>
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

int refuse_passphrase(char*, int, int, void* asked) {
  *static_cast<bool*>(asked) = true;
  return -1;
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

Result<openssl::KeyPtr, std::string> read_private_key(const std::string& path) {
  const Opened opened = open(path);
  if (!opened.file) return Failure{opened.error};
  bool encrypted = false;
  openssl::KeyPtr key(PEM_read_bio_PrivateKey(opened.file.get(), nullptr, refuse_passphrase, &encrypted));
  ERR_clear_error();
  if (key) return key;
  return Failure{path +
                 (encrypted ? ": the private key is encrypted" : ": holds no private key in PEM form")};
}

}  // namespace limpid::certificate
