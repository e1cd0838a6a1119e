// Resumption on both legs: what is resumed, and everything that must not be.
#include "tls_proxy/resumption.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/tls_proxy/interception.h"

namespace limpid::testing {
namespace {

using std::chrono::hours;
using std::chrono::minutes;

constexpr const char* kAnyCipher = "ALL:!aNULL:!eNULL:@SECLEVEL=0";

struct Legs {
  bool client = false;
  bool server = false;
  friend bool operator==(const Legs&, const Legs&) = default;
};
constexpr Legs kBoth{true, true};
constexpr Legs kNeither{};
constexpr Legs kClientOnly{true, false};
constexpr Legs kServerOnly{false, true};

void PrintTo(const Legs& legs, std::ostream* out) {
  *out << "client leg " << (legs.client ? "resumed" : "full") << ", server leg "
       << (legs.server ? "resumed" : "full");
}

struct ResumptionTest : ::testing::Test {
  ResumptionTest() { share({}); }

  void share(const openssl::ClientSessionsSettings& settings) {
    shared = tls::Resumption::make(settings, random, clock);
    setup = Interception::usual();
    setup.resumption = shared;
    setup.rules = Interception::compiled(setup.policy);
    setup.client.memory = client;
    setup.server.memory = server;
  }
  void only(std::uint16_t version) {
    setup.settings.versions.client.min = setup.settings.versions.server.min = version;
    for (PeerSettings* peer : {&setup.client, &setup.server}) {
      peer->version_min = peer->version_max = version;
      peer->ciphers = kAnyCipher;
    }
  }
  void forget_what_the_server_knows() { *server = {}; }

