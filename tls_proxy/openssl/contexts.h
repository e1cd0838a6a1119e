// Contexts: the SSL_CTX objects of one worker. Making one takes a hundred microseconds, and so they are kept:
// one for each role and list of ciphers up to TLS 1.2 (OpenSSL needs as long to read such a list as for a
// good part of a handshake), few of which are ever in use. All else is set on each SSL. Thread: the worker's.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "dataplane/base/result.h"
#include "tls_proxy/certificate/lru_cache.h"
#include "tls_proxy/openssl/client_sessions.h"
#include "tls_proxy/openssl/failure.h"
#include "tls_proxy/openssl/pointers.h"

namespace limpid::openssl {

/// Whether connections tell their secrets to a LegWatcher. Those of no such context never put them into
/// words.
enum class Secrets : std::uint8_t { kKept, kTold };

/// By its number in hellos; null: the library does not have it. `example`: any connection.
const SSL_CIPHER* find_cipher(SSL* example, std::uint16_t suite);

class Contexts {
 public:
  /// `sessions`: what client legs are resumed from; null: neither leg of any connection is resumed. The error
  /// is a sentence.
  static Result<std::unique_ptr<Contexts>, std::string> open(
      std::shared_ptr<ClientSessions> sessions = nullptr);

  /// `ciphers` in OpenSSL's words, in order of preference; empty, or not usable: the library's default. Null
  /// only where there is no memory. Valid until the next call; an SSL made from it keeps it alive.
  SSL_CTX* context(Role role, const std::string& ciphers, Secrets secrets = Secrets::kKept);
  /// For looking ciphers up (find_cipher() needs one).
  SSL* example() const { return example_.get(); }

 private:
  explicit Contexts(std::shared_ptr<ClientSessions> sessions);

  using Cache = certificate::LruCache<std::string, SslCtxPtr, std::hash<std::string>>;
  Cache& cache_of(Role role, Secrets secrets);
  SslCtxPtr make(Role role, const std::string& ciphers, Secrets secrets) const;

  std::shared_ptr<ClientSessions> sessions_;
  Cache client_role_;
  Cache server_role_;
  Cache told_client_role_;  // of connections that tell their secrets
  Cache told_server_role_;
  SslPtr example_;
};

}  // namespace limpid::openssl
