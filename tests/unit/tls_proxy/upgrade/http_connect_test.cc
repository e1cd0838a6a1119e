#include "tls_proxy/upgrade/http_connect.h"

#include "tests/unit/tls_proxy/upgrade/talk.h"

namespace limpid::tls {
namespace {

const std::string kConnect = "CONNECT shop.example:443 HTTP/1.1\r\nHost: shop.example:443\r\n\r\n";

TEST(HttpConnect, IsUpgradedBySuccessAndSaysWhomItReaches) {
  Talk talk = Talk().client(kConnect).server("HTTP/1.1 200 Connection established\r\n\r\n").client(kHello);
  EXPECT_EQ(talk.outcome(), "upgraded");
  EXPECT_EQ(talk.target(), "shop.example 443");
  EXPECT_EQ(talk.spoken(), "connect");
}

TEST(HttpConnect, TakesNothingOfATunnelForABody) {
  EXPECT_EQ(Talk().client(kConnect).server("HTTP/1.0 200 ok\r\nContent-Length: 5\r\n\r\n").outcome(),
            "upgraded");
}

TEST(HttpConnect, MayBeTriedAgainAfterADialogueAboutCredentials) {
  const std::string second = "CONNECT shop.example:443 HTTP/1.1\r\nProxy-Authorization: Basic eDp5\r\n\r\n";
  const std::string ok = "HTTP/1.1 200 ok\r\n\r\n";
  EXPECT_EQ(Talk()
                .client(kConnect)
                .server("HTTP/1.1 407 no\r\ncontent-length: 6\r\n\r\nlog in")
                .client(second)
                .server(ok)
                .outcome(),
            "upgraded");
  EXPECT_EQ(Talk()
                .client(kConnect)
                .server("HTTP/1.1 407 no\r\nTransfer-Encoding: "
                        "chunked\r\n\r\n3\r\nlog\r\nA;x\r\n0123456789\r\n0\r\nX: y\r\n\r\n")
                .client(second)
                .server(ok)
                .outcome(),
            "upgraded");
  EXPECT_EQ(Talk().client(kConnect).server("HTTP/1.1 407 no\r\n\r\n").client(second).server(ok).outcome(),
            "upgraded");
}

TEST(HttpConnect, PassesOverInterimAnswers) {
  EXPECT_EQ(Talk().client(kConnect).server("HTTP/1.1 100 wait\r\n\r\nHTTP/1.1 200 ok\r\n\r\n").outcome(),
            "upgraded");
}

TEST(HttpConnect, StaysPlainWithAnotherRequest) {
  EXPECT_EQ(Talk()
                .client(kConnect)
                .server("HTTP/1.1 403 no\r\n\r\n")
                .client("GET http://a.example/ HTTP/1.1\r\n\r\n")
                .outcome(),
            "never: upgrade_not_made");
  EXPECT_EQ(Talk().client("COPY /a HTTP/1.1\r\n\r\n").outcome(), "never: upgrade_not_made");
  EXPECT_EQ(Talk().client("GET http://a.example/ HTTP/1.1\r\n\r\n").outcome(), "never: not_tls");
}

TEST(HttpConnect, RefusesInjection) {
  EXPECT_EQ(Talk().client(kConnect + "x").outcome(), "violation: upgrade_pipelined");
}

TEST(HttpConnect, LetsWhatTheTunnelLeadsToSpeakFirst) {
  EXPECT_EQ(Talk().client(kConnect).server("HTTP/1.1 200 ok\r\n\r\n220 mail\r\n").outcome(),
            "never: server_spoke_first");
  EXPECT_EQ(Talk().client(kConnect).server("HTTP/1.1 200 ok\r\n\r\n").server("220 mail\r\n").outcome(),
            "never: server_spoke_first");
}

TEST(HttpConnect, GivesUpWhatContradictsItself) {
  for (const std::string target :
       {"shop.example", "shop.example:0", "shop.example:65536", ":443", "a b:443", "2001:db8::1:443"}) {
    EXPECT_EQ(Talk().client("CONNECT " + target + " HTTP/1.1\r\n\r\n").outcome(), "never: upgrade_malformed")
        << target;
  }
  EXPECT_EQ(Talk().client("CONNECT a:1 HTTP/1.1\r\nContent-Length: 5\r\n").outcome(),
            "never: upgrade_malformed");
  EXPECT_EQ(Talk().client(kConnect).server("220 mail\r\n").outcome(), "never: upgrade_malformed");
  EXPECT_EQ(Talk().client(kConnect).server("HTTP/1.1 407 no\r\nContent-Length: many\r\n").outcome(),
            "never: upgrade_malformed");
  EXPECT_EQ(Talk()
                .client(kConnect)
                .server("HTTP/1.1 407 no\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n")
                .outcome(),
            "never: upgrade_malformed");
}

TEST(HttpConnect, GivesUpLinesThatAreTooLong) {
  EXPECT_EQ(Talk().client("CONNECT a:1 HTTP/1.1\r\nX: " + std::string(LineSplitter::kLineMax, 'x')).outcome(),
            "never: upgrade_too_long");
}

TEST(HttpConnect, ReadsAddressesToo) {
  EXPECT_EQ(parse_authority("[2001:db8::1]:443"), (TunnelTarget{"2001:db8::1", 443}));
  EXPECT_EQ(parse_authority("192.0.2.1:8443"), (TunnelTarget{"192.0.2.1", 8443}));
  EXPECT_EQ(parse_authority("[]:443"), std::nullopt);
}

}  // namespace
}  // namespace limpid::tls
