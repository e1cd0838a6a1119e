// Contexts: the SSL_CTX objects of one worker. Making one takes a hundred microseconds, and so they are kept:
// one for each role and whatever is named in lists (OpenSSL needs as long to read them as for a good part of
// a handshake), few of which are ever in use. All else is set on each SSL. Thread: the worker's.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "dataplane/base/result.h"
#include "tls_proxy/certificate/lru_cache.h"
#include "tls_proxy/openssl/ciphers.h"
#include "tls_proxy/openssl/client_sessions.h"
#include "tls_proxy/openssl/failure.h"
#include "tls_proxy/openssl/pointers.h"

namespace limpid::openssl {

/// Whether connections tell their secrets to a LegWatcher. Those of no such context never put them into
/// words.
enum class Secrets : std::uint8_t { kKept, kTold };

/// What a connection may negotiate: lists in OpenSSL's words, in order of preference. One that is empty, or
/// of which the library knows nothing: its default; but of ciphers or groups of which it knows nothing, none.
struct Negotiable {
  std::string_view ciphers{};     // up to TLS 1.2
  std::string_view suites{};      // of TLS 1.3
  std::string_view groups{};      // also for which of them there are key shares
  std::string_view signatures{};  // algorithms that the peer may sign with
};

class Contexts {
 public:
  /// `sessions`: what client legs are resumed from; null: neither leg of any connection is resumed. The error
  /// is a sentence.
  static Result<std::unique_ptr<Contexts>, std::string> open(
      std::shared_ptr<ClientSessions> sessions = nullptr);

  /// Null only where there is no memory, or the library refuses the groups as a list. Valid until the next
  /// call; an SSL made from it keeps it alive.
  SSL_CTX* context(Role role, const Negotiable& lists, Secrets secrets = Secrets::kKept);
  Ciphers& ciphers() { return *ciphers_; }

 private:
  explicit Contexts(std::shared_ptr<ClientSessions> sessions);

  using Cache = certificate::LruCache<std::string, SslCtxPtr, std::hash<std::string>>;
  Cache& cache_of(Role role, Secrets secrets);
  SslCtxPtr make(Role role, const Negotiable& lists, Secrets secrets) const;

  std::shared_ptr<ClientSessions> sessions_;
  Cache client_role_;
  Cache server_role_;
  Cache told_client_role_;  // of connections that tell their secrets
  Cache told_server_role_;
  SslPtr example_;  // for looking ciphers up
  std::optional<Ciphers> ciphers_;
};

}  // namespace limpid::openssl
