// Ciphers: what the library says of a cipher suite, asked for once. A hello lists thirty of them, each leg's
// plan looks at all, and the library searches three tables for every answer. Thread: the worker's.
#pragma once

#include <cstdint>
#include <string_view>
#include <unordered_map>

#include "tls_proxy/openssl/pointers.h"

namespace limpid::openssl {

/// The numbers are OpenSSL's (NID).
struct Cipher {
  const SSL_CIPHER* library = nullptr;
  std::string_view name;           // in OpenSSL's words, for its lists
  std::string_view standard_name;  // in IANA's (RFC 9847), or again OpenSSL's where it does not know it
  int key_exchange = 0;            // NID_kx_any: of TLS 1.3, where the suite does not say
  int authentication = 0;          // NID_auth_null: none
  int encryption = 0;              // NID_undef: none
  int digest = 0;
  int strength = 0;  // bits
};

class Ciphers {
 public:
  /// `example`: any connection; must outlive it.
  explicit Ciphers(SSL* example) : example_(example) {}

  /// By its number in hellos; null: the library does not have it. Valid for as long as this is.
  const Cipher* find(std::uint16_t suite);
  /// One of the library's.
  const Cipher& of(const SSL_CIPHER* cipher);

 private:
  SSL* example_;
  std::unordered_map<std::uint16_t, Cipher> known_;  // bounded by what the library has
};

}  // namespace limpid::openssl
