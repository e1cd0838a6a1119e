// Verifier: is a server's chain what a careful client would accept? Chain, purpose, strength, name and dates,
// against a TrustStore. One a worker, on its thread. Verdicts are cached (bounded, least recently used goes
// first), keyed by the whole chain, the name and the trust store, and only while no certificate of the chain
// becomes valid or expires.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "dataplane/base/address.h"
#include "dataplane/base/clock.h"
#include "tls_proxy/certificate/lru_cache.h"
#include "tls_proxy/certificate/presented_chain.h"
#include "tls_proxy/certificate/trust_store.h"
#include "tls_proxy/certificate/verdict.h"

namespace limpid::certificate {

class Verifier {
 public:
  Verifier(std::shared_ptr<const TrustStore> trust, std::size_t verdicts_max);

  /// `host` is the SNI that the client sent. Empty: the client named no host, so the certificate is held
  /// against `server` where it names any IP address, and otherwise its name is not checked (said in the
  /// detail).
  Verdict verify(const PresentedChain& chain, std::string_view host, const IpAddress& server, WallTime now);

  std::uint64_t cache_hits() const { return cache_.hits(); }
  std::uint64_t cache_misses() const { return cache_.misses(); }

 private:
  struct Key {
    Fingerprint chain;
    std::string name;  // host, or the server's address
    std::uint64_t trust_generation;
    friend bool operator==(const Key&, const Key&) = default;
  };
  struct KeyHash {
    std::size_t operator()(const Key& key) const;
  };
  struct Cached {
    Verdict verdict;
    WallTime from;   // inclusive
    WallTime until;  // exclusive
  };

  Verdict verify_anew(const PresentedChain& chain, std::string_view host, const IpAddress& server,
                      WallTime now) const;

  std::shared_ptr<const TrustStore> trust_;
  LruCache<Key, Cached, KeyHash> cache_;
};

}  // namespace limpid::certificate
