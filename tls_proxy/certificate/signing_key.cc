#include "tls_proxy/certificate/signing_key.h"

#include <openssl/err.h>

namespace limpid::certificate {

bool FileSigningKey::sign(KeyId key, X509& certificate) const {
  EVP_PKEY* private_key = key == KeyId::kTrustedCa ? trusted_.get() : untrusted_.get();
  const bool own_digest =
      EVP_PKEY_is_a(private_key, "ED25519") == 1 || EVP_PKEY_is_a(private_key, "ED448") == 1;
  const bool ok = X509_sign(&certificate, private_key, own_digest ? nullptr : EVP_sha256()) != 0;
  if (!ok) ERR_clear_error();
  return ok;
}

}  // namespace limpid::certificate
