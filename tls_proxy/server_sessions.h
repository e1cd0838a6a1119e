// ServerSessions: what server legs are resumed from, shared by all workers. Each session is kept with what
// its server presented when it was made, since a resumed one brings no certificate. Under a key (see
// resumption.h) a server has one session up to TLS 1.2, to be used many times, or the last few tickets of
// TLS 1.3, each for one time (RFC 8446 §C.4). Bounded by keys and by size, for a while, in parts of which
// each has its own lock, held for a look-up only.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "dataplane/base/clock.h"
#include "tls_proxy/certificate/lru_cache.h"
#include "tls_proxy/certificate/presented_chain.h"
#include "tls_proxy/openssl/pointers.h"

namespace limpid::tls {

struct ServerSessionsSettings {
  std::size_t servers_max = 16'384;  // keys
  Duration lifetime = std::chrono::hours(2);
};

class ServerSessions {
 public:
  using Key = certificate::Fingerprint;
  using Chain = std::shared_ptr<const certificate::PresentedChain>;

  explicit ServerSessions(const ServerSessionsSettings& settings);

  struct Known {
    openssl::SessionPtr session;  // the caller's own; null: none is known
    Chain chain;
    Instant presented{};  // when the chain was
  };
  /// A session of TLS 1.3 is not known any more after this.
  Known take(const Key& key, Instant now);
  /// However often a session is renewed, what it rests on gets older.
  struct Resting {
    std::optional<Instant> presented{};  // when the chain was; nothing: now
    std::optional<Duration> good_for{};  // from now on; nothing: as long as any
  };
  void put(const Key& key, const SSL_SESSION& session, const Chain& chain, Instant now, const Resting& on);
  void put(const Key& key, const SSL_SESSION& session, const Chain& chain, Instant now) {
    put(key, session, chain, now, {});
  }
  void forget(const Key& key);

  /// Keys under which there is something.
  std::size_t size();

 private:
  struct Kept {
    std::shared_ptr<SSL_SESSION> session;  // never used itself: connections change theirs
    Chain chain;
    Instant until;
    Instant presented;
    std::size_t session_bytes = 0;
    std::size_t chain_bytes = 0;
    bool once = false;
  };
  static std::size_t size_of(const std::vector<Kept>& all);
  struct KeyHash {
    std::size_t operator()(const Key& key) const {
      std::size_t hash = 0;
      std::memcpy(&hash, key.data(), sizeof hash);
      return hash;
    }
  };
  struct Part {
    Part(std::size_t servers_max, std::size_t bytes_max) : servers(servers_max, bytes_max) {}
    std::mutex mutex;
    certificate::LruCache<Key, std::vector<Kept>, KeyHash> servers;
  };

  Part& part_of(const Key& key) { return *parts_[std::to_integer<std::size_t>(key.back()) % parts_.size()]; }

  Duration lifetime_;
  std::vector<std::unique_ptr<Part>> parts_;
};

}  // namespace limpid::tls
