// What sessions between real clients and servers teach of clients that do not take forged certificates, and
// how sessions are passed because of it.
#include <gtest/gtest.h>

#include "tests/unit/tls_proxy/interception.h"
#include "tls_proxy/learnt_table.h"

namespace limpid::testing {
namespace {

using Kind = flow::FirstBytesAdvice::Kind;
using policy::Learning;
using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;
using tls::LearntState;
using tls::Rejection;

X509* signing_ca() { return TestPki::shared().signing_ca.certificate.get(); }
X509* origin_ca() { return TestPki::shared().root.certificate.get(); }

/// Clients know the server's own authority alone, and everything is decrypted.
Interception::Setup pinned(Learning mode = Learning::kAuto) {
  auto setup = Interception::usual();
  setup.client.trust = origin_ca();
  setup.settings.learning = mode;
  setup.learning = tls::LearningSettings{};
  return setup;
}

/// One more session, of this client.
void connect_from(Interception& it, const char* client) {
  it.facts.client.ip = *IpAddress::parse(client);
  it.again();
}

void fail_enough(Interception& it) {
  for (const char* client : {"10.0.0.1", "10.0.0.2", "10.0.0.1"}) connect_from(it, client);
}

std::vector<tls::LearntEntry> learnt(const Interception& it) { return it.learnt->entries(); }

/// The only entry's last rejection; nothing: there is none.
std::optional<Rejection> rejection(const Interception& it) {
  const auto entries = learnt(it);
  EXPECT_LE(entries.size(), 1U);
  return entries.empty() ? std::nullopt : std::optional(entries.front().last);
}

TEST(SessionLearning, PassesAtItsHelloWhatClientsRefuseAndCountsWhatIsNotSeen) {
  const auto setup = pinned();
  Interception it(setup);
  fail_enough(it);
  ASSERT_EQ(learnt(it).size(), 1U);
  const tls::LearntEntry entry = learnt(it).front();
  EXPECT_EQ(entry.state, LearntState::kBypass);
  EXPECT_EQ(entry.place->host, "server.example");
  EXPECT_EQ(entry.place->server.port, 443);
  EXPECT_EQ(entry.place->rule, "all");
  EXPECT_EQ(entry.place->client.text(), it.snapshot().ja4);

  auto advice = it.next_hello(setup.client, "10.0.0.77");
  ASSERT_EQ(advice.kind, Kind::kForward);
  EXPECT_EQ(advice.reason, Reason::learnt_bypass);
  EXPECT_EQ(it.interceptor->counters().learnt_passed, 1U);
  EXPECT_EQ(it.interceptor->counters().late_hits, 0U);
  EXPECT_EQ(learnt(it).front().sessions, 1U);
  it.interceptor->on_closed(it.facts, {.bytes_from_client = 100, .bytes_from_server = 4'000}, nullptr,
                            std::move(advice.memo), it.clock.now());
  EXPECT_EQ(learnt(it).front().bytes, 4'100U);
  EXPECT_EQ(it.interceptor->counters().learnt_bytes, 4'100U);
  const tls::SessionRecord& record = it.records.sessions.back();
  EXPECT_EQ(record.ja4, entry.place->client.text());
  EXPECT_EQ(record.rule_name, "all");
}

TEST(SessionLearning, PassesNothingWhereItOnlyProposesOrMayNotLearn) {
  for (const Learning mode : {Learning::kPropose, Learning::kOff}) {
    const auto setup = pinned(mode);
    Interception it(setup);
    fail_enough(it);
    EXPECT_EQ(learnt(it).size(), mode == Learning::kOff ? 0U : 1U);
    EXPECT_EQ(it.next_hello(setup.client).kind, Kind::kAdopt);
  }
}

TEST(SessionLearning, ARuleSaysMoreThanTheConfigurationInGeneral) {
  auto setup = pinned(Learning::kAuto);
  setup.policy.rules.front().learning = Learning::kOff;
  Interception must(setup);
  fail_enough(must);
  EXPECT_TRUE(learnt(must).empty());
  setup = pinned(Learning::kOff);
  setup.policy.rules.front().learning = Learning::kAuto;
  Interception may(setup);
  fail_enough(may);
  EXPECT_EQ(may.next_hello(setup.client).kind, Kind::kForward);
}

TEST(SessionLearning, PassesAnotherKindOfClientAndAnotherServerNot) {
  const auto setup = pinned();
  Interception it(setup);
  fail_enough(it);
  auto other_kind = setup.client;
  other_kind.version_max = TLS1_2_VERSION;
  EXPECT_EQ(it.next_hello(other_kind).kind, Kind::kAdopt);
  auto other_server = setup.client;
  other_server.sni = "other.example";
  EXPECT_EQ(it.next_hello(other_server).kind, Kind::kAdopt);
  EXPECT_EQ(it.next_hello(setup.client).kind, Kind::kForward);
}

TEST(SessionLearning, OneSessionIsDecryptedAgainAndItsSuccessEndsTheBypass) {
  const auto setup = pinned();
  Interception it(setup);
  fail_enough(it);
  it.clock.advance(hours(1));
  it.client_settings().trust = signing_ca();  // it is installed by now
  it.again();
  ASSERT_TRUE(it.client.connected());
  EXPECT_EQ(learnt(it).size(), 1U) << "a handshake alone says nothing yet";
  it.expect_conversation();
  EXPECT_TRUE(learnt(it).empty());
  EXPECT_EQ(it.next_hello(setup.client).kind, Kind::kAdopt);
}

TEST(SessionLearning, OneSessionIsDecryptedAgainAndItsFailureProlongsTheBypass) {
  const auto setup = pinned();
  Interception it(setup);
  fail_enough(it);
  it.clock.advance(hours(1));
  it.again();
  EXPECT_EQ(learnt(it).front().state, LearntState::kBypass);
  EXPECT_EQ(learnt(it).front().span, hours(2));
  EXPECT_EQ(it.next_hello(setup.client).kind, Kind::kForward);
}

TEST(SessionLearning, ClientsThatTakeTheCertificateSpeakAgainstThoseThatDoNot) {
  const auto setup = pinned();
  Interception it(setup);
  it.client_settings().trust = signing_ca();
  connect_from(it, "10.0.0.9");
  it.expect_conversation();
  it.client_settings().trust = origin_ca();
  fail_enough(it);
  ASSERT_EQ(learnt(it).size(), 1U);
  EXPECT_EQ(learnt(it).front().state, LearntState::kSuspect);
}

TEST(SessionLearning, TakesTheAlertsOfBothVersionsForARejection) {
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    auto setup = pinned();
    setup.client.version_max = version;
    Interception it(setup);
    it.connect();
    ASSERT_EQ(it.reason(), Reason::client_rejected_certificate);
    EXPECT_EQ(rejection(it), Rejection::kUnknownCa);
  }
}

TEST(SessionLearning, TakesACloseOrAResetAtTheCertificateForARejectionIfItComesAtOnce) {
  const auto leaves = [](Duration after, bool reset) {
    Interception it(pinned());
    it.client.pause();
    it.connect();
    EXPECT_EQ(it.session().state(), tls::SessionState::kClientHandshake);
    it.clock.advance(after);
    reset ? it.client_stream.deliver_reset() : it.client_stream.deliver_fin();
    it.settle();
    return rejection(it);
  };
  EXPECT_EQ(leaves(milliseconds(200), false), Rejection::kClosed);
  EXPECT_EQ(leaves(milliseconds(200), true), Rejection::kReset);
  EXPECT_EQ(leaves(seconds(3), false), std::nullopt) << "whoever waits so long has other reasons";
  EXPECT_EQ(leaves(seconds(3), true), std::nullopt);
}

TEST(SessionLearning, AClientThatHasLeftBeforeItWasAnsweredHasSeenNoCertificateEither) {
  Interception it(pinned());
  it.server.pause();
  it.client.pause();
  it.connect();
  ASSERT_EQ(it.session().state(), tls::SessionState::kServerHandshake);
  it.client_stream.deliver_fin();
  it.settle();
  it.server.pause(false);
  it.settle();
  EXPECT_EQ(it.reason(), Reason::client_handshake_closed);
  EXPECT_EQ(rejection(it), std::nullopt);
}

TEST(SessionLearning, AClientThatWasAskedForAnotherHelloHasSeenNoCertificateYet) {
  auto setup = pinned();
  setup.client.groups = "*X25519:X25519MLKEM768";
  setup.server.groups = "X25519MLKEM768";
  Interception it(setup);
  it.client.pause();
  it.connect();
  ASSERT_EQ(it.session().state(), tls::SessionState::kClientHandshake);
  it.client_stream.deliver_fin();
  it.settle();
  EXPECT_EQ(rejection(it), std::nullopt);
}

TEST(SessionLearning, TakesAClientThatFinishesTheHandshakeAndLeavesWithoutAWordForARejection) {
  for (const bool reset : {false, true}) {
    auto setup = pinned();
    setup.client.trust = nullptr;  // the application looks at the certificate later
    Interception it(setup);
    it.connect();
    ASSERT_TRUE(it.client.connected());
    EXPECT_EQ(rejection(it), std::nullopt);
    if (reset) {
      it.client_stream.deliver_reset();
    } else {
      it.client.shut_down();
      it.client.finish();
    }
    it.settle();
    EXPECT_EQ(rejection(it), Rejection::kSilent);
  }
}

TEST(SessionLearning, AClientThatLeavesLaterOrAfterItsServerTeachesNothing) {
  auto setup = pinned();
  setup.client.trust = nullptr;
  Interception late(setup);
  late.connect();
  late.pass(seconds(2));
  late.client.shut_down();
  late.client.finish();
  late.settle();
  EXPECT_EQ(rejection(late), std::nullopt) << "a connection that it made ahead and did not need";

  Interception after(setup);
  after.connect();
  after.server.say("all that it wanted");
  after.server.shut_down();
  after.server.finish();
  after.settle();
  after.client.shut_down();
  after.client.finish();
  after.settle();
  EXPECT_EQ(rejection(after), std::nullopt);
}

TEST(SessionLearning, ACertificateThatIsRightlyRefusedTeachesNothing) {
  auto setup = pinned();
  setup.client.trust = signing_ca();
  setup.server.chain = {&TestPki::shared().self_signed};
  Interception it(setup);
  it.connect();
  ASSERT_EQ(it.reason(), Reason::client_rejected_certificate);
  EXPECT_EQ(rejection(it), std::nullopt) << "it was shown under the untrusted CA";
}

TEST(SessionLearning, OtherFailuresTeachNothing) {
  Interception nonsense(pinned());
  nonsense.client.pause();
  nonsense.connect();
  nonsense.client_stream.deliver(std::string("\x15\x03\x03\x00\x02\x02\x28", 7));  // handshake_failure
  nonsense.settle();
  EXPECT_EQ(rejection(nonsense), std::nullopt);

  Interception silent(pinned());
  silent.client.pause();
  silent.connect();
  silent.pass(seconds(31));
  ASSERT_EQ(silent.reason(), Reason::client_handshake_deadline);
  EXPECT_EQ(rejection(silent), std::nullopt);

  Interception server(pinned());
  server.client.pause();
  server.connect();
  server.server_stream.deliver_reset();
  server.settle();
  EXPECT_EQ(rejection(server), std::nullopt);
}

TEST(SessionLearning, ASessionThatWasAdoptedBeforeItsHelloWasCompleteIsPassedAsWell) {
  const auto setup = pinned();
  Interception it(setup);
  fail_enough(it);
  it.client = TlsPeer::client(setup.client);
  it.server = TlsPeer::server(setup.server);
  it.client_stream = MemoryStream(Reason::client_reset);
  it.server_stream = MemoryStream(Reason::server_reset);
  it.connect_undecided();
  it.expect_conversation();
  EXPECT_EQ(it.client.verify_result(), X509_V_OK) << "it sees the server itself";
  EXPECT_EQ(it.reason(), Reason::learnt_bypass);
  EXPECT_EQ(it.snapshot().state, "byte_relay");
  EXPECT_EQ(learnt(it).front().sessions, 1U);
  it.interceptor->on_closed(it.facts, {}, nullptr, nullptr, it.clock.now());
}

TEST(SessionLearning, WhereARuleAwaitsTheCertificateASessionIsPassedOnceThatIsThere) {
  auto setup = pinned();
  policy::Rule certificates{.name = "weak", .then = policy::Action::kBlock};
  certificates.when.certificate.key = {"rsa"};
  setup.policy.rules.insert(setup.policy.rules.begin(), certificates);
  Interception it(setup);
  it.answer_redial(setup.server);
  fail_enough(it);
  ASSERT_EQ(learnt(it).size(), 1U);
  EXPECT_EQ(learnt(it).front().place->rule, "all");
  it.again();
  it.expect_conversation();
  EXPECT_EQ(it.client.verify_result(), X509_V_OK);
  EXPECT_EQ(it.reason(), Reason::learnt_bypass);
  EXPECT_EQ(learnt(it).front().sessions, 1U);
}

TEST(SessionLearning, WithoutAServersNameItsAddressIsMeant) {
  const Credential addressed = make_certificate({.names = "IP:192.0.2.1"}, &TestPki::shared().root);
  auto setup = pinned();
  setup.client.sni.clear();
  setup.server.chain = {&addressed};
  Interception it(setup);
  fail_enough(it);
  ASSERT_EQ(learnt(it).size(), 1U);
  EXPECT_EQ(learnt(it).front().place->server_text(), "192.0.2.1:443");
  EXPECT_EQ(it.next_hello(setup.client).kind, Kind::kForward);
}

TEST(SessionLearning, EveryDecryptedSessionHasItsKindOfClientInItsRecord) {
  Interception it(Interception::usual());
  it.connect();
  EXPECT_TRUE(it.snapshot().ja4.starts_with("t13d")) << it.snapshot().ja4;
  EXPECT_EQ(it.snapshot().ja4.size(), tls::Ja4::kSize);
}

}  // namespace
}  // namespace limpid::testing
