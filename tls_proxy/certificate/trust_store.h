// TrustStore: the roots that server chains must lead to. Loaded once at start, immutable, shared by workers.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "dataplane/base/result.h"
#include "tls_proxy/certificate/certificates_by_subject.h"
#include "tls_proxy/openssl/pointers.h"

namespace limpid::certificate {

class TrustStore {
 public:
  /// A PEM bundle, or a folder of PEM files. The error is a sentence.
  static Result<std::shared_ptr<const TrustStore>, std::string> load(const std::string& path);

  X509_STORE* store() const { return store_.get(); }
  std::size_t roots() const { return roots_; }
  /// Those that bear the name of the certificate's issuer.
  std::vector<X509*> issuers_of(const X509* certificate) const { return by_subject_.issuers_of(certificate); }
  /// Differs between any two stores of a process: what caches of verdicts key by.
  std::uint64_t generation() const { return generation_; }

 private:
  TrustStore() = default;

  openssl::StorePtr store_;
  CertificatesBySubject by_subject_;
  std::size_t roots_ = 0;
  std::uint64_t generation_ = 0;
};

}  // namespace limpid::certificate
