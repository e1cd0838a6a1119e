// LateVerdicts: sessions that were passed late, by what is known of them at the hello: the next one like it
// is passed at once, without a handshake of limpid's own, on whichever worker. Bounded, and each is
// forgotten after a while: servers change. Any thread.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "dataplane/base/address.h"
#include "dataplane/base/clock.h"
#include "dataplane/base/reasons.h"
#include "policy/rule.h"
#include "tls_proxy/certificate/lru_cache.h"

namespace limpid::tls {

class LateVerdicts {
 public:
  struct Place {
    SocketAddress server;
    std::string_view sni;    // empty: none
    std::string connect;     // whom a proxy was asked for; empty: nobody
    std::int32_t rule = 0;   // that was the decision at the hello: another may have it otherwise
    std::uint16_t vlan = 0;  // addresses may be in use more than once
    std::uint16_t segment = 0;
  };
  struct Known {
    Reason why = Reason::none;                                   // none: nothing is known
    std::shared_ptr<const policy::CertificateFacts> shown = {};  // where rules asked for the certificate
    std::int32_t rule = policy::kDefaultRule;  // that passed it, or by which it was decrypted
  };

  static constexpr Duration kLast = std::chrono::minutes(10);

  explicit LateVerdicts(std::size_t places_max = 16'384, Duration lasts = kLast)
      : places_max_(places_max), lasts_(lasts) {
    clear();
  }

  void remember(const Place& place, Known known, Instant now);
  /// Why the session is passed.
  Known find(const Place& place, Instant now);
  /// Policy has become another one.
  void clear();

 private:
  struct Verdict {
    Known known;
    Instant until{};
  };
  static constexpr std::size_t kBytesMax = std::size_t{4}
                                           << 20U;  // of names, which clients choose, and certificates

  std::size_t places_max_;
  Duration lasts_;
  std::atomic<std::size_t> size_{0};  // of most appliances nothing, ever: each session asks
  std::mutex mutex_;
  std::optional<certificate::LruCache<std::string, Verdict, std::hash<std::string>>> verdicts_;
};

}  // namespace limpid::tls
