// Keeps a busy server's certificate from being reported for each of its connections: the same chain at the
// same server and name passes once a minute, and says how often it was seen since. One a worker, bounded; an
// entry that is pushed out only means one report more, and that its count starts anew.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "dataplane/base/address.h"
#include "dataplane/base/clock.h"
#include "tls_proxy/certificate/lru_cache.h"
#include "tls_proxy/certificate/presented_chain.h"

namespace limpid::certificate {

class SightingFilter {
 public:
  explicit SightingFilter(std::size_t places_max, Duration interval = std::chrono::minutes(1))
      : interval_(interval), places_(places_max) {}

  /// 0: keep this sighting back. Else report it: it stands for so many, itself among them.
  std::uint32_t pass(const Fingerprint& chain, const SocketAddress& server, std::string_view sni,
                     WallTime now) {
    std::string key(as_text(chain));
    key += server.ip.is_v6() ? '6' : '4';
    key += as_text(server.ip.bytes());
    key += static_cast<char>(server.port >> 8U);
    key += static_cast<char>(server.port & 0xffU);
    key += sni;
    Place* place = places_.find(key);
    if (place == nullptr) {
      places_.put(std::move(key), Place{now, 0});
      return 1;
    }
    if (now >= place->reported && now - place->reported < interval_) {
      ++place->kept_back;
      return 0;
    }
    const std::uint32_t times = place->kept_back + 1;
    *place = {now, 0};
    return times;
  }

 private:
  struct Place {
    WallTime reported;
    std::uint32_t kept_back = 0;
  };

  Duration interval_;
  LruCache<std::string, Place, std::hash<std::string>> places_;
};

}  // namespace limpid::certificate
