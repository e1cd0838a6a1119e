#include "tls_proxy/certificate/trust_store.h"

#include <openssl/err.h>
#include <openssl/pem.h>

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <vector>

namespace limpid::certificate {

namespace {

/// Adds every certificate of a PEM file; returns how many, or a sentence.
Result<std::size_t, std::string> add_file(X509_STORE* store, const std::string& path) {
  const openssl::BioPtr file(BIO_new_file(path.c_str(), "r"));
  if (!file) {
    ERR_clear_error();
    return Failure{path + ": cannot be read"};
  }
  std::size_t added = 0;
  while (true) {
    const openssl::X509Ptr certificate(PEM_read_bio_X509(file.get(), nullptr, nullptr, nullptr));
    if (!certificate) break;
    if (X509_STORE_add_cert(store, certificate.get()) == 1) ++added;
  }
  ERR_clear_error();  // the end of the file is an error to OpenSSL
  return added;
}

std::vector<std::string> files_of(const std::string& path) {
  std::error_code error;
  if (!std::filesystem::is_directory(path, error)) return {path};
  std::vector<std::string> files;
  for (const auto& entry : std::filesystem::directory_iterator(path, error)) {
    if (entry.is_regular_file(error)) files.push_back(entry.path().string());
  }
  std::sort(files.begin(), files.end());
  return files;
}

}  // namespace

Result<std::shared_ptr<const TrustStore>, std::string> TrustStore::load(const std::string& path) {
  static std::atomic<std::uint64_t> generations{0};
  const std::shared_ptr<TrustStore> trust(new TrustStore());
  trust->store_.reset(X509_STORE_new());
  for (const std::string& file : files_of(path)) {
    const Result<std::size_t, std::string> added = add_file(trust->store_.get(), file);
    if (!added) return Failure{added.error()};
    trust->roots_ += *added;
  }
  if (trust->roots_ == 0) return Failure{path + ": holds no certificate in PEM form"};
  trust->generation_ = ++generations;
  return std::shared_ptr<const TrustStore>(trust);
}

}  // namespace limpid::certificate
