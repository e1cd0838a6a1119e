#include "tls_proxy/upgrade/irc.h"

#include "tests/unit/tls_proxy/upgrade/talk.h"

namespace limpid::tls {
namespace {

Talk irc() { return Talk(UpgradeProtocol::kIrc).server(":s NOTICE * :looking up\r\n"); }

TEST(Irc, IsUpgradedWhenTheServerAgrees) {
  EXPECT_EQ(irc().client("STARTTLS\r\n").server(":s NOTICE * :x\r\n:s 670 * :go\r\n").outcome(), "upgraded");
  EXPECT_EQ(irc().client("starttls\n").server("@time=1 :s 670 * :go\r\n").outcome(), "upgraded");
}

TEST(Irc, GoesOnAfterARefusal) {
  for (const std::string no : {"691", "421", "451"}) {
    EXPECT_EQ(irc().client("STARTTLS\r\n").server(":s " + no + " * :no\r\n").client("NICK a\r\n").outcome(),
              "more");
  }
  EXPECT_EQ(
      irc().client("STARTTLS\r\n").server(":s 421 * STARTTLS :what?\r\n").client("NICK a\r\n").outcome(),
      "more");
}

// irssi says JOIN right before it, to which servers object by the same number.
TEST(Irc, TakesTheRefusalOfAnotherCommandForNone) {
  for (const std::string about : {"* JOIN :not registered", "JOIN :not registered", "* :not registered"}) {
    const std::string objects = ":s 451 " + about + "\r\n";
    EXPECT_EQ(irc().client("JOIN :\r\nSTARTTLS\r\n").server(objects + ":s 670 * :go\r\n").outcome(),
              "upgraded")
        << about;
  }
  EXPECT_EQ(irc().client("FOO\r\nSTARTTLS\r\n").server(":s 421 * FOO :what?\r\n:s 670 * :go\r\n").outcome(),
            "upgraded");
}

TEST(Irc, RefusesInjectionBehindTheRefusalOfAnotherCommand) {
  EXPECT_EQ(
      irc().client("JOIN :\r\nSTARTTLS\r\n").server(":s 451 * JOIN :no\r\n").client("NICK a\r\n").outcome(),
      "violation: upgrade_pipelined");
}

TEST(Irc, TakesNoAgreementOnceTheClientHasGoneOnAfterARefusal) {
  EXPECT_EQ(irc()
                .client("STARTTLS\r\n")
                .server(":s 451 * :no\r\n")
                .client("NICK a\r\n")
                .server(":s 670 * :go\r\n")
                .outcome(),
            "more");
}

TEST(Irc, StaysPlainOnceTheClientIsRegistered) {
  EXPECT_EQ(irc().client("NICK a\r\nUSER a 0 * :a\r\n").server(":s 001 a :hi\r\n").outcome(),
            "never: upgrade_not_made");
}

TEST(Irc, TakesNoAgreementThatNobodyAskedFor) {
  EXPECT_EQ(irc().server(":s 670 * :go\r\n").outcome(), "more");
}

TEST(Irc, RefusesInjection) {
  EXPECT_EQ(irc().client("STARTTLS\r\nNICK a\r\n").outcome(), "violation: upgrade_pipelined");
  EXPECT_EQ(irc().client("STARTTLS\r\n").server(":s 670 * :go\r\n:s 001 a\r\n").outcome(),
            "violation: upgrade_reply_followed");
}

TEST(Irc, GivesUpLinesThatAreTooLong) {
  EXPECT_EQ(irc().client(std::string(LineSplitter::kLineMax + 1, 'x')).outcome(), "never: upgrade_too_long");
}

}  // namespace
}  // namespace limpid::tls
