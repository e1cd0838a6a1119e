#include "tls_proxy/resumption.h"

#include <openssl/err.h>

#include "tls_proxy/certificate/stapled_response.h"

namespace limpid::tls {

namespace {

/// Fields in a row, each with its length before it, so that no two rows of different fields are the same.
class Row {
 public:
  explicit Row(std::string_view what) { add(what); }
  void add(std::string_view text) {
    add(static_cast<std::uint64_t>(text.size()));
    bytes_ += text;
  }
  void add(std::uint64_t number) { bytes_.append(reinterpret_cast<const char*>(&number), sizeof number); }
  void add_flag(bool flag) { add(std::uint64_t{flag}); }
  void add(const certificate::Fingerprint& digest) { add(as_text(digest)); }

  std::array<std::byte, 32> digest() const { return certificate::fingerprint_of(bytes_); }

 private:
  std::string bytes_;
};

void add_place(Row& row, const SessionPlace& place) {
  row.add(place.facts.server.text());
  row.add(place.facts.vlan);
  row.add(place.facts.segment);
  row.add(place.sni);
  row.add(place.prelude == nullptr ? std::string_view() : std::string_view(place.prelude->spoken));
  row.add(place.prelude == nullptr ? std::string() : place.prelude->connect());
  row.add(static_cast<std::uint64_t>(place.rule));
  for (const std::uint64_t generation : {place.policy, place.signing, place.trust, place.inbound})
    row.add(generation);
}

}  // namespace

/// Both legs keep as many, for as long.
std::shared_ptr<Resumption> Resumption::make(const openssl::ClientSessionsSettings& settings, Random& random,
                                             const Clock& clock) {
  auto made = std::make_shared<Resumption>();
  made->client = std::make_shared<openssl::ClientSessions>(settings, random, clock);
  made->server = std::make_shared<ServerSessions>(
      ServerSessionsSettings{.servers_max = settings.sessions_max, .lifetime = settings.lifetime});
  return made;
}

ServerSessions::Chain presented_by(openssl::Engine& server_leg) {
  auto chain =
      std::make_shared<certificate::PresentedChain>(certificate::PresentedChain::of(server_leg.peer_chain()));
  chain->set_staple(server_leg.take_staple());
  return chain;
}

ServerSessions::Key server_key(const SessionPlace& place, const openssl::ServerOffer& offer) {
  Row row("server leg");
  add_place(row, place);
  row.add(offer.version_min);
  row.add(offer.version_max);
  for (const std::string* list :
       {&offer.ciphers, &offer.suites, &offer.groups, &offer.signatures, &offer.sni, &offer.alpn})
    row.add(*list);
  for (const int algorithm : offer.compressions) row.add(static_cast<std::uint64_t>(algorithm));
  row.add(offer.record_size_limit);
  row.add(offer.max_fragment_length);
  row.add_flag(offer.fallback);
  row.add_flag(offer.staple);
  row.add_flag(offer.extended_master_secret);
  return row.digest();
}

openssl::SessionBinding client_binding(const SessionPlace& place, const ShownToClient& shown,
                                       const openssl::Engine& server_leg) {
  Row row("client leg");
  add_place(row, place);
  row.add(shown.chain.chain_fingerprint());
  row.add(shown.outcome);
  row.add_flag(shown.trusted);
  row.add(shown.direction);
  row.add(shown.own_key);
  row.add(shown.version);
  row.add(server_leg.version());
  row.add(server_leg.cipher());
  row.add(server_leg.alpn());
  row.add_flag(server_leg.has_extended_master_secret());
  return row.digest();
}

void ServerResumption::fill(openssl::ServerOffer& offer) {
  offered_ = sessions_.take(key_, clock_.now());
  offer.session = offered_.session.get();
  offer.sink = this;
}

ServerSessions::Chain ServerResumption::chain_of(openssl::Engine& server_leg) {
  const bool refused = offered_.session != nullptr && !server_leg.resumed();
  if (refused) sessions_.forget(key_);
  presented_ = server_leg.resumed() ? offered_.presented : clock_.now();
  chain_ = server_leg.resumed() ? std::move(offered_.chain) : presented_by(server_leg);
  offered_ = {};
  return chain_;
}

void ServerResumption::keep() {
  given_ = Given::kKept;
  if (waiting_) on_session(*waiting_);
  waiting_.reset();
}

void ServerResumption::forget() {
  given_ = Given::kDropped;
  waiting_.reset();
  sessions_.forget(key_);
}

/// No resumed session brings an OCSP response: one whose time is over must not be blocked for that.
std::optional<Duration> ServerResumption::good_for() const {
  if (chain_->staple().empty()) return std::nullopt;
  const WallTime now = clock_.wall();
  return certificate::in_time_until(chain_->staple(), now).value_or(now) - now;
}

void ServerResumption::on_session(const SSL_SESSION& session) {
  if (given_ == Given::kDropped) return;
  if (given_ == Given::kKept)
    return sessions_.put(key_, session, chain_, clock_.now(), {presented_, good_for()});
  waiting_.reset(SSL_SESSION_dup(&session));
  if (!waiting_) ERR_clear_error();
}

}  // namespace limpid::tls