  /// A session from the hello to an answer, after which every ticket has arrived.
  static Legs talk(Interception& it) {
    EXPECT_TRUE(it.client.connected()) << it.client.error() << ' ' << it.snapshot().detail;
    it.client.say("question");
    it.settle();
    it.server.say("answer");
    it.settle();
    EXPECT_EQ(it.server.heard(), "question") << it.server.error();
    EXPECT_EQ(it.client.heard(), "answer") << it.client.error();
    // OpenSSL does not resume what ended without close_notify.
    SSL_set_shutdown(it.server.ssl(), SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
    const tls::SessionRecord record = it.snapshot();
    EXPECT_EQ(record.client.resumed, it.client.resumed()) << "both ends know";
    EXPECT_EQ(record.server.resumed, it.server.resumed());
    return {record.client.resumed, record.server.resumed};
  }
  static Legs first(Interception& it) {
    it.connect();
    return talk(it);
  }
  static Legs next(Interception& it) {
    it.again();
    return talk(it);
  }
  /// One session of an interceptor of its own, as of another worker.
  Legs once() {
    Interception it(setup);
    return first(it);
  }
  Legs once_to(const char* server_address) {
    Interception it(setup);
    it.facts.server = *SocketAddress::parse(server_address);
    return first(it);
  }

  ManualClock clock;  // of what client legs are resumed from
  SeededRandom random{7};
  std::shared_ptr<tls::Resumption> shared;
  std::shared_ptr<PeerMemory> client = std::make_shared<PeerMemory>();
  std::shared_ptr<PeerMemory> server = std::make_shared<PeerMemory>();
  Interception::Setup setup;
};

// --- What is resumed ------------------------------------------------------------------------------------

struct Way {
  const char* name;
  std::uint16_t version;
  std::uint64_t client_options;
  std::uint64_t server_options;
};

struct EveryWay : ResumptionTest, ::testing::WithParamInterface<Way> {};

TEST_P(EveryWay, IsResumedOnBothLegsAndSaysSo) {
  only(GetParam().version);
  setup.client.options = GetParam().client_options;
  setup.server.options = GetParam().server_options;
  Interception it(setup);
  EXPECT_EQ(first(it), kNeither);
  EXPECT_EQ(next(it), kBoth);
  EXPECT_EQ(next(it), kBoth) << "and once more";
  const tls::SessionRecord record = it.snapshot();
  EXPECT_EQ(record.client.version, GetParam().version);
  EXPECT_EQ(record.certificate_outcome, "trusted") << "of the certificate that the server once presented";
  ASSERT_NE(record.certificate_names, nullptr);
  EXPECT_EQ(record.certificate_names->subject, "CN=server.example") << "and whom that names";
  EXPECT_EQ(record.direction, "outbound");
  EXPECT_EQ(it.interceptor->counters().client_resumed, 2U);
  EXPECT_EQ(it.interceptor->counters().server_resumed, 2U);
}

TEST_P(EveryWay, IsResumedByAnotherWorkerToo) {
  only(GetParam().version);
  setup.client.options = GetParam().client_options;
  setup.server.options = GetParam().server_options;
  EXPECT_EQ(once(), kNeither);
  EXPECT_EQ(once(), kBoth);
}

INSTANTIATE_TEST_SUITE_P(
    Resumption, EveryWay,
    ::testing::Values(Way{"Tls13", tls::kTls13, 0, 0},
                      Way{"Tls13StatefulServer", tls::kTls13, 0, SSL_OP_NO_TICKET},
                      Way{"Tls12Tickets", tls::kTls12, 0, 0},
                      Way{"Tls12Identifiers", tls::kTls12, SSL_OP_NO_TICKET, SSL_OP_NO_TICKET},
                      Way{"Tls12ClientWithoutTickets", tls::kTls12, SSL_OP_NO_TICKET, 0},
                      Way{"Tls12ServerWithoutTickets", tls::kTls12, 0, SSL_OP_NO_TICKET},
                      Way{"Tls11Tickets", tls::kTls11, 0, 0},
                      Way{"Tls11Identifiers", tls::kTls11, SSL_OP_NO_TICKET, SSL_OP_NO_TICKET},
                      Way{"Tls10Tickets", tls::kTls10, 0, 0},
                      Way{"Tls10Identifiers", tls::kTls10, SSL_OP_NO_TICKET, SSL_OP_NO_TICKET}),
    [](const auto& of) { return std::string(of.param.name); });

TEST_F(ResumptionTest, OfSsl3IsByIdentifier) {
  setup.server.chain = {&TestPki::shared().rsa_server};
  only(tls::kSsl3);
  Interception it(setup);
  EXPECT_EQ(first(it), kNeither);
  EXPECT_EQ(next(it), kBoth);
}

TEST_F(ResumptionTest, IsNotThereWhereItIsOff) {
  setup.resumption = nullptr;
  for (const std::uint16_t version : {tls::kTls12, tls::kTls13}) {
    only(version);
    *client = {};
    forget_what_the_server_knows();
    Interception it(setup);
    EXPECT_EQ(first(it), kNeither);
    EXPECT_EQ(next(it), kNeither);
  }
}

TEST_F(ResumptionTest, OfTheClientLegNeedsNoneOfTheServerLeg) {
  EXPECT_EQ(once(), kNeither);
  forget_what_the_server_knows();
  EXPECT_EQ(once(), kClientOnly) << "the server has just presented the same certificate";
}

TEST_F(ResumptionTest, OfTheServerLegServesAnotherClientWithTheSameHello) {
  EXPECT_EQ(once(), kNeither);
  *client = {};
  EXPECT_EQ(once(), kServerOnly);
}

TEST_F(ResumptionTest, CountsAsASightingOfTheCertificate) {
  Interception it(setup);
  first(it);
  next(it);
  while (it.interceptor->report_repetitions(100) > 0) {
  }
  std::uint32_t times = 0;
  for (const certificate::ObservedCertificate& seen : it.records.certificates) times += seen.times;
  EXPECT_EQ(times, 2U);
}

// --- One's own servers ----------------------------------------------------------------------------------

std::shared_ptr<const tls::InboundKeys> key_of(const Credential& own, const std::string& name) {
  const std::string folder = make_folder();
  auto material = certificate::InboundMaterial::load(
      {{.certificate = write_file(folder, "own.pem", own.certificate_pem()),
        .key = write_file(folder, "own.key", own.key_pem())}},
      kTestNow);
  EXPECT_TRUE(material.ok());
  return std::make_shared<tls::InboundKeys>(
      std::vector<policy::OwnServer>{{.name = name, .ports = {{443, 443}}}}, std::move(material).value());
}

TEST_F(ResumptionTest, OfInboundSessionsIsTheSame) {
  const TestPki& pki = TestPki::shared();
  setup.client.trust = pki.root.certificate.get();
  setup.inbound = key_of(pki.server, "own");
  EXPECT_EQ(once(), kNeither);
  Interception it(setup);
  EXPECT_EQ(first(it), kBoth);
  EXPECT_EQ(it.snapshot().direction, "inbound");
  EXPECT_EQ(it.snapshot().own_key, "own");
}

TEST_F(ResumptionTest, EndsWhereOutboundBecomesInbound) {
  EXPECT_EQ(once(), kNeither);
  setup.client.trust = TestPki::shared().root.certificate.get();
  setup.inbound = key_of(TestPki::shared().server, "own");
  EXPECT_EQ(once(), kNeither);
}

// --- What it is bound to --------------------------------------------------------------------------------

TEST_F(ResumptionTest, IsBoundToTheServersAddressAndPort) {
  EXPECT_EQ(once_to("192.0.2.1:443"), kNeither);
  EXPECT_EQ(once_to("192.0.2.2:443"), kNeither);
  EXPECT_EQ(once_to("192.0.2.2:8443"), kNeither);
  EXPECT_EQ(once_to("192.0.2.2:8443"), kBoth);
}

TEST_F(ResumptionTest, IsBoundToTheNetwork) {
  EXPECT_EQ(once(), kNeither);
  Interception elsewhere(setup);
  elsewhere.facts.vlan = 7;
  EXPECT_EQ(first(elsewhere), kNeither) << "addresses of another network";
  elsewhere.facts.vlan = 0;
  elsewhere.facts.segment = 1;
  EXPECT_EQ(next(elsewhere), kNeither);
}

TEST_F(ResumptionTest, IsBoundToTheName) {
  setup.client.trust = nullptr;
  EXPECT_EQ(once(), kNeither);
  setup.client.sni = "other.example";
  EXPECT_EQ(once(), kNeither);
  setup.client.sni = "";
  EXPECT_EQ(once(), kNeither);
  EXPECT_EQ(once(), kBoth);
}

TEST_F(ResumptionTest, IsBoundToTheRuleAndItsPolicy) {
  Interception it(setup);
  EXPECT_EQ(first(it), kNeither);
  EXPECT_EQ(next(it), kBoth);
  const auto reloaded = [&](const policy::Policy& policy) {
    it.interceptor->set_rules(Interception::compiled(policy));
    return next(it);
  };
  EXPECT_EQ(reloaded(setup.policy), kNeither) << "of another generation, if of the same words";
  EXPECT_EQ(next(it), kBoth);
}

TEST_F(ResumptionTest, IsBoundToTheSigningCa) {
  Interception it(setup);
  EXPECT_EQ(first(it), kNeither);
  const TestPki other;
  auto again = setup;
  again.signing = other.material;
  again.client.trust = other.signing_ca.certificate.get();
  Interception changed(again);
  EXPECT_FALSE(first(changed).client);
}

TEST_F(ResumptionTest, IsBoundToTheTrustStore) {
  EXPECT_EQ(once(), kNeither);
  const TestPki other;
  setup.trust = other.trust;  // and so the server is not trusted any more
  setup.client.trust = TestPki::shared().untrusted_ca.certificate.get();
  Interception it(setup);
  EXPECT_EQ(first(it), kNeither);
  EXPECT_EQ(it.snapshot().certificate_outcome, "incomplete");
}

TEST_F(ResumptionTest, OfTheClientLegEndsWhenTheServerHasAnotherCertificate) {
  EXPECT_EQ(once(), kNeither);
  forget_what_the_server_knows();
  const Credential renewed = make_certificate({}, &TestPki::shared().root);
  setup.server.chain = {&renewed};
  EXPECT_EQ(once(), kNeither);
  EXPECT_EQ(once(), kBoth);
}

TEST_F(ResumptionTest, OfTheClientLegEndsWhenTheServerHasAnotherVersion) {
  EXPECT_EQ(once(), kNeither);
  forget_what_the_server_knows();
  setup.server.version_max = TLS1_2_VERSION;
  EXPECT_EQ(once(), kNeither);
  EXPECT_EQ(once(), kBoth);
  forget_what_the_server_knows();
  setup.server.version_max = TLS1_3_VERSION;
  Interception it(setup);
  EXPECT_EQ(first(it), kNeither);
  EXPECT_EQ(it.snapshot().client.version, tls::kTls13) << "a session of before does not hold the legs back";
}

TEST_F(ResumptionTest, OfTheClientLegEndsWhenTheServerHasAnotherCipher) {
  only(tls::kTls12);
  setup.server.ciphers = "ECDHE-ECDSA-AES256-GCM-SHA384";
  EXPECT_EQ(once(), kNeither);
  forget_what_the_server_knows();
  setup.server.ciphers = "ECDHE-ECDSA-AES128-GCM-SHA256";
  Interception it(setup);
  EXPECT_EQ(first(it), kNeither);
  EXPECT_EQ(it.client.cipher(), "ECDHE-ECDSA-AES128-GCM-SHA256") << "no more than the server leg has";
}

TEST_F(ResumptionTest, OfTheClientLegEndsWhenTheServerChoosesAnotherProtocol) {
  setup.client.alpn = {"h2", "http/1.1"};
  setup.server.alpn = {"h2"};
  EXPECT_EQ(once(), kNeither);
  forget_what_the_server_knows();
  setup.server.alpn = {"http/1.1"};
  Interception it(setup);
  EXPECT_EQ(first(it), kNeither);
  EXPECT_EQ(it.client.alpn(), "http/1.1");
}

TEST_F(ResumptionTest, OfTheServerLegIsForClientsWithTheSameHelloOnly) {
  EXPECT_EQ(once(), kNeither);
  *client = {};
  setup.client.alpn = {"http/1.1"};
  EXPECT_EQ(once(), kNeither);
  *client = {};
  setup.client.alpn = {};
  setup.client.suites = "TLS_AES_128_GCM_SHA256";
  EXPECT_EQ(once(), kNeither);
}

TEST_F(ResumptionTest, EndsWhenTheCertificateThatItRestsOnExpires) {
  setup.client.trust = nullptr;
  Interception it(setup);
  EXPECT_EQ(first(it), kNeither);
  it.clock.set_wall(it.clock.wall() + hours(24 * 3'650));
  it.again();
  const Legs legs = talk(it);
  EXPECT_FALSE(legs.client) << "it is shown a certificate of the untrusted CA instead";
  EXPECT_TRUE(legs.server) << "the server goes on with what it has";
  EXPECT_EQ(it.snapshot().certificate_outcome, "expired");
  EXPECT_FALSE(it.snapshot().forged_trusted);
}

TEST_F(ResumptionTest, NeverShowsAnUntrustedServerAsATrustedOne) {
  setup.client.trust = nullptr;
  setup.server.chain = {&TestPki::shared().self_signed};
  EXPECT_EQ(once(), kNeither);
  Interception it(setup);
  EXPECT_EQ(first(it), kBoth);
  EXPECT_EQ(it.snapshot().certificate_outcome, "self_signed");
  EXPECT_FALSE(it.snapshot().forged_trusted);
}

TEST_F(ResumptionTest, KeepsNothingOfAServerThatIsBlocked) {
  setup.server.chain = {&TestPki::shared().self_signed};
  setup.settings.treatments.fill(policy::Treatment::kBlock);
  Interception it(setup);
  it.connect();
  EXPECT_FALSE(it.client.connected());
  EXPECT_EQ(shared->server->size(), 0U);
}

TEST_F(ResumptionTest, KeepsNothingOfAServerThatAsksForACertificate) {
  for (const std::uint16_t version : {tls::kTls12, tls::kTls13}) {
    only(version);
    *client = {};
    forget_what_the_server_knows();
    setup.server.ask_for_certificate = true;
    Interception it(setup);
    EXPECT_EQ(first(it), kNeither);
    EXPECT_EQ(shared->server->size(), 0U);
    EXPECT_EQ(next(it), kClientOnly);
  }
}

TEST_F(ResumptionTest, IsNotTriedAgainWithAServerThatFailsOverIt) {
  only(tls::kTls12);
  Interception it(setup);
  EXPECT_EQ(first(it), kNeither);
  EXPECT_EQ(shared->server->size(), 1U);
  it.server_settings().version_min = it.server_settings().version_max = TLS1_1_VERSION;
  forget_what_the_server_knows();
  it.again();
  EXPECT_FALSE(it.client.connected());
  EXPECT_EQ(shared->server->size(), 0U);
}

// --- What clients offer ---------------------------------------------------------------------------------

TEST_F(ResumptionTest, OfTheServersOwnSessionsIsRefusedCleanly) {
  for (const std::uint64_t options : {std::uint64_t{0}, std::uint64_t{SSL_OP_NO_TICKET}}) {
    for (const std::uint16_t version : {tls::kTls12, tls::kTls13}) {
      only(version);
      *client = {};
      forget_what_the_server_knows();
      setup.client.options = setup.server.options = options;
      PeerSettings direct = setup.client;
      direct.trust = TestPki::shared().root.certificate.get();
      ASSERT_TRUE(talk_directly(direct, setup.server));
      ASSERT_FALSE(client->sessions.empty()) << "otherwise there is nothing to offer";
      EXPECT_EQ(once(), kNeither);
    }
  }
}

TEST_F(ResumptionTest, IsRefusedWhereTheTicketWasAltered) {
  only(tls::kTls12);
  EXPECT_EQ(once(), kNeither);
  openssl::SessionPtr& session = client->sessions.back();
  const int size = i2d_SSL_SESSION(session.get(), nullptr);
  std::vector<unsigned char> der(static_cast<std::size_t>(size));
  unsigned char* out = der.data();
  i2d_SSL_SESSION(session.get(), &out);
  const unsigned char* ticket = nullptr;
  std::size_t ticket_size = 0;
  SSL_SESSION_get0_ticket(session.get(), &ticket, &ticket_size);
  const auto at = std::search(der.begin(), der.end(), ticket, ticket + ticket_size);
  ASSERT_NE(at, der.end());
  *(at + static_cast<std::ptrdiff_t>(ticket_size) - 1) ^= 1U;
  const unsigned char* in = der.data();
  session.reset(d2i_SSL_SESSION(nullptr, &in, size));
  ASSERT_NE(session, nullptr);
  EXPECT_EQ(once(), kServerOnly);
}

TEST_F(ResumptionTest, OfATls13TicketIsForOneTime) {
  EXPECT_EQ(once(), kNeither);
  const openssl::SessionPtr used(SSL_SESSION_dup(client->sessions.back().get()));
  EXPECT_EQ(once(), kBoth);
  client->sessions.emplace_back(SSL_SESSION_dup(used.get()));
  EXPECT_EQ(once(), kServerOnly);
}

TEST_F(ResumptionTest, GivesTwoTicketsAfterAFullHandshakeAndOneAfterAResumedOne) {
  once();
  EXPECT_EQ(client->sessions.size(), 2U);
  once();
  EXPECT_EQ(client->sessions.size(), 3U);
}

TEST_F(ResumptionTest, OfTls13AlwaysMakesANewExchangeOfKeys) {
  once();
  Interception it(setup);
  EXPECT_EQ(first(it), kBoth);
  EXPECT_NE(it.snapshot().client.group, "") << "psk_dhe_ke alone";
  setup.client.options = SSL_OP_ALLOW_NO_DHE_KEX | SSL_OP_PREFER_NO_DHE_KEX;
  Interception careless(setup);
  first(careless);
  EXPECT_NE(SSL_get_negotiated_group(careless.client.ssl()), 0);
}

TEST_F(ResumptionTest, NeedsTheSameExtendedMasterSecret) {
  only(tls::kTls12);
  setup.client.options = SSL_OP_NO_EXTENDED_MASTER_SECRET;
  EXPECT_EQ(once(), kNeither);
  EXPECT_TRUE(once().client);
  setup.client.options = 0;
  EXPECT_FALSE(once().client) << "RFC 7627 §5.3: the session is not resumed";
  setup.client.options = SSL_OP_NO_EXTENDED_MASTER_SECRET;
  EXPECT_FALSE(once().client) << "§5.3 again: nor the other way round";
}

TEST_F(ResumptionTest, WithEarlyDataIsDoneWithoutIt) {
  setup.server.early_data = 16'384;
  PeerSettings direct = setup.client;
  direct.trust = TestPki::shared().root.certificate.get();
  ASSERT_TRUE(talk_directly(direct, setup.server));
  ASSERT_FALSE(client->sessions.empty());
  ASSERT_GT(SSL_SESSION_get_max_early_data(client->sessions.back().get()), 0U);
  Interception it(setup);
  std::size_t written = 0;
  ASSERT_EQ(SSL_write_early_data(it.client.ssl(), "too early", 9, &written), 1);
  EXPECT_EQ(first(it), kNeither) << "and nothing of it was heard";
  EXPECT_EQ(SSL_get_early_data_status(it.client.ssl()), SSL_EARLY_DATA_REJECTED);
  EXPECT_FALSE(it.client.was_asked_again());
  EXPECT_EQ(first(*std::make_unique<Interception>(setup)), kBoth);
  EXPECT_EQ(SSL_SESSION_get_max_early_data(client->sessions.back().get()), 0U) << "limpid offers none";
}

TEST_F(ResumptionTest, NeverSendsTheServerEarlyData) {
  setup.server.early_data = 16'384;
  EXPECT_EQ(once(), kNeither);
  Interception it(setup);
  EXPECT_EQ(first(it), kBoth);
  EXPECT_EQ(SSL_get_early_data_status(it.server.ssl()), SSL_EARLY_DATA_NOT_SENT);
}

// --- Limits ---------------------------------------------------------------------------------------------

TEST_F(ResumptionTest, ByTicketSurvivesOneChangeOfKeysAndIsRenewedThen) {
  only(tls::kTls12);
  EXPECT_EQ(once(), kNeither);
  const std::size_t before = client->sessions.size();
  clock.advance(hours(3));
  Interception it(setup);
  EXPECT_TRUE(first(it).client);
  const SSL_SESSION* renewed = SSL_get0_session(it.client.ssl());
  const auto ticket_of = [](const SSL_SESSION* session) {
    const unsigned char* ticket = nullptr;
    std::size_t size = 0;
    SSL_SESSION_get0_ticket(session, &ticket, &size);
    return std::string(reinterpret_cast<const char*>(ticket), size);
  };
  EXPECT_NE(ticket_of(renewed), ticket_of(client->sessions[before - 1].get()));
  clock.advance(hours(2));
  EXPECT_FALSE(once().client) << "of the period before the last";
}

TEST_F(ResumptionTest, ByIdentifierLastsForItsLifetime) {
  share({.lifetime = minutes(10)});
  only(tls::kTls12);
  setup.client.options = setup.server.options = SSL_OP_NO_TICKET;
  Interception it(setup);
  EXPECT_EQ(first(it), kNeither);
  clock.advance(minutes(9));
  it.clock.advance(minutes(9));
  EXPECT_EQ(next(it), kBoth);
  clock.advance(minutes(1));
  it.clock.advance(minutes(1));
  EXPECT_EQ(next(it), kNeither) << "counted from the full handshake";
}

}  // namespace
}  // namespace limpid::testing
