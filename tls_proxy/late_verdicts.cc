#include "tls_proxy/late_verdicts.h"

namespace limpid::tls {

namespace {

/// Names are what clients say: their lengths tell them apart.
std::string key_of(const LateVerdicts::Place& place) {
  return place.server.text() + ' ' + std::to_string(place.rule) + ' ' + std::to_string(place.sni.size()) +
         ' ' + std::string(place.sni) + std::string(place.connect);
}

}  // namespace

void LateVerdicts::remember(const Place& place, Reason why, Instant now) {
  std::string key = key_of(place);
  const std::size_t bytes = key.size();
  verdicts_->put(std::move(key), {why, now + lasts_}, bytes);
}

Reason LateVerdicts::find(const Place& place, Instant now) {
  const std::string key = key_of(place);
  const Verdict* known = verdicts_->find(key);
  if (known == nullptr) return Reason::none;
  if (now >= known->until) {
    verdicts_->erase(key);
    return Reason::none;
  }
  ++hits_;
  return known->why;
}

}  // namespace limpid::tls
