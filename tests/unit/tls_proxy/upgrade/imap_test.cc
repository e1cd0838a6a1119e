#include "tls_proxy/upgrade/imap.h"

#include "tests/unit/tls_proxy/upgrade/talk.h"

namespace limpid::tls {
namespace {

Talk imap() { return Talk(UpgradeProtocol::kImap).server("* OK [CAPABILITY IMAP4rev1 STARTTLS] hi\r\n"); }

TEST(Imap, IsUpgradedWhenTheServerAgreesUnderTheTag) {
  EXPECT_EQ(imap()
                .client("a1 CAPABILITY\r\na2 starttls\r\n")
                .server("* CAPABILITY IMAP4rev1\r\na1 OK done\r\na2 ok begin\r\n")
                .outcome(),
            "upgraded");
}

TEST(Imap, GoesOnAfterARefusal) {
  EXPECT_EQ(imap().client("a STARTTLS\r\n").server("a BAD no\r\n").client("b NOOP\r\n").outcome(), "more");
  EXPECT_EQ(imap()
                .client("a STARTTLS\r\n")
                .server("a NO\r\n")
                .client("b STARTTLS\r\n")
                .server("b OK\r\n")
                .outcome(),
            "upgraded");
}

TEST(Imap, StaysPlainAfterALogin) {
  EXPECT_EQ(imap().client("a LOGIN u p\r\n").server("a OK in\r\n").outcome(), "never: upgrade_not_made");
  EXPECT_EQ(imap()
                .client("a AUTHENTICATE PLAIN\r\n")
                .server("+ \r\n")
                .client("AHUAcA==\r\n")
                .server("a OK\r\n")
                .outcome(),
            "never: upgrade_not_made");
  EXPECT_EQ(Talk(UpgradeProtocol::kImap).server("* PREAUTH hi\r\n").outcome(), "never: upgrade_not_made");
  EXPECT_EQ(imap().client("a LOGIN u p\r\n").server("a NO\r\n").outcome(), "more");
}

TEST(Imap, TakesNoCommandOutOfALiteral) {
  EXPECT_EQ(imap()
                .client("a LOGIN {12}\r\n")
                .server("+ go on\r\n")
                .client("b STARTTLS\r\n {1}\r\np\r\n")
                .server("b OK\r\n")
                .outcome(),
            "more");
}

TEST(Imap, RefusesInjection) {
  EXPECT_EQ(imap().client("a STARTTLS\r\nb LOGIN u p\r\n").outcome(), "violation: upgrade_pipelined");
  EXPECT_EQ(imap().client("a STARTTLS\r\n").server("a OK\r\n* PREAUTH\r\n").outcome(),
            "violation: upgrade_reply_followed");
}

TEST(Imap, GivesUpLinesThatAreTooLong) {
  EXPECT_EQ(imap().client(std::string(LineSplitter::kLineMax + 1, 'x')).outcome(), "never: upgrade_too_long");
  EXPECT_EQ(imap().server(std::string(LineSplitter::kLineMax + 1, 'x')).outcome(), "never: upgrade_too_long");
}

}  // namespace
}  // namespace limpid::tls
