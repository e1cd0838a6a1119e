// The two handshakes of a session, between a real client and a real server.
#include <gtest/gtest.h>

#include "tests/unit/tls_proxy/interception.h"

namespace limpid::testing {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using tls::SessionState;

void expect_conversation(Interception& it) {
  it.client.say("GET / HTTP/1.1\r\n\r\n");
  it.settle();
  EXPECT_EQ(it.server.heard(), "GET / HTTP/1.1\r\n\r\n") << it.server.error();
  it.server.say("HTTP/1.1 200 OK\r\n\r\n");
  it.settle();
  EXPECT_EQ(it.client.heard(), "HTTP/1.1 200 OK\r\n\r\n") << it.client.error();
}

/// On both legs.
void allow_tls10(Interception::Setup& setup) {
  setup.settings.versions.client.min = setup.settings.versions.server.min = tls::kTls10;
}

std::string issuer_of(const TlsPeer& client) {
  return name_text(X509_get_issuer_name(client.certificate().get()));
}

// --- What is negotiated ---------------------------------------------------------------------------------

TEST(SessionHandshake, ShowsTheClientACertificateThatItTrustsAndRelaysBothWays) {
  Interception it(Interception::usual());
  it.connect();
  ASSERT_TRUE(it.client.connected()) << it.client.error();
  EXPECT_EQ(it.client.verify_result(), X509_V_OK);
  EXPECT_EQ(it.client.version(), "TLSv1.3");
  EXPECT_EQ(it.session().state(), SessionState::kRelay);
  expect_conversation(it);
  EXPECT_EQ(it.mirror.from_client, "GET / HTTP/1.1\r\n\r\n");
  EXPECT_EQ(it.mirror.from_server, "HTTP/1.1 200 OK\r\n\r\n");
}

// A signing CA may itself be signed by the one that clients know.
TEST(SessionHandshake, SendsTheSigningCasCertificateBehindLeavesOfBothKinds) {
  const TestPki& pki = TestPki::shared();
  for (const char* algorithms : {"ECDSA+SHA256", "RSA-PSS+SHA256:RSA+SHA256"}) {
    auto setup = Interception::usual();
    setup.client.signatures = algorithms;
    setup.server.chain = {algorithms[0] == 'E' ? &pki.server : &pki.rsa_server};
    setup.client.trust = nullptr;  // the CA's own signature may be one that this client does not offer
    Interception it(std::move(setup));
    it.connect();
    ASSERT_TRUE(it.client.connected()) << it.client.error();
    STACK_OF(X509)* sent = SSL_get_peer_cert_chain(it.client.ssl());
    ASSERT_EQ(sk_X509_num(sent), 2) << algorithms;
    EXPECT_EQ(X509_cmp(sk_X509_value(sent, 1), pki.signing_ca.certificate.get()), 0);
  }
}

TEST(SessionHandshake, ShowsThoseWhoRecordTheClientLegWhatTheClientSawAndItsSecrets) {
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    auto setup = Interception::usual();
    setup.record_leg = true;
    setup.client.version_max = version;
    Interception it(std::move(setup));
    it.connect();
    expect_conversation(it);
    for (TlsPeer* peer : {&it.client, &it.server}) {
      peer->shut_down();
      peer->finish();
      it.settle();
    }
    EXPECT_EQ(it.leg.opened, 1);
    EXPECT_EQ(it.leg.from_client.substr(0, 2), "\x16\x03") << "from the ClientHello on";
    EXPECT_EQ(it.leg.from_server.substr(0, 2), "\x16\x03");
    EXPECT_EQ(it.leg.from_client.find("GET"), std::string::npos) << "as it is on the wire";
    EXPECT_NE(it.leg.secrets.find(version == TLS1_3_VERSION ? "CLIENT_TRAFFIC_SECRET_0 " : "CLIENT_RANDOM "),
              std::string::npos);
    EXPECT_EQ(it.leg.story, "client ended;server ended;");
    EXPECT_EQ(it.mirror.from_client, "GET / HTTP/1.1\r\n\r\n") << "and plaintext for whom wants that";
    EXPECT_EQ(it.mirror.secrets, "");
  }
}

/// How many lines of a key log begin so.
std::size_t lines_with(const std::string& log, const std::string& label) {
  std::size_t count = 0;
  for (std::size_t at = log.find(label + ' '); at != std::string::npos; at = log.find(label + ' ', at + 1))
    ++count;
  return count;
}

TEST(SessionHandshake, LogsTheSecretsOfBothLegsWhereThatIsWanted) {
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    auto setup = Interception::usual();
    setup.log_keys = true;
    setup.client.version_max = version;
    Interception it(std::move(setup));
    it.connect();
    expect_conversation(it);
    const bool tls13 = version == TLS1_3_VERSION;
    EXPECT_EQ(lines_with(it.key_log.secrets, "CLIENT_RANDOM"), tls13 ? 0U : 2U);
    EXPECT_EQ(lines_with(it.key_log.secrets, "CLIENT_TRAFFIC_SECRET_0"), tls13 ? 2U : 0U);
    EXPECT_EQ(it.mirror.secrets, "");
  }
}

