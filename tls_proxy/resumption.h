// Resumption: what a session's legs may be resumed from, and what they belong to. A client's session is bound
// to everything that a full handshake would settle now: the server and what it presents, the verdict about
// it, the rule and its policy, the CAs, and what the server leg negotiated. A server's session is offered
// only to the same server, by the same name and way, under the same rule and policy, with the same hello. So
// a session that is resumed keeps its decision, and none outlives a change of policy or CA. A worker's
// thread; what is shared between workers is Resumption alone.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "tls_proxy/certificate/verdict.h"
#include "tls_proxy/inbound.h"
#include "tls_proxy/openssl/client_sessions.h"
#include "tls_proxy/openssl/engine.h"
#include "tls_proxy/prelude.h"
#include "tls_proxy/server_sessions.h"

namespace limpid::tls {

/// Shared by all workers.
struct Resumption {
  /// `random` and `clock` outlive it, and may be used by several threads.
  static std::shared_ptr<Resumption> make(const openssl::ClientSessionsSettings& settings, Random& random,
                                          const Clock& clock);

  std::shared_ptr<openssl::ClientSessions> client;
  std::shared_ptr<ServerSessions> server;
};

/// What both legs of a session belong to, before the server has been asked.
struct SessionPlace {
  const FlowFacts& facts;
  std::string_view sni;    // the server's name as the client has it; empty: none
  const Prelude* prelude;  // null: nothing was said before TLS
  std::int32_t rule = -1;
  std::uint64_t policy = 0;  // generations
  std::uint64_t signing = 0;
  std::uint64_t trust = 0;
  std::uint64_t inbound = 0;
};

/// What the client is shown in a full handshake, and why.
struct ShownToClient {
  const certificate::PresentedChain& chain;  // the server's
  std::string_view outcome;                  // of verification; empty: it was not needed
  bool trusted = false;                      // by the trusted CA
  std::string_view direction;
  std::string_view own_key;  // inbound: whose
  std::uint16_t version = 0;
};

/// What the server has presented in this handshake; without certificates where it has not.
ServerSessions::Chain presented_by(openssl::Engine& server_leg);

ServerSessions::Key server_key(const SessionPlace& place, const openssl::ServerOffer& offer);
openssl::SessionBinding client_binding(const SessionPlace& place, const ShownToClient& shown,
                                       const openssl::Engine& server_leg);

/// A server leg's part: the session that it offers, and those that it is given for later.
class ServerResumption final : public openssl::SessionSink {
 public:
  /// `clock` and `sessions` outlive it.
  ServerResumption(ServerSessions& sessions, const ServerSessions::Key& key, const Clock& clock)
      : sessions_(sessions), key_(key), clock_(clock) {}

  /// It outlives the engine that the offer is for.
  void fill(openssl::ServerOffer& offer);
  /// What the server has presented in this handshake, or when the resumed session was made. Where it has not
  /// resumed what it was offered, that is worth nothing any more.
  ServerSessions::Chain chain_of(openssl::Engine& server_leg);
  /// The server leg is as it should be: its sessions are kept from now on, and one that it has given already.
  void keep();
  /// The server has failed with what it was offered, or is not to be gone on with.
  void forget();

  void on_session(const SSL_SESSION& session) override;

 private:
  std::optional<Duration> good_for() const;

  ServerSessions& sessions_;
  ServerSessions::Key key_;
  const Clock& clock_;
  ServerSessions::Known offered_;
  ServerSessions::Chain chain_;
  Instant presented_{};          // when the chain was
  openssl::SessionPtr waiting_;  // given before it was known whether to keep it
  enum class Given : std::uint8_t { kWaits, kKept, kDropped } given_ = Given::kWaits;
};

}  // namespace limpid::tls
