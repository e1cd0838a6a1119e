// StatusQuestion: what is asked of an OCSP responder about one certificate, as the address of an HTTP GET
// (RFC 6960 appendix A.1), which caches on the way can answer. Pure.
#pragma once

#include <string>

#include "tls_proxy/openssl/pointers.h"

namespace limpid::certificate {

/// "http://responder.example/MFMw…". Empty where the certificate names no responder that speaks HTTP.
std::string status_question(X509* certificate, X509* issuer);

/// "http://responder.example": who is asked.
std::string responder_of(const std::string& question);

}  // namespace limpid::certificate
