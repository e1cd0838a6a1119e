// Forge: the certificate that the client is shown instead of the server's. It says what the server's says and
// no more, and it is never better: a chain that did not verify is forged under the untrusted CA with its
// defect mirrored. One a worker, on its thread. Forged certificates are cached (bounded).
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "dataplane/base/clock.h"
#include "dataplane/base/random.h"
#include "dataplane/base/reasons.h"
#include "dataplane/base/result.h"
#include "tls_proxy/certificate/lru_cache.h"
#include "tls_proxy/certificate/presented_chain.h"
#include "tls_proxy/certificate/signing_material.h"
#include "tls_proxy/certificate/verdict.h"

namespace limpid::certificate {

struct ForgedCertificate {
  openssl::X509Ptr leaf;
  std::shared_ptr<const SigningCa> ca;    // sent after the leaf, with its chain; keeps the material alive
  EVP_PKEY* key = nullptr;                // the leaf's; the material's, thus as long as `ca`
  WallTime renew_from = WallTime::max();  // from then on a new one would last longer
};

/// Browsers refuse what lasts longer than 200 days (Chromium since 2026). The end lies at most this far ahead
/// …
inline constexpr std::chrono::hours kForgedLifetimeMax{197 * 24};
/// … and the beginning at most this far before the end: a day or two behind now, for clients whose clocks are
/// slow.
inline constexpr std::chrono::hours kForgedPeriodMax{199 * 24};

class Forge {
 public:
  /// `material` may be null where nothing is decrypted: then every forging fails.
  Forge(std::shared_ptr<const SigningMaterial> material, Random& random, std::size_t certificates_max);

  /// `chain` must not be empty. Fails with Reason::forging_failed, or Reason::server_certificate_refused
  /// where the chain did not verify and there is no untrusted CA.
  Result<std::shared_ptr<const ForgedCertificate>, Reason> certificate_for(const PresentedChain& chain,
                                                                           const Verdict& verdict,
                                                                           KeyKind key, WallTime now);

  std::uint64_t cache_hits() const { return cache_.hits(); }
  std::uint64_t cache_misses() const { return cache_.misses(); }

 private:
  struct Key {
    Fingerprint leaf;
    bool trusted;
    KeyKind key;
    friend bool operator==(const Key&, const Key&) = default;
  };
  struct KeyHash {
    std::size_t operator()(const Key& key) const;
  };

  std::shared_ptr<const ForgedCertificate> forge(X509* original, const SigningCa& ca, KeyKind key,
                                                 WallTime now);

  std::shared_ptr<const SigningMaterial> material_;
  Random& random_;
  LruCache<Key, std::shared_ptr<const ForgedCertificate>, KeyHash> cache_;
};

}  // namespace limpid::certificate
