#include "tls_proxy/upgrade/rdp.h"

#include "tests/unit/tls_proxy/upgrade/talk.h"

namespace limpid::tls {
namespace {

using namespace std::string_literals;

std::string tpkt(char type, const std::string& rest) {
  const std::string x224 = type + "\0\0\0\0\0"s + rest;
  return "\x03\0\0"s + static_cast<char>(x224.size() + 5) + static_cast<char>(x224.size()) + x224;
}
std::string negotiation(char type, char protocols) { return type + "\0\x08\0"s + protocols + "\0\0\0"s; }
const std::string kRequest = tpkt('\xe0', "Cookie: mstshash=a\r\n" + negotiation(1, 3));

Talk rdp() { return Talk(UpgradeProtocol::kRdp); }

TEST(Rdp, IsUpgradedWhenAProtocolOverTlsIsChosen) {
  for (const char chosen : {'\1', '\2', '\10'}) {
    EXPECT_EQ(rdp().client(kRequest).server(tpkt('\xd0', negotiation(2, chosen))).outcome(), "upgraded");
  }
  EXPECT_EQ(rdp().client(tpkt('\xe0', negotiation(1, 1))).server(tpkt('\xd0', negotiation(2, 1))).outcome(),
            "upgraded");
}

TEST(Rdp, IsUpgradedWhereTheRequestCorrelatesAsWell) {
  const std::string correlation = "\x06\0\x24\0"s + std::string(16, 'i') + std::string(16, '\0');
  std::string request = negotiation(1, 3);
  request[1] = '\x08';  // it says that the other is there
  const std::string confirmation = tpkt('\xd0', negotiation(2, 1));
  EXPECT_EQ(rdp().client(tpkt('\xe0', request + correlation)).server(confirmation).outcome(), "upgraded");
}

TEST(Rdp, StaysPlainWhereItIsRefusedOrNotAskedFor) {
  EXPECT_EQ(rdp().client(kRequest).server(tpkt('\xd0', negotiation(2, 0))).outcome(),
            "never: upgrade_not_made");
  EXPECT_EQ(rdp().client(kRequest).server(tpkt('\xd0', negotiation(3, 2))).outcome(),
            "never: upgrade_not_made");
  EXPECT_EQ(rdp().client(kRequest).server(tpkt('\xd0', "")).outcome(), "never: upgrade_not_made");
  EXPECT_EQ(rdp().client(tpkt('\xe0', "")).outcome(), "never: upgrade_not_made");
  EXPECT_EQ(rdp().client(tpkt('\xe0', negotiation(1, 0))).outcome(), "never: upgrade_not_made");
}

TEST(Rdp, RefusesInjection) {
  EXPECT_EQ(rdp().client(kRequest + "x").outcome(), "violation: upgrade_pipelined");
  EXPECT_EQ(rdp().client(kRequest).server(tpkt('\xd0', negotiation(2, 1)) + "x").outcome(),
            "violation: upgrade_reply_followed");
}

TEST(Rdp, GivesUpWhatIsTooLongOrNoRdp) {
  EXPECT_EQ(rdp().client("GET / HTTP/1.1\r\n\r\n").outcome(), "never: upgrade_malformed");
  EXPECT_EQ(rdp().client("\x03\0\xff\xff"s).outcome(), "never: upgrade_malformed");
  EXPECT_EQ(rdp().client(tpkt('\xd0', negotiation(1, 1))).outcome(), "never: upgrade_malformed");
  EXPECT_EQ(rdp().server("x").outcome(), "never: upgrade_malformed");
}

}  // namespace
}  // namespace limpid::tls
