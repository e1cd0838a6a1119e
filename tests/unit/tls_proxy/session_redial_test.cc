// Sessions that are passed only once their server has shown what it is: by a second connection to it, which
// gets the client's own bytes. Client and servers are real.
#include <gtest/gtest.h>

#include "tests/unit/tls_proxy/interception.h"
#include "tls_proxy/client_keys.h"

namespace limpid::testing {
namespace {

using policy::BelowMinimum;
using policy::ClientCertificate;
using std::chrono::seconds;

const Duration kLast = tls::LateVerdicts::kLast;

/// The client trusts the server's own authority only: it must see the server itself.
Interception::Setup direct() {
  auto setup = Interception::usual();
  setup.client.trust = TestPki::shared().root.certificate.get();
  return setup;
}

/// What the client shows a server that asks.
const Credential& client_credential() {
  static const Credential kMade =
      make_certificate({.extended_key_usage = "clientAuth"}, &TestPki::shared().root);
  return kMade;
}

Interception::Setup with_demanding_server(int version) {
  auto setup = direct();
  setup.client.chain = {&client_credential()};
  setup.server.demand_certificate = true;
  setup.server.version_max = version;
  return setup;
}

/// A server that verifies whom it speaks with.
void answer_again_and_demand(Interception& it, PeerSettings server) {
  server.demand_certificate = false;
  server.trust = TestPki::shared().root.certificate.get();
  it.answer_redial(server);
  it.host.on_redial = [&it, plain = it.host.on_redial] {
    plain();
    SSL_set_verify(it.server.ssl(), SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  };
}

void expect_direct_conversation(Interception& it) {
  it.settle();
  ASSERT_TRUE(it.client.connected()) << it.client.error() << it.snapshot().detail;
  it.expect_conversation();
  EXPECT_EQ(it.client.verify_result(), X509_V_OK);
  const tls::SessionRecord record = it.snapshot();
  EXPECT_EQ(record.state, "byte_relay");
  EXPECT_EQ(record.detail, sentence(Reason::redialled));
  EXPECT_EQ(it.interceptor->counters().redialled, 1U);
}

TEST(SessionRedial, AServerThatDemandsACertificateGetsTheClientsOwn) {
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    const auto setup = with_demanding_server(version);
    Interception it(setup);
    answer_again_and_demand(it, setup.server);
    it.connect();
    it.pass(seconds(1));
    expect_direct_conversation(it);
    EXPECT_EQ(it.reason(), Reason::server_wants_client_certificate);
    EXPECT_EQ(
        X509_cmp(openssl::X509Ptr(it.server.certificate()).get(), client_credential().certificate.get()), 0);
  }
}

TEST(SessionRedial, TheNextOfItsKindIsPassedAtItsHelloUntilThatIsForgotten) {
  const auto setup = with_demanding_server(TLS1_2_VERSION);
  Interception it(setup);
  answer_again_and_demand(it, setup.server);
  it.connect();
  const flow::FirstBytesAdvice next = it.next_hello(setup.client);
  EXPECT_EQ(next.kind, flow::FirstBytesAdvice::Kind::kForward);
  EXPECT_EQ(next.reason, Reason::server_wants_client_certificate);
  EXPECT_EQ(it.interceptor->counters().late_hits, 1U);
  auto other_name = setup.client;
  other_name.sni = "other.example";
  EXPECT_EQ(it.next_hello(other_name).kind, flow::FirstBytesAdvice::Kind::kAdopt);
  it.clock.advance(kLast);
  EXPECT_EQ(it.next_hello(setup.client).kind, flow::FirstBytesAdvice::Kind::kAdopt);
}

TEST(SessionRedial, TheNextOfItsKindIsPassedByWhicheverWorkerHasIt) {
  auto setup = with_demanding_server(TLS1_2_VERSION);
  setup.late_verdicts = std::make_shared<tls::LateVerdicts>();
  Interception it(setup);
  Interception other(setup);
  answer_again_and_demand(it, setup.server);
  it.connect();
  EXPECT_EQ(other.next_hello(setup.client).reason, Reason::server_wants_client_certificate);
  EXPECT_EQ(other.interceptor->counters().late_hits, 1U);
}

TEST(SessionRedial, ANewPolicyForgetsWhatWasPassed) {
  const auto setup = with_demanding_server(TLS1_2_VERSION);
  Interception it(setup);
  answer_again_and_demand(it, setup.server);
  it.connect();
  auto rules = policy::RuleSet::compile(setup.policy, {.segments = {}, .tools = {"mirror"}});
  ASSERT_TRUE(rules);
  it.interceptor->set_rules(std::move(rules).value());
  EXPECT_EQ(it.next_hello(setup.client).kind, flow::FirstBytesAdvice::Kind::kAdopt);
}

TEST(SessionRedial, AServerThatOnlyAsksForACertificateIsPassedWherePolicySaysSo) {
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    auto setup = direct();
    setup.server.ask_for_certificate = true;
    setup.server.version_max = version;
    setup.settings.client_certificate = ClientCertificate::kBlock;
    setup.policy.rules.front().client_certificate = ClientCertificate::kPass;
    Interception it(setup);
    it.answer_redial(setup.server);
    it.connect();
    expect_direct_conversation(it);
  }
}

TEST(SessionRedial, AServerThatAsksForACertificateIsBlockedWherePolicySaysSo) {
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    auto setup = direct();
    setup.server.ask_for_certificate = true;
    setup.server.version_max = version;
    setup.settings.client_certificate = ClientCertificate::kBlock;
    Interception it(setup);
    it.connect();
    EXPECT_FALSE(it.client.connected());
    EXPECT_EQ(it.client.alert(), "access denied");
    EXPECT_EQ(it.reason(), Reason::server_wants_client_certificate);
  }
}

