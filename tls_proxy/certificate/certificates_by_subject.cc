#include "tls_proxy/certificate/certificates_by_subject.h"

namespace limpid::certificate {

void CertificatesBySubject::add(openssl::X509Ptr certificate) {
  by_name_[X509_NAME_hash_ex(X509_get_subject_name(certificate.get()), nullptr, nullptr, nullptr)].push_back(
      std::move(certificate));
  ++size_;
}

std::vector<X509*> CertificatesBySubject::issuers_of(const X509* certificate) const {
  std::vector<X509*> issuers;
  const X509_NAME* name = X509_get_issuer_name(certificate);
  const auto found = by_name_.find(X509_NAME_hash_ex(name, nullptr, nullptr, nullptr));
  if (found == by_name_.end()) return issuers;
  for (const openssl::X509Ptr& each : found->second) {
    if (X509_NAME_cmp(X509_get_subject_name(each.get()), name) == 0) issuers.push_back(each.get());
  }
  return issuers;
}

}  // namespace limpid::certificate
