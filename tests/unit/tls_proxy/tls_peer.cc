#include "tests/unit/tls_proxy/tls_peer.h"

#include <openssl/err.h>

#include <algorithm>
#include <array>

namespace limpid::testing {

struct PeerCallbacks {
  static TlsPeer* peer_of(const SSL* ssl) { return static_cast<TlsPeer*>(SSL_get_ex_data(ssl, 0)); }

  static void on_info(const SSL* ssl, int where, int value) {
    if ((where & SSL_CB_READ_ALERT) != SSL_CB_READ_ALERT || (value >> 8) != SSL3_AL_FATAL) return;
    peer_of(ssl)->seen_.alert = SSL_alert_desc_string_long(value);
  }

  static void on_message(int written, int /*version*/, int type, const void* content, std::size_t size,
                         SSL* ssl, void* /*unused*/) {
    constexpr unsigned char kServerHello = 2;
    constexpr unsigned char kCompressedCertificate = 25;
    if (peer_of(ssl) == nullptr) return;  // the test itself has called the library before it was pumped
    const auto* bytes = static_cast<const unsigned char*>(content);
    TlsPeer::Seen& seen = peer_of(ssl)->seen_;
    if (type == SSL3_RT_HANDSHAKE && size > 0 && bytes[0] == kServerHello) ++seen.server_hellos;
    if (type == SSL3_RT_HANDSHAKE && size > 0 && bytes[0] == kCompressedCertificate)
      seen.compressed_certificate = true;
    if (written == 0 && type == SSL3_RT_HEADER && size == SSL3_RT_HEADER_LENGTH)
      seen.largest_record = std::max(seen.largest_record, std::size_t{bytes[3]} << 8U | bytes[4]);
  }

  static int add_limit(SSL* ssl, unsigned int /*type*/, unsigned int /*where*/, const unsigned char** bytes,
                       std::size_t* size, X509* /*unused*/, std::size_t /*unused*/, int* /*alert*/,
                       void* /*unused*/) {
    static thread_local std::array<unsigned char, 2> limit;
    const std::uint16_t own = peer_of(ssl) == nullptr ? std::uint16_t{0} : peer_of(ssl)->own_limit_;
    if (own == 0) return 0;
    limit = {static_cast<unsigned char>(own >> 8U), static_cast<unsigned char>(own & 0xffU)};
    *bytes = limit.data();
    *size = limit.size();
    return 1;
  }

  static int read_limit(SSL* ssl, unsigned int /*type*/, unsigned int /*where*/, const unsigned char* bytes,
                        std::size_t size, X509* /*unused*/, std::size_t /*unused*/, int* /*alert*/,
                        void* /*unused*/) {
    if (size != 2) return 0;
    peer_of(ssl)->seen_.limit = static_cast<std::uint16_t>(bytes[0] << 8U | bytes[1]);
    return 1;
  }

  static int add_further(SSL* ssl, unsigned int /*type*/, unsigned int /*where*/, const unsigned char** bytes,
                         std::size_t* size, X509* /*unused*/, std::size_t /*unused*/, int* /*alert*/,
                         void* /*unused*/) {
    const std::string& body = peer_of(ssl)->further_.second;
    *bytes = reinterpret_cast<const unsigned char*>(body.data());
    *size = body.size();
    return 1;
  }

