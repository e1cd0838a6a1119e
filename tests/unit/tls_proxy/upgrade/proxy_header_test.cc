#include "tls_proxy/upgrade/proxy_header.h"

#include "tests/unit/tls_proxy/upgrade/talk.h"

namespace limpid::tls {
namespace {

using namespace std::string_literals;

const std::string kLine = "PROXY TCP4 192.0.2.1 192.0.2.2 40000 443\r\n";
const std::string kBinary = "\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c\xc0\0\2\1\xc0\0\2\2\x9c\x40\1\xbb"s;

TEST(ProxyHeader, StandsBeforeAHello) {
  for (const std::string& header : {kLine, kBinary}) {
    Talk talk = Talk().client(header + kHello);
    EXPECT_EQ(talk.outcome(), "upgraded");
    EXPECT_EQ(talk.hello_at(), header.size());
    EXPECT_EQ(talk.spoken(), "proxy");
    EXPECT_EQ(Talk().client(header).outcome(), "more");
  }
}

TEST(ProxyHeader, StandsBeforeADialogue) {
  EXPECT_EQ(Talk(UpgradeProtocol::kSmtp)
                .client(kLine)
                .server("220 hi\r\n")
                .client("STARTTLS\r\n")
                .server("220 go\r\n")
                .outcome(),
            "upgraded");
  Talk connect =
      Talk().client(kBinary + "CONNECT a.example:443 HTTP/1.1\r\n\r\n").server("HTTP/1.1 200 ok\r\n\r\n");
  EXPECT_EQ(connect.outcome(), "upgraded");
  EXPECT_EQ(connect.target(), "a.example 443");
}

TEST(ProxyHeader, TakesNothingOfWhatOnlyBeginsAsOne) {
  Talk pop3 =
      Talk(UpgradeProtocol::kPop3).client("PRO\r\nSTLS\r\n").server("+OK hi\r\n-ERR what\r\n+OK go\r\n");
  EXPECT_EQ(pop3.outcome(), "upgraded");
  EXPECT_EQ(Talk().client("POST / HTTP/1.1\r\n\r\n").outcome(), "never: not_tls");
}

TEST(ProxyHeader, GivesUpWhatIsTooLongOrOfAnotherVersion) {
  EXPECT_EQ(Talk().client("PROXY " + std::string(120, 'x')).outcome(), "never: upgrade_malformed");
  EXPECT_EQ(Talk().client("\r\n\r\n\0\r\nQUIT\n\x31\x11\0\x0c"s).outcome(), "never: upgrade_malformed");
  EXPECT_EQ(Talk().client("\r\n\r\n\0\r\nQUIT\n\x21\x11\xff\xff"s).outcome(), "never: upgrade_malformed");
}

}  // namespace
}  // namespace limpid::tls
