// Verifier: is a server's chain what a careful client would accept? Chain, purpose, strength, name and dates,
// against a TrustStore. One a worker, on its thread. Verdicts are cached (bounded, least recently used goes
// first), keyed by the whole chain, the name as it was checked and the trust store, and only while no
// certificate that took part becomes valid or expires.
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
  /// `trust` may be null where nothing is decrypted: then nothing is trusted either.
  Verifier(std::shared_ptr<const TrustStore> trust, std::size_t verdicts_max);

  /// `host` is the SNI that the client sent: a host name (RFC 9525: held against the subject alternative
  /// names alone), or an IP address, which some clients send. Empty: the client named no host, so the
  /// certificate is held against `server` where it names any IP address, and otherwise its name is not
  /// checked (said in the detail). `chain` must not be empty.
  Verdict verify(const PresentedChain& chain, std::string_view host, const IpAddress& server, WallTime now);

  std::uint64_t cache_hits() const { return cache_.hits(); }
  std::uint64_t cache_misses() const { return cache_.misses(); }

 private:
  enum class NameCheck : std::uint8_t { kHost, kAddress, kServerAddress, kImpossible };
  struct Key {
    Fingerprint chain;
    std::string name;
    NameCheck check;
    std::uint64_t trust_generation;
    friend bool operator==(const Key&, const Key&) = default;
  };
  struct KeyHash {
    std::size_t operator()(const Key& key) const;
  };
  struct Window {
    WallTime from;   // inclusive
    WallTime until;  // exclusive
    void narrow_to(X509* certificate, WallTime now);
  };
  struct Cached {
    Verdict verdict;
    Window window;
  };

  Cached verify_anew(const PresentedChain& chain, const Key& key, WallTime now) const;

  static Key key_for(const PresentedChain& chain, std::string_view host, const IpAddress& server,
                     std::uint64_t trust_generation);
  /// False where the library does not take the name: the chain must then not pass.
  static bool set_name(X509_VERIFY_PARAM* parameters, const Key& key, X509* leaf, bool& name_checked);

  std::shared_ptr<const TrustStore> trust_;
  LruCache<Key, Cached, KeyHash> cache_;
};

}  // namespace limpid::certificate
