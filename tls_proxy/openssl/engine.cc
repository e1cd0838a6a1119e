#include "tls_proxy/openssl/engine.h"

#include <openssl/err.h>

#include <algorithm>

#include "dataplane/base/check.h"

namespace limpid::openssl {

namespace {

/// SSL_set_tlsext_host_name(), whose macro casts in the old style.
bool set_server_name(SSL* ssl, const std::string& name) {
  return SSL_ctrl(ssl, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name,
                  const_cast<char*>(name.c_str())) == 1;
}

/// A server is taken no weaker than today's clients take one: at least 112 bits in all that is negotiated (so
/// no Diffie-Hellman group below 2048 bits), and with secure renegotiation (RFC 5746). Where the client
/// offers versions of before TLS 1.2, and the configuration allows them, their servers are taken as they are.
void set_strength(SSL* ssl, std::uint16_t version_min) {
  constexpr int kLevel = 2;
  if (version_min >= TLS1_2_VERSION) {
    SSL_set_security_level(ssl, kLevel);
  } else {
    SSL_set_options(ssl, SSL_OP_LEGACY_SERVER_CONNECT);
  }
}

Secrets told_to(const LegWatcher* watcher) { return watcher == nullptr ? Secrets::kKept : Secrets::kTold; }

}  // namespace

/// The library takes the session of a connection that ends without close_notify out of the cache, as TLS 1.0
/// demanded (RFC 2246 §7.2.1); since TLS 1.1 only fatal alerts do that, which it has dealt with at once.
Engine::~Engine() {
  if (ssl_ && !failed_) SSL_set_shutdown(ssl_.get(), SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
}

std::unique_ptr<Engine> Engine::towards_server(Contexts& contexts, const ServerOffer& offer,
                                               tcp::ByteStream& stream) {
  std::unique_ptr<Engine> engine(new Engine(Role::kClient, stream));
  engine->bytes_.watch(offer.watcher);
  const Negotiable lists{offer.ciphers, offer.suites, offer.groups, offer.signatures};
  if (engine->open(contexts.context(Role::kClient, lists, told_to(offer.watcher))) && engine->offer(offer))
    return engine;
  ERR_clear_error();
  return nullptr;
}

std::unique_ptr<Engine> Engine::towards_client(Contexts& contexts, const ClientAnswer& answer,
                                               tcp::ByteStream& stream) {
  std::unique_ptr<Engine> engine(new Engine(Role::kServer, stream));
  engine->bytes_.watch(answer.watcher);
  const Negotiable lists{answer.ciphers, answer.suites, answer.groups, {}};
  if (engine->open(contexts.context(Role::kServer, lists, told_to(answer.watcher))) && engine->answer(answer))
    return engine;
  ERR_clear_error();
  return nullptr;
}

bool Engine::open(SSL_CTX* context) {
  if (context == nullptr) return false;
  ssl_.reset(SSL_new(context));
  BioPtr bio = bytes_.make();
  if (!ssl_ || !bio) return false;
  SSL_set_app_data(ssl_.get(), this);
  BIO* both = bio.release();
  SSL_set_bio(ssl_.get(), both, both);
  return true;
}

bool Engine::offer(const ServerOffer& offer) {
  SSL* ssl = ssl_.get();
  SSL_set_connect_state(ssl);
  set_strength(ssl, offer.version_min);
  if (offer.fallback) SSL_set_mode(ssl, SSL_MODE_SEND_FALLBACK_SCSV);
  if (offer.max_fragment_length != 0) SSL_set_tlsext_max_fragment_length(ssl, offer.max_fragment_length);
  if (!offer.extended_master_secret) SSL_set_options(ssl, SSL_OP_NO_EXTENDED_MASTER_SECRET);
  offer_compressions(ssl, offer.compressions);
  ERR_clear_error();
  own_limit_ = offer.record_size_limit;
  if (!offer.alpn.empty()) {
    const auto* protocols = reinterpret_cast<const unsigned char*>(offer.alpn.data());
    if (SSL_set_alpn_protos(ssl, protocols, static_cast<unsigned int>(offer.alpn.size())) != 0) return false;
  }
  sink_ = offer.sink;
  if (offer.session != nullptr && SSL_set_session(ssl, offer.session) != 1) return false;
  show_certificate_ = offer.show_certificate;
  if (offer.staple) SSL_set_tlsext_status_type(ssl, TLSEXT_STATUSTYPE_ocsp);
  return SSL_set_min_proto_version(ssl, offer.version_min) == 1 &&
         SSL_set_max_proto_version(ssl, offer.version_max) == 1 &&
         (offer.sni.empty() || set_server_name(ssl, offer.sni));
}

std::string Engine::take_staple() {
  const unsigned char* response = nullptr;
  const long size = SSL_get_tlsext_status_ocsp_resp(ssl_.get(), &response);
  if (response == nullptr || size <= 0) return {};
  std::string staple(reinterpret_cast<const char*>(response), static_cast<std::size_t>(size));
  SSL_set_tlsext_status_ocsp_resp(ssl_.get(), nullptr, 0);
  return staple;
}

bool Engine::answer(const ClientAnswer& answer) {
  SSL* ssl = ssl_.get();
  SSL_set_accept_state(ssl);
  alpn_wanted_ = answer.alpn;
  staple_ = answer.staple;
  own_limit_ = answer.record_size_limit;
  if (!answer.extended_master_secret) SSL_set_options(ssl, SSL_OP_NO_EXTENDED_MASTER_SECRET);
  // 0 would mean any version to the library.
  if (answer.version == 0 || SSL_set_min_proto_version(ssl, answer.version) != 1 ||
      SSL_set_max_proto_version(ssl, answer.version) != 1 || SSL_use_certificate(ssl, answer.leaf) != 1)
    return false;
  if (answer.binding && !ClientSessions::bind(ssl, answer.version, *answer.binding)) return false;
  // The library adds a chain to the certificate that was set last: for every kind of key there is another.
  for (X509* certificate : answer.chain) {
    if (SSL_add1_chain_cert(ssl, certificate) != 1) return false;
  }
  if (answer.compressed != nullptr) show_compressed(ssl, *answer.compressed);
  return answer.lend_key ? answer.lend_key(*ssl) : SSL_use_PrivateKey(ssl, answer.key) == 1;
}

Phase Engine::phase() const {
  if (established_) return Phase::kApplication;
  const OSSL_HANDSHAKE_STATE state = SSL_get_state(ssl_.get());
  const bool waits = state == TLS_ST_BEFORE || state == TLS_ST_CW_CLNT_HELLO;
  return waits ? Phase::kBeforeServerHello : Phase::kHandshake;
}

void Engine::fail() {
  failed_ = true;
  failure_ = take_failure(role_, phase_, alerts_);
}

/// A record of TLS 1.3 holds its content's type, too (RFC 8449 §4). The library's own messages keep to no
/// less than 512 bytes.
void Engine::keep_to(std::uint16_t limit) {
  peer_limit_ = limit;
  record_max_ = std::min<std::size_t>(SSL_version(ssl_.get()) == TLS1_3_VERSION ? limit - 1U : limit,
                                      SSL3_RT_MAX_PLAIN_LENGTH);
  SSL_set_max_send_fragment(ssl_.get(), static_cast<long>(std::max<std::size_t>(record_max_, 512)));
}

Engine::Handshake Engine::handshake() {
  if (failed_) return Handshake::kFailed;
  if (established_) return Handshake::kDone;  // though a ticket behind it may be half read
  phase_ = phase();
  ERR_clear_error();
  const int result = SSL_do_handshake(ssl_.get());
  if (result == 1) {
    established_ = true;
    phase_ = Phase::kApplication;
    std::string().swap(alpn_wanted_);
    std::string().swap(staple_);
    show_certificate_ = nullptr;
    SSL_set_msg_callback(ssl_.get(), nullptr);
    release_key_shares();
    return Handshake::kDone;
  }
  return unfinished(result);
}

Engine::Handshake Engine::unfinished(int result) {
  switch (SSL_get_error(ssl_.get(), result)) {
    case SSL_ERROR_WANT_READ:
      if (bytes_.stream().failure() != Reason::none) return Handshake::kBroken;
      return bytes_.at_end() ? Handshake::kEnd : Handshake::kWait;
    case SSL_ERROR_WANT_WRITE:
      return Handshake::kWait;
    case SSL_ERROR_ZERO_RETURN:  // close_notify: it has thought better of it
      return Handshake::kEnd;
    default:
      fail();
      return Handshake::kFailed;
  }
}

Engine::Handshake Engine::approval() {
  constexpr std::size_t kAlertRecord = 32;  // and whatever else comes is longer
  if (failed_) return Handshake::kFailed;
  said_since_ += bytes_.stream().readable();
  ERR_clear_error();
  unsigned char first = 0;
  std::size_t size = 0;
  const int result = SSL_peek_ex(ssl_.get(), &first, 1, &size);
  if (result == 1) return Handshake::kDone;
  const Handshake how = unfinished(result);
  return how == Handshake::kWait && said_since_ > kAlertRecord ? Handshake::kDone : how;
}

/// The library keeps both sides' key shares for as long as the connection lives: 14 KB where they are
/// post-quantum ones. Nobody needs them after the handshake; a key that is given another type loses its
/// value.
void Engine::release_key_shares() {
  for (const int which : {SSL_CTRL_GET_TMP_KEY, SSL_CTRL_GET_PEER_TMP_KEY}) {
    EVP_PKEY* share = nullptr;
    if (SSL_ctrl(ssl_.get(), which, 0, &share) != 1 || share == nullptr) continue;
    EVP_PKEY_set_type(share, EVP_PKEY_X25519);
    EVP_PKEY_free(share);
  }
  ERR_clear_error();
}

tls::TlsEngine::ReadResult Engine::read(MutableBytes into) {
  if (failed_) return {Read::kFailed, 0};
  ERR_clear_error();  // another's: the library would take it for this connection's
  std::size_t size = 0;
  const int result = SSL_read_ex(ssl_.get(), into.data(), into.size(), &size);
  if (result == 1) return {Read::kBytes, size};
  switch (SSL_get_error(ssl_.get(), result)) {
    case SSL_ERROR_WANT_READ:
      if (bytes_.stream().failure() != Reason::none) return {Read::kBroken, 0};
      return {bytes_.at_end() ? Read::kEnd : Read::kWait, 0};
    case SSL_ERROR_WANT_WRITE:
      return {Read::kWait, 0};
    case SSL_ERROR_ZERO_RETURN:
      return {Read::kCloseNotify, 0};
    default:
      fail();
      return {Read::kFailed, 0};
  }
}

/// A message behind the handshake (a ticket, RFC 8446 §4.6) of which only a part has come takes the library
/// back into its handshake, where it writes nothing, and says no close_notify, until the rest is there. Where
/// that never comes nothing is waited for.
bool Engine::ready() const {
  const bool half_read = established_ && SSL_in_init(ssl_.get()) != 0 && !bytes_.at_end();
  return bytes_.flushed() && bytes_.stream().credit() > 0 && !half_read;
}

bool Engine::write(Bytes bytes) {
  ERR_clear_error();
  while (!bytes.empty() && !failed_) {
    std::size_t size = 0;
    const std::size_t piece = std::min(bytes.size(), record_max_);
    const int result = SSL_write_ex(ssl_.get(), bytes.data(), piece, &size);
    if (result == 1) {
      bytes = bytes.subspan(size);
      continue;
    }
    fail();
  }
  return !failed_;
}

void Engine::close_notify() {
  if (failed_ || !established_) return;
  if (SSL_shutdown(ssl_.get()) < 0) ERR_clear_error();
}

bool Engine::certificate_sent() const {
  const SSL* ssl = ssl_.get();
  if (role_ != Role::kServer || SSL_session_reused(ssl) == 1) return false;
  if (established_) return true;
  // A HelloRetryRequest asks for another hello before any certificate is sent. In TLS 1.3 our Finished
  // follows the certificate at once (RFC 8446 §2); before it, whatever follows the hello does.
  unsigned char finished = 0;
  if (version() == TLS1_3_VERSION) return SSL_get_finished(ssl, &finished, sizeof finished) > 0;
  const OSSL_HANDSHAKE_STATE state = SSL_get_state(ssl);
  return state != TLS_ST_BEFORE && state != TLS_ST_SR_CLNT_HELLO;
}

std::uint16_t Engine::version() const { return static_cast<std::uint16_t>(SSL_version(ssl_.get())); }

std::string_view Engine::cipher() const {
  const SSL_CIPHER* cipher = cipher_suite();
  const char* text = cipher == nullptr ? nullptr : SSL_CIPHER_standard_name(cipher);
  return text == nullptr ? std::string_view{} : text;
}

std::string_view Engine::group() const {
  const char* text = established_ ? SSL_get0_group_name(ssl_.get()) : nullptr;
  return text == nullptr ? std::string_view{} : text;
}

std::string_view Engine::alpn() const {
  const unsigned char* text = nullptr;
  unsigned int size = 0;
  SSL_get0_alpn_selected(ssl_.get(), &text, &size);
  return {reinterpret_cast<const char*>(text), size};
}

}  // namespace limpid::openssl
