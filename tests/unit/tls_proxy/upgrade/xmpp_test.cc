#include "tls_proxy/upgrade/xmpp.h"

#include "tests/unit/tls_proxy/upgrade/talk.h"

namespace limpid::tls {
namespace {

Talk xmpp() {
  return Talk(UpgradeProtocol::kXmpp)
      .client("<?xml version='1.0'?><stream:stream to='a.example'>")
      .server("<stream:stream id='1'><stream:features><starttls><required/></starttls></stream:features>");
}

TEST(Xmpp, IsUpgradedWhenTheServerAgrees) {
  EXPECT_EQ(xmpp().client("<starttls xmlns='urn:x'/>").server("<proceed xmlns='urn:x'/>").outcome(),
            "upgraded");
  EXPECT_EQ(xmpp().client("<t:starttls a='/>'></t:starttls>\n").server("<proceed></proceed>\n").outcome(),
            "upgraded");
}

TEST(Xmpp, GoesOnAfterARefusal) {
  EXPECT_EQ(xmpp().client("<starttls/>").server("<failure/>").outcome(), "more");
}

TEST(Xmpp, StaysPlainAfterALoginOrTheStreamsEnd) {
  EXPECT_EQ(xmpp().client("<auth>x</auth>").server("<success/>").outcome(), "never: upgrade_not_made");
  EXPECT_EQ(xmpp().client("<starttls/>").server("<failure/></stream:stream>").outcome(),
            "never: upgrade_not_made");
  EXPECT_EQ(xmpp().client("</stream:stream>").outcome(), "never: upgrade_not_made");
}

TEST(Xmpp, RefusesInjectionButNoBlanks) {
  EXPECT_EQ(xmpp().client("<starttls/>\r\n ").outcome(), "more");
  EXPECT_EQ(xmpp().client("<starttls/><iq/>").outcome(), "violation: upgrade_pipelined");
  EXPECT_EQ(xmpp().client("<starttls/>").server("<proceed/><iq/>").outcome(),
            "violation: upgrade_reply_followed");
  EXPECT_EQ(xmpp().client("<starttls/>").server("<proceed/>").server("x").outcome(),
            "violation: upgrade_reply_followed");
}

TEST(Xmpp, GivesUpTagsThatAreTooLong) {
  EXPECT_EQ(xmpp().client("<" + std::string(TagSplitter::kTagMax + 1, 'x')).outcome(),
            "never: upgrade_too_long");
  EXPECT_EQ(xmpp().server("<" + std::string(TagSplitter::kTagMax + 1, 'x')).outcome(),
            "never: upgrade_too_long");
}

}  // namespace
}  // namespace limpid::tls
