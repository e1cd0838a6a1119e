#include "tls_proxy/certificate/signing_key.h"

#include <openssl/err.h>

#include <array>
#include <string_view>

namespace limpid::certificate {

namespace {

/// The hash that goes with a CA's key. Null where the key brings its own (Ed25519, ML-DSA). TLS 1.3 ties
/// P-384 to SHA-384 and P-521 to SHA-512 (RFC 8446 §4.2.3); RSA and P-256 take SHA-256.
const EVP_MD* digest_for(EVP_PKEY* key) {
  std::array<char, 64> name{};
  constexpr int kMandatory = 2;
  if (EVP_PKEY_get_default_digest_name(key, name.data(), name.size()) == kMandatory &&
      std::string_view(name.data()) == "UNDEF")
    return nullptr;
  if (EVP_PKEY_is_a(key, "EC") != 1) return EVP_sha256();
  const int bits = EVP_PKEY_get_bits(key);
  if (bits > 384) return EVP_sha512();
  return bits > 256 ? EVP_sha384() : EVP_sha256();
}

}  // namespace

EVP_PKEY* FileSigningKey::find(KeyId key) const {
  const auto number = static_cast<std::size_t>(key);
  return number < keys_.size() ? keys_[number].get() : nullptr;
}

bool FileSigningKey::sign(KeyId key, X509& certificate) const {
  EVP_PKEY* private_key = find(key);
  if (private_key == nullptr) return false;
  const bool signed_now = X509_sign(&certificate, private_key, digest_for(private_key)) != 0;
  if (!signed_now) ERR_clear_error();
  return signed_now;
}

bool FileSigningKey::lend(KeyId key, SSL& connection) const {
  EVP_PKEY* private_key = find(key);
  if (private_key == nullptr) return false;
  const bool lent = SSL_use_PrivateKey(&connection, private_key) == 1;
  if (!lent) ERR_clear_error();
  return lent;
}

}  // namespace limpid::certificate
