// TlsPeer: a real OpenSSL client or server at the outer end of a MemoryStream. pump() moves what is there;
// the test says what to say and asks what was heard.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tests/support/pki.h"
#include "tests/unit/tls_proxy/memory_stream.h"
#include "tls_proxy/openssl/pointers.h"

namespace limpid::testing {

/// What a peer keeps from one connection to the next.
struct PeerMemory {
  openssl::SslCtxPtr server_context{};          // with its cache of sessions and the keys of its tickets
  std::vector<openssl::SessionPtr> sessions{};  // a client's, the newest last
};

struct PeerSettings {
  int version_min = TLS1_2_VERSION;
  int version_max = TLS1_3_VERSION;
  std::string groups{};      // empty: the library's
  std::string ciphers{};     // TLS 1.2
  std::string suites{};      // TLS 1.3
  std::string signatures{};  // algorithms
  std::string dh_group{};    // servers, TLS 1.2: the group of DHE ciphers, by OpenSSL's name
  std::vector<std::string> alpn{};
  std::string sni = "server.example";      // clients
  X509* trust = nullptr;                   // clients: verify against it; null: take any certificate
  std::vector<const Credential*> chain{};  // servers: leaf first
  std::string staple{};                    // servers: an OCSP response for clients that ask for one
  bool ask_for_certificate = false;        // servers
  bool demand_certificate = false;         // servers
  std::shared_ptr<PeerMemory> memory{};    // null: it makes each connection as if it were its first
  std::uint32_t early_data = 0;            // servers: so much is taken, from clients that resume
  std::size_t ticket_bytes = 0;            // servers: so much more is in each ticket
  long record_bytes = 0;                   // so much is sent in a record at most; 0: as much as goes
  std::uint64_t options = 0;               // SSL_OP_…
  std::uint16_t record_size_limit = 0;     // named to the other; 0: none is
  std::uint8_t max_fragment_length = 0;    // clients: RFC 6066's code
  bool ask_for_staple = false;             // clients
  bool compress = false;                   // servers: the chain, for clients that take it
  std::pair<std::uint16_t, std::string> further_extension{};  // clients: its type and body; 0: none
};

class TlsPeer {
 public:
  static TlsPeer client(const PeerSettings& settings);
  static TlsPeer server(const PeerSettings& settings);

  /// True: something moved. At most `piece` bytes are delivered at once.
  bool pump(MemoryStream& stream);

  void say(std::string_view text) { unsent_ += text; }
  void shut_down() { shutdown_due_ = true; }  // close_notify, after everything said
  void finish() { finish_due_ = true; }       // FIN, after everything said
  void pause(bool paused = true) { paused_ = paused; }
  void deliver_in_pieces(std::size_t size) { piece_ = size; }
  /// Behind its handshake: the last so many bytes of what is to be delivered stay where they are.
  void keep_back(std::size_t size) { kept_back_ = size; }
  /// The first flight, taken instead of being delivered.
  std::string first_flight();

  const std::string& heard() const { return heard_; }
  bool resumed() const { return connected() && SSL_session_reused(ssl_.get()) == 1; }
  bool connected() const { return SSL_is_init_finished(ssl_.get()) != 0; }
  bool got_close_notify() const { return (SSL_get_shutdown(ssl_.get()) & SSL_RECEIVED_SHUTDOWN) != 0; }
  bool got_fin() const { return fin_; }
  bool got_reset() const { return reset_; }
  /// The alert that it was sent, as OpenSSL describes it.
  const std::string& alert() const { return seen_.alert; }
  const std::string& error() const { return error_; }
  long verify_result() const { return SSL_get_verify_result(ssl_.get()); }
  std::string version() const { return SSL_get_version(ssl_.get()); }
  std::string cipher() const { return SSL_get_cipher_name(ssl_.get()); }
  std::string group() const;
  std::string alpn() const;
  /// A HelloRetryRequest, which is a ServerHello before the real one, was heard or said.
  bool was_asked_again() const { return seen_.server_hellos > 1; }
  /// Whichever end it is.
  bool saw_compressed_certificate() const { return seen_.compressed_certificate; }
  /// Bytes behind the header of the largest record that it was sent.
  std::size_t largest_record() const { return seen_.largest_record; }
  /// The record_size_limit that it was sent; 0: none was.
  std::uint16_t limit_of_other() const { return seen_.limit; }
  std::string staple() const;
  openssl::X509Ptr certificate() const { return openssl::X509Ptr(SSL_get1_peer_certificate(ssl_.get())); }
  SSL* ssl() const { return ssl_.get(); }

 private:
  TlsPeer() = default;
  static TlsPeer make(const PeerSettings& settings, bool server);
  static TlsPeer connect(TlsPeer peer, const PeerSettings& settings, bool server);
  bool step();
  bool failed(int result);

  std::shared_ptr<PeerMemory> memory_;
  openssl::SslCtxPtr context_;
  openssl::SslPtr ssl_;
  BIO* in_ = nullptr;
  BIO* out_ = nullptr;
  std::string unsent_;
  std::string undelivered_;
  std::string heard_;
  struct Seen {
    std::string alert;
    std::size_t largest_record = 0;
    int server_hellos = 0;
    std::uint16_t limit = 0;
    bool compressed_certificate = false;
  };
  friend struct PeerCallbacks;
  Seen seen_;
  std::uint16_t own_limit_ = 0;
  std::pair<std::uint16_t, std::string> further_;
  std::string error_;
  std::size_t piece_ = std::string::npos;
  std::size_t kept_back_ = 0;
  bool shutdown_due_ = false;
  bool finish_due_ = false;
  bool fin_delivered_ = false;
  bool paused_ = false;
  bool fin_ = false;
  bool reset_ = false;
};

/// Both ends without limpid. False: they have no session.
bool talk_directly(const PeerSettings& client_settings, const PeerSettings& server_settings);

}  // namespace limpid::testing
