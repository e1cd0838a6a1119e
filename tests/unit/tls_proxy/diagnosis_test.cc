// Each kind of trouble by its facts; failing_handshakes_test has them with real peers.
#include "tls_proxy/diagnosis.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

namespace limpid::tls {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

Trouble trouble(Reason reason) {
  Trouble made;
  made.reason = reason;
  made.host = "shop.example";
  made.port = 443;
  made.offered_max = 0x0303;
  made.offered_ciphers = "TLS_A, TLS_B and 7 more";
  made.outcome = "trusted";
  made.shown_issuer = "CN=Our CA";
  made.shown_trusted = true;
  made.client.last_received = "ClientHello";
  made.server.last_sent = "ClientHello";
  return made;
}

/// The client has been answered, and the server's handshake is over.
Trouble answered(Reason reason) {
  Trouble made = trouble(reason);
  made.client.last_sent = "Finished";
  made.server.last_received = made.server.last_sent = "Finished";
  return made;
}

TEST(Diagnosis, NamesTheCaThatIsMissingAtTheClient) {
  Trouble given = answered(Reason::client_rejected_certificate);
  given.client.alert_received = "unknown_ca";
  EXPECT_EQ(
      likely_cause(given),
      "the client refuses what it is shown (unknown_ca): the CA \"CN=Our CA\" is not installed there, or the "
      "application has roots of its own");
  given.client.alert_received = "bad_certificate";
  EXPECT_THAT(likely_cause(given), HasSubstr("the application pins its server's certificate, or the CA"));
}

TEST(Diagnosis, BlamesTheServersOwnCertificateWhereTheClientRefusesThat) {
  Trouble given = answered(Reason::client_rejected_certificate);
  given.client.alert_received = "unknown_ca";
  given.shown_trusted = false;
  given.outcome = "name_mismatch";
  given.outcome_detail = "hostname mismatch (it is for bank.example)";
  given.shown_issuer = "CN=Untrusted";
  EXPECT_EQ(likely_cause(given),
            "the client refuses what it is shown (unknown_ca), as it would without limpid: the server's "
            "certificate "
            "is not valid: hostname mismatch (it is for bank.example); the client asked for "
            "\"shop.example\"; so it "
            "is shown one under \"CN=Untrusted\"");
}

TEST(Diagnosis, AClientThatRefusesWhatIsWrongWithItsServersCertificateIsNotAtFault) {
  Trouble given = answered(Reason::client_rejected_certificate);
  EXPECT_EQ(at_fault(given), std::nullopt);
  given.shown_trusted = false;
  given.outcome = "expired";
  given.outcome_detail = "certificate has expired";
  EXPECT_EQ(at_fault(given), Culprit::server);
  given.reason = Reason::client_reset;
  EXPECT_EQ(at_fault(given), std::nullopt) << "nobody knows why it has left";
}

TEST(Diagnosis, OfAnInboundServerNamesTheEntryWhoseCertificateIsNotTrusted) {
  Trouble given = answered(Reason::client_rejected_certificate);
  given.client.alert_received = "unknown_ca";
  given.own_key = "shop";
  given.shown_trusted = false;
  EXPECT_THAT(likely_cause(given),
              HasSubstr("the server's own certificate, of tls.inbound \"shop\", issued by"));
}

TEST(Diagnosis, NamesTheUntrustedRootAndWhereTheChainEnds) {
  Trouble given = answered(Reason::server_certificate_unknown_issuer);
  given.outcome = "unknown_issuer";
  given.outcome_detail = "unable to get local issuer certificate, certificate 2 of the chain";
  given.last_subject = "CN=Private CA 2";
  given.last_issuer = "CN=Private Root";
  EXPECT_THAT(likely_cause(given), AllOf(HasSubstr("certificate 2 of the chain"),
                                         HasSubstr("ends with \"CN=Private CA 2\", issued by "
                                                   "\"CN=Private Root\"")));
}

TEST(Diagnosis, SaysTheDateOfACertificateThatHasExpired) {
  Trouble given = answered(Reason::server_certificate_expired);
  given.outcome = "expired";
  given.outcome_detail = "certificate has expired (2024-02-01 00:00:00 UTC)";
  EXPECT_EQ(likely_cause(given),
            "the server's certificate is not valid: certificate has expired (2024-02-01 00:00:00 UTC)");
}

TEST(Diagnosis, NamesTheAuthoritiesWhoseCertificatesAServerTakes) {
  Trouble given = answered(Reason::server_wants_client_certificate);
  given.asked_for_certificate = true;
  given.authorities = {{"CN=Staff CA", "CN=Device CA", "CN=Old CA"}, 14};
  EXPECT_EQ(likely_cause(given),
            "the server asked for a certificate of its client, and was shown none; it takes those of "
            "\"CN=Staff CA\", "
            "\"CN=Device CA\", \"CN=Old CA\" and 11 more");
  given.authorities = {};
  given.showed_certificate = true;
  EXPECT_EQ(likely_cause(given),
            "the server asked for a certificate of its client, and was shown the one of "
            "tls.client_certificates; it "
            "names no CA whose certificates it takes");
}

TEST(Diagnosis, AServerThatLeavesInsteadOfRefusingACertificateIsAskedForTheSame) {
  Trouble given = answered(Reason::server_reset);
  given.asked_for_certificate = true;
  given.authorities = {{"CN=Staff CA"}, 1};
  EXPECT_THAT(likely_cause(given), HasSubstr("takes those of \"CN=Staff CA\"; then it reset the connection"));
}

TEST(Diagnosis, SaysWhatVersionsBothEndsHave) {
  Trouble given = trouble(Reason::client_version_unsupported);
  given.offered_max = 0x0302;
  EXPECT_THAT(likely_cause(given),
              AllOf(HasSubstr("no version in common with the client"), HasSubstr("offers TLS 1.1 at most"),
                    HasSubstr("TLS 1.2 to TLS 1.3 there")));
  given = trouble(Reason::server_version_unsupported);
  given.server_versions = {0x0304, 0x0304};
  EXPECT_THAT(likely_cause(given),
              AllOf(HasSubstr("in common with the server"), HasSubstr("allows TLS 1.3 there")));
  given = trouble(Reason::server_handshake_failed);
  given.server.alert_received = "protocol_version";
  EXPECT_THAT(likely_cause(given),
              HasSubstr("no version in common with the server: the client offers TLS 1.2"));
}

TEST(Diagnosis, SaysWhichCiphersTheClientOffersWhereThereIsNoneInCommon) {
  Trouble given = trouble(Reason::server_handshake_failed);
  given.server.alert_received = "handshake_failure";
  EXPECT_EQ(
      likely_cause(given),
      "no cipher, group or signature in common with the server: the client offers TLS 1.2 at most, with "
      "TLS_A, TLS_B and 7 more");
  given.server.last_received = "ServerHello";
  EXPECT_THAT(likely_cause(given),
              AllOf(Not(HasSubstr("in common")), HasSubstr("it had sent ServerHello last")));
}

TEST(Diagnosis, SaysBehindWhichMessageAnEndLeft) {
  EXPECT_THAT(likely_cause(trouble(Reason::server_reset)),
              HasSubstr("reset the connection behind the ClientHello: it, or a firewall before it"));
  Trouble given = trouble(Reason::server_handshake_closed);
  given.server.last_received = "ServerHello";
  given.server.last_sent = "ClientKeyExchange";
  EXPECT_EQ(likely_cause(given),
            "the server closed the connection behind the ClientKeyExchange that it was sent; it had sent "
            "ServerHello "
            "last");
  EXPECT_THAT(
      likely_cause(answered(Reason::client_reset)),
      AllOf(HasSubstr("reset the connection behind the Finished that it was sent"), HasSubstr("CN=Our CA")));
  EXPECT_THAT(likely_cause(answered(Reason::client_handshake_deadline)),
              HasSubstr("said nothing more in time"));
  EXPECT_THAT(likely_cause(trouble(Reason::client_reset)),
              HasSubstr("before it was answered: the server had sent nothing yet"));
  EXPECT_THAT(likely_cause(answered(Reason::server_reset)), HasSubstr("before the client had made its own"));
}

TEST(Diagnosis, AClientThatLeavesMayHaveSeenWhatIsWrongWithTheServersCertificate) {
  Trouble given = answered(Reason::client_handshake_closed);
  given.shown_trusted = false;
  given.outcome = "expired";
  given.outcome_detail = "certificate has expired (2024-02-01 00:00:00 UTC)";
  EXPECT_EQ(
      likely_cause(given),
      "the client closed the connection behind the Finished that it was sent, and may have seen this: the "
      "server's certificate is not valid: certificate has expired (2024-02-01 00:00:00 UTC)");
}

TEST(Diagnosis, TellsAClientThatLooksAtTheCertificateItselfFromOneThatBreaksOffLater) {
  Trouble given = answered(Reason::client_reset);
  given.relayed = true;
  EXPECT_THAT(likely_cause(given), HasSubstr("without a word: applications do so"));
  given.from_client = 300;
  given.from_server = 20;
  EXPECT_EQ(likely_cause(given),
            "the client reset the connection in mid-stream, behind 300 bytes from it and 20 from the server");
}

TEST(Diagnosis, SaysNothingWhereTheReasonSaysItAll) {
  EXPECT_EQ(likely_cause(trouble(Reason::memory_short)), "");
  EXPECT_EQ(likely_cause(trouble(Reason::blocked_by_rule)), "");
  EXPECT_EQ(likely_cause(trouble(Reason::none)), "");
  Trouble early = trouble(Reason::server_reset);
  early.server.last_sent = {};
  EXPECT_EQ(likely_cause(early), "") << "the client had not said what it wants";
}

TEST(Diagnosis, NothingThatAPeerSendsMakesItLongOrUnprintable) {
  Trouble given = trouble(Reason::server_handshake_failed);
  const std::string hostile = "\x1b[2J\n" + std::string(65'000, 'x');
  given.host = hostile;
  given.server.alert_received = "unrecognized_name";
  const std::string cause = likely_cause(given);
  EXPECT_LT(cause.size(), 300U);
  EXPECT_TRUE(std::all_of(cause.begin(), cause.end(), [](char c) { return c >= ' ' && c <= '~'; })) << cause;
}

}  // namespace
}  // namespace limpid::tls
