// Keeps a busy server's certificate from being reported for each of its connections: the same chain at the
// same server and name passes once a minute. One a worker, bounded; an entry that is pushed out only means
// one report more.
#pragma once

#include <cstddef>
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
      : interval_(interval), last_(places_max) {}

  /// True: report this sighting.
  bool pass(const Fingerprint& chain, const SocketAddress& server, std::string_view sni, WallTime now) {
    std::string key(as_text(chain));
    key += server.text();
    key += '/';
    key += sni;
    if (const WallTime* last = last_.find(key); last != nullptr && now - *last < interval_ && now >= *last)
      return false;
    last_.put(std::move(key), now);
    return true;
  }

 private:
  Duration interval_;
  LruCache<std::string, WallTime, std::hash<std::string>> last_;
};

}  // namespace limpid::certificate
