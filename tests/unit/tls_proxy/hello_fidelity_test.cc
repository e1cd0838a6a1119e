// That each end meets the other's extensions, between real clients and servers: what the client names, the
// server is named; what the server has not agreed to, the client is not told.
#include <gtest/gtest.h>

#include "tests/unit/tls_proxy/interception.h"

namespace limpid::testing {
namespace {

constexpr std::size_t kRecordOverhead = 256 + 32;  // of a sealed record, whatever the cipher

/// Bytes of both ends arrive in records that are no longer than the ends have named.
void exchange_much(Interception& it) {
  const std::string much(40'000, 'x');
  it.client.say(much);
  it.server.say(much);
  it.settle();
  ASSERT_EQ(it.server.heard().size(), much.size()) << it.server.error();
  ASSERT_EQ(it.client.heard().size(), much.size()) << it.client.error();
}

// --- record_size_limit (RFC 8449) -----------------------------------------------------------------------

TEST(HelloFidelity, BothEndsKeepToTheRecordSizesThatTheyHaveNamed) {
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    for (const std::uint16_t limit : {std::uint16_t{1'200}, std::uint16_t{513}}) {
      auto setup = Interception::usual();
      setup.server.version_max = version;
      setup.client.record_size_limit = limit;
      setup.server.record_size_limit = 2'000;
      Interception it(setup);
      it.connect();
      ASSERT_TRUE(it.client.connected()) << it.client.error() << it.snapshot().detail;
      EXPECT_EQ(it.server.limit_of_other(), limit);
      EXPECT_EQ(it.client.limit_of_other(), 2'000);
      exchange_much(it);
      EXPECT_LE(it.client.largest_record(), limit + kRecordOverhead);
      EXPECT_LE(it.server.largest_record(), 2'000 + kRecordOverhead);
    }
  }
}

TEST(HelloFidelity, AServerWithoutALimitLeavesItsClientWithoutOne) {
  auto setup = Interception::usual();
  setup.client.record_size_limit = 1'000;
  Interception it(setup);
  it.connect();
  ASSERT_TRUE(it.client.connected()) << it.client.error();
  EXPECT_EQ(it.client.limit_of_other(), 0);
  exchange_much(it);
}

TEST(HelloFidelity, ALimitThatCannotBeKeptToIsAgreedUponWithNobody) {
  auto setup = Interception::usual();
  setup.client.record_size_limit = 100;
  setup.server.record_size_limit = 2'000;
  Interception it(setup);
  it.connect();
  ASSERT_TRUE(it.client.connected()) << it.client.error();
  EXPECT_EQ(it.server.limit_of_other(), 0);
  EXPECT_EQ(it.client.limit_of_other(), 0);
}

TEST(HelloFidelity, AnOlderClientLegIsToldNoMoreThanItsVersionHas) {
  auto setup = Interception::usual();
  setup.settings.versions.client.max = tls::kTls12;
  setup.client.record_size_limit = setup.server.record_size_limit = 16'385;
  Interception it(setup);
  it.connect();
  ASSERT_TRUE(it.client.connected()) << it.client.error();
  EXPECT_EQ(it.client.version(), "TLSv1.2");
  EXPECT_EQ(it.client.limit_of_other(), 16'384);
}

TEST(HelloFidelity, NoServerIsNamedALimitThatTheClientHasNot) {
  auto setup = Interception::usual();
  setup.server.record_size_limit = 1'000;
  Interception it(setup);
  it.connect();
  ASSERT_TRUE(it.client.connected()) << it.client.error();
  EXPECT_EQ(it.server.limit_of_other(), 0);
}

TEST(HelloFidelity, ALimitBelowTheLeastIsRefusedWithItsAlert) {
  auto setup = Interception::usual();
  setup.client.record_size_limit = 600;
  setup.server.record_size_limit = 63;
  Interception it(setup);
  it.connect();
  EXPECT_FALSE(it.client.connected());
  EXPECT_EQ(it.reason(), Reason::server_handshake_failed);
  EXPECT_EQ(it.server.alert(), "illegal parameter");
}

TEST(HelloFidelity, AMaximumFragmentLengthReachesTheServer) {
  auto setup = Interception::usual();
  setup.client.max_fragment_length = TLSEXT_max_fragment_length_1024;
  setup.client.groups = "X25519";  // whose hello is not itself longer than that
  Interception it(setup);
  it.connect();
  ASSERT_TRUE(it.client.connected()) << it.client.error();
  EXPECT_EQ(SSL_SESSION_get_max_fragment_length(SSL_get_session(it.server.ssl())),
            TLSEXT_max_fragment_length_1024);
  exchange_much(it);
  EXPECT_LE(it.client.largest_record(), 1'024 + kRecordOverhead);
  EXPECT_LE(it.server.largest_record(), 1'024 + kRecordOverhead);
}

// --- extended_master_secret (RFC 7627) ------------------------------------------------------------------

TEST(HelloFidelity, NeitherEndIsMoreThanTheOtherInItsMasterSecret) {
  for (const bool client_has : {true, false}) {
    for (const bool server_has : {true, false}) {
      auto setup = Interception::usual();
      setup.server.version_max = TLS1_2_VERSION;
      if (!client_has) setup.client.options = SSL_OP_NO_EXTENDED_MASTER_SECRET;
      if (!server_has) setup.server.options = SSL_OP_NO_EXTENDED_MASTER_SECRET;
      Interception it(setup);
      it.connect();
      ASSERT_TRUE(it.client.connected()) << it.client.error();
      const long both = client_has && server_has ? 1 : 0;
      EXPECT_EQ(SSL_get_extms_support(it.client.ssl()), both) << client_has << server_has;
      EXPECT_EQ(SSL_get_extms_support(it.server.ssl()), both) << client_has << server_has;
    }
  }
}

// --- compress_certificate (RFC 8879) --------------------------------------------------------------------

TEST(HelloFidelity, AServerMayCompressItsCertificateForAClientThatTakesIt) {
  for (const bool client_takes_it : {true, false}) {
    auto setup = Interception::usual();
    setup.server.compress = true;
    if (!client_takes_it) setup.client.options = SSL_OP_NO_RX_CERTIFICATE_COMPRESSION;
    Interception it(setup);
    it.connect();
    ASSERT_TRUE(it.client.connected()) << it.client.error() << it.snapshot().detail;
    it.expect_conversation();
    EXPECT_EQ(it.server.saw_compressed_certificate(), client_takes_it);
    EXPECT_FALSE(it.client.saw_compressed_certificate()) << "what is forged is short as it is";
  }
}

// --- ECH (RFC 9849) -------------------------------------------------------------------------------------

constexpr unsigned char kEch[] = {0, 0, 1, 0, 1, 7, 0, 2, 'e', 'n', 0, 4, 'x', 'x', 'x', 'x'};

/// Its hello has an inner one that nobody here can read.
PeerSettings encrypting(std::string front) {
  PeerSettings client = Interception::usual().client;
  client.sni = std::move(front);
  client.further_extension = {0xfe0d, std::string(reinterpret_cast<const char*>(kEch), sizeof kEch)};
  return client;
}

TEST(HelloFidelity, AnEncryptedHelloIsAnsweredForItsFrontWithoutAcceptingIt) {
  auto setup = Interception::usual();
  setup.client = encrypting("server.example");
  Interception it(setup);
  it.connect();
  ASSERT_TRUE(it.client.connected()) << it.client.error();
  EXPECT_EQ(it.client.verify_result(), X509_V_OK);
  EXPECT_EQ(it.snapshot().sni, "server.example");
}

TEST(HelloFidelity, TheNameOfAFrontPassesNobodyWhoHidesBehindIt) {
  policy::Rule front{.name = "front", .then = policy::Action::kPass};
  front.when.sni = {"server.example"};
  auto setup = Interception::usual();
  setup.policy.rules.insert(setup.policy.rules.begin(), front);
  setup.settings.ech_fronts = {"*.example"};
  Interception probe(setup);
  EXPECT_EQ(probe.next_hello(setup.client).kind, flow::FirstBytesAdvice::Kind::kForward)
      << "without ECH the name is the server's";
  EXPECT_EQ(probe.next_hello(encrypting("server.example")).kind, flow::FirstBytesAdvice::Kind::kAdopt);
  // Nor does what the front shows: the second connection would lead to another server.
  Interception it(setup);
  it.client = TlsPeer::client(encrypting("server.example"));
  it.connect();
  EXPECT_TRUE(it.client.connected()) << it.client.error();
  EXPECT_EQ(it.snapshot().decided, tls::Decided::kDecrypt);
  EXPECT_EQ(it.interceptor->counters().redialled, 0U);
  auto expired = setup;
  expired.server.chain = {&TestPki::shared().expired};
  expired.settings.treatments.fill(policy::Treatment::kPass);
  Interception lenient(expired);
  PeerSettings careless = encrypting("server.example");
  careless.trust = nullptr;
  lenient.client = TlsPeer::client(careless);
  lenient.connect();
  EXPECT_EQ(lenient.interceptor->counters().redialled, 0U);
  EXPECT_NE(lenient.snapshot().detail.find("front (ECH)"), std::string::npos) << lenient.snapshot().detail;

  setup.settings.ech_fronts = {"other.example"};
  Interception elsewhere(setup);
  EXPECT_EQ(elsewhere.next_hello(encrypting("server.example")).kind, flow::FirstBytesAdvice::Kind::kForward)
      << "browsers send the extension where there is nothing to hide, too";
}

}  // namespace
}  // namespace limpid::testing
