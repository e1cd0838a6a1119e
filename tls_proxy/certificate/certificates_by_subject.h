// CertificatesBySubject: certificates to be found by those that they may have issued. Immutable once filled,
// and then for any thread.
#pragma once

#include <cstddef>
#include <unordered_map>
#include <vector>

#include "tls_proxy/openssl/pointers.h"

namespace limpid::certificate {

class CertificatesBySubject {
 public:
  void add(openssl::X509Ptr certificate);
  /// Those that bear the name of its issuer; whether they signed it is another question.
  std::vector<X509*> issuers_of(const X509* certificate) const;
  std::size_t size() const { return size_; }

 private:
  std::unordered_map<unsigned long, std::vector<openssl::X509Ptr>> by_name_;  // the library's hash of it
  std::size_t size_ = 0;
};

}  // namespace limpid::certificate
