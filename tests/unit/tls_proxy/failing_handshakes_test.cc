// Handshakes that fail, each kind many times over: none of them leaves memory behind, and a session beside
// them goes on as if they were not there. What is alive is counted in the allocators: C++'s and the TLS
// library's, whose memory is all of limpid's that a handshake takes. The caches are warm after the first few.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <malloc.h>
#include <openssl/crypto.h>

#include <cstdlib>
#include <new>

#include "tests/unit/tls_proxy/interception.h"

namespace {

std::size_t blocks_alive = 0;

void* taken(void* block) {
  if (block != nullptr) ++blocks_alive;
  return block;
}
void given_back(void* block) {
  if (block != nullptr) --blocks_alive;
  std::free(block);
}
void* library_takes(std::size_t size, const char* /*file*/, int /*line*/) { return taken(std::malloc(size)); }
void library_gives_back(void* block, const char* /*file*/, int /*line*/) { given_back(block); }
void* library_resizes(void* block, std::size_t size, const char* file, int line) {
  if (block == nullptr) return library_takes(size, file, line);
  if (size != 0) return std::realloc(block, size);
  given_back(block);
  return nullptr;
}
// Before its first allocation, or the library refuses.
const bool kLibraryCounted =
    CRYPTO_set_mem_functions(library_takes, library_resizes, library_gives_back) == 1;

}  // namespace

void* operator new(std::size_t size) {
  void* block = taken(std::malloc(size == 0 ? 1 : size));
  return block != nullptr ? block : throw std::bad_alloc();
}
void* operator new[](std::size_t size) { return operator new(size); }
void operator delete(void* block) noexcept { given_back(block); }
void operator delete(void* block, std::size_t /*size*/) noexcept { given_back(block); }
void operator delete[](void* block) noexcept { given_back(block); }
void operator delete[](void* block, std::size_t /*size*/) noexcept { given_back(block); }

namespace limpid::testing {
namespace {

using std::chrono::seconds;

/// Blocks that are alive now, without what the library keeps of its last errors.
std::size_t alive() {
  OPENSSL_thread_stop();
  return blocks_alive;
}

/// One more session of an Interception's interceptor, with ends of its own.
class Guest {
 public:
  Guest(Interception& host, const PeerSettings& client_settings, const PeerSettings& server_settings)
      : client(TlsPeer::client(client_settings)),
        server(TlsPeer::server(server_settings)),
        it_(host),
        flow_(host.facts) {}
  Guest(const Guest&) = delete;
  Guest& operator=(const Guest&) = delete;
  ~Guest() {
    it_.interceptor->on_closed(it_.facts, {}, std::move(session_), std::move(memo_), it_.clock.now());
  }

  void connect() {
    std::string hello = client.first_flight();
    if (first_cipher != 0) offer(first_cipher, hello);
    flow::FirstBytesAdvice advice =
        it_.interceptor->on_first_bytes(it_.facts, as_bytes(hello), it_.clock.now());
    memo_ = std::move(advice.memo);
    session_ = std::move(advice.session);
    if (session_ == nullptr) return;
    session_->attach(flow_);
    client_stream.deliver(hello);
    settle();
  }
  /// As Interception::settle(), without tools.
  void settle() {
    bool moved = true;
    while (moved && !session_->finished()) {
      moved = client_is_tls && client.pump(client_stream);
      moved = (server_is_tls && server.pump(server_stream)) || moved;
      const bool news = client_stream.take_news();
      if (!server_stream.take_news() && !news && session_->deadline() > it_.clock.now()) continue;
      session_->run({client_stream, server_stream}, it_.clock.now());
      moved = true;
    }
  }
  void pass(Duration time) {
    it_.clock.advance(time);
    settle();
  }
  void abort() { session_->abort({client_stream, server_stream}, Reason::memory_short, it_.clock.now()); }
  tls::SessionRecord record() const {
    return tls::Interceptor::describe(it_.facts, {}, session_.get(), nullptr, it_.clock.now(),
                                      it_.clock.wall());
  }

