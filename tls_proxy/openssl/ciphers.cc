#include "tls_proxy/openssl/ciphers.h"

#include <array>

namespace limpid::openssl {

namespace {

/// The library counts signalling values (RFC 5746, RFC 7507) among its ciphers.
bool is_signal(const SSL_CIPHER* cipher) {
  return SSL_CIPHER_get_kx_nid(cipher) == NID_kx_any && SSL_CIPHER_get_cipher_nid(cipher) == NID_undef;
}

}  // namespace

const Cipher* Ciphers::find(std::uint16_t suite) {
  if (const auto found = known_.find(suite); found != known_.end()) return &found->second;
  const std::array<unsigned char, 2> bytes{static_cast<unsigned char>(suite >> 8U),
                                           static_cast<unsigned char>(suite & 0xffU)};
  const SSL_CIPHER* cipher = SSL_CIPHER_find(example_, bytes.data());
  return cipher == nullptr || is_signal(cipher) ? nullptr : &of(cipher);
}

const Cipher& Ciphers::of(const SSL_CIPHER* cipher) {
  const std::uint16_t suite = SSL_CIPHER_get_protocol_id(cipher);
  const auto [at, fresh] = known_.try_emplace(suite);
  if (fresh) {
    const char* name = SSL_CIPHER_get_name(cipher);
    const char* standard = SSL_CIPHER_standard_name(cipher);  // null for those of GOST
    at->second = {.library = cipher,
                  .name = name,
                  .standard_name = standard != nullptr ? standard : name,
                  .key_exchange = SSL_CIPHER_get_kx_nid(cipher),
                  .authentication = SSL_CIPHER_get_auth_nid(cipher),
                  .encryption = SSL_CIPHER_get_cipher_nid(cipher),
                  .digest = SSL_CIPHER_get_digest_nid(cipher),
                  .strength = SSL_CIPHER_get_bits(cipher, nullptr)};
  }
  return at->second;
}

}  // namespace limpid::openssl
