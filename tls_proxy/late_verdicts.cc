#include "tls_proxy/late_verdicts.h"

namespace limpid::tls {

namespace {

/// Names are what clients say: their lengths tell them apart.
std::string key_of(const LateVerdicts::Place& place) {
  return place.server.text() + ' ' + std::to_string(place.vlan) + ' ' + std::to_string(place.segment) + ' ' +
         std::to_string(place.rule) + ' ' + std::to_string(place.sni.size()) + ' ' + std::string(place.sni) +
         place.connect;
}

/// What its texts take, which the server chooses.
std::size_t bytes_of(const policy::CertificateFacts& shown) {
  std::size_t bytes = sizeof shown + shown.subject.size() + shown.issuer.size();
  for (const std::vector<std::string>* texts : {&shown.names, &shown.fingerprints, &shown.outcomes}) {
    for (const std::string& text : *texts) bytes += sizeof(std::string) + text.size();
  }
  return bytes;
}

}  // namespace

void LateVerdicts::remember(const Place& place, Known known, Instant now) {
  std::string key = key_of(place);
  const std::size_t bytes = key.size() + (known.shown ? bytes_of(*known.shown) : 0);
  const std::lock_guard lock(mutex_);
  verdicts_->put(std::move(key), {std::move(known), now + lasts_}, bytes);
  size_ = verdicts_->size();
}

void LateVerdicts::clear() {
  const std::lock_guard lock(mutex_);
  verdicts_.emplace(places_max_, kBytesMax);
  size_ = 0;
}

LateVerdicts::Known LateVerdicts::find(const Place& place, Instant now) {
  if (size_ == 0) return {};
  const std::string key = key_of(place);
  const std::lock_guard lock(mutex_);
  const Verdict* verdict = verdicts_->find(key);
  if (verdict == nullptr) return {};
  if (now >= verdict->until) {
    verdicts_->erase(key);
    size_ = verdicts_->size();
    return {};
  }
  return verdict->known;
}

}  // namespace limpid::tls