  TlsPeer client;
  TlsPeer server;
  MemoryStream client_stream{Reason::client_reset};
  MemoryStream server_stream{Reason::server_reset};
  bool client_is_tls = true;  // false: after its hello the test plays it
  bool server_is_tls = true;
  std::uint16_t first_cipher = 0;  // offered in place of the client's first; 0: its own

 private:
  static void offer(std::uint16_t suite, std::string& hello) {
    constexpr std::size_t kSessionId = 5 + 4 + 2 + 32;  // its length
    const std::size_t suites = kSessionId + 1 + static_cast<unsigned char>(hello.at(kSessionId)) + 2;
    hello.at(suites) = static_cast<char>(suite >> 8U);
    hello.at(suites + 1) = static_cast<char>(suite & 0xffU);
  }

  Interception& it_;
  LoneHost flow_;
  std::unique_ptr<flow::Session> session_;
  std::unique_ptr<flow::FlowMemo> memo_;
};

/// A kind of failure: what the ends are like, what happens, and what is said of it.
struct Kind {
  const char* name;
  Reason reason;
  void (*prepare)(PeerSettings& client, PeerSettings& server);
  void (*happen)(Guest& guest);
  const char* messages;  // the last from the client, to it, from the server and to it
  const char* cause;     // a part of it; empty: all of it
};

void usual(PeerSettings& /*client*/, PeerSettings& /*server*/) {}
void connect(Guest& guest) { guest.connect(); }

const Credential& no_servers() {
  static const Credential kMade =
      make_certificate({.extended_key_usage = "clientAuth"}, &TestPki::shared().root);
  return kMade;
}
const Credential& weak() {
  static const Credential kMade = make_certificate({.key = TestKey::kRsa1024}, &TestPki::shared().root);
  return kMade;
}

/// The client finds this wrong with the certificate, and says so by the alert that belongs to it.
template <int kError>
int find_wrong(X509_STORE_CTX* chain, void* /*unused*/) {
  X509_STORE_CTX_set_error(chain, kError);
  return 0;
}
template <int kError>
void refuse(Guest& guest) {
  SSL_CTX_set_cert_verify_callback(SSL_get_SSL_CTX(guest.client.ssl()), find_wrong<kError>, nullptr);
  guest.connect();
}

/// The server's handshake is with us, the client's is not.
void leave_server_alone(Guest& guest) {
  guest.server_is_tls = false;
  guest.connect();
}
void leave_client_alone(Guest& guest) {
  guest.client_is_tls = false;
  guest.connect();
}
template <void (*kWhen)(Guest&), MemoryStream Guest::*kStream>
void reset(Guest& guest) {
  kWhen(guest);
  (guest.*kStream).deliver_reset();
  guest.settle();
}
template <void (*kWhen)(Guest&), MemoryStream Guest::*kStream>
void end(Guest& guest) {
  kWhen(guest);
  (guest.*kStream).deliver_fin();
  guest.settle();
}
template <void (*kWhen)(Guest&)>
void wait(Guest& guest) {
  kWhen(guest);
  guest.pass(seconds(31));
}
template <void (*kWhen)(Guest&)>
void abort(Guest& guest) {
  kWhen(guest);
  guest.abort();
}

constexpr MemoryStream Guest::*kClient = &Guest::client_stream;
constexpr MemoryStream Guest::*kServer = &Guest::server_stream;

// The last messages, as in Kind.
constexpr const char* kBothAnswered = "ClientHello, Finished; Finished, Finished";
constexpr const char* kBothAnswered12 = "ClientHello, ServerHelloDone; Finished, Finished";
constexpr const char* kServerSilent = "ClientHello, ; , ClientHello";

const std::vector<Kind>& kinds() {
  static const std::vector<Kind> kKinds{
      {"the client does not know the CA", Reason::client_rejected_certificate,
       [](PeerSettings& client, PeerSettings&) { client.trust = TestPki::shared().root.certificate.get(); },
       connect, kBothAnswered, "(unknown_ca): the CA \"CN=Signing CA\" is not installed there"},
      {"the same with TLS 1.2", Reason::client_rejected_certificate,
       [](PeerSettings& client, PeerSettings&) {
         client.trust = TestPki::shared().root.certificate.get();
         client.version_max = TLS1_2_VERSION;
       },
       connect, kBothAnswered12, "(unknown_ca): the CA \"CN=Signing CA\" is not installed there"},
      {"bad_certificate", Reason::client_rejected_certificate, usual, refuse<X509_V_ERR_CERT_REJECTED>,
       kBothAnswered, "(bad_certificate): the application pins its server's certificate"},
      {"unsupported_certificate", Reason::client_rejected_certificate, usual,
       refuse<X509_V_ERR_INVALID_PURPOSE>, kBothAnswered, "(unsupported_certificate): the application pins"},
      {"certificate_revoked", Reason::client_rejected_certificate, usual, refuse<X509_V_ERR_CERT_REVOKED>,
       kBothAnswered, "(certificate_revoked): the application pins"},
      {"certificate_expired", Reason::client_rejected_certificate, usual, refuse<X509_V_ERR_CERT_HAS_EXPIRED>,
       kBothAnswered, "(certificate_expired): its clock may be wrong"},
      {"certificate_unknown", Reason::client_rejected_certificate, usual,
       refuse<X509_V_ERR_UNSUPPORTED_CONSTRAINT_TYPE>, kBothAnswered,
       "(certificate_unknown): the application pins"},
      {"handshake_failure", Reason::client_handshake_failed, usual,
       refuse<X509_V_ERR_APPLICATION_VERIFICATION>, kBothAnswered,
       "the client gave the handshake up (handshake_failure) behind the Finished"},
      {"decrypt_error", Reason::client_handshake_failed, usual, refuse<X509_V_ERR_CERT_SIGNATURE_FAILURE>,
       kBothAnswered, "the client could not verify a signature behind the Finished"},
      {"the server's certificate is nobody's", Reason::client_rejected_certificate,
       [](PeerSettings&, PeerSettings& server) { server.chain = {&TestPki::shared().self_signed}; }, connect,
       kBothAnswered, "as it would without limpid: the server's certificate is not valid: self-signed"},
      {"the server's certificate is a client's", Reason::server_certificate_wrong_usage,
       [](PeerSettings&, PeerSettings& server) { server.chain = {&no_servers()}; }, connect,
       "ClientHello, ; Finished, Finished", "is not valid: unsuitable certificate purpose"},
      {"the server's key is weak", Reason::server_certificate_weak,
       [](PeerSettings&, PeerSettings& server) { server.chain = {&weak()}; }, connect,
       "ClientHello, ; Finished, Finished", "is not valid: EE certificate key too weak"},
      {"the client refuses behind a HelloRetryRequest of the server", Reason::client_rejected_certificate,
       [](PeerSettings& client, PeerSettings& server) {
         client.trust = TestPki::shared().root.certificate.get();
         client.groups = "*X25519:P-384";
         server.groups = "P-384";
       },
       connect, kBothAnswered, "(unknown_ca): the CA \"CN=Signing CA\" is not installed there"},
      {"the server is too new", Reason::server_handshake_failed,
       [](PeerSettings& client, PeerSettings& server) {
         client.version_max = TLS1_2_VERSION;
         server.version_min = TLS1_3_VERSION;
       },
       connect, kServerSilent, "no version in common with the server: the client offers TLS 1.2 at most"},
      {"the client is too old", Reason::client_version_unsupported,
       [](PeerSettings& client, PeerSettings&) { client.version_min = client.version_max = TLS1_1_VERSION; },
       connect, "ClientHello, ; , ",
       "no version in common with the client: the client offers TLS 1.1 at most"},
      {"no cipher is shared", Reason::server_handshake_failed,
       [](PeerSettings& client, PeerSettings& server) {
         client.version_max = TLS1_2_VERSION;
         client.ciphers = "ECDHE-ECDSA-AES128-GCM-SHA256";
         server.ciphers = "ECDHE-ECDSA-AES256-GCM-SHA384";
       },
       connect, kServerSilent,
       "no cipher, group or signature in common with the server: the client offers TLS 1.2 at most, with "
       "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256"},
      {"the client offers what has no name, and the server refuses", Reason::server_handshake_failed, usual,
       [](Guest& guest) {
         guest.first_cipher = 0xc102;
         leave_server_alone(guest);
         guest.server_stream.deliver(std::string("\x15\x03\x03\x00\x02\x02\x28", 7));
         guest.settle();
       },
       kServerSilent, "with IANA-GOST2012-GOST8912-GOST8912, TLS_"},
      {"the server demands a certificate", Reason::server_wants_client_certificate,
       [](PeerSettings&, PeerSettings& server) {
         server.version_max = TLS1_2_VERSION;
         server.demand_certificate = true;
       },
       connect, "ClientHello, ; ServerHelloDone, Finished",
       "the server asked for a certificate of its client, and was shown none; it names no CA"},
      {"the server speaks no TLS", Reason::server_not_tls, usual,
       [](Guest& guest) {
         leave_server_alone(guest);
         guest.server_stream.deliver("HTTP/1.1 400 Bad Request\r\n\r\n");
         guest.settle();
       },
       kServerSilent, "the server answered the ClientHello with something else: port 443 does not speak TLS"},
      {"the server says nonsense within TLS", Reason::server_handshake_failed, usual,
       [](Guest& guest) {
         leave_server_alone(guest);
         guest.server_stream.deliver(std::string("\x16\x03\x03\x00\x08\x02\x00\x00\x04\xff\xff\xff\xff", 13));
         guest.settle();
       },
       "ClientHello, ; ServerHello, ClientHello", "the last that came from the server was its ServerHello"},
      {"the client says nonsense behind its hello", Reason::client_handshake_failed, usual,
       [](Guest& guest) {
         leave_client_alone(guest);
         guest.client_stream.deliver(std::string("\x17\x03\x03\x00\x12nonsense nonsense.", 23));
         guest.settle();
       },
       kBothAnswered, "the client said what TLS does not allow behind the Finished"},
      {"the server resets", Reason::server_reset, usual, reset<leave_server_alone, kServer>, kServerSilent,
       "the server reset the connection behind the ClientHello: it, or a firewall before it"},
      {"the client resets before the server has answered", Reason::client_reset, usual,
       reset<leave_server_alone, kClient>, kServerSilent,
       "the client reset the connection before it was answered: the server had sent nothing yet"},
      {"the server resets before the client has answered", Reason::server_reset, usual,
       reset<leave_client_alone, kServer>, kBothAnswered,
       "the server reset the connection behind its handshake, before the client had made its own"},
      {"the client resets when it has been answered", Reason::client_reset, usual,
       reset<leave_client_alone, kClient>, kBothAnswered,
       "the client reset the connection behind the Finished that it was sent: applications do so that pin"},
      {"the server closes", Reason::server_handshake_closed, usual, end<leave_server_alone, kServer>,
       kServerSilent, "the server closed the connection behind the ClientHello"},
      {"the client closes", Reason::client_handshake_closed, usual, end<leave_client_alone, kClient>,
       kBothAnswered, "the client closed the connection behind the Finished that it was sent"},
      {"the server says nothing", Reason::server_handshake_deadline, usual, wait<leave_server_alone>,
       kServerSilent, "the server said nothing more in time behind the ClientHello"},
      {"the client says nothing more", Reason::client_handshake_deadline, usual, wait<leave_client_alone>,
       kBothAnswered, "the client said nothing more in time behind the Finished that it was sent"},
      {"given up in the server's handshake", Reason::memory_short, usual, abort<leave_server_alone>,
       kServerSilent, ""},
      {"given up in the client's handshake", Reason::memory_short, usual, abort<leave_client_alone>,
       kBothAnswered, ""},
  };
  return kKinds;
}

/// Of this subject; nothing else of it matters.
openssl::X509Ptr certificate_named(const X509_NAME* subject) {
  openssl::X509Ptr made(X509_new());
  X509_set_subject_name(made.get(), subject);
  return made;
}

/// Nobody keeps what is said: it would grow with every session.
Interception::Setup setup() {
  Interception::Setup made = Interception::usual();
  made.policy.rules.front().tools = {};
  made.settings.client_certificate = policy::ClientCertificate::kBlock;  // else the next one is passed
  return made;
}

void fail_once(Interception& it, const Kind& kind) {
  Interception::Setup ends = setup();
  kind.prepare(ends.client, ends.server);
  {
    Guest guest(it, ends.client, ends.server);
    kind.happen(guest);
    ASSERT_EQ(guest.record().reason, kind.reason) << kind.name;
  }
  it.interceptor->report_repetitions(1);  // of the server's certificate, kept back for a while
  it.records.sessions.clear();
  it.records.certificates.clear();
}

TEST(FailingHandshakes, LeaveNoMemoryBehindHoweverMany) {
  ASSERT_TRUE(kLibraryCounted);
  Interception it(setup());
  for (const Kind& kind : kinds()) {
    std::size_t second = 0;
    std::size_t ninth = 0;
    for (int times = 1; times <= 100; ++times) {
      fail_once(it, kind);
      if (times == 2) second = alive();
      if (times == 9) ninth = alive();
    }
    EXPECT_EQ(ninth, second) << kind.name;
    EXPECT_EQ(alive(), ninth) << kind.name;
  }
}

// As the product is set up: what a server has given for later is kept, though its client's handshake fails,
// up to a few for each server. From then on nothing is added.
TEST(FailingHandshakes, LeaveNoMoreBehindThanTheCachesHoldWhereSessionsAreResumed) {
  ManualClock clock;
  SeededRandom random(1);
  Interception::Setup made = setup();
  made.resumption = tls::Resumption::make({}, random, clock);
  Interception it(std::move(made));
  for (const Kind& kind : kinds()) {
    std::size_t twentieth = 0;
    for (int times = 1; times <= 100; ++times) {
      fail_once(it, kind);
      if (times == 20) twentieth = alive();
    }
    EXPECT_EQ(alive(), twentieth) << kind.name;
  }
}

TEST(FailingHandshakes, DoNotDisturbTheSessionBesideThem) {
  Interception it(setup());
  it.connect();
  ASSERT_TRUE(it.client.connected()) << it.client.error();
  std::string asked;
  std::string answered;
  for (const Kind& kind : kinds()) {
    const std::string text = std::string(kind.name) + ";";
    it.client.say(text);
    fail_once(it, kind);
    it.settle();
    it.server.say("not " + text);
    fail_once(it, kind);
    it.settle();
    EXPECT_EQ(it.server.heard(), asked += text);
    EXPECT_EQ(it.client.heard(), answered += "not " + text);
    EXPECT_EQ(it.session().state(), tls::SessionState::kRelay) << kind.name;
  }
}

std::string messages(const tls::SessionRecord& record) {
  const auto leg = [](const tls::LegRecord& of) {
    return std::string(of.last_received) + ", " + std::string(of.last_sent);
  };
  return leg(record.client) + "; " + leg(record.server);
}

TEST(FailingHandshakes, AreToldByTheirLastMessagesAndTheLikelyCause) {
  Interception it(setup());
  for (const Kind& kind : kinds()) {
    SCOPED_TRACE(kind.name);
    Interception::Setup ends = setup();
    kind.prepare(ends.client, ends.server);
    Guest guest(it, ends.client, ends.server);
    kind.happen(guest);
    const tls::SessionRecord record = guest.record();
    EXPECT_TRUE(record.failed);
    EXPECT_EQ(messages(record), kind.messages);
    EXPECT_THAT(record.cause, ::testing::HasSubstr(kind.cause));
    EXPECT_EQ(record.cause.empty(), std::string_view(kind.cause).empty());
  }
}

TEST(FailingHandshakes, AGoodSessionHasNoCause) {
  Interception it(setup());
  it.connect();
  ASSERT_TRUE(it.client.connected());
  EXPECT_EQ(it.snapshot().cause, "");
  EXPECT_FALSE(it.snapshot().failed);
}

TEST(FailingHandshakes, OfAServerWhoseCertificateTheClientRefusesTheServerIsAtFault) {
  Interception it(setup());
  Interception::Setup ends = setup();
  {
    ends.server.chain = {&TestPki::shared().self_signed};
    Guest guest(it, ends.client, ends.server);
    guest.connect();
    EXPECT_EQ(guest.record().at_fault, Culprit::server);
  }
  ends = setup();
  ends.client.trust = TestPki::shared().root.certificate.get();
  Guest guest(it, ends.client, ends.server);
  guest.connect();
  EXPECT_EQ(guest.record().at_fault, std::nullopt);
}

TEST(FailingHandshakes, AnAlertToAClientThatWasNotAnsweredIsToldToo) {
  Interception it(setup());
  Interception::Setup ends = setup();
  ends.client.version_min = ends.client.version_max = TLS1_1_VERSION;
  Guest guest(it, ends.client, ends.server);
  guest.connect();
  EXPECT_EQ(guest.record().client.alert_sent, "protocol_version");
}

TEST(FailingHandshakes, TheAuthoritiesThatAServerTakesAreNamed) {
  Interception it(setup());
  Interception::Setup ends = setup();
  ends.server.version_max = TLS1_2_VERSION;
  ends.server.demand_certificate = true;
  Guest guest(it, ends.client, ends.server);
  for (const char* name : {"Staff CA", "Device CA", "Guest CA", "Old CA", "Older CA"}) {
    X509_NAME* made = X509_NAME_new();
    X509_NAME_add_entry_by_txt(made, "CN", MBSTRING_ASC, reinterpret_cast<const unsigned char*>(name), -1, -1,
                               0);
    SSL_add1_to_CA_list(guest.server.ssl(), certificate_named(made).get());
    X509_NAME_free(made);
  }
  guest.connect();
  EXPECT_THAT(guest.record().cause,
              ::testing::HasSubstr(
                  "it takes those of \"CN=Staff CA\", \"CN=Device CA\", \"CN=Guest CA\" and 2 more"));
}

// --- In the clear ---------------------------------------------------------------------------------------

struct BrokenDialogue {
  const char* name;
  std::vector<Interception::Said> said;
};

TEST(BrokenDialogues, LeaveNoMemoryBehindHoweverMany) {
  Interception::Setup made = setup();
  made.settings.starttls = {{std::uint16_t{443}, policy::UpgradeProtocol::kSmtp}};
  Interception it(std::move(made));
  const std::vector<BrokenDialogue> dialogues{
      {"bytes behind the command", {{false, "220 hi\r\n"}, {true, "STARTTLS\r\nRSET\r\n"}}},
      {"bytes behind the agreement",
       {{false, "220 hi\r\n"}, {true, "STARTTLS\r\n"}, {false, "220 go\r\n250 more\r\n"}}},
      {"a refusal",
       {{false, "220 hi\r\n"}, {true, "STARTTLS\r\n"}, {false, "454 no\r\n"}, {true, "BDAT 3\r\n"}}},
      {"no reply at all", {{false, "who is there?\r\n"}}},
      {"it ends in the middle", {{false, "220 hi\r\n"}, {true, "STARTT"}}},
  };
  for (const BrokenDialogue& each : dialogues) {
    std::size_t ninth = 0;
    for (int times = 1; times <= 100; ++times) {
      {
        const std::unique_ptr<flow::Dialogue> dialogue =
            it.interceptor->on_syn(it.facts, it.clock.now()).dialogue;
        ASSERT_NE(dialogue, nullptr);
        flow::Dialogue::Finding found;
        for (const Interception::Said& turn : each.said)
          found = dialogue->on_bytes(turn.by_client, as_bytes(turn.text));
        EXPECT_NE(found.kind, flow::Dialogue::Finding::Kind::kUpgraded) << each.name;
        it.interceptor->on_closed(it.facts, {.reason = found.reason}, nullptr,
                                  dialogue->given_up(it.facts, {}, false).memo, it.clock.now());
      }
      it.records.sessions.clear();
      if (times == 9) ninth = alive();
    }
    EXPECT_EQ(alive(), ninth) << each.name;
  }
}

}  // namespace
}  // namespace limpid::testing