TEST(SessionRedial, AServerThatGoesOnWithoutACertificateIsDecryptedAndTheRecordSaysThatItAsked) {
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    auto setup = Interception::usual();
    setup.server.ask_for_certificate = true;
    setup.server.version_max = version;
    Interception it(setup);
    it.connect();
    it.client.say("question");
    it.pass(seconds(1));
    EXPECT_EQ(it.server.heard(), "question") << it.server.error();
    const tls::SessionRecord record = it.snapshot();
    EXPECT_EQ(record.state, "relay");
    EXPECT_EQ(record.reason, Reason::none);
    EXPECT_EQ(record.detail, sentence(Reason::client_certificate_requested));
    EXPECT_EQ(it.interceptor->counters().redialled, 0U);
  }
}

TEST(SessionRedial, AnExpiredCertificateIsShownByTheServerItselfWherePolicySaysSo) {
  auto setup = Interception::usual();
  setup.server.chain = {&TestPki::shared().expired};
  setup.client.trust = nullptr;
  setup.settings.treatments[static_cast<std::size_t>(policy::CertificateDefect::kExpired)] =
      policy::Treatment::kPass;
  Interception it(setup);
  it.answer_redial(setup.server);
  it.connect();
  ASSERT_TRUE(it.client.connected()) << it.client.error();
  EXPECT_EQ(X509_cmp(it.client.certificate().get(), TestPki::shared().expired.certificate.get()), 0);
  EXPECT_EQ(it.reason(), Reason::server_certificate_expired);
  EXPECT_EQ(it.snapshot().certificate_outcome, "expired");
  EXPECT_EQ(it.records.certificates.size(), 1U);
}

TEST(SessionRedial, AServerBelowTheMinimumIsPassedWherePolicySaysSo) {
  auto setup = direct();
  setup.client.version_min = TLS1_VERSION;
  setup.client.ciphers = setup.server.ciphers = "ALL:@SECLEVEL=0";
  setup.server.version_min = setup.server.version_max = TLS1_VERSION;
  setup.settings.versions.below_minimum = BelowMinimum::kPass;
  Interception it(setup);
  it.answer_redial(setup.server);
  it.connect();
  expect_direct_conversation(it);
  EXPECT_EQ(it.client.version(), "TLSv1");
  EXPECT_EQ(it.reason(), Reason::server_version_unsupported);
}

TEST(SessionRedial, ASessionThatWasAdoptedUndecidedIsPassedTheSameWay) {
  auto setup = with_demanding_server(TLS1_2_VERSION);
  Interception it(setup);
  answer_again_and_demand(it, setup.server);
  it.client.deliver_in_pieces(100);
  it.connect_undecided();
  expect_direct_conversation(it);
}

TEST(SessionRedial, TheClientIsResetWhereTheServerRefusesTheSecondConnection) {
  Interception it(with_demanding_server(TLS1_2_VERSION));
  it.host.on_redial = [&it] {
    it.host.dial = flow::SessionHost::Redial::kRefused;
    it.host.woken = true;
  };
  it.connect();
  it.settle();
  EXPECT_TRUE(it.client.got_reset());
  EXPECT_EQ(it.reason(), Reason::redial_refused);
  EXPECT_EQ(it.snapshot().detail, sentence(Reason::server_wants_client_certificate));
}

TEST(SessionRedial, TheClientIsResetWhereNobodyAnswersTheSecondConnection) {
  Interception it(with_demanding_server(TLS1_2_VERSION));
  it.connect();
  it.pass(seconds(9));
  EXPECT_EQ(it.snapshot().state, "redial");
  it.pass(seconds(1));
  EXPECT_TRUE(it.client.got_reset());
  EXPECT_EQ(it.reason(), Reason::redial_unanswered);
}