TEST(SessionHandshake, LogsNoSecretsOfOtherHostsThanAreMeant) {
  for (const auto& [pattern, opened] : {std::pair{"*.example", 2}, std::pair{"other.example", 0}}) {
    auto setup = Interception::usual();
    setup.log_keys = true;
    setup.settings.key_log_hosts = {pattern};
    Interception it(std::move(setup));
    it.connect();
    ASSERT_TRUE(it.client.connected());
    EXPECT_EQ(it.key_log.opened, opened) << pattern;
  }
}

TEST(SessionHandshake, LogsTheSecretsOfAHandshakeThatFails) {
  auto setup = Interception::usual();
  setup.log_keys = true;
  setup.client.trust = TestPki::shared().root.certificate.get();  // it refuses what it is shown
  Interception it(std::move(setup));
  it.connect();
  EXPECT_EQ(it.reason(), Reason::client_rejected_certificate);
  it.close();
  EXPECT_EQ(lines_with(it.key_log.secrets, "SERVER_HANDSHAKE_TRAFFIC_SECRET"), 2U);
}

TEST(SessionHandshake, TellsInItsRecordWhatBothLegsAgreedOn) {
  auto setup = Interception::usual();
  setup.client.alpn = {"h2"};
  setup.server.alpn = {"h2"};
  Interception it(std::move(setup));
  it.connect();
  expect_conversation(it);
  const tls::SessionRecord record = it.snapshot();
  EXPECT_EQ(record.sni, "server.example");
  EXPECT_EQ(record.alpn, "h2");
  EXPECT_EQ(record.decided, tls::Decided::kDecrypt);
  EXPECT_EQ(record.rule_name, "all");
  EXPECT_EQ(record.state, "relay");
  EXPECT_EQ(record.client.version_name, "TLS 1.3");
  EXPECT_EQ(record.server.version_name, "TLS 1.3");
  EXPECT_EQ(record.client.cipher, record.server.cipher);
  EXPECT_EQ(record.server.group, "X25519MLKEM768");
  EXPECT_EQ(record.certificate_outcome, "trusted");
  EXPECT_TRUE(record.forged_trusted);
  EXPECT_EQ(record.plain_from_client, 18U);
  EXPECT_EQ(record.reason, Reason::none);
}

TEST(SessionHandshake, KeepsThePostQuantumGroupOnBothLegsWithoutAskingTheClientAgain) {
  Interception it(Interception::usual());
  it.connect();
  EXPECT_EQ(it.client.group(), "X25519MLKEM768");
  EXPECT_EQ(it.server.group(), "X25519MLKEM768");
  EXPECT_FALSE(it.client.was_asked_again());
}

TEST(SessionHandshake, ShowsTheClientNoPostQuantumGroupWhereTheServerHasNone) {
  auto setup = Interception::usual();
  setup.server.groups = "X25519:P-256";
  Interception it(std::move(setup));
  it.connect();
  EXPECT_EQ(it.server.group(), "x25519");
  EXPECT_EQ(it.client.group(), "x25519");
  expect_conversation(it);
}

// The server would have asked the client again, too.
TEST(SessionHandshake, AsksTheClientForThePostQuantumGroupThatTheServerHasAskedFor) {
  auto setup = Interception::usual();
  setup.client.groups = "*X25519:X25519MLKEM768";
  setup.server.groups = "X25519MLKEM768";
  Interception it(std::move(setup));
  it.connect();
  EXPECT_EQ(it.server.group(), "X25519MLKEM768");
  EXPECT_TRUE(it.server.was_asked_again());
  EXPECT_TRUE(it.client.was_asked_again());
  EXPECT_EQ(it.client.group(), "X25519MLKEM768");
  expect_conversation(it);
}

TEST(SessionHandshake, TakesAGroupThatTheClientSentAShareForThoughTheServerChoseAnother) {
  auto setup = Interception::usual();
  setup.client.groups = "*X25519:P-256";
  setup.server.groups = "P-256";
  Interception it(std::move(setup));
  it.connect();
  EXPECT_EQ(it.server.group(), "secp256r1");
  EXPECT_EQ(it.client.group(), "x25519");
  EXPECT_FALSE(it.client.was_asked_again());
  expect_conversation(it);
}

TEST(SessionHandshake, ShowsTheClientNoNewerVersionThanTheServerHas) {
  auto setup = Interception::usual();
  setup.server.version_max = TLS1_2_VERSION;
  Interception it(std::move(setup));
  it.connect();
  ASSERT_TRUE(it.client.connected()) << it.client.error();
  EXPECT_EQ(it.client.version(), "TLSv1.2");
  expect_conversation(it);
}

