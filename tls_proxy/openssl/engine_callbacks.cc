#include "tls_proxy/openssl/engine_callbacks.h"

#include "tls_proxy/openssl/engine.h"

namespace limpid::openssl {

struct EngineCallbacks {
  static Engine* engine_of(const SSL* ssl) { return static_cast<Engine*>(SSL_get_app_data(ssl)); }

  static void on_info(const SSL* ssl, int where, int value) {
    if ((where & SSL_CB_ALERT) == 0) return;
    Engine* engine = engine_of(ssl);
    const bool fatal = (value >> 8) == SSL3_AL_FATAL;
    if (engine == nullptr || !fatal) return;
    ((where & SSL_CB_READ) != 0 ? engine->alerts_.received : engine->alerts_.sent) = value & 0xff;
  }

  /// Of records and of all else within them OpenSSL tells here, too.
  // NOLINTNEXTLINE(readability-function-size): the parameters are the library's
  static void on_message(int sent, int /*version*/, int content, const void* bytes, std::size_t size,
                         SSL* ssl, void* /*unused*/) {
    if (content != SSL3_RT_HANDSHAKE) return;
    Engine* engine = engine_of(ssl);
    if (engine == nullptr) return;
    const std::uint8_t type = message_type({static_cast<const std::byte*>(bytes), size});
    (sent != 0 ? engine->last_.sent : engine->last_.received) = type;
  }

  /// Called where a server asks for a certificate. Without one of ours it decides whether it goes on.
  static int on_certificate_request(SSL* ssl, void* /*unused*/) {
    constexpr int kGoOn = 1;
    Engine* engine = engine_of(ssl);
    if (engine == nullptr) return kGoOn;
    engine->asked_for_certificate_ = true;
    engine->authorities_ = shown_authorities(SSL_get0_peer_CA_list(ssl));
    engine->showed_certificate_ = engine->show_certificate_ && engine->show_certificate_(*ssl);
    return kGoOn;
  }

  /// The Verifier judges the chain after the handshake; here every chain passes.
  static int on_verify(X509_STORE_CTX* /*chain*/, void* /*unused*/) { return 1; }

  static void on_secret(const SSL* ssl, const char* line) {
    const Engine* engine = engine_of(ssl);
    if (engine == nullptr || engine->bytes_.watcher() == nullptr) return;
    engine->bytes_.watcher()->on_secret(line);
  }

  /// 0: the session stays the library's.
  static int on_session(SSL* ssl, SSL_SESSION* session) {
    const Engine* engine = engine_of(ssl);
    if (engine != nullptr && engine->sink_ != nullptr) engine->sink_->on_session(*session);
    return 0;
  }

  /// Who was to be reached has been asked by that name: RFC 6066 §3 has that acknowledged.
  static int on_server_name(SSL* /*ssl*/, int* /*alert*/, void* /*unused*/) { return SSL_TLSEXT_ERR_OK; }

  static int on_staple_request(SSL* ssl, void* /*unused*/) {
    const Engine* engine = engine_of(ssl);
    if (engine == nullptr || engine->staple_.empty()) return SSL_TLSEXT_ERR_NOACK;
    auto* copy = static_cast<unsigned char*>(OPENSSL_memdup(engine->staple_.data(), engine->staple_.size()));
    const bool given = copy != nullptr && SSL_set_tlsext_status_ocsp_resp(
                                              ssl, copy, static_cast<long>(engine->staple_.size())) == 1;
    return given ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_NOACK;
  }

  /// record_size_limit (RFC 8449), which the library does not know. 1: it is sent; 0: it is not.
  // NOLINTNEXTLINE(readability-function-size): the parameters are the library's
  static int add_limit(SSL* ssl, unsigned int /*type*/, unsigned int /*where*/, const unsigned char** bytes,
                       std::size_t* size, X509* /*unused*/, std::size_t /*unused*/, int* /*alert*/,
                       void* /*unused*/) {
    Engine* engine = engine_of(ssl);
    if (engine == nullptr || engine->own_limit_ == 0) return 0;
    engine->limit_bytes_ = {static_cast<unsigned char>(engine->own_limit_ >> 8U),
                            static_cast<unsigned char>(engine->own_limit_ & 0xffU)};
    *bytes = engine->limit_bytes_.data();
    *size = engine->limit_bytes_.size();
    return 1;
  }

