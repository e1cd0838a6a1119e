// Verifier: is a server's chain what a careful client would accept? Chain, purpose, strength, form, name,
// dates and revocation, against a TrustStore. One a worker, on its thread. Verdicts are cached (bounded,
// least recently used goes first), keyed by the whole chain, the name as it was checked, the trust store and
// what was known beside it, and only while no certificate or revocation list that took part becomes valid or
// expires.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "dataplane/base/address.h"
#include "dataplane/base/clock.h"
#include "tls_proxy/certificate/knowledge.h"
#include "tls_proxy/certificate/lru_cache.h"
#include "tls_proxy/certificate/presented_chain.h"
#include "tls_proxy/certificate/trust_store.h"
#include "tls_proxy/certificate/verdict.h"

namespace limpid::certificate {

struct VerifierSettings {
  std::size_t verdicts_max = 16'384;  // cached
  int intermediates_max = 10;         // of a path; those that a CA issued to itself do not count
  RevocationMode revocation = RevocationMode::kSoft;
};

class Verifier {
 public:
  /// `trust` may be null where nothing is decrypted: then nothing is trusted either.
  Verifier(std::shared_ptr<const TrustStore> trust, const VerifierSettings& settings);

  /// From now on this is known beside what servers present; null: nothing is.
  void know(std::shared_ptr<const Knowledge> knowledge) { knowledge_ = std::move(knowledge); }

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
    std::uint64_t knowledge_generation;
    Fingerprint staple;  // of the response; zeroes where there is none
    friend bool operator==(const Key&, const Key&) = default;
  };
  struct KeyHash {
    std::size_t operator()(const Key& key) const;
  };
  /// A verdict stands from `from` until the first date that lies ahead.
  struct Window {
    WallTime from;   // inclusive
    WallTime until;  // exclusive
    void narrow_to(const ASN1_TIME* date, std::chrono::seconds after_it);
    void narrow_to(const X509* certificate);
  };
  struct Cached {
    Verdict verdict;
    Window window;
  };
  class Attempt;

  Cached verify_anew(const PresentedChain& chain, const Key& key, WallTime now) const;
  const std::string& staple_of(const PresentedChain& chain) const;
  Key key_for(const PresentedChain& chain, std::string_view host, const IpAddress& server) const;

  std::shared_ptr<const TrustStore> trust_;
  std::shared_ptr<const Knowledge> knowledge_;
  VerifierSettings settings_;
  LruCache<Key, Cached, KeyHash> cache_;
};

}  // namespace limpid::certificate
