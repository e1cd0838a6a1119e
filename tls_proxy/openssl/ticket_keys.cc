#include "tls_proxy/openssl/ticket_keys.h"

#include <algorithm>

#include "dataplane/base/wipe.h"

namespace limpid::openssl {

TicketKey::TicketKey(Random& random) {
  random.fill(name);
  random.fill(encryption);
  random.fill(mac);
}

TicketKey::~TicketKey() {
  wipe(encryption);
  wipe(mac);
}

TicketKeys::TicketKeys(Duration period, Random& random, const Clock& clock)
    : period_(period),
      random_(random),
      clock_(clock),
      current_(std::make_shared<const TicketKey>(random)),
      until_(clock.now() + period) {}

/// Periods pass also while nobody looks: then there is no key left that an old ticket could be opened with.
void TicketKeys::rotate() {
  const Instant now = clock_.now();
  if (now < until_) return;
  const bool one_period = now < until_ + period_;
  previous_ = one_period ? std::move(current_) : nullptr;
  current_ = std::make_shared<const TicketKey>(random_);
  until_ = one_period ? until_ + period_ : now + period_;
}

std::shared_ptr<const TicketKey> TicketKeys::current() {
  const std::lock_guard<std::mutex> lock(mutex_);
  rotate();
  return current_;
}

std::optional<TicketKeys::Found> TicketKeys::find(Bytes name) {
  const std::lock_guard<std::mutex> lock(mutex_);
  rotate();
  const auto is = [&](const std::shared_ptr<const TicketKey>& key) {
    return key != nullptr && std::equal(name.begin(), name.end(), key->name.begin(), key->name.end());
  };
  if (is(current_)) return Found{current_, true};
  if (is(previous_)) return Found{previous_, false};
  return std::nullopt;
}

}  // namespace limpid::openssl