TEST(SessionHandshake, OffersTheServerNoNewerVersionThanTheClientOffered) {
  auto setup = Interception::usual();
  setup.client.version_max = TLS1_2_VERSION;
  Interception it(std::move(setup));
  it.connect();
  EXPECT_EQ(it.server.version(), "TLSv1.2");
  expect_conversation(it);
}

TEST(SessionHandshake, ShowsTheClientTheServersCipherAndNoStrongerOne) {
  auto setup = Interception::usual();
  setup.server.suites = "TLS_CHACHA20_POLY1305_SHA256";
  Interception it(std::move(setup));
  it.connect();
  EXPECT_EQ(it.client.cipher(), "TLS_CHACHA20_POLY1305_SHA256");

  setup = Interception::usual();
  setup.server.version_max = TLS1_2_VERSION;
  setup.server.chain = {&TestPki::shared().rsa_server};
  setup.server.ciphers = "ECDHE-RSA-AES128-GCM-SHA256";
  Interception older(std::move(setup));
  older.connect();
  EXPECT_EQ(older.server.cipher(), "ECDHE-RSA-AES128-GCM-SHA256");
  EXPECT_EQ(older.client.cipher(), "ECDHE-ECDSA-AES128-GCM-SHA256");
  expect_conversation(older);
}

// Neither forward secrecy that the server does not have, nor a shorter tag than its cipher's.
TEST(SessionHandshake, ShowsTheClientTheServersKeyExchangeAndTag) {
  struct Case {
    const char* server;
    const char* client;
    const char* shown;
  };
  for (const Case& each :
       {Case{"AES256-GCM-SHA384", "ECDHE-ECDSA-AES256-GCM-SHA384:DHE-RSA-AES256-GCM-SHA384:AES256-GCM-SHA384",
             "AES256-GCM-SHA384"},
        Case{"DHE-RSA-AES128-SHA", "ECDHE-RSA-AES128-SHA:AES128-SHA:DHE-RSA-AES128-SHA",
             "DHE-RSA-AES128-SHA"},
        Case{"ECDHE-RSA-AES128-GCM-SHA256", "AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256",
             "ECDHE-RSA-AES128-GCM-SHA256"},
        Case{"AES256-CCM", "AES256-CCM8:AES256-CCM", "AES256-CCM"}}) {
    auto setup = Interception::usual();
    setup.client.version_max = TLS1_2_VERSION;
    setup.client.ciphers = each.client;
    setup.server.chain = {&TestPki::shared().rsa_server};
    setup.server.ciphers = each.server;
    setup.server.dh_group = "ffdhe2048";
    Interception it(std::move(setup));
    it.connect();
    EXPECT_EQ(it.client.cipher(), each.shown) << it.client.error();
    expect_conversation(it);
  }
}

void note_server_name(SSL* /*ssl*/, int /*from_server*/, int type, const unsigned char* /*bytes*/,
                      int /*size*/, void* seen) {
  if (type == TLSEXT_TYPE_server_name) *static_cast<bool*>(seen) = true;
}

TEST(SessionHandshake, AcknowledgesTheNameThatTheClientAskedFor) {  // RFC 6066 §3
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    auto setup = Interception::usual();
    setup.client.version_max = version;
    Interception it(std::move(setup));
    bool acknowledged = false;
    SSL_callback_ctrl(it.client.ssl(), SSL_CTRL_SET_TLSEXT_DEBUG_CB,
                      reinterpret_cast<void (*)()>(note_server_name));
    SSL_set_tlsext_debug_arg(it.client.ssl(), &acknowledged);
    it.connect();
    ASSERT_TRUE(it.client.connected()) << it.client.error();
    EXPECT_TRUE(acknowledged) << it.client.version();
  }
}

TEST(SessionHandshake, GivesARsaCertificateToAClientThatVerifiesNothingElse) {
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    auto setup = Interception::usual();
    setup.client.version_max = version;
    setup.client.signatures = "rsa_pss_rsae_sha256:rsa_pkcs1_sha256";
    setup.client.trust = nullptr;  // the signing CA itself is an EC one
    setup.server.chain = {&TestPki::shared().rsa_server};
    Interception it(std::move(setup));
    it.connect();
    ASSERT_TRUE(it.client.connected()) << it.client.error();
    EXPECT_EQ(EVP_PKEY_get_base_id(X509_get0_pubkey(it.client.certificate().get())), EVP_PKEY_RSA);
    expect_conversation(it);
  }
}

TEST(SessionHandshake, MirrorsTheProtocolThatTheServerChose) {
  auto setup = Interception::usual();
  setup.client.alpn = {"h2", "http/1.1"};
  setup.server.alpn = {"http/1.1"};
  Interception it(std::move(setup));
  it.connect();
  EXPECT_EQ(it.server.alpn(), "http/1.1");
  EXPECT_EQ(it.client.alpn(), "http/1.1");
}

TEST(SessionHandshake, SelectsNoProtocolWhereTheServerSelectedNone) {
  auto setup = Interception::usual();
  setup.client.alpn = {"h2", "http/1.1"};
  Interception it(std::move(setup));
  it.connect();
  ASSERT_TRUE(it.client.connected());
  EXPECT_EQ(it.client.alpn(), "");
}

