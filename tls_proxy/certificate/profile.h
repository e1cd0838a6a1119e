// Profile: what the rules for public certificates (RFC 5280 and the CA/Browser Forum's) ask of the
// certificates of a path, where the library does not look: names, name constraints, extensions that cannot be
// read, keys. Used by Verifier for one verification; pure.
#pragma once

#include "tls_proxy/certificate/defects.h"
#include "tls_proxy/openssl/pointers.h"

namespace limpid::certificate {

struct ProfileLimits {
  int intermediates_max = 10;  // between server and root; those that a CA issued to itself do not count
};

/// `path`: leaf first, as far as it was found.
void check_profile(const STACK_OF(X509) * path, const ProfileLimits& limits, Defects& defects);

/// Roots in wide use that are older than the rules and break them in form alone.
bool is_older_than_the_rules(const X509* root);

}  // namespace limpid::certificate
