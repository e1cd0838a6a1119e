#include "tls_proxy/certificate/certificates_by_subject.h"

#include "tls_proxy/certificate/x509_values.h"

namespace limpid::certificate {

void CertificatesBySubject::add(openssl::X509Ptr certificate) {
  by_name_[hash_of(X509_get_subject_name(certificate.get()))].push_back(std::move(certificate));
  ++size_;
}

std::vector<X509*> CertificatesBySubject::issuers_of(const X509* certificate) const {
  std::vector<X509*> issuers;
  const X509_NAME* name = X509_get_issuer_name(certificate);
  const auto found = by_name_.find(hash_of(name));
  if (found == by_name_.end()) return issuers;
  for (const openssl::X509Ptr& each : found->second) {
    if (X509_NAME_cmp(X509_get_subject_name(each.get()), name) == 0) issuers.push_back(each.get());
  }
  return issuers;
}

}  // namespace limpid::certificate