TEST(SessionHandshake, SendsTheNameThatTheClientSent) {
  Interception it(Interception::usual());
  it.connect();
  EXPECT_STREQ(SSL_get_servername(it.server.ssl(), TLSEXT_NAMETYPE_host_name), "server.example");
}

TEST(SessionHandshake, WorksWithoutAName) {
  auto setup = Interception::usual();
  setup.client.sni = "";
  setup.client.trust = nullptr;
  Interception it(std::move(setup));
  it.connect();
  EXPECT_EQ(SSL_get_servername(it.server.ssl(), TLSEXT_NAMETYPE_host_name), nullptr);
  expect_conversation(it);
  const auto names = it.snapshot().certificate_names;
  ASSERT_NE(names, nullptr) << "whom the server's certificate names is in the record";
  EXPECT_EQ(names->subject, "CN=server.example");
  EXPECT_EQ(names->names.front(), "server.example");
}

TEST(SessionHandshake, SurvivesEverySplitOfBothStreams) {
  for (const std::size_t piece : {1U, 2U, 3U, 7U, 100U, 1460U}) {
    Interception it(Interception::usual());
    it.client.deliver_in_pieces(piece);
    it.server.deliver_in_pieces(piece);
    it.connect();
    ASSERT_TRUE(it.client.connected()) << piece << it.client.error();
    expect_conversation(it);
  }
}

TEST(SessionHandshake, SpeaksOldVersionsWhereTheConfigurationAllowsThem) {
  for (const int version : {TLS1_VERSION, TLS1_1_VERSION}) {
    auto setup = Interception::usual();
    allow_tls10(setup);
    setup.client.version_min = setup.client.version_max = version;
    setup.client.ciphers = "ALL:@SECLEVEL=0";
    setup.server.version_min = setup.server.version_max = version;
    setup.server.ciphers = "ALL:@SECLEVEL=0";
    Interception it(std::move(setup));
    it.connect();
    ASSERT_TRUE(it.client.connected()) << it.client.error() << it.snapshot().detail;
    expect_conversation(it);
  }
}

// --- What is too weak -----------------------------------------------------------------------------------

/// A client and a server that agree on DHE, and whose group is this.
Interception::Setup with_dh_group(const std::string& group) {
  auto setup = Interception::usual();
  setup.client.version_max = TLS1_2_VERSION;
  setup.client.ciphers = setup.server.ciphers = "DHE-RSA-AES128-GCM-SHA256:@SECLEVEL=0";
  setup.server.chain = {&TestPki::shared().rsa_server};
  setup.server.dh_group = group;
  return setup;
}

TEST(SessionHandshake, RefusesAServerWhoseDiffieHellmanGroupIsBelow2048Bits) {
  Interception it(with_dh_group("dh_1024_160"));
  it.connect();
  EXPECT_EQ(it.reason(), Reason::server_too_weak);
  EXPECT_EQ(culprit(it.reason()), Culprit::server);
  EXPECT_NE(it.snapshot().detail.find("dh key too small"), std::string::npos) << it.snapshot().detail;
  EXPECT_EQ(it.client.alert(), "handshake failure") << "as its own refusal would have ended it";
  EXPECT_EQ(it.server.alert(), "handshake failure");
  EXPECT_EQ(it.mirror.opened, 0);
}

TEST(SessionHandshake, TakesADiffieHellmanGroupOf2048Bits) {
  Interception it(with_dh_group("dh_2048_256"));
  it.connect();
  ASSERT_TRUE(it.client.connected()) << it.snapshot().detail;
  expect_conversation(it);
}

TEST(SessionHandshake, TakesASmallGroupWhereOldVersionsAreAllowedAndOffered) {
  auto setup = with_dh_group("dh_1024_160");
  allow_tls10(setup);
  setup.client.version_min = TLS1_VERSION;
  Interception old(std::move(setup));
  old.connect();
  ASSERT_TRUE(old.client.connected()) << old.snapshot().detail;
  EXPECT_EQ(old.server.version(), "TLSv1.2");

  auto modern = with_dh_group("dh_1024_160");
  allow_tls10(modern);
  modern.client.version_max = TLS1_3_VERSION;  // such a hello lists its versions
  modern.server.version_max = TLS1_2_VERSION;
  Interception refused(std::move(modern));
  refused.connect();
  EXPECT_EQ(refused.reason(), Reason::server_too_weak) << "this client offers none of them";
}

/// A TLS 1.2 ServerHello without any extension: the server does not know of RFC 5746.
std::string server_hello_without_extensions() {
  std::string hello("\x02\x00\x00\x26\x03\x03", 6);
  hello += std::string(32, 'r');                // random
  hello += std::string("\x00\xc0\x2b\x00", 4);  // no session; ECDHE-ECDSA-AES128-GCM-SHA256; no compression
  return std::string("\x16\x03\x03\x00\x2a", 5) + hello;
}