  static void install(SSL_CTX* context) {
    constexpr unsigned kRecordSizeLimit = 28;
    SSL_CTX_set_info_callback(context, on_info);
    SSL_CTX_set_msg_callback(context, on_message);
    SSL_CTX_add_custom_ext(
        context, kRecordSizeLimit,
        SSL_EXT_CLIENT_HELLO | SSL_EXT_TLS1_2_SERVER_HELLO | SSL_EXT_TLS1_3_ENCRYPTED_EXTENSIONS, add_limit,
        nullptr, nullptr, read_limit, nullptr);
  }
};

namespace {

int on_alpn(SSL* /*ssl*/, const unsigned char** chosen, unsigned char* size, const unsigned char* offered,
            unsigned int offered_size, void* own) {
  const auto& list = *static_cast<std::string*>(own);
  unsigned char* selected = nullptr;
  const int result =
      SSL_select_next_proto(&selected, size, reinterpret_cast<const unsigned char*>(list.data()),
                            static_cast<unsigned int>(list.size()), offered, offered_size);
  *chosen = selected;
  return result == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_NOACK;
}

std::string wire(const std::vector<std::string>& protocols) {
  std::string list;
  for (const std::string& protocol : protocols) {
    list += static_cast<char>(protocol.size());
    list += protocol;
  }
  return list;
}

int on_status_request(SSL* ssl, void* own) {
  const auto& response = *static_cast<std::string*>(own);
  auto* copy = static_cast<unsigned char*>(OPENSSL_memdup(response.data(), response.size()));
  return SSL_set_tlsext_status_ocsp_resp(ssl, copy, static_cast<long>(response.size())) == 1
             ? SSL_TLSEXT_ERR_OK
             : SSL_TLSEXT_ERR_NOACK;
}

/// One a process and content: the callbacks' argument must outlive the context.
std::string* kept(const std::string& content) {
  static std::vector<std::unique_ptr<std::string>> all;
  all.push_back(std::make_unique<std::string>(content));
  return all.back().get();
}

void use_group(SSL_CTX* context, const std::string& name) {
  const std::unique_ptr<EVP_PKEY_CTX, openssl::Freed<EVP_PKEY_CTX_free>> making(
      EVP_PKEY_CTX_new_from_name(nullptr, "DHX", nullptr));
  EVP_PKEY* group = nullptr;
  if (EVP_PKEY_paramgen_init(making.get()) == 1 &&
      EVP_PKEY_CTX_set_group_name(making.get(), name.c_str()) == 1 &&
      EVP_PKEY_paramgen(making.get(), &group) == 1) {
    SSL_CTX_set0_tmp_dh_pkey(context, group);
  }
}

int on_session(SSL* ssl, SSL_SESSION* session) {
  auto& memory = *static_cast<PeerMemory*>(SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl)));
  memory.sessions.emplace_back(SSL_SESSION_dup(session));
  return 0;
}

int fill_ticket(SSL* ssl, void* arg) {
  const auto& more = *static_cast<const std::string*>(arg);
  return SSL_SESSION_set1_ticket_appdata(SSL_get_session(ssl), more.data(), more.size());
}

}  // namespace

TlsPeer TlsPeer::client(const PeerSettings& settings) { return make(settings, false); }
TlsPeer TlsPeer::server(const PeerSettings& settings) { return make(settings, true); }

