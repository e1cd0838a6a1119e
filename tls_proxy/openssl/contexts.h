// Contexts: the SSL_CTX objects of one worker. Making one takes a hundred microseconds, and so they are kept:
// one for each role and list of ciphers up to TLS 1.2 (OpenSSL needs as long to read such a list as for a
// good part of a handshake), few of which are ever in use. All else is set on each SSL. Thread: the worker's.
#pragma once

#include <memory>
#include <string>

#include "dataplane/base/result.h"
#include "tls_proxy/certificate/lru_cache.h"
#include "tls_proxy/openssl/failure.h"
#include "tls_proxy/openssl/pointers.h"

namespace limpid::openssl {

class Contexts {
 public:
  /// The error is a sentence.
  static Result<std::unique_ptr<Contexts>, std::string> open();

  /// `ciphers` in OpenSSL's words, in order of preference; empty, or not usable: the library's default. Null
  /// only where there is no memory. Valid until the next call; an SSL made from it keeps it alive.
  SSL_CTX* context(Role role, const std::string& ciphers);
  /// For looking ciphers up (SSL_CIPHER_find needs one).
  SSL* example() const { return example_.get(); }

 private:
  Contexts();

  using Cache = certificate::LruCache<std::string, SslCtxPtr, std::hash<std::string>>;
  Cache client_role_;
  Cache server_role_;
  SslPtr example_;
};

}  // namespace limpid::openssl
