#include "tls_proxy/upgrade/mysql.h"

#include "tests/unit/tls_proxy/upgrade/talk.h"

namespace limpid::tls {
namespace {

using namespace std::string_literals;

std::string packet(char number, const std::string& body) {
  return std::string{static_cast<char>(body.size()), 0, 0, number} + body;
}
const std::string kGreeting = packet(0, "\x0a" + "8.0.1\0"s + std::string(40, 'x'));
const std::string kSslRequest = packet(1, "\x85\xae\x3f\x20"s + std::string(28, '\0'));

Talk mysql() { return Talk(UpgradeProtocol::kMysql).server(kGreeting); }

TEST(Mysql, IsUpgradedByTheClientsRequestAlone) {
  Talk talk = mysql().client(kSslRequest + kHello);
  EXPECT_EQ(talk.outcome(), "upgraded");
  EXPECT_EQ(talk.hello_at(), kSslRequest.size());
  EXPECT_EQ(mysql().client(packet(1, "\x85\xae\0\0\0"s)).outcome(), "upgraded");
}

TEST(Mysql, StaysPlainWhereTheClientLogsInAtOnce) {
  EXPECT_EQ(mysql().client(packet(1, "\x85\xa6\x3f\x20"s + std::string(28, '\0'))).outcome(),
            "never: upgrade_not_made");
  EXPECT_EQ(mysql().client(packet(1, "\x85\xae\x3f\x20"s + std::string(60, '\0'))).outcome(),
            "never: upgrade_not_made");
}

TEST(Mysql, StaysPlainWithAnErrorOrAnOldServer) {
  EXPECT_EQ(Talk(UpgradeProtocol::kMysql).server(packet(0, "\xff\x10\x04Too many")).outcome(),
            "never: upgrade_not_made");
}

TEST(Mysql, LeavesWhatFollowsTheRequestToBeJudgedAsAHello) {
  Talk talk = mysql().client(kSslRequest + "login");
  EXPECT_EQ(talk.outcome(), "upgraded");
  EXPECT_EQ(talk.hello_at(), kSslRequest.size());
}

TEST(Mysql, TakesTheServersAnswerForAnError) {
  EXPECT_EQ(mysql().client(kSslRequest).server(packet(2, "\xff no TLS")).outcome(),
            "never: server_spoke_first");
}

}  // namespace
}  // namespace limpid::tls