TlsPeer TlsPeer::make(const PeerSettings& settings, bool server) {
  TlsPeer peer;
  PeerMemory* memory = settings.memory.get();
  if (server && memory != nullptr && memory->server_context) {
    SSL_CTX_up_ref(memory->server_context.get());
    peer.context_.reset(memory->server_context.get());
    return connect(std::move(peer), settings, server);
  }
  peer.context_.reset(SSL_CTX_new(TLS_method()));
  SSL_CTX* context = peer.context_.get();
  SSL_CTX_set_security_level(context, 0);
  SSL_CTX_set_options(context, settings.options);
  SSL_CTX_set_min_proto_version(context, settings.version_min);
  SSL_CTX_set_max_proto_version(context, settings.version_max);
  PeerCallbacks::install(context);
  if (settings.further_extension.first != 0) {
    SSL_CTX_add_custom_ext(context, settings.further_extension.first, SSL_EXT_CLIENT_HELLO,
                           PeerCallbacks::add_further, nullptr, nullptr, nullptr, nullptr);
  }
  const auto groups = settings.groups;
  if (!groups.empty()) SSL_CTX_ctrl(context, SSL_CTRL_SET_GROUPS_LIST, 0, const_cast<char*>(groups.c_str()));
  const auto signatures = settings.signatures;
  if (!signatures.empty()) {
    SSL_CTX_ctrl(context, SSL_CTRL_SET_SIGALGS_LIST, 0, const_cast<char*>(signatures.c_str()));
  }
  if (!settings.ciphers.empty()) SSL_CTX_set_cipher_list(context, settings.ciphers.c_str());
  if (!settings.dh_group.empty()) use_group(context, settings.dh_group);
  if (!settings.suites.empty()) SSL_CTX_set_ciphersuites(context, settings.suites.c_str());
  const std::string protocols = wire(settings.alpn);
  if (server && !protocols.empty()) {
    SSL_CTX_set_alpn_select_cb(context, on_alpn, kept(protocols));
  }
  if (!settings.staple.empty()) {
    SSL_CTX_callback_ctrl(context, SSL_CTRL_SET_TLSEXT_STATUS_REQ_CB,
                          reinterpret_cast<void (*)()>(on_status_request));
    SSL_CTX_set_tlsext_status_arg(context, kept(settings.staple));
  }
  if (settings.ask_for_certificate || settings.demand_certificate) {
    SSL_CTX_set_verify(context,
                       SSL_VERIFY_PEER | (settings.demand_certificate ? SSL_VERIFY_FAIL_IF_NO_PEER_CERT : 0),
                       nullptr);
  }
  if (settings.trust != nullptr) {
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
    X509_STORE_add_cert(SSL_CTX_get_cert_store(context), settings.trust);
    X509_VERIFY_PARAM* parameters = SSL_CTX_get0_param(context);
    X509_VERIFY_PARAM_set_time(
        parameters, std::chrono::duration_cast<std::chrono::seconds>(kTestNow.time_since_epoch()).count());
    X509_VERIFY_PARAM_set1_host(parameters, settings.sni.c_str(), settings.sni.size());
  }
  for (std::size_t i = 0; i < settings.chain.size(); ++i) {
    X509* certificate = settings.chain[i]->certificate.get();
    if (i == 0) {
      SSL_CTX_use_certificate(context, certificate);
      SSL_CTX_use_PrivateKey(context, settings.chain[0]->key.get());
    } else {
      X509_up_ref(certificate);
      SSL_CTX_ctrl(context, SSL_CTRL_CHAIN_CERT, 0, certificate);
    }
  }
  if (settings.compress) SSL_CTX_compress_certs(context, 0);
  if (settings.record_bytes != 0) SSL_CTX_set_max_send_fragment(context, settings.record_bytes);
  if (settings.ticket_bytes != 0) {
    SSL_CTX_set_session_ticket_cb(context, fill_ticket, nullptr,
                                  kept(std::string(settings.ticket_bytes, 't')));
  }
  if (server) SSL_CTX_set_max_early_data(context, settings.early_data);
  if (memory != nullptr && server) {
    SSL_CTX_set_session_id_context(context, reinterpret_cast<const unsigned char*>("peer"), 4);
    SSL_CTX_up_ref(context);
    memory->server_context.reset(context);
  }
  if (memory != nullptr && !server) {
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
    SSL_CTX_set_app_data(context, memory);
    SSL_CTX_sess_set_new_cb(context, on_session);
  }
  return connect(std::move(peer), settings, server);
}

TlsPeer TlsPeer::connect(TlsPeer peer, const PeerSettings& settings, bool server) {
  peer.memory_ = settings.memory;
  peer.own_limit_ = settings.record_size_limit;
  peer.further_ = settings.further_extension;
  peer.ssl_.reset(SSL_new(peer.context_.get()));
  SSL* ssl = peer.ssl_.get();
  if (settings.max_fragment_length != 0)
    SSL_set_tlsext_max_fragment_length(ssl, settings.max_fragment_length);
  if (settings.ask_for_staple) SSL_set_tlsext_status_type(ssl, TLSEXT_STATUSTYPE_ocsp);
  const std::string protocols = wire(settings.alpn);
  if (!server && settings.memory && !settings.memory->sessions.empty()) {
    const openssl::SessionPtr copy(SSL_SESSION_dup(settings.memory->sessions.back().get()));
    SSL_set_session(ssl, copy.get());
  }
  if (!server && !protocols.empty()) {
    SSL_set_alpn_protos(ssl, reinterpret_cast<const unsigned char*>(protocols.data()),
                        static_cast<unsigned int>(protocols.size()));
  }
  if (!server && !settings.sni.empty()) {
    SSL_ctrl(ssl, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name,
             const_cast<char*>(settings.sni.c_str()));
  }
  server ? SSL_set_accept_state(ssl) : SSL_set_connect_state(ssl);
  peer.in_ = BIO_new(BIO_s_mem());
  peer.out_ = BIO_new(BIO_s_mem());
  BIO_set_mem_eof_return(peer.in_, -1);
  SSL_set_bio(ssl, peer.in_, peer.out_);
  return peer;
}

std::string TlsPeer::staple() const {
  const unsigned char* response = nullptr;
  const long size = SSL_get_tlsext_status_ocsp_resp(ssl_.get(), &response);
  return size > 0 ? std::string(reinterpret_cast<const char*>(response), static_cast<std::size_t>(size))
                  : std::string();
}

