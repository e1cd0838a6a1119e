// ListSources: where the revocation lists for the certificates of a chain are to be had over HTTP (RFC 5280
// §4.2.1.13), and who signs them. Only of certificates that lie on the way from the server's own to a root:
// servers send anything beside. For the control thread; pure.
#pragma once

#include <string>
#include <vector>

#include "tls_proxy/certificate/trust_store.h"
#include "tls_proxy/openssl/pointers.h"

namespace limpid::certificate {

struct ListSource {
  std::string url;  // http://
  openssl::X509Ptr issuer;
};

/// `chain`: DER, leaf first; of a chain that verified.
std::vector<ListSource> list_sources(const std::vector<std::string>& chain, const TrustStore& trust);

}  // namespace limpid::certificate