TEST(SessionHandshake, RefusesAServerWithoutSecureRenegotiation) {  // RFC 5746 §4.1
  Interception it(Interception::usual());
  it.server_is_tls = false;
  it.connect();
  it.server_stream.deliver(server_hello_without_extensions());
  it.settle();
  EXPECT_EQ(it.reason(), Reason::server_too_weak);
  EXPECT_EQ(it.client.alert(), "handshake failure");
  EXPECT_TRUE(it.client.got_fin());
}

TEST(SessionHandshake, TakesAServerWithoutSecureRenegotiationWhereOldVersionsAreAllowedAndOffered) {
  auto setup = Interception::usual();
  allow_tls10(setup);
  setup.client.version_min = TLS1_VERSION;
  setup.client.version_max = TLS1_2_VERSION;
  Interception it(std::move(setup));
  it.server_is_tls = false;
  it.connect();
  it.server_stream.deliver(server_hello_without_extensions());
  it.settle();
  EXPECT_EQ(it.reason(), Reason::none) << it.snapshot().detail;
  EXPECT_EQ(it.session().state(), SessionState::kServerHandshake) << "it waits for the certificate";
}

TEST(SessionHandshake, RefusesAClientThatOffersNothingOf112Bits) {
  auto setup = Interception::usual();
  setup.client.version_max = TLS1_2_VERSION;
  setup.client.signatures = "RSA+SHA1";
  setup.server.version_max = TLS1_2_VERSION;
  Interception it(std::move(setup));
  it.connect();
  EXPECT_EQ(it.reason(), Reason::client_too_weak);
  EXPECT_EQ(culprit(it.reason()), Culprit::client);
  EXPECT_FALSE(it.client.alert().empty());
}

// --- Certificates ---------------------------------------------------------------------------------------

TEST(SessionHandshake, ShowsAnExpiredCertificateAsExpiredUnderTheUntrustedCa) {
  auto setup = Interception::usual();
  setup.server.chain = {&TestPki::shared().expired};
  setup.client.trust = nullptr;
  Interception it(std::move(setup));
  it.connect();
  EXPECT_NE(issuer_of(it.client).find("Untrusted CA"), std::string::npos) << issuer_of(it.client);
  EXPECT_LT(not_after(it.client.certificate().get()), kTestNow);
  EXPECT_EQ(it.snapshot().certificate_outcome, "expired");
  EXPECT_FALSE(it.snapshot().forged_trusted);
}

TEST(SessionHandshake, PutsACertificateForAnotherNameUnderTheUntrustedCa) {
  auto setup = Interception::usual();
  setup.client.sni = "other.example";
  setup.client.trust = nullptr;
  Interception it(std::move(setup));
  it.connect();
  EXPECT_NE(issuer_of(it.client).find("Untrusted CA"), std::string::npos);
  EXPECT_EQ(it.snapshot().certificate_outcome, "name_mismatch");
}

// Directly a client that looks for https://192.0.2.7/ refuses it, and so it does here. One that does not look
// at names (StartTLS) has its session under the trusted CA.
TEST(SessionHandshake, AClientThatNamesNoHostIsShownNoNameThatTheServersCertificateDoesNotHave) {
  const Credential nameless =
      make_certificate({.common_name = "192.0.2.7", .names = ""}, &TestPki::shared().root);
  auto setup = Interception::usual();
  setup.server.chain = {&nameless};
  setup.client.sni = "";
  Interception it(setup);
  it.connect();
  ASSERT_TRUE(it.client.connected()) << it.client.error();
  EXPECT_EQ(it.client.verify_result(), X509_V_OK);
  EXPECT_NE(issuer_of(it.client).find("Signing CA"), std::string::npos) << issuer_of(it.client);
  const auto shown = it.client.certificate();
  EXPECT_EQ(extension_text(shown.get(), NID_subject_alt_name), "");
  const unsigned flags = X509_CHECK_FLAG_NEVER_CHECK_SUBJECT;
  EXPECT_EQ(X509_check_ip_asc(shown.get(), "192.0.2.7", flags), 0);

  setup.client.sni = "192.0.2.7";
  setup.client.trust = nullptr;
  Interception named(setup);
  named.connect();
  EXPECT_EQ(named.snapshot().certificate_outcome, "name_mismatch");
  EXPECT_NE(issuer_of(named.client).find("Untrusted CA"), std::string::npos) << issuer_of(named.client);
  EXPECT_EQ(extension_text(named.client.certificate().get(), NID_subject_alt_name), "IP Address:192.0.2.7");
}

TEST(SessionHandshake, PutsASelfSignedCertificateUnderTheUntrustedCa) {
  auto setup = Interception::usual();
  setup.server.chain = {&TestPki::shared().self_signed};
  setup.client.trust = nullptr;
  Interception it(std::move(setup));
  it.connect();
  EXPECT_NE(issuer_of(it.client).find("Untrusted CA"), std::string::npos);
}

