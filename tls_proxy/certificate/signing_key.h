// SigningKey: the one door to CA private keys. Who forges certificates knows a key by its id and can ask for
// a signature, never for the key; so the key may later live in another process or in a token.
#pragma once

#include <cstdint>
#include <vector>

#include "tls_proxy/openssl/pointers.h"

namespace limpid::certificate {

enum class KeyId : std::uint8_t { kTrustedCa, kUntrustedCa };

class SigningKey {
 public:
  virtual ~SigningKey() = default;
  /// Signs the certificate in place. False where the key is out of reach. Any worker's thread.
  virtual bool sign(KeyId key, X509& certificate) const = 0;
};

/// Keys read from PEM files at start, held in this process.
class FileSigningKey final : public SigningKey {
 public:
  FileSigningKey(openssl::KeyPtr trusted, openssl::KeyPtr untrusted)
      : trusted_(std::move(trusted)), untrusted_(std::move(untrusted)) {}
  bool sign(KeyId key, X509& certificate) const override;

 private:
  openssl::KeyPtr trusted_;
  openssl::KeyPtr untrusted_;
};

}  // namespace limpid::certificate
