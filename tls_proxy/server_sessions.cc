#include "tls_proxy/server_sessions.h"

#include <openssl/err.h>

#include <algorithm>

namespace limpid::tls {

namespace {

constexpr std::size_t kParts = 16;
constexpr std::size_t kTicketsMax = 8;  // of a server: browsers open six connections at once
// Servers choose how large their chains and tickets are: so much for each place. A usual chain of two takes
// 7 KB once it has been parsed, and all tickets of a connection share it.
constexpr std::size_t kBytesEach = 16'384;
constexpr std::size_t kSessionOverhead = 1'024;
constexpr std::size_t kParsedOverhead = 2'560;  // of a certificate

std::size_t size_in_memory(const certificate::PresentedChain& chain) {
  std::size_t sum = chain.staple().size();
  if (chain.names()) {
    sum += sizeof *chain.names() + chain.names()->subject.capacity();
    for (const std::string& name : chain.names()->names) sum += sizeof(std::string) + name.capacity();
  }
  for (const openssl::X509Ptr& certificate : chain.certificates()) {
    sum += kParsedOverhead + 2 * static_cast<std::size_t>(std::max(0, i2d_X509(certificate.get(), nullptr)));
  }
  return sum;
}

std::size_t size_in_memory(const SSL_SESSION& session) {
  const unsigned char* ticket = nullptr;
  std::size_t size = 0;
  SSL_SESSION_get0_ticket(&session, &ticket, &size);
  return kSessionOverhead + size;
}

bool is_tls13(const SSL_SESSION& session) {
  return SSL_SESSION_get_protocol_version(&session) == TLS1_3_VERSION;
}

/// No longer than its server says. 0 is "unspecified" up to TLS 1.2 (RFC 5077 §3.3), and "discarded
/// immediately" in TLS 1.3 (RFC 8446 §4.6.1).
Duration lifetime_of(const SSL_SESSION& session, Duration lifetime_max) {
  const unsigned long hint = SSL_SESSION_get_ticket_lifetime_hint(&session);
  return hint == 0 && !is_tls13(session) ? lifetime_max
                                         : std::min<Duration>(std::chrono::seconds(hint), lifetime_max);
}

}  // namespace

ServerSessions::ServerSessions(const ServerSessionsSettings& settings) : lifetime_(settings.lifetime) {
  const std::size_t each = std::max<std::size_t>(settings.servers_max / kParts, 1);
  for (std::size_t i = 0; i < kParts; ++i) parts_.push_back(std::make_unique<Part>(each, each * kBytesEach));
}

ServerSessions::Known ServerSessions::take(const Key& key, Instant now) {
  Kept found;
  {
    Part& part = part_of(key);
    const std::lock_guard<std::mutex> lock(part.mutex);
    std::vector<Kept>* kept = part.servers.find(key);
    if (kept == nullptr) return {};
    std::erase_if(*kept, [now](const Kept& each) { return now >= each.until; });
    if (!kept->empty()) found = kept->back();
    if (found.once) kept->pop_back();
    if (kept->empty()) part.servers.erase(key);
  }
  if (!found.session) return {};
  return {openssl::SessionPtr(SSL_SESSION_dup(found.session.get())), std::move(found.chain), found.presented};
}

void ServerSessions::put(const Key& key, const SSL_SESSION& session, const Chain& chain, Instant now,
                         const Resting& on) {
  openssl::SessionPtr copy(SSL_SESSION_dup(&session));
  if (!copy || SSL_SESSION_is_resumable(copy.get()) != 1) return ERR_clear_error();
  const bool once = is_tls13(session);
  Kept made{{copy.release(), SSL_SESSION_free},
            chain,
            std::min({now + lifetime_of(session, lifetime_), on.presented.value_or(now) + lifetime_,
                      now + on.good_for.value_or(lifetime_)}),
            on.presented.value_or(now),
            size_in_memory(session),
            size_in_memory(*chain),
            once};
  Part& part = part_of(key);
  const std::lock_guard<std::mutex> lock(part.mutex);
  std::vector<Kept> all;
  if (std::vector<Kept>* before = part.servers.find(key); before != nullptr && once) all = std::move(*before);
  std::erase_if(all, [now](const Kept& each) { return !each.once || now >= each.until; });
  if (all.size() >= kTicketsMax) all.erase(all.begin());
  all.push_back(std::move(made));
  const std::size_t bytes = size_of(all);
  part.servers.put(key, std::move(all), bytes);
}

/// Tickets of one connection share its chain.
std::size_t ServerSessions::size_of(const std::vector<Kept>& all) {
  std::size_t sum = 0;
  for (std::size_t i = 0; i < all.size(); ++i) {
    sum += all[i].session_bytes;
    if (i == 0 || all[i].chain != all[i - 1].chain) sum += all[i].chain_bytes;
  }
  return sum;
}

void ServerSessions::forget(const Key& key) {
  Part& part = part_of(key);
  const std::lock_guard<std::mutex> lock(part.mutex);
  part.servers.erase(key);
}

std::size_t ServerSessions::size() {
  std::size_t sum = 0;
  for (const auto& part : parts_) {
    const std::lock_guard<std::mutex> lock(part->mutex);
    sum += part->servers.size();
  }
  return sum;
}

}  // namespace limpid::tls
