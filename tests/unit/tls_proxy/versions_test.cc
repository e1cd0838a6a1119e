// Versions of TLS: every version with every kind of server key, inbound and outbound, as
// docs/operations/tls.md has it; and what policy makes of versions that are too old.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <fstream>

#include "tests/unit/tls_proxy/interception.h"

namespace limpid::testing {
namespace {

using policy::BelowMinimum;

// --- The matrix -----------------------------------------------------------------------------------------

struct KeyOfServer {
  const char* name;
  TestKey key;
};
constexpr std::array<KeyOfServer, 4> kKinds{{{"RSA-2048", TestKey::kRsa2048},
                                             {"ECDSA P-256", TestKey::kP256},
                                             {"ECDSA P-384", TestKey::kP384},
                                             {"Ed25519", TestKey::kEd25519}}};
constexpr std::array<std::uint16_t, 5> kVersions{tls::kTls13, tls::kTls12, tls::kTls11, tls::kTls10,
                                                 tls::kSsl3};

constexpr const char* kAnyCipher = "ALL:!aNULL:!eNULL:@SECLEVEL=0";

const Credential& server_with(TestKey key) {
  static std::map<TestKey, Credential> made;
  const auto known = made.find(key);
  if (known != made.end()) return known->second;
  const CertificateSpec spec{.key_usage = "critical,digitalSignature,keyEncipherment", .key = key};
  return made.emplace(key, make_certificate(spec, &TestPki::shared().root)).first->second;
}

Interception::Setup setup_of(std::uint16_t version, TestKey key, bool inbound) {
  const TestPki& pki = TestPki::shared();
  Interception::Setup setup = Interception::usual();
  setup.settings.versions.client.min = setup.settings.versions.server.min = tls::kSsl3;
  setup.server.chain = {&server_with(key)};
  for (PeerSettings* peer : {&setup.client, &setup.server}) {
    peer->version_min = peer->version_max = version;
    peer->ciphers = kAnyCipher;
  }
  if (!inbound) return setup;
  setup.client.trust = pki.root.certificate.get();
  const std::string folder = make_folder();
  const Credential& own = server_with(key);
  auto material = certificate::InboundMaterial::load(
      {{.certificate = write_file(folder, "own.pem", own.certificate_pem()),
        .key = write_file(folder, "own.key", own.key_pem())}},
      kTestNow);
  EXPECT_TRUE(material.ok());
  setup.inbound = std::make_shared<tls::InboundKeys>(
      std::vector<policy::OwnServer>{{.name = "own", .ports = {{443, 443}}}}, std::move(material).value());
  return setup;
}

/// A cell of the table. A session that the ends alone can have must be one through limpid, too.
std::string tried(std::uint16_t version, TestKey key, bool inbound) {
  const Interception::Setup setup = setup_of(version, key, inbound);
  PeerSettings client = setup.client;
  client.trust = TestPki::shared().root.certificate.get();
  if (!talk_directly(client, setup.server)) return version == tls::kSsl3 ? "none (a)" : "none (b)";
  Interception it(setup);
  it.connect();
  it.client.say("question");
  it.settle();
  it.server.say("answer");
  it.settle();
  const tls::SessionRecord record = it.snapshot();
  EXPECT_EQ(it.server.heard(), "question") << record.detail;
  EXPECT_EQ(it.client.heard(), "answer") << record.detail;
  EXPECT_EQ(record.client.version, version);
  EXPECT_EQ(record.server.version, version);
  EXPECT_EQ(record.direction, inbound ? "inbound" : "outbound");
  if (version <= tls::kTls12) {
    EXPECT_EQ(SSL_get_secure_renegotiation_support(it.client.ssl()), 1) << "RFC 5746";
    EXPECT_EQ(SSL_get_secure_renegotiation_support(it.server.ssl()), 1);
  }
  return "decrypted";
}

std::string matrix(bool inbound) {
  std::string table = std::string("| ") + (inbound ? "inbound" : "outbound") + " |";
  for (const KeyOfServer& kind : kKinds) table += std::string(" ") + kind.name + " |";
  table += "\n|---|---|---|---|---|\n";
  for (const std::uint16_t version : kVersions) {
    table += "| " + tls::version_name(version) + " |";
    for (const KeyOfServer& kind : kKinds) {
      SCOPED_TRACE(tls::version_name(version) + " " + kind.name + (inbound ? " inbound" : " outbound"));
      table += " " + tried(version, kind.key, inbound) + " |";
    }
    table += "\n";
  }
  return table;
}

// --- The same, resumed ----------------------------------------------------------------------------------

enum class Way : std::uint8_t { kIdentifier, kTicket, kPsk };
struct WayOfResuming {
  const char* name;
  Way way;
  std::uint64_t options;
};
constexpr std::array<WayOfResuming, 3> kWays{
    {{"identifier", Way::kIdentifier, SSL_OP_NO_TICKET}, {"ticket", Way::kTicket, 0}, {"PSK", Way::kPsk, 0}}};

Way way_of(const SSL_SESSION& session) {
  if (SSL_SESSION_get_protocol_version(&session) == TLS1_3_VERSION) return Way::kPsk;
  return SSL_SESSION_has_ticket(&session) == 1 ? Way::kTicket : Way::kIdentifier;
}

/// A session like those that the client then offers. Nothing of it may be resumed where there is none.
std::string resumed(std::uint16_t version, TestKey key, bool inbound, const WayOfResuming& way) {
  ManualClock clock;
  SeededRandom random(1);
  Interception::Setup setup = setup_of(version, key, inbound);
  PeerSettings direct = setup.client;
  direct.trust = TestPki::shared().root.certificate.get();
  if (!talk_directly(direct, setup.server)) return version == tls::kSsl3 ? "none (a)" : "none (b)";
  setup.resumption = tls::Resumption::make({}, random, clock);
  for (PeerSettings* peer : {&setup.client, &setup.server}) {
    peer->memory = std::make_shared<PeerMemory>();
    peer->options = way.options;
  }
  Interception it(setup);
  const auto talk = [&it] {
    it.client.say("question");
    it.settle();
    it.server.say("answer");
    it.settle();
    EXPECT_EQ(it.server.heard(), "question");
    EXPECT_EQ(it.client.heard(), "answer");
    SSL_set_shutdown(it.server.ssl(), SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
  };
  it.connect();
  talk();
  if (way_of(*setup.client.memory->sessions.back()) != way.way)
    return version == tls::kTls13 ? "none (c)" : way.way == Way::kPsk ? "none (d)" : "none (e)";
  it.again();
  talk();
  const tls::SessionRecord record = it.snapshot();
  EXPECT_EQ(record.client.version, version);
  EXPECT_EQ(record.direction, inbound ? "inbound" : "outbound");
  EXPECT_TRUE(it.client.resumed());
  EXPECT_TRUE(it.server.resumed());
  return record.client.resumed && record.server.resumed ? "both legs" : "not resumed";
}

std::string resumption_matrix(bool inbound) {
  std::string table = std::string("| ") + (inbound ? "inbound" : "outbound") + ", resumed by |";
  for (const KeyOfServer& kind : kKinds) table += std::string(" ") + kind.name + " |";
  table += "\n|---|---|---|---|---|\n";
  for (const std::uint16_t version : kVersions) {
    for (const WayOfResuming& way : kWays) {
      table += "| " + tls::version_name(version) + ", " + way.name + " |";
      for (const KeyOfServer& kind : kKinds) {
        SCOPED_TRACE(tls::version_name(version) + " " + kind.name + " " + way.name +
                     (inbound ? " inbound" : " outbound"));
        table += " " + resumed(version, kind.key, inbound, way) + " |";
      }
      table += "\n";
    }
  }
  return table;
}

TEST(VersionMatrix, IsAsThePageSays) {
  std::ifstream file("docs/operations/tls.md");
  const std::string page{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  for (const bool inbound : {false, true}) {
    for (const std::string& table : {matrix(inbound), resumption_matrix(inbound)})
      EXPECT_NE(page.find(table), std::string::npos) << "docs/operations/tls.md must have\n" << table;
  }
}

// --- Legs that differ -----------------------------------------------------------------------------------

TEST(LegVersions, AnOldClientMayHaveANewServer) {
  auto setup = Interception::usual();
  setup.settings.versions.client.min = tls::kTls10;
  setup.client.version_min = setup.client.version_max = TLS1_VERSION;
  setup.client.ciphers = kAnyCipher;
  Interception it(std::move(setup));
  it.connect();
  ASSERT_TRUE(it.client.connected()) << it.client.error() << it.snapshot().detail;
  EXPECT_EQ(it.client.version(), "TLSv1");
  EXPECT_EQ(it.server.version(), "TLSv1.3");
  it.client.say("question");
  it.settle();
  EXPECT_EQ(it.server.heard(), "question");
}

TEST(LegVersions, AClientLegIsHeldToItsMaximumWhileTheServerLegIsNot) {
  auto setup = Interception::usual();
  setup.settings.versions.client.max = tls::kTls12;
  Interception it(std::move(setup));
  it.connect();
  ASSERT_TRUE(it.client.connected()) << it.client.error() << it.snapshot().detail;
  EXPECT_EQ(it.client.version(), "TLSv1.2");
  EXPECT_EQ(it.server.version(), "TLSv1.3");
}

TEST(LegVersions, OfARuleTakeTheUsualOnesPlace) {
  auto setup = Interception::usual();
  setup.policy.rules[0].versions.server_min = tls::kTls13;
  setup.server.version_max = TLS1_2_VERSION;
  Interception it(std::move(setup));
  it.connect();
  EXPECT_FALSE(it.client.connected());
  EXPECT_EQ(it.reason(), Reason::server_version_unsupported);
}

// --- Below the minimum ----------------------------------------------------------------------------------

Interception::Setup old_client(BelowMinimum below) {
  auto setup = Interception::usual();
  setup.settings.versions.below_minimum = below;
  for (PeerSettings* peer : {&setup.client, &setup.server}) {
    peer->version_min = peer->version_max = TLS1_1_VERSION;
    peer->ciphers = kAnyCipher;
  }
  return setup;
}

TEST(BelowTheMinimum, AClientIsRefusedWithTheAlertThatSaysSo) {
  Interception it(old_client(BelowMinimum::kBlock));
  it.connect();
  EXPECT_EQ(it.reason(), Reason::client_version_unsupported);
  EXPECT_THAT(it.client.error(), ::testing::HasSubstr("protocol version"));
}

TEST(BelowTheMinimum, AClientIsDecryptedWherePolicySaysSo) {
  Interception it(old_client(BelowMinimum::kDecrypt));
  it.connect();
  ASSERT_TRUE(it.client.connected()) << it.client.error() << it.snapshot().detail;
  EXPECT_EQ(it.snapshot().client.version_name, "TLS 1.1");
}

TEST(BelowTheMinimum, AClientIsPassedUntouchedWherePolicySaysSo) {
  Interception it(old_client(BelowMinimum::kPass));
  const std::string hello = it.client.first_flight();
  const flow::FirstBytesAdvice advice =
      it.interceptor->on_first_bytes(it.facts, as_bytes(hello), it.clock.now());
  EXPECT_EQ(advice.kind, flow::FirstBytesAdvice::Kind::kForward);
  EXPECT_EQ(advice.reason, Reason::client_version_unsupported);
  EXPECT_EQ(it.interceptor->counters().passed, 1U);
}

TEST(BelowTheMinimum, AClientThatWasAdoptedUndecidedIsPassedTheSameWay) {
  auto setup = old_client(BelowMinimum::kPass);
  setup.client.trust = TestPki::shared().root.certificate.get();  // and so sees the server itself
  Interception it(std::move(setup));
  it.connect_undecided();
  it.client.say("question");
  it.settle();
  EXPECT_EQ(it.server.heard(), "question") << it.server.error();
  EXPECT_EQ(it.reason(), Reason::client_version_unsupported);
}

TEST(BelowTheMinimum, AServerIsRefusedByName) {
  auto setup = Interception::usual();
  setup.client.version_min = TLS1_VERSION;
  setup.client.ciphers = setup.server.ciphers = kAnyCipher;
  setup.server.version_min = setup.server.version_max = TLS1_VERSION;
  setup.settings.versions.below_minimum = BelowMinimum::kBlock;
  Interception blocked(setup);
  blocked.connect();
  EXPECT_FALSE(blocked.client.connected());
  EXPECT_EQ(blocked.reason(), Reason::server_version_unsupported) << blocked.snapshot().detail;
  setup.settings.versions.below_minimum = BelowMinimum::kDecrypt;
  Interception it(setup);
  it.connect();
  EXPECT_TRUE(it.client.connected()) << it.client.error() << it.snapshot().detail;
}

TEST(Ssl2Hello, IsPassedOrRefusedByPolicyAndNamed) {
  using Kind = flow::FirstBytesAdvice::Kind;
  for (const bool block : {false, true}) {
    auto setup = Interception::usual();
    if (block) setup.policy.rules[0].versions.ssl2_hello = policy::Ssl2Hello::kBlock;
    Interception it(std::move(setup));
    const std::string_view hello("\x80\x2e\x01\x03\x01\x00\x15", 7);
    const flow::FirstBytesAdvice advice =
        it.interceptor->on_first_bytes(it.facts, as_bytes(hello), it.clock.now());
    EXPECT_EQ(advice.kind, block ? Kind::kReset : Kind::kForward);
    EXPECT_EQ(advice.reason, Reason::client_hello_ssl2);
  }
}

// --- Asked again ----------------------------------------------------------------------------------------

TEST(HelloRetryRequest, IsNeverSentToAClientThatSentAUsableShare) {
  for (const char* group :
       {"X25519MLKEM768", "X25519", "X448", "P-256", "P-384", "P-521", "ffdhe2048", "ffdhe3072"}) {
    SCOPED_TRACE(group);
    auto setup = Interception::usual();
    setup.client.groups = std::string("X25519:X448:P-256:P-384:P-521:ffdhe2048:ffdhe3072:X25519MLKEM768");
    const std::size_t at = setup.client.groups.find(group);
    ASSERT_NE(at, std::string::npos);
    setup.client.groups = std::string("*") + group + ":" + setup.client.groups;
    setup.server.groups = std::string(group) + ":X25519:P-256";
    Interception it(std::move(setup));
    it.connect();
    ASSERT_TRUE(it.client.connected()) << it.client.error() << it.snapshot().detail;
    EXPECT_FALSE(it.client.was_asked_again());
    EXPECT_FALSE(it.server.was_asked_again()) << "the server leg sends shares for the same groups";
    EXPECT_EQ(it.client.group(), it.server.group());
  }
}

// --- Renegotiation --------------------------------------------------------------------------------------

TEST(Renegotiation, IsRefusedOnTheLegThatAsksForItAndNeverReachesTheOther) {
  for (const bool by_client : {true, false}) {
    SCOPED_TRACE(by_client ? "client" : "server");
    auto setup = Interception::usual();
    setup.client.version_max = TLS1_2_VERSION;
    Interception it(std::move(setup));
    it.connect();
    ASSERT_TRUE(it.client.connected());
    TlsPeer& asks = by_client ? it.client : it.server;
    TlsPeer& other = by_client ? it.server : it.client;
    ASSERT_EQ(SSL_renegotiate(asks.ssl()), 1);
    SSL_do_handshake(asks.ssl());
    it.settle();
    EXPECT_THAT(asks.error(), ::testing::HasSubstr("no renegotiation")) << "RFC 5246 §7.2.2";
    EXPECT_EQ(SSL_num_renegotiations(other.ssl()), 0);
    EXPECT_EQ(it.reason(), by_client ? Reason::client_alert : Reason::server_alert) << "it gave up by itself";
  }
}

}  // namespace
}  // namespace limpid::testing
