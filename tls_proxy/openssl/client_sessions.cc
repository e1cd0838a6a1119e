#include "tls_proxy/openssl/client_sessions.h"

#include <openssl/core_names.h>
#include <openssl/err.h>

#include <algorithm>
#include <cstring>

namespace limpid::openssl {

namespace {

constexpr std::size_t kParts = 16;
constexpr std::size_t kTickets = 2;  // after a full TLS 1.3 handshake; a resumed one is given one
constexpr int kFailed = -1;

std::string id_of(const SSL_SESSION& session) {
  unsigned int size = 0;
  const unsigned char* id = SSL_SESSION_get_id(&session, &size);
  return {reinterpret_cast<const char*>(id), size};
}

bool is_bound(const SSL_SESSION& session) {
  unsigned int size = 0;
  SSL_SESSION_get0_id_context(&session, &size);
  return size == std::tuple_size_v<SessionBinding>;
}

const unsigned char* bytes_of(const std::array<std::byte, 32>& key) {
  return reinterpret_cast<const unsigned char*>(key.data());
}

/// Looked up once: the library would do so for every ticket. Never given back.
const EVP_CIPHER* ticket_cipher() {
  static const EVP_CIPHER* const kFetched = EVP_CIPHER_fetch(nullptr, "AES-256-CBC", nullptr);
  return kFetched;
}

/// Encrypt-then-MAC, as RFC 5077 §4 recommends.
bool prepare(const TicketKey& key, const unsigned char* iv, bool seal, EVP_CIPHER_CTX* cipher,
             EVP_MAC_CTX* mac) {
  char digest[] = "SHA256";
  const std::array<OSSL_PARAM, 2> parameters{
      OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0), OSSL_PARAM_construct_end()};
  return EVP_CipherInit_ex(cipher, ticket_cipher(), nullptr, bytes_of(key.encryption), iv, seal ? 1 : 0) ==
             1 &&
         EVP_MAC_init(mac, bytes_of(key.mac), key.mac.size(), parameters.data()) == 1;
}

}  // namespace

/// What OpenSSL calls back, on the thread of the connection.
struct ClientSessions::Callbacks {
  static ClientSessions& of(const SSL_CTX* context) {
    return *static_cast<ClientSessions*>(SSL_CTX_get_app_data(context));
  }
  static ClientSessions& of(const SSL* connection) { return of(SSL_get_SSL_CTX(connection)); }

  /// 0: the session stays the library's.
  static int on_new(SSL* connection, SSL_SESSION* session) {
    if (is_bound(*session)) of(connection).put(*session);
    return 0;
  }

  static SSL_SESSION* on_look(SSL* connection, const unsigned char* id, int size, int* copy) {
    *copy = 0;
    const std::string wanted(reinterpret_cast<const char*>(id), static_cast<std::size_t>(size));
    return of(connection).find(wanted, SSL_version(connection) == TLS1_3_VERSION).release();
  }

  /// After a fatal alert, for one (RFC 5246 §7.2: it must not be resumed).
  static void on_remove(SSL_CTX* context, SSL_SESSION* session) { of(context).erase(id_of(*session)); }

  /// 1: go on; 0: no key of ours has sealed it, or it is too old; 2: go on, and renew it.
  static int on_ticket(SSL* connection, unsigned char* name, unsigned char* iv, EVP_CIPHER_CTX* cipher,
                       EVP_MAC_CTX* mac, int seal) {
    ClientSessions& sessions = of(connection);
    if (seal == 1) {
      const std::shared_ptr<const TicketKey> key = sessions.keys_.current();
      std::memcpy(name, key->name.data(), key->name.size());
      sessions.random_.fill({reinterpret_cast<std::byte*>(iv),
                             static_cast<std::size_t>(EVP_CIPHER_get_iv_length(ticket_cipher()))});
      return prepare(*key, iv, true, cipher, mac) ? 1 : kFailed;
    }
    const auto found =
        sessions.keys_.find({reinterpret_cast<const std::byte*>(name), sizeof TicketKey::name});
    if (!found) return 0;
    if (!prepare(*found->key, iv, false, cipher, mac)) return kFailed;
    return found->is_current ? 1 : 2;
  }
};

ClientSessions::ClientSessions(const ClientSessionsSettings& settings, Random& random, const Clock& clock)
    : settings_(settings), random_(random), clock_(clock), keys_(settings.ticket_key_period, random, clock) {
  for (std::size_t i = 0; i < kParts; ++i) {
    parts_.push_back(std::make_unique<Part>(std::max<std::size_t>(settings.sessions_max / kParts, 1)));
  }
}

void ClientSessions::install(SSL_CTX* context) {
  SSL_CTX_set_app_data(context, this);
  SSL_CTX_set_session_cache_mode(
      context, SSL_SESS_CACHE_SERVER | SSL_SESS_CACHE_NO_INTERNAL | SSL_SESS_CACHE_NO_AUTO_CLEAR);
  SSL_CTX_set_timeout(
      context,
      static_cast<long>(std::chrono::duration_cast<std::chrono::seconds>(settings_.lifetime).count()));
  SSL_CTX_sess_set_new_cb(context, Callbacks::on_new);
  SSL_CTX_sess_set_get_cb(context, Callbacks::on_look);
  SSL_CTX_sess_set_remove_cb(context, Callbacks::on_remove);
  SSL_CTX_set_tlsext_ticket_key_evp_cb(context, Callbacks::on_ticket);
}

/// In TLS 1.3 the option makes tickets mere identifiers of what is kept here.
bool ClientSessions::bind(SSL* connection, std::uint16_t version, const SessionBinding& binding) {
  if (version == TLS1_3_VERSION) {
    SSL_set_num_tickets(connection, kTickets);
  } else {
    SSL_clear_options(connection, SSL_OP_NO_TICKET);
  }
  return SSL_set_session_id_context(connection, bytes_of(binding),
                                    static_cast<unsigned int>(binding.size())) == 1;
}

std::size_t ClientSessions::size() {
  std::size_t sum = 0;
  for (const auto& part : parts_) {
    const std::lock_guard<std::mutex> lock(part->mutex);
    sum += part->sessions.size();
  }
  return sum;
}

ClientSessions::Part& ClientSessions::part_of(const std::string& id) {
  const auto last = id.empty() ? std::size_t{0} : static_cast<unsigned char>(id.back());
  return *parts_[last % parts_.size()];
}

void ClientSessions::put(const SSL_SESSION& session) {
  SessionPtr copy(SSL_SESSION_dup(&session));
  if (!copy) return ERR_clear_error();
  const std::string id = id_of(session);
  Kept kept{{copy.release(), SSL_SESSION_free}, clock_.now() + settings_.lifetime};
  Part& part = part_of(id);
  const std::lock_guard<std::mutex> lock(part.mutex);
  part.sessions.put(id, std::move(kept));
}

SessionPtr ClientSessions::find(const std::string& id, bool once) {
  std::shared_ptr<SSL_SESSION> found;
  {
    Part& part = part_of(id);
    const std::lock_guard<std::mutex> lock(part.mutex);
    const Kept* kept = part.sessions.find(id);
    if (kept == nullptr) return nullptr;
    const bool over = clock_.now() >= kept->until;
    if (!over) found = kept->session;
    if (over || once) part.sessions.erase(id);
  }
  return found ? SessionPtr(SSL_SESSION_dup(found.get())) : nullptr;
}

void ClientSessions::erase(const std::string& id) {
  Part& part = part_of(id);
  const std::lock_guard<std::mutex> lock(part.mutex);
  part.sessions.erase(id);
}

}  // namespace limpid::openssl