/// A server whose certificate may not be a server's.
Interception::Setup with_client_certificate(const Credential& certificate) {
  auto setup = Interception::usual();
  setup.server.chain = {&certificate};
  setup.client.trust = nullptr;
  return setup;
}

TEST(SessionHandshake, BlocksAServerWhoseCertificateHasADefectThatIsNotToBeClickedAway) {
  const Credential certificate =
      make_certificate({.extended_key_usage = "clientAuth"}, &TestPki::shared().root);
  Interception it(with_client_certificate(certificate));
  it.connect();
  EXPECT_FALSE(it.client.connected());
  EXPECT_EQ(it.client.alert(), "access denied");
  EXPECT_TRUE(it.server.got_reset());
  const tls::SessionRecord record = it.snapshot();
  EXPECT_EQ(record.reason, Reason::server_certificate_wrong_usage);
  EXPECT_EQ(record.detail, "unsuitable certificate purpose");
  EXPECT_EQ(record.certificate_outcome, "wrong_usage");
  EXPECT_FALSE(record.forged_trusted);
  EXPECT_EQ(it.records.certificates.size(), 1U) << "it is in the inventory all the same";
}

TEST(SessionHandshake, BelievesTheServersOwnWordThatItsCertificateIsRevoked) {
  const TestPki& pki = TestPki::shared();
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    auto setup = Interception::usual();
    setup.server.version_max = version;
    setup.server.staple = make_ocsp_response(pki.root, pki.server, {.revoked = true});
    Interception it(std::move(setup));
    it.connect();
    EXPECT_EQ(it.reason(), Reason::server_certificate_revoked);
    EXPECT_EQ(it.snapshot().certificate_outcome, "revoked");
  }
}

TEST(SessionHandshake, AsksForTheWordOfTheIssuerUnlessRevocationIsOff) {
  const TestPki& pki = TestPki::shared();
  auto hard = Interception::usual();
  hard.settings.verification.revocation = certificate::RevocationMode::kHard;
  Interception without(hard);
  without.connect();
  EXPECT_EQ(without.reason(), Reason::server_certificate_revocation_unknown);
  hard.server.staple = make_ocsp_response(pki.root, pki.server);
  Interception with(hard);
  with.connect();
  expect_conversation(with);
  EXPECT_TRUE(with.snapshot().forged_trusted);

  auto off = Interception::usual();
  off.settings.verification.revocation = certificate::RevocationMode::kOff;
  off.server.staple = make_ocsp_response(pki.root, pki.server, {.revoked = true});
  Interception unasked(off);
  unasked.connect();
  expect_conversation(unasked);
}

/// A session with a server whose certificate names a responder, and the question that is put to it.
struct AskedIssuer {
  explicit AskedIssuer(certificate::RevocationMode mode = certificate::RevocationMode::kSoft) {
    setup.server.chain = {&leaf};
    setup.settings.verification.revocation = mode;
    setup.live_status = live;
  }
  /// The issuer's answer to whatever has been asked.
  void answer(const certificate::LiveStatus::Body& body) { live->answer(live->next({}).value(), body); }
  const TestPki& pki = TestPki::shared();
  const Credential leaf =
      make_certificate({.further = {{NID_info_access, "OCSP;URI:http://ocsp.example"}}}, &pki.root);
  ManualClock clock;
  std::shared_ptr<certificate::LiveStatus> live = std::make_shared<certificate::LiveStatus>(clock);
  Interception::Setup setup = Interception::usual();
};

TEST(SessionHandshake, WaitsForWhatTheIssuerSaysAndKnowsItFromThenOn) {
  for (const bool revoked : {true, false}) {
    AskedIssuer asked;
    Interception it(asked.setup);
    it.connect();
    EXPECT_FALSE(it.client.connected()) << "the client is not answered yet";
    asked.answer(make_ocsp_response(asked.pki.root, asked.leaf, {.revoked = revoked}));
    it.pass(milliseconds(10));
    EXPECT_EQ(it.client.connected(), !revoked) << it.client.error();
    EXPECT_EQ(it.reason(), revoked ? Reason::server_certificate_revoked : Reason::none);
    it.again();
    EXPECT_EQ(it.client.connected(), !revoked) << "without another question";
    EXPECT_EQ(it.interceptor->counters().issuers_asked, 1U);
    EXPECT_EQ(it.interceptor->counters().issuers_unanswered, 0U);
  }
}

TEST(SessionHandshake, WaitsNoLongerForTheIssuerThanItMay) {
  for (const auto mode : {certificate::RevocationMode::kSoft, certificate::RevocationMode::kHard}) {
    AskedIssuer asked(mode);
    Interception it(asked.setup);
    it.connect();
    it.pass(asked.setup.settings.live_status_max - milliseconds(10), milliseconds(5));
    EXPECT_FALSE(it.client.connected());
    it.pass(milliseconds(20), milliseconds(5));
    EXPECT_EQ(it.client.connected(), mode == certificate::RevocationMode::kSoft);
    EXPECT_EQ(it.interceptor->counters().issuers_unanswered, 1U);
    EXPECT_EQ(it.reason(), mode == certificate::RevocationMode::kSoft
                               ? Reason::none
                               : Reason::server_certificate_revocation_unknown);
  }
}

