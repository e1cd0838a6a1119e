// SigningKey: the one door to private keys that matter, of CAs and of the operator's own servers. Who forges
// certificates, or shows a server's own, knows a key by its id and can have it used, never have it; so the
// key may later live in another process or in a token.
#pragma once

#include <cstdint>
#include <vector>

#include "tls_proxy/openssl/pointers.h"

namespace limpid::certificate {

/// Of one SigningKey; the names are those of SigningMaterial's, others are counted from 0.
enum class KeyId : std::uint16_t { kTrustedCa, kUntrustedCa };

class SigningKey {
 public:
  virtual ~SigningKey() = default;
  /// Signs the certificate in place. False where the key is out of reach. Any worker's thread.
  virtual bool sign(KeyId key, X509& certificate) const = 0;
  /// Lets a connection, which has its certificate already, prove with the key that it is the certificate's
  /// owner. False where the key is out of reach, or another one's. Any worker's thread.
  virtual bool lend(KeyId key, SSL& connection) const = 0;
};

/// Keys read from files at start, held in this process.
class FileSigningKey final : public SigningKey {
 public:
  /// By their ids' numbers; null: there is none.
  explicit FileSigningKey(std::vector<openssl::KeyPtr> keys) : keys_(std::move(keys)) {}
  FileSigningKey(openssl::KeyPtr trusted, openssl::KeyPtr untrusted) {
    keys_.push_back(std::move(trusted));
    keys_.push_back(std::move(untrusted));
  }
  bool sign(KeyId key, X509& certificate) const override;
  bool lend(KeyId key, SSL& connection) const override;

 private:
  EVP_PKEY* find(KeyId key) const;
  std::vector<openssl::KeyPtr> keys_;
};

}  // namespace limpid::certificate
