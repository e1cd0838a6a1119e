#include "control/session_line.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/control/rows.h"
#include "tls_proxy/session_record.h"

namespace limpid::control {
namespace {

tls::SessionRecord record() {
  tls::SessionRecord record;
  record.facts.client = *SocketAddress::parse("10.0.0.5:50000");
  record.facts.server = *SocketAddress::parse("[2001:db8::7]:443");
  record.sni = "shop.example";
  record.upgrade = "connect";
  record.connect = "shop.example:443";
  record.alpn = "h2";
  record.decided = tls::Decided::kDecrypt;
  record.rule = 2;
  record.rule_name = "rest";
  record.client.version_name = "TLS 1.3";
  record.client.cipher = "TLS_AES_128_GCM_SHA256";
  record.server.version_name = "TLS 1.2";
  record.certificate_outcome = "trusted";
  record.bytes_from_client = 100;
  record.bytes_from_server = 2'000;
  record.opened = now();
  record.closed = now() + std::chrono::milliseconds(1'500);
  record.finished = true;
  return record;
}

TEST(SessionLine, SaysWhoWhatAndHowMuch) {
  EXPECT_EQ(
      session_line(record()),
      "session decision=decrypt rule=rest client=10.0.0.5:50000 server=[2001:db8::7]:443 host=shop.example "
      "upgrade=connect connect=shop.example:443 alpn=h2 client_version=\"TLS 1.3\" "
      "client_cipher=TLS_AES_128_GCM_SHA256 server_version=\"TLS 1.2\" "
      "certificate=trusted bytes_from_client=100 bytes_from_server=2000 duration_ms=1500");
}

TEST(SessionLine, SaysWhyItFailedAndWhoseFaultItWas) {
  tls::SessionRecord failed = record();
  failed.reason = Reason::client_rejected_certificate;
  failed.state = "client_handshake";
  failed.detail = "alert \"unknown_ca\"";
  EXPECT_THAT(session_line(failed),
              ::testing::EndsWith(" reason=client_rejected_certificate culprit=client state=client_handshake "
                                  "detail=\"alert \\\"unknown_ca\\\"\""));
}

/// As a session that its client has refused.
tls::SessionRecord refused() {
  tls::SessionRecord failed = record();
  failed.reason = Reason::client_rejected_certificate;
  failed.failed = true;
  failed.client.alert_received = "unknown_ca";
  failed.client.last_received = "ClientHello";
  failed.client.last_sent = "Finished";
  failed.server.last_received = "Finished";
  failed.cause = "the CA \"CN=Our CA\" is not installed there";
  failed.certificate_detail = "a detail";
  failed.detail = "the client sent the alert unknown_ca";
  return failed;
}

TEST(SessionLine, OfASessionThatFailedSaysHowFarBothLegsCameAndTheLikelyCause) {
  const std::string line = session_line(refused());
  EXPECT_THAT(line,
              ::testing::HasSubstr(" client_last_received=ClientHello client_last_sent=Finished "
                                   "server_last_received=Finished "
                                   "cause=\"the CA \\\"CN=Our CA\\\" is not installed there\" detail="));
  tls::SessionRecord good = refused();
  good.reason = Reason::none;
  EXPECT_THAT(session_line(good), ::testing::Not(::testing::HasSubstr("_last_")));
}

TEST(SessionLine, NamesWhoIsAtFaultWhereThatIsAnotherThanTheReasonsCulprit) {
  tls::SessionRecord failed = refused();
  EXPECT_EQ(session_row(failed, "edge").culprit, "client");
  failed.at_fault = Culprit::server;
  EXPECT_EQ(session_row(failed, "edge").culprit, "server");
  EXPECT_THAT(session_line(failed),
              ::testing::HasSubstr(" reason=client_rejected_certificate culprit=server "));
}

TEST(SessionLine, TheRowOfASessionThatFailedHasItsCauseAndItsLegs) {
  const SessionRow row = session_row(refused(), "edge");
  EXPECT_TRUE(row.failed);
  EXPECT_EQ(row.cause, "the CA \"CN=Our CA\" is not installed there");
  EXPECT_EQ(row.detail, "the client sent the alert unknown_ca");
  EXPECT_EQ(row.certificate, "trusted");
  EXPECT_EQ(row.certificate_detail, "a detail");
  EXPECT_EQ(row.client_leg.alert_received, "unknown_ca");
  EXPECT_EQ(row.client_leg.last_sent, "Finished");
  EXPECT_EQ(row.server_leg.last_received, "Finished");
  EXPECT_EQ(row.server_leg.last_sent, "");
}

TEST(SessionLine, NamesTheServerByItsCertificateWhereTheClientHasNotNamedIt) {
  tls::SessionRecord nameless = record();
  nameless.certificate_names = std::make_shared<const certificate::SubjectNames>(
      certificate::SubjectNames{"CN=Shop,O=Big Shop", {"shop.example", "*.shop.example"}});
  EXPECT_THAT(session_line(nameless), ::testing::Not(::testing::HasSubstr("certificate_subject")));
  nameless.sni.clear();
  EXPECT_THAT(session_line(nameless),
              ::testing::HasSubstr(" server=[2001:db8::7]:443 certificate_subject=\"CN=Shop,O=Big Shop\" "
                                   "certificate_names=shop.example,*.shop.example upgrade="));
}

TEST(SessionLine, TheRowHasWhomTheServersCertificateNamesInAnyCase) {
  tls::SessionRecord named = record();
  EXPECT_EQ(session_row(named, "edge").certificate_subject, "");
  named.certificate_names = std::make_shared<const certificate::SubjectNames>(
      certificate::SubjectNames{"CN=Shop", {"shop.example"}});
  const SessionRow row = session_row(named, "edge");
  EXPECT_EQ(row.certificate_subject, "CN=Shop");
  EXPECT_THAT(row.certificate_names, ::testing::ElementsAre("shop.example"));
}

TEST(SessionLine, SaysWhichLegsAreResumed) {
  tls::SessionRecord resumed = record();
  resumed.server.resumed = true;
  EXPECT_THAT(session_line(resumed), ::testing::HasSubstr(" server_version=\"TLS 1.2\" server_resumed=yes "));
  EXPECT_THAT(session_line(resumed), ::testing::Not(::testing::HasSubstr("client_resumed")));
  const SessionRow row = session_row(resumed, "edge");
  EXPECT_TRUE(row.server_resumed);
  EXPECT_FALSE(row.client_resumed);
}

TEST(SessionLine, NamesTheToolsThatAPassedFlowGoesThrough) {
  tls::SessionRecord passed = record();
  passed.decided = tls::Decided::kPass;
  passed.tools = "ips, dlp";
  EXPECT_THAT(session_line(passed),
              ::testing::StartsWith("session decision=pass rule=rest tools=\"ips, dlp\" client="));
  const SessionRow row = session_row(passed, "edge");
  EXPECT_EQ(row.tools, "ips, dlp");
  EXPECT_THAT(sessions_text({row}), ::testing::HasSubstr("pass/rest through ips, dlp"));
}

TEST(SessionLine, NothingThatAPeerSendsLeavesItsValue) {
  tls::SessionRecord hostile = record();
  hostile.sni = "a\" reason=none\nsession decision=pass \x1b[2J\xff";
  hostile.connect = "e reason=none:443";
  hostile.alpn = "b c=d";
  const std::string line = session_line(hostile);
  EXPECT_THAT(line, ::testing::HasSubstr("host=\"a\\\" reason=none\\x0asession decision=pass \\x1b[2J\\xff\" "
                                         "upgrade=connect connect=\"e reason=none:443\" alpn=\"b c=d\""));
  EXPECT_EQ(line.find('\n'), std::string::npos);
}

TEST(SessionLine, AnEqualsSignAloneIsQuotedToo) {
  EXPECT_EQ(quoted("a=b"), "\"a=b\"");
  EXPECT_EQ(quoted(""), "\"\"");
  EXPECT_EQ(quoted("192.0.2.0/24"), "192.0.2.0/24");
}

TEST(SessionLine, TheRowSaysTheSame) {
  tls::SessionRecord failed = record();
  failed.reason = Reason::server_reset;
  const SessionRow row = session_row(failed, "edge");
  EXPECT_EQ(row.client, "10.0.0.5:50000");
  EXPECT_EQ(row.server, "[2001:db8::7]:443");
  EXPECT_EQ(row.segment, "edge");
  EXPECT_EQ(row.decision, "decrypt");
  EXPECT_EQ(row.rule, "rest");
  EXPECT_EQ(row.age, std::chrono::milliseconds(1'500));
  EXPECT_TRUE(row.finished);
  EXPECT_EQ(row.reason, "server_reset");
  EXPECT_EQ(row.culprit, "server");
}

TEST(SessionLine, TheStateNamesAllFourEndpoints) {
  EXPECT_EQ(session_state("EST", "SYN_SENT"), "EST:SYN_SENT:INIT:INIT");
}

}  // namespace
}  // namespace limpid::control
