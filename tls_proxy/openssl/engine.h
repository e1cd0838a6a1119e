// Engine: one TLS connection of OpenSSL over a ByteStream, in either role. It makes the handshake and is then
// the TlsEngine of its leg. The library's peculiarities end here: above it there are no SSL objects, no error
// queues and no retries. Thread: the worker's. Nothing blocks, nothing reads a clock.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tls_proxy/openssl/compression.h"
#include "tls_proxy/openssl/contexts.h"
#include "tls_proxy/openssl/failure.h"
#include "tls_proxy/openssl/handshake_messages.h"
#include "tls_proxy/openssl/pointers.h"
#include "tls_proxy/openssl/session_sink.h"
#include "tls_proxy/openssl/shown_name.h"
#include "tls_proxy/openssl/stream_bio.h"
#include "tls_proxy/openssl/tls_engine.h"

namespace limpid::openssl {

/// What a server is offered. Lists in OpenSSL's words; empty: its default.
struct ServerOffer {
  std::uint16_t version_min = 0;
  std::uint16_t version_max = 0;
  std::string ciphers{};     // TLS 1.2 and older
  std::string suites{};      // TLS 1.3
  std::string groups{};      // those with a key share have a '*' before them
  std::string signatures{};  // algorithms
  std::string sni{};
  std::string alpn{};                    // as on the wire: each protocol with its length before it
  std::vector<int> compressions{};       // of certificates, by their numbers (RFC 8879), the best first
  std::uint16_t record_size_limit = 0;   // bytes (RFC 8449); 0: none is named
  std::uint8_t max_fragment_length = 0;  // RFC 6066's code; 0: none is named
  bool fallback = false;
  bool extended_master_secret = true;
  bool staple = false;                           // it is asked for an OCSP response of its certificate
  std::function<bool(SSL&)> show_certificate{};  // where it asks for one; empty: it is shown none
  SSL_SESSION* session = nullptr;                // to be resumed, this connection's own; null: none
  LegWatcher* watcher = nullptr;                 // as in ClientAnswer
  SessionSink* sink = nullptr;  // of sessions for later, outlives the engine; null: they are dropped
};

/// What a client is answered with.
struct ClientAnswer {
  std::uint16_t version = 0;  // exactly this one
  std::string ciphers{};
  std::string suites{};
  std::string groups{};
  std::string alpn{};  // one protocol, chosen if the client offers it; empty: none
  X509* leaf = nullptr;
  EVP_PKEY* key = nullptr;                      // the leaf's; or
  std::function<bool(SSL&)> lend_key{};         // whoever has it lets the connection use it
  std::vector<X509*> chain{};                   // sent after the leaf
  const CompressedChain* compressed = nullptr;  // of both, for clients that take it; null: there is none
  std::string staple{};  // an OCSP response of the leaf, DER, for clients that ask; empty: none
  std::uint16_t record_size_limit = 0;  // of the server, told to clients that name one; 0: it has named none
  bool extended_master_secret = true;   // where the client offers it
  LegWatcher* watcher = nullptr;        // outlives the engine; null: the connection keeps its secrets
  std::optional<SessionBinding> binding{};  // nothing: the connection is never resumed
};

class Engine final : public tls::TlsEngine {
 public:
  /// Null where the library has no memory or refuses a setting; nothing is sent yet. `stream` outlives it.
  static std::unique_ptr<Engine> towards_server(Contexts& contexts, const ServerOffer& offer,
                                                tcp::ByteStream& stream);
  static std::unique_ptr<Engine> towards_client(Contexts& contexts, const ClientAnswer& answer,
                                                tcp::ByteStream& stream);
  ~Engine() override;
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  /// Bytes taken off the stream before the engine was made.
  void put_back(std::vector<std::byte> bytes) { bytes_.put_back(std::move(bytes)); }

