#include "tls_proxy/openssl/contexts.h"

#include <openssl/err.h>

#include "tls_proxy/openssl/engine_callbacks.h"

namespace limpid::openssl {

namespace {

constexpr std::size_t kContextsMax = 128;  // of each role
constexpr std::uint32_t kSkippedEarlyDataMax = 1U << 20U;
constexpr long kPeerCertificatesMax = 100L * 1024;  // bytes of a Certificate message

/// No word of the lists has a space in it.
std::string as_key(const Negotiable& lists) {
  std::string key;
  key.reserve(lists.ciphers.size() + lists.suites.size() + lists.groups.size() + lists.signatures.size() + 3);
  key.append(lists.ciphers).append(1, ' ').append(lists.suites).append(1, ' ');
  return key.append(lists.groups).append(1, ' ').append(lists.signatures);
}

/// A list of which the library knows nothing leaves its default in place, but for ciphers and groups: no
/// server is offered what its client does not have. False: the groups are refused; those that are not known
/// are marked to be passed over, so more is wrong than that.
bool apply(const Negotiable& lists, SSL_CTX* context) {
  if (!lists.ciphers.empty()) SSL_CTX_set_cipher_list(context, std::string(lists.ciphers).c_str());
  if (!lists.suites.empty()) SSL_CTX_set_ciphersuites(context, std::string(lists.suites).c_str());
  const bool taken =
      lists.groups.empty() || SSL_CTX_set1_groups_list(context, std::string(lists.groups).c_str()) == 1;
  if (!lists.signatures.empty()) SSL_CTX_set1_sigalgs_list(context, std::string(lists.signatures).c_str());
  ERR_clear_error();
  return taken;
}

}  // namespace

SslCtxPtr Contexts::make(Role role, const Negotiable& lists, Secrets secrets) const {
  SslCtxPtr made(SSL_CTX_new(role == Role::kClient ? TLS_client_method() : TLS_server_method()));
  if (!made) return made;
  SSL_CTX* context = made.get();
  SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                                SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_AUTO_RETRY);
  SSL_CTX_set_read_ahead(context, 0);
  // What may be negotiated is in the lists: towards a server what the client offers, no weaker than
  // Engine::offer() demands of each connection; towards a client what that server's leg has. What a chain
  // must be, the Verifier says.
  SSL_CTX_set_security_level(context, 0);
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_options(context, SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
                                   SSL_OP_CIPHER_SERVER_PREFERENCE);
  SSL_CTX_set_max_cert_list(context, kPeerCertificatesMax);
  if (!apply(lists, context)) return {};
  if (role == Role::kServer) {
    SSL_CTX_set_num_tickets(context, 0);
    SSL_CTX_set_max_early_data(context, 0);
    SSL_CTX_set_recv_max_early_data(context, kSkippedEarlyDataMax);
    SSL_CTX_set_dh_auto(context, 1);
  }
  install_engine_callbacks(context, role);
  if (sessions_ && role == Role::kServer) sessions_->install(context);
  if (sessions_ && role == Role::kClient) install_session_callback(context);
  if (secrets == Secrets::kTold) install_secrets_callback(context);
  return made;
}

Contexts::Contexts(std::shared_ptr<ClientSessions> sessions)
    : sessions_(std::move(sessions)),
      client_role_(kContextsMax),
      server_role_(kContextsMax),
      told_client_role_(kContextsMax),
      told_server_role_(kContextsMax) {}

Result<std::unique_ptr<Contexts>, std::string> Contexts::open(std::shared_ptr<ClientSessions> sessions) {
  std::unique_ptr<Contexts> contexts(new Contexts(std::move(sessions)));
  SSL_CTX* client_role = contexts->context(Role::kClient, {});
  if (client_role != nullptr) contexts->example_.reset(SSL_new(client_role));
  contexts->ciphers_.emplace(contexts->example_.get());
  if (!contexts->example_ || contexts->context(Role::kServer, {}) == nullptr) {
    ERR_clear_error();
    return Failure{std::string("the TLS library cannot be prepared")};
  }
  return contexts;
}

Contexts::Cache& Contexts::cache_of(Role role, Secrets secrets) {
  if (secrets == Secrets::kTold) return role == Role::kClient ? told_client_role_ : told_server_role_;
  return role == Role::kClient ? client_role_ : server_role_;
}

SSL_CTX* Contexts::context(Role role, const Negotiable& lists, Secrets secrets) {
  Cache& cache = cache_of(role, secrets);
  std::string key = as_key(lists);
  if (const SslCtxPtr* known = cache.find(key)) return known->get();
  SslCtxPtr made = make(role, lists, secrets);
  if (!made) {
    ERR_clear_error();
    return nullptr;
  }
  return cache.put(std::move(key), std::move(made)).get();
}

}  // namespace limpid::openssl
