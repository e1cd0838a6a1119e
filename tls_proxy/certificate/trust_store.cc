#include "tls_proxy/certificate/trust_store.h"

#include <algorithm>
#include <filesystem>
#include <vector>

#include "dataplane/base/generation.h"
#include "tls_proxy/certificate/pem_file.h"

namespace limpid::certificate {

namespace {

std::vector<std::string> files_of(const std::string& path) {
  std::error_code error;
  if (!std::filesystem::is_directory(path, error)) return {path};
  std::vector<std::string> files;
  for (std::filesystem::directory_iterator at(path, error), end; !error && at != end; at.increment(error)) {
    if (at->is_regular_file(error)) files.push_back(at->path().string());
    error.clear();  // a dangling link is not a file, and no reason to stop
  }
  std::sort(files.begin(), files.end());
  return files;
}

}  // namespace

Result<std::shared_ptr<const TrustStore>, std::string> TrustStore::load(const std::string& path) {
  const std::shared_ptr<TrustStore> trust(new TrustStore());
  trust->store_.reset(X509_STORE_new());
  for (const std::string& file : files_of(path)) {
    const auto certificates = read_certificates(file);
    if (!certificates) return Failure{certificates.error()};
    for (const openssl::X509Ptr& certificate : *certificates) {
      if (X509_STORE_add_cert(trust->store_.get(), certificate.get()) != 1) continue;
      ++trust->roots_;
      trust->by_subject_.add(openssl::share(certificate.get()));
    }
  }
  if (trust->roots_ == 0) return Failure{path + ": holds no certificate in PEM form"};
  trust->generation_ = next_generation();
  return std::shared_ptr<const TrustStore>(trust);
}

}  // namespace limpid::certificate