TEST(SessionRedial, AClientThatGoesAwayMeanwhileEndsIt) {
  Interception it(with_demanding_server(TLS1_2_VERSION));
  it.connect();
  it.client_stream.deliver_reset();
  it.settle();
  EXPECT_EQ(it.snapshot().state, "ended");
  EXPECT_EQ(it.reason(), Reason::client_reset);
}

// --- Behind a dialogue in the clear ---------------------------------------------------------------------

const std::vector<Interception::Said> kStarttls = {{false, "220 mail.example ESMTP\r\n"},
                                                   {true, "EHLO me\r\n"},
                                                   {false, "250-mail.example\r\n250 STARTTLS\r\n"},
                                                   {true, "STARTTLS\r\n"},
                                                   {false, "220 Ready\r\n"}};

TEST(SessionRedial, BehindAnUpgradeAnExpiredCertificateIsShownByTheServerItself) {
  auto setup = Interception::usual();
  setup.server.chain = {&TestPki::shared().expired};
  setup.client.trust = nullptr;
  setup.settings.starttls = {{std::uint16_t{443}, policy::UpgradeProtocol::kSmtp}};
  setup.settings.treatments[static_cast<std::size_t>(policy::CertificateDefect::kExpired)] =
      policy::Treatment::kPass;
  Interception it(setup);
  it.answer_redial(setup.server, kStarttls);
  it.connect_after(kStarttls);
  ASSERT_TRUE(it.client.connected()) << it.client.error();
  EXPECT_EQ(X509_cmp(it.client.certificate().get(), TestPki::shared().expired.certificate.get()), 0);
  EXPECT_EQ(it.reason(), Reason::server_certificate_expired);
  EXPECT_EQ(it.interceptor->counters().redialled, 1U);
}

// Its greeting holds what the client's password is mixed with.
TEST(SessionRedial, WhatCannotBeSaidAgainIsTreatedAsByDefaultAndTheNextOneIsPassed) {
  const std::vector<Interception::Said> stls = {
      {false, "+OK <1896.697170952@mail.example>\r\n"}, {true, "STLS\r\n"}, {false, "+OK go on\r\n"}};
  auto setup = Interception::usual();
  setup.server.chain = {&TestPki::shared().expired};
  setup.client.trust = nullptr;
  setup.settings.starttls = {{std::uint16_t{443}, policy::UpgradeProtocol::kPop3}};
  setup.settings.treatments[static_cast<std::size_t>(policy::CertificateDefect::kExpired)] =
      policy::Treatment::kPass;
  Interception it(setup);
  it.connect_after(stls);
  ASSERT_TRUE(it.client.connected()) << it.client.error();
  EXPECT_NE(name_text(X509_get_issuer_name(it.client.certificate().get())).find("Untrusted CA"),
            std::string::npos);
  EXPECT_EQ(it.interceptor->counters().redialled, 0U);

  const auto next = it.interceptor->on_syn(it.facts, it.clock.now()).dialogue;
  for (const Interception::Said& turn : stls) next->on_bytes(turn.by_client, as_bytes(turn.text));
  const std::string hello = TlsPeer::client(setup.client).first_flight();
  const flow::FirstBytesAdvice advice = next->on_first_bytes(it.facts, as_bytes(hello), it.clock.now());
  EXPECT_EQ(advice.kind, flow::FirstBytesAdvice::Kind::kForward);
  EXPECT_EQ(advice.reason, Reason::server_certificate_expired);
}

// --- Certificates that limpid has -----------------------------------------------------------------------

TEST(SessionRedial, AServerIsShownTheCertificateThatLimpidHasForIt) {
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    auto setup = Interception::usual();
    setup.server.trust = TestPki::shared().root.certificate.get();
    setup.server.version_max = version;
    const std::string folder = make_folder();
    auto material = certificate::InboundMaterial::load(
        {{.certificate = write_file(folder, "client.pem", client_credential().certificate_pem()),
          .key = write_file(folder, "client.key", client_credential().key_pem())}},
        kTestNow);
    ASSERT_TRUE(material);
    setup.client_keys = std::make_shared<tls::ClientKeys>(
        std::vector<std::vector<std::string>>{{"*.example"}}, std::move(material).value());
    Interception it(setup);
    it.connect();
    it.client.say("question");
    it.settle();
    EXPECT_EQ(it.server.heard(), "question") << it.server.error();
    ASSERT_NE(it.server.certificate(), nullptr) << version;
    EXPECT_EQ(X509_cmp(it.server.certificate().get(), client_credential().certificate.get()), 0);
    EXPECT_EQ(it.interceptor->counters().redialled, 0U);
    EXPECT_EQ(it.snapshot().state, "relay");
  }
}

}  // namespace
}  // namespace limpid::testing