TEST(SessionHandshake, AnAnswerThatIsNotTheIssuersSaysNothingAndIsNotAskedForAgainAtOnce) {
  AskedIssuer asked(certificate::RevocationMode::kHard);
  const Credential stranger = make_certificate(ca_spec("Stranger"));
  Interception it(asked.setup);
  it.connect();
  asked.answer(make_ocsp_response(stranger, asked.leaf));
  it.pass(milliseconds(10));
  EXPECT_EQ(it.reason(), Reason::server_certificate_revocation_unknown);
  it.again();
  EXPECT_EQ(it.reason(), Reason::server_certificate_revocation_unknown) << "at once";
}

TEST(SessionHandshake, TheIssuerIsNotAskedForACertificateThatIsRefusedAnyway) {
  AskedIssuer asked;
  asked.setup.client.sni = "other.example";
  asked.setup.client.trust = nullptr;
  Interception it(asked.setup);
  it.connect();
  EXPECT_TRUE(it.client.connected());
  EXPECT_EQ(it.interceptor->counters().issuers_asked, 0U);
}

TEST(SessionHandshake, TreatsDefectsAsItsRuleSays) {
  const Credential certificate =
      make_certificate({.extended_key_usage = "clientAuth"}, &TestPki::shared().root);
  auto lenient = with_client_certificate(certificate);
  lenient.policy.rules.front().verification = {
      {policy::CertificateDefect::kWrongUsage, policy::Treatment::kDecryptUntrusted}};
  Interception warned(std::move(lenient));
  warned.connect();
  ASSERT_TRUE(warned.client.connected()) << warned.snapshot().detail;
  EXPECT_NE(issuer_of(warned.client).find("Untrusted CA"), std::string::npos);

  auto strict = Interception::usual();
  strict.server.chain = {&TestPki::shared().expired};
  strict.policy.rules.front().verification = {
      {policy::CertificateDefect::kExpired, policy::Treatment::kBlock}};
  Interception blocked(std::move(strict));
  blocked.connect();
  EXPECT_EQ(blocked.reason(), Reason::server_certificate_expired);
}

TEST(SessionHandshake, OverlooksADefectOfFormWhereItIsToldTo) {
  CertificateSpec spec;
  spec.authority_key = false;
  const Credential certificate = make_certificate(spec, &TestPki::shared().root);
  Interception usual(with_client_certificate(certificate));
  usual.connect();
  EXPECT_NE(issuer_of(usual.client).find("Untrusted CA"), std::string::npos);
  EXPECT_EQ(usual.snapshot().certificate_outcome, "malformed");

  auto setup = with_client_certificate(certificate);
  setup.settings.treatments[static_cast<std::size_t>(policy::CertificateDefect::kMalformed)] =
      policy::Treatment::kDecrypt;
  Interception it(std::move(setup));
  it.connect();
  EXPECT_NE(issuer_of(it.client).find("Signing CA"), std::string::npos);
  EXPECT_TRUE(it.snapshot().forged_trusted);
  EXPECT_EQ(it.snapshot().certificate_outcome, "malformed") << "it is told all the same";
}

TEST(SessionHandshake, AClientThatTrustsOnlyTheSigningCaRefusesWhatDidNotVerify) {
  auto setup = Interception::usual();
  setup.server.chain = {&TestPki::shared().self_signed};
  Interception it(std::move(setup));
  it.connect();
  EXPECT_FALSE(it.client.connected());
  EXPECT_EQ(it.reason(), Reason::client_rejected_certificate);
}

TEST(SessionHandshake, ReportsTheServersCertificateOnce) {
  Interception it(Interception::usual());
  it.connect();
  ASSERT_EQ(it.records.certificates.size(), 1U);
  const certificate::ObservedCertificate& seen = it.records.certificates.front();
  EXPECT_EQ(seen.outcome, "trusted");
  EXPECT_EQ(seen.sni, "server.example");
  EXPECT_TRUE(seen.intercepted);
  EXPECT_EQ(seen.chain.size(), 1U);
  EXPECT_EQ(seen.facts, it.facts);
}

// --- Failures -------------------------------------------------------------------------------------------

TEST(SessionHandshake, NamesAClientThatDoesNotAcceptTheForgedCertificate) {
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    auto setup = Interception::usual();
    setup.client.trust = TestPki::shared().root.certificate.get();  // the signing CA is not installed
    setup.client.version_max = version;
    Interception it(std::move(setup));
    it.connect();
    EXPECT_FALSE(it.client.connected());
    EXPECT_EQ(it.reason(), Reason::client_rejected_certificate);
    EXPECT_EQ(it.snapshot().client.alert_received, "unknown_ca");
    EXPECT_TRUE(it.server.got_reset());
    it.client.finish();
    it.settle();
    EXPECT_TRUE(it.session().finished());
  }
}

