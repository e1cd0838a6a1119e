// PathSearch: every way from a server's certificate to a root that bears the right names, where the one that
// the library found first leads nowhere good: an intermediate that was issued twice, or was not sent. What a
// way is worth, the library says afterwards. Bounded, as servers choose what they send. Pure.
#pragma once

#include <vector>

#include "tls_proxy/certificate/certificates_by_subject.h"
#include "tls_proxy/certificate/presented_chain.h"
#include "tls_proxy/certificate/trust_store.h"

namespace limpid::certificate {

struct CandidatePath {
  std::vector<X509*> intermediates;  // from the leaf's issuer on
  X509* root = nullptr;
};

inline constexpr std::size_t kPathsMax = 12;

/// `known`: intermediates beside those that the server sent; may be null. The shortest come first. The
/// certificates are those of the arguments, and live as long as these.
std::vector<CandidatePath> candidate_paths(const PresentedChain& chain, const CertificatesBySubject* known,
                                           const TrustStore& trust, std::size_t intermediates_max);

}  // namespace limpid::certificate