  /// 0: the handshake fails with the alert. Only whoever answers with a limit of its own is bound by the
  /// peer's.
  // NOLINTNEXTLINE(readability-function-size): the parameters are the library's
  static int read_limit(SSL* ssl, unsigned int /*type*/, unsigned int /*where*/, const unsigned char* bytes,
                        std::size_t size, X509* /*unused*/, std::size_t /*unused*/, int* alert,
                        void* /*unused*/) {
    constexpr unsigned kLimitMin = 64;
    Engine* engine = engine_of(ssl);
    const unsigned limit = size == 2 ? static_cast<unsigned>(bytes[0]) << 8U | bytes[1] : 0;
    if (limit < kLimitMin) {
      *alert = size == 2 ? SSL_AD_ILLEGAL_PARAMETER : SSL_AD_DECODE_ERROR;
      return 0;
    }
    if (engine == nullptr || engine->own_limit_ == 0) return 1;
    engine->keep_to(static_cast<std::uint16_t>(limit));
    return 1;
  }

  static int on_alpn(SSL* ssl, const unsigned char** chosen, unsigned char* chosen_size,
                     const unsigned char* offered, unsigned int offered_size, void* /*unused*/) {
    const Engine* engine = engine_of(ssl);
    if (engine == nullptr || engine->alpn_wanted_.empty()) return SSL_TLSEXT_ERR_NOACK;
    const std::string_view list(reinterpret_cast<const char*>(offered), offered_size);
    for (std::size_t at = 0; at < list.size();) {
      const std::size_t size = offered[at];
      if (list.substr(at + 1, size) == engine->alpn_wanted_) {
        *chosen = offered + at + 1;
        *chosen_size = offered[at];
        return SSL_TLSEXT_ERR_OK;
      }
      at += 1 + size;
    }
    return SSL_TLSEXT_ERR_NOACK;
  }
};

void install_engine_callbacks(SSL_CTX* context, Role role) {
  constexpr unsigned kRecordSizeLimit = 28;
  SSL_CTX_set_info_callback(context, EngineCallbacks::on_info);
  SSL_CTX_add_custom_ext(
      context, kRecordSizeLimit,
      SSL_EXT_CLIENT_HELLO | SSL_EXT_TLS1_2_SERVER_HELLO | SSL_EXT_TLS1_3_ENCRYPTED_EXTENSIONS,
      EngineCallbacks::add_limit, nullptr, nullptr, EngineCallbacks::read_limit, nullptr);
  SSL_CTX_set_msg_callback(context, EngineCallbacks::on_message);
  if (role == Role::kClient) {
    SSL_CTX_set_cert_cb(context, EngineCallbacks::on_certificate_request, nullptr);
    SSL_CTX_set_cert_verify_callback(context, EngineCallbacks::on_verify, nullptr);
  } else {
    SSL_CTX_set_alpn_select_cb(context, EngineCallbacks::on_alpn, nullptr);
    // SSL_CTX_set_tlsext_status_cb(), likewise.
    SSL_CTX_callback_ctrl(context, SSL_CTRL_SET_TLSEXT_STATUS_REQ_CB,
                          reinterpret_cast<void (*)()>(EngineCallbacks::on_staple_request));
    // SSL_CTX_set_tlsext_servername_callback(), whose macro casts in the old style.
    SSL_CTX_callback_ctrl(context, SSL_CTRL_SET_TLSEXT_SERVERNAME_CB,
                          reinterpret_cast<void (*)()>(EngineCallbacks::on_server_name));
  }
}

void install_session_callback(SSL_CTX* context) {
  SSL_CTX_set_session_cache_mode(
      context, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL | SSL_SESS_CACHE_NO_AUTO_CLEAR);
  SSL_CTX_clear_options(context, SSL_OP_NO_TICKET);
  SSL_CTX_sess_set_new_cb(context, EngineCallbacks::on_session);
}

void install_secrets_callback(SSL_CTX* context) {
  SSL_CTX_set_keylog_callback(context, EngineCallbacks::on_secret);
}

}  // namespace limpid::openssl