  enum class Handshake : std::uint8_t { kDone, kWait, kEnd, kBroken, kFailed };
  /// As far as the bytes go. kEnd: FIN; kBroken: the stream has failed; kFailed: see failure().
  Handshake handshake();
  /// After the handshake towards a server: whether it takes it as it was made. In TLS 1.3 a server judges the
  /// client's certificate, or that there is none, only after what the client takes for the end (RFC 8446
  /// §4.4.2.4, §4.6.1); what it says next tells: a ticket or text (kDone), or an alert.
  Handshake approval();

  // --- TlsEngine ---
  ReadResult read(MutableBytes into) override;
  bool write(Bytes bytes) override;
  bool ready() const override;
  bool flushed() const override { return bytes_.flushed(); }
  void flush() override { bytes_.flush(); }
  void close_notify() override;
  void finish() override { bytes_.finish(); }
  tcp::ByteStream& stream() override { return bytes_.stream(); }

  // --- what came of it ---
  /// Established with the secrets of an earlier session: no certificate was sent.
  bool resumed() const { return established_ && SSL_session_reused(ssl_.get()) == 1; }
  const LegFailure& failure() const { return failure_; }
  const Alerts& alerts() const { return alerts_; }
  /// Of its handshake; what is said behind it does not count.
  const LastMessages& last_messages() const { return last_; }
  std::uint16_t version() const;
  /// IANA's names; empty before they are settled.
  std::string_view cipher() const;
  std::string_view group() const;
  std::string_view alpn() const;
  /// Null before it is settled.
  const SSL_CIPHER* cipher_suite() const { return SSL_get_current_cipher(ssl_.get()); }
  /// What the server presented, in the handshake or in the resumed session's, leaf first; null where nothing.
  const STACK_OF(X509) * peer_chain() const { return SSL_get_peer_cert_chain(ssl_.get()); }
  /// The OCSP response that came with it, DER, and no more kept here; empty: none did.
  std::string take_staple();
  /// RFC 7627: the secrets belong to this handshake alone. Before TLS 1.3.
  bool has_extended_master_secret() const { return SSL_get_extms_support(ssl_.get()) == 1; }
  /// What the peer has named in answer to ours, bytes; 0: nothing.
  std::uint16_t record_size_limit() const { return peer_limit_; }
  /// Towards a client: our certificate is on its way. Never where an earlier session is resumed.
  bool certificate_sent() const;
  bool asked_for_certificate() const { return asked_for_certificate_; }
  bool showed_certificate() const { return showed_certificate_; }
  /// Whose certificates a server takes that has asked for one.
  const Authorities& accepted_authorities() const { return authorities_; }
  /// What the client was shown, or would be; null: nothing.
  const X509* own_certificate() const { return SSL_get_certificate(ssl_.get()); }

 private:
  friend struct EngineCallbacks;
  Engine(Role role, tcp::ByteStream& stream) : bytes_(stream), role_(role) {}

  bool open(SSL_CTX* context);
  bool offer(const ServerOffer& offer);
  bool answer(const ClientAnswer& answer);
  Phase phase() const;
  Handshake unfinished(int result);
  void fail();
  void keep_to(std::uint16_t limit);
  void release_key_shares();

  SslPtr ssl_;
  StreamBio bytes_;
  SessionSink* sink_ = nullptr;
  std::string alpn_wanted_;                     // client leg, during its handshake
  std::string staple_;                          // likewise
  std::function<bool(SSL&)> show_certificate_;  // server leg, during its handshake
  LegFailure failure_;
  Alerts alerts_;
  std::size_t said_since_ = 0;         // by the server after the handshake, while its approval is awaited
  std::size_t record_max_ = SIZE_MAX;  // bytes that the peer takes in one record
  std::array<unsigned char, 2> limit_bytes_{};
  std::uint16_t own_limit_ = 0;  // what the peer is told to send at most
  std::uint16_t peer_limit_ = 0;
  Authorities authorities_;
  LastMessages last_;
  Role role_;
  Phase phase_ = Phase::kBeforeServerHello;  // when the library was last called
  bool failed_ = false;
  bool established_ = false;
  bool asked_for_certificate_ = false;
  bool showed_certificate_ = false;
};

}  // namespace limpid::openssl
