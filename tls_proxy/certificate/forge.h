// Forge: the certificate that the client is shown instead of the server's. It says what the server's says and
// no more, and it is never better: a chain that did not verify is forged under the untrusted CA with its
// defect mirrored. One a worker, on its thread. Forged certificates are cached (bounded).
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

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
  const SigningCa* ca = nullptr;  // sent after the leaf; lives as long as the SigningMaterial
  EVP_PKEY* key = nullptr;        // the leaf's; likewise
  WallTime expires{};
};

/// Browsers refuse longer ones (Chromium since 2026: 200 days, with a margin for clocks).
inline constexpr std::chrono::hours kForgedLifetimeMax{197 * 24};

class Forge {
 public:
  Forge(std::shared_ptr<const SigningMaterial> material, Random& random, std::size_t certificates_max);

  /// Fails with Reason::forging_failed, or Reason::server_certificate_refused for one that cannot be copied.
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