std::string TlsPeer::first_flight() {
  step();
  return std::exchange(undelivered_, {});
}

bool TlsPeer::failed(int result) {
  const int error = SSL_get_error(ssl_.get(), result);
  if (error == SSL_ERROR_SSL || error == SSL_ERROR_SYSCALL) {
    if (error_.empty()) {
      const char* text = ERR_reason_error_string(ERR_peek_error());
      error_ = text == nullptr ? "unknown" : text;
    }
    ERR_clear_error();
    return true;
  }
  return false;
}

bool TlsPeer::step() {
  SSL_set_ex_data(ssl_.get(), 0, this);
  bool moved = false;
  if (error_.empty() && !connected()) {
    const int result = SSL_do_handshake(ssl_.get());
    if (result != 1) failed(result);
  }
  if (error_.empty() && connected()) {
    char buffer[16'384];
    for (int size = 1; size > 0;) {
      size = SSL_read(ssl_.get(), buffer, sizeof buffer);
      if (size > 0) heard_.append(buffer, static_cast<std::size_t>(size));
      if (size <= 0) failed(size);
      moved = moved || size > 0;
    }
    if (error_.empty() && !unsent_.empty() && (SSL_get_shutdown(ssl_.get()) & SSL_SENT_SHUTDOWN) == 0) {
      const int size = SSL_write(ssl_.get(), unsent_.data(), static_cast<int>(unsent_.size()));
      if (size > 0) unsent_.erase(0, static_cast<std::size_t>(size));
      moved = true;
    }
    if (shutdown_due_ && unsent_.empty() && error_.empty()) {
      SSL_shutdown(ssl_.get());
      ERR_clear_error();
      shutdown_due_ = false;
      moved = true;
    }
  }
  char buffer[16'384];
  for (int size = BIO_read(out_, buffer, sizeof buffer); size > 0;
       size = BIO_read(out_, buffer, sizeof buffer)) {
    undelivered_.append(buffer, static_cast<std::size_t>(size));
    moved = true;
  }
  return moved;
}

bool TlsPeer::pump(MemoryStream& stream) {
  bool moved = false;
  reset_ = stream.aborted();
  if (!paused_ && !reset_) {
    const std::string bytes = stream.take();
    if (!bytes.empty()) BIO_write(in_, bytes.data(), static_cast<int>(bytes.size()));
    moved = !bytes.empty();
    if (stream.fin_sent() && !fin_) fin_ = moved = true;
  }
  moved = step() || moved;
  const std::size_t due = undelivered_.size() - std::min(undelivered_.size(), connected() ? kept_back_ : 0);
  const std::string piece = undelivered_.substr(0, std::min(piece_, due));
  if (!piece.empty() && stream.readable() < 1'000'000) {
    stream.deliver(piece);
    undelivered_.erase(0, piece.size());
    moved = true;
  }
  if (finish_due_ && !fin_delivered_ && undelivered_.empty() && unsent_.empty() && !shutdown_due_) {
    stream.deliver_fin();
    fin_delivered_ = moved = true;
  }
  return moved;
}

bool talk_directly(const PeerSettings& client_settings, const PeerSettings& server_settings) {
  TlsPeer client = TlsPeer::client(client_settings);
  TlsPeer server = TlsPeer::server(server_settings);
  MemoryStream to_client(Reason::client_reset);
  MemoryStream to_server(Reason::server_reset);
  const auto carry = [](MemoryStream& from, MemoryStream& to) {
    const Bytes piece = from.peek();
    const std::size_t taken = piece.empty() ? 0 : to.write(piece);
    from.consume(taken);
    return taken > 0;
  };
  for (bool moved = true; moved;) {
    moved = client.pump(to_client);
    moved = server.pump(to_server) || moved;
    moved = carry(to_client, to_server) || moved;
    moved = carry(to_server, to_client) || moved;
  }
  return client.connected() && server.connected() && client.error().empty() && server.error().empty();
}

std::string TlsPeer::group() const {
  const char* text = SSL_get0_group_name(ssl_.get());
  return text == nullptr ? "" : text;
}

std::string TlsPeer::alpn() const {
  const unsigned char* text = nullptr;
  unsigned int size = 0;
  SSL_get0_alpn_selected(ssl_.get(), &text, &size);
  return {reinterpret_cast<const char*>(text), size};
}

}  // namespace limpid::testing
