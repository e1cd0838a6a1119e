#include "tls_proxy/upgrade/ldap.h"

#include "tests/unit/tls_proxy/upgrade/talk.h"

namespace limpid::tls {
namespace {

std::string element(char tag, const std::string& body) {
  std::string text(1, tag);
  if (body.size() < 128) return text + static_cast<char>(body.size()) + body;
  return text + '\x82' + static_cast<char>(body.size() >> 8U) + static_cast<char>(body.size() & 0xffU) + body;
}
std::string message(int id, char operation, const std::string& body) {
  return element('\x30', element('\x02', std::string(1, static_cast<char>(id))) + element(operation, body));
}
std::string start_tls(int id) { return message(id, '\x77', element('\x80', "1.3.6.1.4.1.1466.20037")); }
std::string result(int id, char code) {
  return message(id, '\x78',
                 element('\x0a', std::string(1, code)) + element('\x04', "") + element('\x04', ""));
}
Talk ldap() { return Talk(UpgradeProtocol::kLdap); }

TEST(Ldap, IsUpgradedWhenTheServerAgrees) {
  EXPECT_EQ(ldap().client(start_tls(1)).server(result(1, 0)).client(kHello).outcome(), "upgraded");
}

TEST(Ldap, GoesOnAfterARefusal) {
  EXPECT_EQ(
      ldap().client(start_tls(1)).server(result(1, 2)).client(start_tls(2)).server(result(2, 0)).outcome(),
      "upgraded");
}

TEST(Ldap, TakesTheAnswerUnderTheRequestsIdentifier) {
  EXPECT_EQ(ldap().client(start_tls(2)).server(result(1, 0)).outcome(), "more");
}

TEST(Ldap, PassesOverOtherOperations) {
  const std::string search = message(1, '\x63', std::string(300, 'x'));
  EXPECT_EQ(ldap().client(search).server(message(1, '\x64', std::string(500, 'y'))).outcome(), "more");
  EXPECT_EQ(ldap().client(search + start_tls(2)).server(message(1, '\x65', "") + result(2, 0)).outcome(),
            "upgraded");
  EXPECT_EQ(ldap()
                .client(message(1, '\x77', element('\x80', "1.3.6.1.4.1.4203.1.11.3")))
                .server(result(1, 0))
                .outcome(),
            "more");
}

TEST(Ldap, RefusesInjection) {
  EXPECT_EQ(ldap().client(start_tls(1) + message(2, '\x60', "")).outcome(), "violation: upgrade_pipelined");
  EXPECT_EQ(ldap().client(start_tls(1)).server(result(1, 0) + result(2, 0)).outcome(),
            "violation: upgrade_reply_followed");
}

TEST(Ldap, GivesUpWhatIsNoLdap) {
  EXPECT_EQ(ldap().client("GET / HTTP/1.1\r\n").outcome(), "never: upgrade_malformed");
  EXPECT_EQ(ldap().client("\x30\x80\x02\x01").outcome(), "never: upgrade_malformed");
  EXPECT_EQ(ldap().client("\x30\x85\x01\x01\x01\x01\x01").outcome(), "never: upgrade_malformed");
  EXPECT_EQ(ldap().client(element('\x30', "\x04\x01x")).outcome(), "never: upgrade_malformed");
  EXPECT_EQ(ldap().server("220 hello\r\n").outcome(), "never: upgrade_malformed");
}

}  // namespace
}  // namespace limpid::tls
