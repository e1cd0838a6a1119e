// Keeps a busy server's certificate from being reported for each of its connections: the same chain at the
// same server and name passes once a minute, and says how often it was seen since. What is kept back
// meanwhile can be taken as repetitions, so that a count is exact when somebody asks, and at the end. One a
// worker, bounded; an entry that is pushed out only means one report more.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_set>
#include <utility>
#include <vector>

#include "dataplane/base/address.h"
#include "dataplane/base/clock.h"
#include "tls_proxy/certificate/description.h"
#include "tls_proxy/certificate/lru_cache.h"
#include "tls_proxy/certificate/observed_certificate.h"
#include "tls_proxy/certificate/presented_chain.h"

namespace limpid::certificate {

class SightingFilter {
 public:
  explicit SightingFilter(std::size_t places_max, Duration interval = std::chrono::minutes(1))
      : interval_(interval), places_(places_max) {}

  /// 0: keep this sighting back. Else report it: it stands for so many, itself among them.
  std::uint32_t pass(const Fingerprint& chain, const SocketAddress& server, std::string_view sni,
                     WallTime now) {
    std::string key = key_of(chain, server, sni);
    Place* place = places_.find(key);
    if (place == nullptr) {
      if (auto oldest = places_.make_room()) forget(oldest->first, std::move(oldest->second));
      latest_ = &places_.put(std::move(key), Place{now, 0, {}});
      return 1;
    }
    latest_ = place;
    place->report.seen = now;
    if (now >= place->reported && now - place->reported < interval_) {
      if (place->kept_back++ == 0) repeated_.insert(std::move(key));
      return 0;
    }
    repeated_.erase(key);
    place->reported = now;
    return std::exchange(place->kept_back, 0) + 1;
  }

  /// What was reported of the sighting that passed last: its repetitions are counted to that. Call it before
  /// the next pass().
  void reported(const ObservedCertificate& report) {
    ObservedCertificate& kept = latest_->report;
    kept.outcome = report.outcome;
    kept.facts = report.facts;
    kept.sni = report.sni;
    kept.seen = report.seen;
    kept.intercepted = report.intercepted;
    kept.leaf = report.chain.empty() ? "" : sha256_hex(report.chain.front());
  }

  /// What was kept back at some places, at most so many of them; empty: nothing is kept back any more.
  std::vector<ObservedCertificate> take_repetitions(std::size_t places_max) {
    std::vector<ObservedCertificate> taken;
    for (; taken.size() < places_max && !pushed_out_.empty(); pushed_out_.pop_back())
      taken.push_back(std::move(pushed_out_.back()));
    while (taken.size() < places_max && !repeated_.empty()) {
      Place* place = places_.find(repeated_.extract(repeated_.begin()).value());
      place->report.times = std::exchange(place->kept_back, 0);
      taken.push_back(place->report);
    }
    return taken;
  }
  /// The same of places that were pushed out: nothing else will say it.
  bool any_pushed_out() const { return !pushed_out_.empty(); }

 private:
  struct Place {
    WallTime reported;
    std::uint32_t kept_back = 0;
    ObservedCertificate report;  // without its chain
  };

  static std::string key_of(const Fingerprint& chain, const SocketAddress& server, std::string_view sni) {
    std::string key(as_text(chain));
    key += server.ip.is_v6() ? '6' : '4';
    key += as_text(server.ip.bytes());
    key += static_cast<char>(server.port >> 8U);
    key += static_cast<char>(server.port & 0xffU);
    key += sni;
    return key;
  }

  void forget(const std::string& key, Place&& place) {
    if (place.kept_back == 0) return;
    repeated_.erase(key);
    place.report.times = place.kept_back;
    pushed_out_.push_back(std::move(place.report));
  }

  Duration interval_;
  LruCache<std::string, Place, std::hash<std::string>> places_;
  Place* latest_ = nullptr;                      // of the last pass()
  std::unordered_set<std::string> repeated_;     // keys of places with something kept back
  std::vector<ObservedCertificate> pushed_out_;  // what was kept back where there is no place any more
};

}  // namespace limpid::certificate