TEST(SessionHandshake, PassesTheServersAlertOnToTheClient) {
  auto setup = Interception::usual();
  setup.server.version_min = TLS1_3_VERSION;
  setup.client.version_max = TLS1_2_VERSION;
  Interception it(std::move(setup));
  it.connect();
  EXPECT_EQ(it.client.alert(), "protocol version");
  EXPECT_EQ(it.reason(), Reason::server_handshake_failed);
  EXPECT_EQ(it.snapshot().server.alert_received, "protocol_version");
  EXPECT_TRUE(it.client.got_fin());
}

TEST(SessionHandshake, TellsTheClientWhenTheServerDoesNotSpeakTls) {
  Interception it(Interception::usual());
  it.server_is_tls = false;
  it.connect();
  it.server_stream.deliver("HTTP/1.1 400 Bad Request\r\n\r\n");
  it.settle();
  EXPECT_EQ(it.reason(), Reason::server_not_tls);
  EXPECT_FALSE(it.client.alert().empty());
  EXPECT_TRUE(it.client.got_fin());
}

TEST(SessionHandshake, ResetsTheClientWhenTheServerResets) {
  Interception it(Interception::usual());
  it.server_is_tls = false;
  it.connect();
  it.server_stream.deliver_reset();
  it.settle();
  EXPECT_TRUE(it.client.got_reset());
  EXPECT_EQ(it.reason(), Reason::server_reset);
  EXPECT_TRUE(it.session().finished());
}

TEST(SessionHandshake, ClosesTowardsTheClientWhenTheServerCloses) {
  Interception it(Interception::usual());
  it.server_is_tls = false;
  it.connect();
  it.server_stream.deliver_fin();
  it.settle();
  EXPECT_TRUE(it.client.got_fin());
  EXPECT_EQ(it.reason(), Reason::server_handshake_closed);
}

TEST(SessionHandshake, EndsByItselfWhenTheServerSaysNothing) {
  Interception it(Interception::usual());
  it.server_is_tls = false;
  it.connect();
  it.pass(seconds(19));
  EXPECT_EQ(it.reason(), Reason::none);
  it.pass(seconds(2));
  EXPECT_EQ(it.reason(), Reason::server_handshake_deadline);
  EXPECT_TRUE(it.server_stream.aborted());
  EXPECT_TRUE(it.client.got_fin());
  it.pass(seconds(3));
  EXPECT_TRUE(it.session().finished());
}

TEST(SessionHandshake, EndsByItselfWhenTheClientSaysNothingMore) {
  Interception it(Interception::usual());
  it.client.pause();
  it.connect();
  EXPECT_EQ(it.session().state(), SessionState::kClientHandshake);
  it.pass(seconds(31));
  EXPECT_EQ(it.reason(), Reason::client_handshake_deadline);
  EXPECT_TRUE(it.server.got_reset());
  EXPECT_TRUE(it.session().finished());
}

TEST(SessionHandshake, ResetsTheServerWhenTheClientGoesAway) {
  Interception it(Interception::usual());
  it.server_is_tls = false;
  it.connect();
  it.client_stream.deliver_reset();
  it.settle();
  EXPECT_TRUE(it.server_stream.aborted());
  EXPECT_EQ(it.reason(), Reason::client_reset);
}

TEST(SessionHandshake, GoesOnWithoutACertificateWhereTheServerOnlyAsksForOne) {
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    auto setup = Interception::usual();
    setup.server.ask_for_certificate = true;
    setup.server.version_max = version;
    Interception it(std::move(setup));
    it.connect();
    expect_conversation(it);
  }
}

TEST(SessionHandshake, NamesAServerThatDemandsACertificateWhereItIsNotToBePassed) {
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    auto setup = Interception::usual();
    setup.settings.client_certificate = policy::ClientCertificate::kBlock;
    setup.server.demand_certificate = true;
    setup.server.version_max = version;
    Interception it(std::move(setup));
    it.connect();
    it.pass(seconds(1));
    EXPECT_EQ(it.reason(), Reason::server_wants_client_certificate) << version;
    EXPECT_TRUE(it.client.got_reset() || it.client.got_fin());
  }
}

TEST(SessionHandshake, RefusesAClientWhoseVersionsAreNotAllowed) {
  auto setup = Interception::usual();
  setup.client.version_min = setup.client.version_max = TLS1_1_VERSION;
  setup.client.ciphers = "ALL:@SECLEVEL=0";
  Interception it(std::move(setup));
  it.connect();
  EXPECT_EQ(it.reason(), Reason::client_version_unsupported);
  EXPECT_EQ(it.client.alert(), "protocol version");
  EXPECT_TRUE(it.server.got_reset());
}

}  // namespace
}  // namespace limpid::testing
