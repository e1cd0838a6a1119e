// ClientSessions: what client legs are resumed from, shared by all workers. Up to TLS 1.2 a client keeps its
// session itself, as a ticket (TicketKeys); one that asks for none is known by its session's identifier, and
// so is a PSK of TLS 1.3, which is good for one time. Those are kept here: bounded, for a while, in parts of
// which each has its own lock, held for a look-up only. Nothing is resumed that is not bound to exactly what
// the connection is bound to: see SessionBinding.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "dataplane/base/clock.h"
#include "dataplane/base/random.h"
#include "tls_proxy/certificate/lru_cache.h"
#include "tls_proxy/openssl/pointers.h"
#include "tls_proxy/openssl/ticket_keys.h"

namespace limpid::openssl {

/// Everything that a client's session belongs to, as a digest: it is the session's identifier context, inside
/// the session and its ticket.
using SessionBinding = std::array<std::byte, 32>;
static_assert(std::tuple_size_v<SessionBinding> <= SSL_MAX_SID_CTX_LENGTH);

struct ClientSessionsSettings {
  std::size_t sessions_max = 16'384;
  Duration lifetime = std::chrono::hours(2);
  Duration ticket_key_period = std::chrono::hours(2);
};

class ClientSessions {
 public:
  /// `random` and `clock` outlive it, and may be used by several threads.
  ClientSessions(const ClientSessionsSettings& settings, Random& random, const Clock& clock);

  /// Connections of this context, which is a server's, can be resumed from here, once each is bound. Must
  /// outlive the context and its connections.
  void install(SSL_CTX* context);
  /// Before the handshake. `version` is the only one that the connection can have.
  static bool bind(SSL* connection, std::uint16_t version, const SessionBinding& binding);

  /// Sessions that are kept here; tickets are with the clients.
  std::size_t size();

 private:
  struct Callbacks;
  struct Kept {
    std::shared_ptr<SSL_SESSION> session;  // never used itself: connections change theirs
    Instant until;
  };
  struct Part {
    explicit Part(std::size_t sessions_max) : sessions(sessions_max) {}
    std::mutex mutex;
    certificate::LruCache<std::string, Kept, std::hash<std::string>> sessions;
  };

  Part& part_of(const std::string& id);
  void put(const SSL_SESSION& session);
  SessionPtr find(const std::string& id, bool once);
  void erase(const std::string& id);

  ClientSessionsSettings settings_;
  Random& random_;
  const Clock& clock_;
  TicketKeys keys_;
  std::vector<std::unique_ptr<Part>> parts_;
};

}  // namespace limpid::openssl
