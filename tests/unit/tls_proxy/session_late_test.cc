// Rules that ask for the server's certificate, on sessions between real clients and servers: they are decided
// when the server has shown it, and not decrypted where a rule passes them.
#include <gtest/gtest.h>

#include "tests/unit/tls_proxy/interception.h"

namespace limpid::testing {
namespace {

using policy::Action;

policy::Rule rule(std::string name, policy::CertificateConditions when, Action then) {
  policy::Rule made{.name = std::move(name), .then = then};
  made.when.certificate = std::move(when);
  return made;
}

/// The rule goes before the usual ones, which decrypt everything.
Interception::Setup with(policy::Rule first) {
  auto setup = Interception::usual();
  setup.policy.rules.insert(setup.policy.rules.begin(), std::move(first));
  return setup;
}

/// The client trusts the server's own authority only: it must see the server itself.
Interception::Setup passing_servers(const char* name = "server.example") {
  auto setup = with(rule("ours", {.name = {name}}, Action::kPass));
  setup.client.trust = TestPki::shared().root.certificate.get();
  return setup;
}

void expect_verified_conversation(Interception& it) {
  ASSERT_TRUE(it.client.connected()) << it.client.error() << it.snapshot().detail;
  it.expect_conversation();
  EXPECT_EQ(it.client.verify_result(), X509_V_OK);
}

TEST(CertificateRules, PassASessionByASecondConnection) {
  const auto setup = passing_servers();
  Interception it(setup);
  it.answer_redial(setup.server);
  it.connect();
  expect_verified_conversation(it);
  const tls::SessionRecord record = it.snapshot();
  EXPECT_EQ(record.state, "byte_relay");
  EXPECT_EQ(record.rule_name, "ours");
  EXPECT_EQ(record.decided, tls::Decided::kPass);
  EXPECT_EQ(record.reason, Reason::passed_by_certificate);
  EXPECT_EQ(it.interceptor->counters().redialled, 1U);
  ASSERT_EQ(it.records.certificates.size(), 1U) << "the inventory knows it all the same";
}

TEST(CertificateRules, PassTheNextSessionAtItsHelloAsLongAsThatIsKnown) {
  const auto setup = passing_servers();
  Interception it(setup);
  it.answer_redial(setup.server);
  it.connect();
  const auto next = it.next_hello(setup.client);
  EXPECT_EQ(next.kind, flow::FirstBytesAdvice::Kind::kForward);
  it.clock.advance(tls::LateVerdicts::kLast);
  const auto later = it.next_hello(setup.client);
  EXPECT_EQ(later.kind, flow::FirstBytesAdvice::Kind::kAdopt);
}

TEST(CertificateRules, WhatIsKnownOfAServerDecidesByTheRulesForEachClient) {
  auto setup = passing_servers();
  setup.policy.rules.front().when.client = {IpPrefix::parse("10.0.0.0/8").value()};
  Interception probe(setup);
  setup.policy.rules.front().when.client = {{probe.facts.client.ip, 32}};
  Interception it(setup);
  it.answer_redial(setup.server);
  it.connect();
  ASSERT_EQ(it.snapshot().decided, tls::Decided::kPass);
  EXPECT_EQ(it.next_hello(setup.client, "203.0.113.77").kind, flow::FirstBytesAdvice::Kind::kAdopt);
}

TEST(CertificateRules, DecryptWhereTheCertificateIsAnothersAndSayWhichRuleDecided) {
  auto setup = passing_servers("*.bank.example");
  setup.client.trust = Interception::usual().client.trust;
  Interception it(setup);
  it.connect();
  expect_verified_conversation(it);
  EXPECT_EQ(it.snapshot().state, "relay");
  EXPECT_EQ(it.snapshot().decided, tls::Decided::kDecrypt);
  EXPECT_NE(it.snapshot().rule_name, "ours");
  EXPECT_EQ(it.interceptor->counters().redialled, 0U);
}

TEST(CertificateRules, BlockASessionWhoseClientWasNotAnsweredYet) {
  Interception it(with(rule("no", {.key = {"ec"}}, Action::kBlock)));
  it.connect();
  EXPECT_FALSE(it.client.connected());
  EXPECT_EQ(it.client.alert(), "access denied");
  EXPECT_EQ(it.reason(), Reason::blocked_by_rule);
  EXPECT_EQ(it.snapshot().rule_name, "no");
}

TEST(CertificateRules, DoNotPassWhatAnybodyCanWriteIntoHisOwn) {
  auto setup = passing_servers();
  setup.client.trust = nullptr;
  setup.server.chain = {&TestPki::shared().self_signed};
  Interception it(setup);
  it.connect();
  EXPECT_EQ(it.snapshot().decided, tls::Decided::kDecrypt);
  EXPECT_NE(it.snapshot().rule_name, "ours");
  EXPECT_EQ(it.interceptor->counters().redialled, 0U);
}

TEST(CertificateRules, AServerThatFailsTheHandshakeIsNotPassedForIt) {
  auto setup = with(rule("no", {.name = {"evil.example"}}, Action::kBlock));
  setup.policy.rules.resize(1);
  setup.policy.default_action = Action::kPass;
  setup.server.version_max = TLS1_1_VERSION;
  Interception it(setup);
  it.connect();
  EXPECT_FALSE(it.client.connected());
  EXPECT_EQ(it.interceptor->counters().redialled, 0U);
  EXPECT_NE(it.reason(), Reason::none);
}

// With RSA as the key exchange a server has proven nothing before its Finished: the chain may be another's.
TEST(CertificateRules, AServerThatFailsTheHandshakeIsPassedOnlyForACertificateThatIsProvenToBeItsOwn) {
  for (const bool proven : {true, false}) {
    auto setup = passing_servers();
    const std::string cipher = proven ? "ECDHE-RSA-AES128-GCM-SHA256" : "AES128-GCM-SHA256";
    setup.server.chain = {&TestPki::shared().rsa_server};
    setup.server.version_max = setup.client.version_max = TLS1_2_VERSION;
    setup.server.ciphers = setup.client.ciphers = cipher;
    setup.server.demand_certificate = true;
    Interception it(setup);
    it.connect();
    EXPECT_EQ(it.interceptor->counters().redialled, proven ? 1U : 0U);
    EXPECT_EQ(it.client.error().empty(), proven) << "refused, as the server has done it";
    EXPECT_EQ(it.snapshot().rule_name == "ours", proven);
  }
}

TEST(CertificateRules, ANameInTheCertificateStandsForTheOneThatTheClientDoesNotSend) {
  policy::Rule named{.name = "named", .then = Action::kPass};
  named.when.sni = {"server.example"};
  auto setup = with(named);
  setup.client.sni = "";
  setup.client.trust = TestPki::shared().root.certificate.get();
  Interception it(setup);
  it.answer_redial(setup.server);
  it.connect();
  expect_verified_conversation(it);
  EXPECT_EQ(it.snapshot().rule_name, "named");
}

/// POP3 with a number in its greeting, which such a client's password would be mixed with.
const std::vector<Interception::Said> kUnrepeatable = {
    {false, "+OK <1896.697170952@mail.example>\r\n"}, {true, "STLS\r\n"}, {false, "+OK go on\r\n"}};

flow::FirstBytesAdvice next_hello_behind(Interception& it, const std::vector<Interception::Said>& said,
                                         const PeerSettings& client) {
  const auto next = it.interceptor->on_syn(it.facts, it.clock.now()).dialogue;
  for (const Interception::Said& turn : said) next->on_bytes(turn.by_client, as_bytes(turn.text));
  return next->on_first_bytes(it.facts, as_bytes(TlsPeer::client(client).first_flight()), it.clock.now());
}

TEST(CertificateRules, WhatCannotBeSaidAgainIsRefusedOnceAndTheNextOneIsPassed) {
  auto setup = passing_servers();
  setup.settings.starttls = {{std::uint16_t{443}, policy::UpgradeProtocol::kPop3}};
  Interception it(setup);
  it.connect_after(kUnrepeatable);
  EXPECT_FALSE(it.client.connected());
  EXPECT_EQ(it.reason(), Reason::redial_impossible);
  EXPECT_EQ(it.snapshot().plain_from_client, 0U);
  EXPECT_EQ(next_hello_behind(it, kUnrepeatable, setup.client).kind, flow::FirstBytesAdvice::Kind::kForward);
}

TEST(CertificateRules, WhatBeganInTheClearIsPassedBehindTheSameWordsOnASecondConnection) {
  struct Case {
    const char* what;
    std::optional<policy::UpgradeProtocol> spoken;
    std::vector<Interception::Said> first;
    std::vector<Interception::Said> second;
  };
  const std::string established = "HTTP/1.1 200 Connection established\r\n\r\n";
  const std::string connect = "CONNECT server.example:443 HTTP/1.1\r\n\r\n";
  const std::string denied = "HTTP/1.1 407 Say who you are\r\nContent-Length: 2\r\n\r\nno";
  const std::vector<Case> cases = {
      {"smtp",
       policy::UpgradeProtocol::kSmtp,
       {{false, "220 mail.example ESMTP 1\r\n"},
        {true, "EHLO me\r\n"},
        {false, "250-mail.example\r\n250 STARTTLS\r\n"},
        {true, "STARTTLS\r\n"},
        {false, "220 Ready\r\n"}},
       {{false, "220 mail.example ESMTP 2, at your service\r\n"},
        {true, "EHLO me\r\n"},
        {false, "250-mail.example\r\n"},
        {false, "250 STARTTLS\r\n"},
        {true, "STARTTLS\r\n"},
        {false, "220 Ready again\r\n"}}},
      {"connect", {}, {{true, connect}, {false, established}}, {{true, connect}, {false, established}}},
      {"connect with credentials",
       {},
       {{true, connect}, {false, denied}, {true, connect}, {false, established}},
       {{true, connect}, {false, denied}, {true, connect}, {false, established}}},
  };
  for (const Case& each : cases) {
    auto setup = passing_servers();
    if (each.spoken) setup.settings.starttls = {{std::uint16_t{443}, *each.spoken}};
    Interception it(setup);
    it.answer_redial(setup.server, each.second);
    it.connect_after(each.first);
    expect_verified_conversation(it);
    EXPECT_EQ(it.snapshot().state, "byte_relay") << each.what;
    EXPECT_EQ(it.reason(), Reason::passed_by_certificate) << each.what;
    EXPECT_EQ(it.interceptor->counters().redialled, 1U) << each.what;
  }
}

TEST(CertificateRules, AServerThatAnswersOtherwiseTheSecondTimeEndsTheSession) {
  const std::string connect = "CONNECT server.example:443 HTTP/1.1\r\n\r\n";
  const auto setup = passing_servers();
  for (const bool silent : {true, false}) {
    Interception it(setup);
    std::vector<Interception::Said> second = {{true, connect}};
    if (!silent) second.push_back({false, "HTTP/1.1 503 Too many connections\r\n\r\n"});
    it.answer_redial(setup.server, second);
    it.server_is_tls = true;
    it.connect_after({{true, connect}, {false, "HTTP/1.1 200 OK\r\n\r\n"}});
    it.pass(std::chrono::seconds(61));  // as long as any dialogue may take
    EXPECT_FALSE(it.client.connected());
    EXPECT_TRUE(it.client.got_reset());
    EXPECT_EQ(it.reason(), silent ? Reason::redial_unanswered : Reason::redial_dialogue);
  }
}

TEST(CertificateRules, AChangedPolicyForgetsWhatServersHaveShown) {
  const auto setup = passing_servers();
  Interception it(setup);
  it.answer_redial(setup.server);
  it.connect();
  auto rules = policy::RuleSet::compile(setup.policy, {.segments = {}, .tools = {"mirror"}});
  ASSERT_TRUE(rules);
  it.interceptor->set_rules(std::move(rules).value());
  EXPECT_EQ(it.next_hello(setup.client).kind, flow::FirstBytesAdvice::Kind::kAdopt);
}

// --- What one session shows is not another's way past policy --------------------------------------------

constexpr auto kExpired = static_cast<std::size_t>(policy::CertificateDefect::kExpired);

TEST(LateVerdict, OfOneClientIsNotAnothersWayPastARuleThatAsksForTheCertificate) {
  policy::Rule blocks = rule("no", {.key = {"ec"}}, Action::kBlock);
  blocks.when.client = {IpPrefix::parse("203.0.113.0/24").value()};
  auto setup = with(std::move(blocks));
  setup.settings.treatments[kExpired] = policy::Treatment::kPass;
  setup.server.chain = {&TestPki::shared().expired};
  setup.client.trust = nullptr;
  Interception it(setup);
  it.answer_redial(setup.server);
  it.connect();
  ASSERT_EQ(it.interceptor->counters().redialled, 1U);
  EXPECT_EQ(it.next_hello(setup.client).kind, flow::FirstBytesAdvice::Kind::kForward);
  EXPECT_EQ(it.interceptor->counters().late_hits, 1U);
  EXPECT_EQ(it.next_hello(setup.client, "203.0.113.77").kind, flow::FirstBytesAdvice::Kind::kAdopt);
  EXPECT_EQ(it.interceptor->counters().late_hits, 1U);
}

TEST(LateVerdict, OfARuleThatAskedForTheCertificateIsNotThatOfTheRuleBehindIt) {
  policy::Rule overlooks = rule("old", {.key = {"ec"}}, Action::kDecrypt);
  overlooks.when.client = {IpPrefix::parse("0.0.0.0/0").value()};
  overlooks.verification = {{policy::CertificateDefect::kExpired, policy::Treatment::kPass}};
  auto setup = with(std::move(overlooks));
  setup.server.chain = {&TestPki::shared().expired};
  setup.client.trust = nullptr;
  Interception probe(setup);
  setup.policy.rules.front().when.client = {{probe.facts.client.ip, 32}};
  Interception it(setup);
  it.answer_redial(setup.server);
  it.connect();
  ASSERT_EQ(it.interceptor->counters().redialled, 1U);
  EXPECT_EQ(it.next_hello(setup.client).kind, flow::FirstBytesAdvice::Kind::kForward);
  EXPECT_EQ(it.next_hello(setup.client, "203.0.113.77").kind, flow::FirstBytesAdvice::Kind::kAdopt);
}

TEST(LateVerdict, IsNotTakenFromAServerThatIsTooNew) {
  auto setup = Interception::usual();
  setup.settings.versions.below_minimum = policy::BelowMinimum::kPass;
  setup.client.version_max = TLS1_2_VERSION;
  setup.server.version_min = TLS1_3_VERSION;
  Interception it(setup);
  it.connect();
  EXPECT_FALSE(it.client.connected());
  EXPECT_EQ(it.interceptor->counters().redialled, 0U);
}

TEST(LateVerdict, AServerThatInsistsOnACertificateIsJudgedByItsOwnAllTheSame) {
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    auto setup = Interception::usual();
    setup.settings.treatments[kExpired] = policy::Treatment::kBlock;
    setup.server.chain = {&TestPki::shared().expired};
    setup.server.demand_certificate = true;
    setup.server.version_max = version;
    Interception it(setup);
    it.connect();
    it.pass(std::chrono::seconds(2));
    EXPECT_FALSE(it.client.connected());
    EXPECT_EQ(it.reason(), Reason::server_certificate_expired) << version;
    EXPECT_EQ(it.interceptor->counters().redialled, 0U);
    EXPECT_EQ(it.records.certificates.size(), 1U);
  }
}

TEST(CertificateRules, TheVersionsOfTheRuleThatDecidesHoldForTheServerThatIsThere) {
  policy::Rule newest = rule("newest", {.key = {"ec"}}, Action::kDecrypt);
  newest.versions.server_min = tls::kTls13;
  auto setup = with(std::move(newest));
  setup.server.version_max = TLS1_2_VERSION;
  Interception it(setup);
  it.connect();
  EXPECT_FALSE(it.client.connected());
  EXPECT_EQ(it.reason(), Reason::server_version_unsupported);
}

TEST(CertificateRules, AServerNewerThanTheRuleThatDecidesIsRefusedWithTheReasonInWords) {
  policy::Rule oldest = rule("oldest", {.key = {"ec"}}, Action::kDecrypt);
  oldest.versions.server_max = tls::kTls12;
  oldest.versions.below_minimum = policy::BelowMinimum::kPass;
  auto setup = with(std::move(oldest));
  setup.server.version_min = TLS1_3_VERSION;
  Interception it(setup);
  it.connect();
  EXPECT_FALSE(it.client.connected());
  EXPECT_EQ(it.reason(), Reason::server_version_unsupported);
  EXPECT_EQ(it.interceptor->counters().redialled, 0U) << "it is not too old";
  EXPECT_EQ(it.snapshot().detail,
            "the server leg was TLS 1.3 before the certificate was seen; rule oldest allows TLS 1.2 at most");
}

/// The server is passed for its version, for a client that offers both, or TLS 1.2 alone.
struct TooOld {
  explicit TooOld(int client_max) {
    setup.settings.versions.server.min = tls::kTls12;
    setup.settings.versions.below_minimum = policy::BelowMinimum::kPass;
    setup.client.trust = TestPki::shared().root.certificate.get();
    setup.client.version_min = TLS1_VERSION;
    setup.client.version_max = client_max;
    setup.server.version_min = TLS1_VERSION;
    setup.server.version_max = TLS1_1_VERSION;
  }
  /// It is passed by a second connection; what becomes of the next client's hello?
  flow::FirstBytesAdvice::Kind next_after_it(const PeerSettings& next) const {
    Interception it(setup);
    it.answer_redial(setup.server);
    it.connect();
    EXPECT_EQ(it.interceptor->counters().redialled, 1U);
    return it.next_hello(next).kind;
  }
  Interception::Setup setup = Interception::usual();
};

TEST(LateVerdict, OfAServerThatIsTooOldIsForClientsThatHaveAskedItForAllThatIsAllowed) {
  const TooOld all(TLS1_3_VERSION);
  EXPECT_EQ(all.next_after_it(all.setup.client), flow::FirstBytesAdvice::Kind::kForward);
}

// A server may have TLS 1.3 alone: who has not asked it for that knows nothing of it.
TEST(LateVerdict, OfAServerThatIsTooOldForOneClientSaysNothingOfThoseThatOfferMore) {
  const TooOld older(TLS1_2_VERSION);
  const TooOld all(TLS1_3_VERSION);
  EXPECT_EQ(older.next_after_it(all.setup.client), flow::FirstBytesAdvice::Kind::kAdopt);
}

TEST(LateVerdict, OfOneThatCannotBePassedOnThisConnectionIsForTheNextOneHoweverItWasFound) {
  TooOld older(TLS1_2_VERSION);
  older.setup.settings.starttls = {{std::uint16_t{443}, policy::UpgradeProtocol::kPop3}};
  Interception it(older.setup);
  it.connect_after(kUnrepeatable);
  EXPECT_EQ(it.reason(), Reason::server_version_unsupported);
  EXPECT_EQ(next_hello_behind(it, kUnrepeatable, older.setup.client).kind,
            flow::FirstBytesAdvice::Kind::kForward);
}

TEST(CertificateRules, AClientTooOldForTheRuleThatDecidesIsPassedAloneAndNotThoseThatAreNot) {
  policy::Rule newest = rule("newest", {.key = {"ec"}}, Action::kDecrypt);
  newest.versions.server_min = tls::kTls13;
  newest.versions.below_minimum = policy::BelowMinimum::kPass;
  auto setup = with(std::move(newest));
  setup.client.trust = TestPki::shared().root.certificate.get();
  const PeerSettings usual = setup.client;
  setup.client.version_max = TLS1_2_VERSION;
  Interception it(setup);
  it.answer_redial(setup.server);
  it.connect();
  ASSERT_EQ(it.interceptor->counters().redialled, 1U);
  EXPECT_EQ(it.next_hello(usual).kind, flow::FirstBytesAdvice::Kind::kAdopt);
}

}  // namespace
}  // namespace limpid::testing
