// Which of the operator's own keys a session's client is shown, and sessions that are intercepted with one.
#include "tls_proxy/inbound.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/tls_proxy/interception.h"

namespace limpid::testing {
namespace {

using policy::Direction;
using policy::OwnServer;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using tls::InboundKeys;
using What = InboundKeys::Choice::What;

/// One of the operator's servers with what he has of it: the chain, leaf first, whose first has the key.
struct Own {
  OwnServer server;
  std::vector<const Credential*> chain;
};

std::shared_ptr<const InboundKeys> keys_of(const std::vector<Own>& all) {
  const std::string folder = make_folder();
  std::vector<OwnServer> servers;
  std::vector<certificate::InboundFiles> files;
  for (const Own& own : all) {
    std::string chain;
    for (const Credential* each : own.chain) chain += each->certificate_pem();
    const std::string name = own.server.name;
    files.push_back({.certificate = write_file(folder, name + ".pem", chain),
                     .key = write_file(folder, name + ".key", own.chain[0]->key_pem())});
    servers.push_back(own.server);
  }
  auto material = certificate::InboundMaterial::load(files, kTestNow);
  EXPECT_TRUE(material.ok());
  return std::make_shared<InboundKeys>(std::move(servers), std::move(material).value());
}

OwnServer at_443(const std::string& name) { return {.name = name, .ports = {{443, 443}}}; }

/// Another certificate for the same key, as after a renewal.
Credential renewed(const Credential& of, const Credential& issuer) {
  Credential made{openssl::X509Ptr(X509_dup(of.certificate.get())), openssl::share(of.key.get())};
  ASN1_INTEGER_set_uint64(X509_get_serialNumber(made.certificate.get()), 4'711);
  X509_sign(made.certificate.get(), issuer.key.get(), EVP_sha256());
  return made;
}

// --- The choice -----------------------------------------------------------------------------------------

struct InboundChoice : ::testing::Test {
  InboundKeys::Choice choice(const InboundKeys& keys, const Credential& presented,
                             Direction wanted = Direction::kAny) const {
    return keys.choose(wanted, facts, "server.example", chain_of({&presented}));
  }
  const TestPki& pki = TestPki::shared();
  FlowFacts facts{.client = *SocketAddress::parse("10.0.0.1:50000"),
                  .server = *SocketAddress::parse("192.0.2.1:443")};
};

TEST_F(InboundChoice, IsTheKeyWhoseCertificateTheServerPresents) {
  const auto keys = keys_of({{at_443("ec"), {&pki.server}}, {at_443("rsa"), {&pki.rsa_server}}});
  for (const Direction wanted : {Direction::kAny, Direction::kInbound}) {
    EXPECT_EQ(choice(*keys, pki.server, wanted).entry, 0U);
    const InboundKeys::Choice rsa = choice(*keys, pki.rsa_server, wanted);
    EXPECT_EQ(rsa.what, What::kOwn);
    EXPECT_EQ(rsa.entry, 1U);
    EXPECT_THAT(rsa.changed, IsEmpty());
  }
  EXPECT_EQ(choice(*keys, pki.server, Direction::kOutbound).what, What::kForge);
}

TEST_F(InboundChoice, RefusesAServerThatHasAnotherKeyThanExpected) {
  const auto keys = keys_of({{at_443("ec"), {&pki.server}}});
  const InboundKeys::Choice changed = choice(*keys, pki.rsa_server);
  EXPECT_EQ(changed.what, What::kRefuse);
  EXPECT_EQ(changed.why, Reason::inbound_certificate_changed);
  EXPECT_THAT(changed.changed, HasSubstr("tls.inbound \"ec\": the server 192.0.2.1:443 presents another"));
  EXPECT_THAT(changed.changed, HasSubstr("with another key: the session is refused"));
}

TEST_F(InboundChoice, ForgesForAChangedCertificateOnlyWhereEveryEntryAndTheRuleAllowIt) {
  OwnServer lenient = at_443("lenient");
  lenient.on_change = policy::ChangedCertificate::kOutbound;
  const auto one = keys_of({{lenient, {&pki.server}}});
  EXPECT_EQ(choice(*one, pki.rsa_server).what, What::kForge);
  EXPECT_EQ(choice(*one, pki.rsa_server).why, Reason::inbound_certificate_changed);
  EXPECT_EQ(choice(*one, pki.rsa_server, Direction::kInbound).what, What::kRefuse);
  const auto two = keys_of({{lenient, {&pki.server}}, {at_443("strict"), {&pki.expired}}});
  EXPECT_EQ(choice(*two, pki.rsa_server).what, What::kRefuse);
}

TEST_F(InboundChoice, GoesOnWithTheConfiguredCertificateOfARenewedOneWithTheSameKey) {
  const auto keys = keys_of({{at_443("ec"), {&pki.server}}});
  const Credential again = renewed(pki.server, pki.root);
  const InboundKeys::Choice same_key = choice(*keys, again);
  EXPECT_EQ(same_key.what, What::kOwn);
  EXPECT_THAT(same_key.changed, HasSubstr("with the same key: clients are shown the configured one"));
  const auto both = keys_of({{at_443("old"), {&pki.server}}, {at_443("new"), {&again}}});
  EXPECT_EQ(choice(*both, again).entry, 1U);
  EXPECT_THAT(choice(*both, again).changed, IsEmpty());
}

TEST_F(InboundChoice, ExpectsNothingOfAServerThatMayBeAnywhere) {
  const auto keys = keys_of({{{.name = "roaming"}, {&pki.server}}});
  EXPECT_EQ(choice(*keys, pki.server).what, What::kOwn);
  EXPECT_EQ(choice(*keys, pki.rsa_server).what, What::kForge);
  EXPECT_THAT(choice(*keys, pki.rsa_server).changed, IsEmpty());
  EXPECT_EQ(choice(*keys, pki.rsa_server, Direction::kInbound).why, Reason::inbound_key_missing);
}

TEST_F(InboundChoice, UsesNoKeyBesideItsServersPlaces) {
  const auto keys = keys_of({{{.name = "elsewhere", .ports = {{8443, 8443}}}, {&pki.server}}});
  EXPECT_EQ(choice(*keys, pki.server).what, What::kForge);
}

// --- Sessions -------------------------------------------------------------------------------------------

/// The client trusts the server's own root, and not the signing CA.
Interception::Setup inbound_setup(const std::vector<Own>& own, const Credential* served) {
  Interception::Setup setup = Interception::usual();
  setup.client.trust = TestPki::shared().root.certificate.get();
  setup.server.chain = {served};
  setup.inbound = keys_of(own);
  return setup;
}

std::vector<X509*> seen_by(const TlsPeer& client) {
  std::vector<X509*> chain;
  STACK_OF(X509)* sent = SSL_get_peer_cert_chain(client.ssl());
  for (int i = 0; i < sk_X509_num(sent); ++i) chain.push_back(sk_X509_value(sent, i));
  return chain;
}

TEST(InboundSession, ShowsTheClientTheConfiguredChainExactly) {
  const TestPki& pki = TestPki::shared();
  const Credential intermediate = make_certificate(ca_spec("Intermediate"), &pki.root);
  for (const TestKey kind : {TestKey::kP256, TestKey::kP384, TestKey::kRsa2048, TestKey::kEd25519}) {
    const Credential shop = make_certificate(
        {.key_usage = "critical,digitalSignature,keyEncipherment", .key = kind}, &intermediate);
    for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
      auto setup = inbound_setup({{at_443("shop"), {&shop, &intermediate}}}, &shop);
      setup.server.chain = {&shop};  // which forgets its intermediate
      setup.server.version_max = setup.server.version_min = version;
      Interception it(std::move(setup));
      it.connect();
      ASSERT_TRUE(it.client.connected()) << it.client.error() << it.snapshot().detail;
      EXPECT_EQ(it.client.verify_result(), X509_V_OK);
      const std::vector<X509*> chain = seen_by(it.client);
      ASSERT_EQ(chain.size(), 2U);
      EXPECT_EQ(X509_cmp(chain[0], shop.certificate.get()), 0);
      EXPECT_EQ(X509_cmp(chain[1], intermediate.certificate.get()), 0);
      EXPECT_EQ(it.client.version(), it.server.version());
      EXPECT_EQ(it.client.cipher(), it.server.cipher());
      it.expect_conversation();
      EXPECT_EQ(it.mirror.from_client, "question");
    }
  }
}

TEST(InboundSession, CompressesTheChainForClientsThatTakeItSo) {
  const TestPki& pki = TestPki::shared();
  const Credential intermediate = make_certificate(ca_spec("Intermediate"), &pki.root);
  const Credential shop = make_certificate({.key = TestKey::kRsa2048}, &intermediate);
  for (const bool takes_it : {true, false}) {
    auto setup = inbound_setup({{at_443("shop"), {&shop, &intermediate}}}, &shop);
    if (!takes_it) setup.client.options = SSL_OP_NO_RX_CERTIFICATE_COMPRESSION;
    Interception it(std::move(setup));
    it.connect();
    ASSERT_TRUE(it.client.connected()) << it.client.error() << it.snapshot().detail;
    EXPECT_EQ(it.client.saw_compressed_certificate(), takes_it);
    EXPECT_EQ(seen_by(it.client).size(), 2U);
    EXPECT_EQ(it.client.verify_result(), X509_V_OK);
  }
}

TEST(InboundSession, HandsTheServersStapleOnWithTheSameCertificateWhileItIsInTime) {
  const TestPki& pki = TestPki::shared();
  const std::string good = make_ocsp_response(pki.root, pki.server);
  const Credential other = renewed(pki.server, pki.root);
  struct Case {
    const char* what;
    const Credential* configured;
    std::string staple;
    bool asks = true;
    bool shown = true;
  };
  const std::vector<Case> cases = {
      {"the same", &pki.server, good},
      {"nobody asks", &pki.server, good, false, false},
      {"renewed, with the same key", &other, good, true, false},
      {"of yesterday", &pki.server,
       make_ocsp_response(pki.root, pki.server, {.until = -std::chrono::minutes(1)}), true, false}};
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    for (const Case& each : cases) {
      auto setup = inbound_setup({{at_443("shop"), {each.configured}}}, &pki.server);
      setup.server.version_max = version;
      setup.server.staple = each.staple;
      setup.client.ask_for_staple = each.asks;
      Interception it(std::move(setup));
      it.connect();
      ASSERT_TRUE(it.client.connected()) << each.what << it.client.error() << it.snapshot().detail;
      EXPECT_EQ(it.client.staple(), each.shown ? good : std::string()) << each.what;
    }
  }
}

TEST(InboundSession, ShowsTheCertificateThatTheServerChoseByTheClientsAlgorithms) {
  const TestPki& pki = TestPki::shared();
  for (const bool rsa : {false, true}) {
    auto setup =
        inbound_setup({{at_443("ec"), {&pki.server}}, {at_443("rsa"), {&pki.rsa_server}}}, &pki.server);
    setup.client.signatures = rsa ? "RSA-PSS+SHA256" : "ECDSA+SHA256";
    Interception it(std::move(setup));
    SSL_use_certificate(it.server.ssl(), pki.rsa_server.certificate.get());
    SSL_use_PrivateKey(it.server.ssl(), pki.rsa_server.key.get());
    it.connect();
    ASSERT_TRUE(it.client.connected()) << it.client.error();
    const Credential& wanted = rsa ? pki.rsa_server : pki.server;
    EXPECT_EQ(X509_cmp(it.client.certificate().get(), wanted.certificate.get()), 0);
    EXPECT_EQ(it.snapshot().own_key, rsa ? "rsa" : "ec");
    it.expect_conversation();
  }
}

TEST(InboundSession, HasNoBetterCipherThanItsServerLeg) {
  const TestPki& pki = TestPki::shared();
  auto setup = inbound_setup({{at_443("rsa"), {&pki.rsa_server}}}, &pki.rsa_server);
  setup.server.version_max = TLS1_2_VERSION;
  setup.server.ciphers = "AES128-GCM-SHA256";  // without forward secrecy: the key decrypts
  Interception it(std::move(setup));
  it.connect();
  ASSERT_TRUE(it.client.connected()) << it.client.error();
  EXPECT_EQ(it.client.cipher(), "AES128-GCM-SHA256");
  it.expect_conversation();
}

TEST(InboundSession, TellsItsDirectionAndItsKey) {
  const TestPki& pki = TestPki::shared();
  Interception it(inbound_setup({{at_443("shop"), {&pki.server}}}, &pki.server));
  it.connect();
  const tls::SessionRecord record = it.snapshot();
  EXPECT_EQ(record.direction, "inbound");
  EXPECT_EQ(record.own_key, "shop");
  EXPECT_EQ(record.certificate_outcome, "") << "what has proven to own the key is not verified";
  EXPECT_EQ(it.interceptor->counters().inbound, 1U);
  ASSERT_EQ(it.records.certificates.size(), 1U);
  EXPECT_EQ(it.records.certificates[0].changed, "");
}

TEST(InboundSession, IsRefusedWhereTheServerHasChangedItsCertificate) {
  const TestPki& pki = TestPki::shared();
  Interception it(inbound_setup({{at_443("shop"), {&pki.rsa_server}}}, &pki.server));
  it.connect();
  EXPECT_FALSE(it.client.connected());
  EXPECT_EQ(it.reason(), Reason::inbound_certificate_changed);
  EXPECT_TRUE(it.server.got_reset());
  EXPECT_EQ(it.interceptor->counters().changed_certificates, 1U);
  ASSERT_EQ(it.records.certificates.size(), 1U);
  EXPECT_THAT(it.records.certificates[0].changed, HasSubstr("tls.inbound \"shop\""));
}

TEST(InboundSession, GoesOutboundWhereTheOperatorPrefersThatToARefusal) {
  const TestPki& pki = TestPki::shared();
  OwnServer shop = at_443("shop");
  shop.on_change = policy::ChangedCertificate::kOutbound;
  auto setup = inbound_setup({{shop, {&pki.rsa_server}}}, &pki.server);
  setup.client.trust = pki.signing_ca.certificate.get();
  Interception it(std::move(setup));
  it.connect();
  ASSERT_TRUE(it.client.connected()) << it.client.error();
  it.expect_conversation();
  EXPECT_EQ(it.snapshot().direction, "outbound");
  EXPECT_EQ(it.snapshot().own_key, "");
  EXPECT_EQ(it.snapshot().certificate_outcome, "trusted");
  EXPECT_EQ(it.interceptor->counters().changed_certificates, 1U);
}

TEST(InboundSession, IsInboundOrOutboundByItsRule) {
  const TestPki& pki = TestPki::shared();
  auto setup = inbound_setup({{at_443("shop"), {&pki.server}}}, &pki.server);
  setup.policy.rules[0].direction = Direction::kOutbound;
  setup.client.trust = pki.signing_ca.certificate.get();
  Interception forged(setup);
  forged.connect();
  EXPECT_TRUE(forged.client.connected());
  EXPECT_EQ(forged.snapshot().direction, "outbound");

  setup.policy.rules[0].direction = Direction::kInbound;
  setup.inbound = keys_of({{{.name = "elsewhere", .sni = {"elsewhere.example"}}, {&pki.server}}});
  Interception refused(std::move(setup));
  refused.connect();
  EXPECT_FALSE(refused.client.connected());
  EXPECT_EQ(refused.reason(), Reason::inbound_key_missing);
}

}  // namespace
}  // namespace limpid::testing
