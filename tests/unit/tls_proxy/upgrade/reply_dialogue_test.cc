#include "tls_proxy/upgrade/reply_dialogue.h"

#include "tests/unit/tls_proxy/upgrade/talk.h"

namespace limpid::tls {
namespace {

const std::string kLong(LineSplitter::kLineMax + 1, 'x');

Talk smtp() {
  Talk talk(UpgradeProtocol::kSmtp);
  talk.server("220 mail.example ESMTP\r\n").client("EHLO a.example\r\n");
  return talk.server("250-mail.example\r\n250-PIPELINING\r\n250 STARTTLS\r\n");
}
Talk pop3() { return Talk(UpgradeProtocol::kPop3).server("+OK ready\r\n"); }
Talk ftp() { return Talk(UpgradeProtocol::kFtp).server("220-Welcome\r\n all of you\r\n220 ready\r\n"); }
Talk nntp() { return Talk(UpgradeProtocol::kNntp).server("200 ready\r\n"); }
Talk sieve() {
  return Talk(UpgradeProtocol::kManageSieve)
      .server("\"IMPLEMENTATION\" \"a\"\r\n\"STARTTLS\"\r\nOK \"ready\"\r\n");
}

// --- SMTP, LMTP -----------------------------------------------------------------------------------------

TEST(Smtp, IsUpgradedWhenTheServerAgrees) {
  EXPECT_EQ(smtp().client("STARTTLS\r\n").server("220 go ahead\r\n").client(kHello).outcome(), "upgraded");
  EXPECT_EQ(smtp().client(" starttls \n").server("220-go\r\n220 ahead\r\n").outcome(), "upgraded");
}

TEST(Smtp, GoesOnAfterARefusalAndMayAskAgain) {
  Talk refused = smtp().client("STARTTLS\r\n").server("454 not now\r\n");
  EXPECT_EQ(refused.outcome(), "more");
  EXPECT_EQ(refused.client("STARTTLS\r\n").server("220 go ahead\r\n").outcome(), "upgraded");
}

TEST(Smtp, StaysPlainOnceMailIsSent) {
  EXPECT_EQ(smtp()
                .client("MAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nDATA\r\n")
                .server("250 ok\r\n250 ok\r\n354 go on\r\n")
                .outcome(),
            "never: upgrade_not_made");
  EXPECT_EQ(smtp().client("BDAT 4 LAST\r\nmail").outcome(), "never: upgrade_not_made");
}

TEST(Smtp, RefusesWhatIsPipelinedBehindTheCommand) {
  EXPECT_EQ(smtp().client("STARTTLS\r\nRSET\r\n").outcome(), "violation: upgrade_pipelined");
  EXPECT_EQ(smtp().client("STARTTLS\r\n").client("R").outcome(), "violation: upgrade_pipelined");
}

TEST(Smtp, RefusesWhatFollowsTheAgreement) {
  EXPECT_EQ(smtp().client("STARTTLS\r\n").server("220 go ahead\r\n250 injected\r\n").outcome(),
            "violation: upgrade_reply_followed");
  EXPECT_EQ(smtp().client("STARTTLS\r\n").server("220 go ahead\r\n").server("2").outcome(),
            "violation: upgrade_reply_followed");
}

TEST(Smtp, TakesTheReplyThatIsTheCommandsOwn) {
  EXPECT_EQ(smtp().client("NOOP\r\nSTARTTLS\r\n").server("220 of the first\r\n").outcome(), "more");
  EXPECT_EQ(smtp().client("NOOP\r\nSTARTTLS\r\n").server("250 ok\r\n220 go ahead\r\n").outcome(), "upgraded");
}

TEST(Smtp, TakesNoCommandOutOfAnAuthentication) {
  EXPECT_EQ(smtp()
                .client("AUTH LOGIN\r\n")
                .server("334 VXNlcm5hbWU6\r\n")
                .client("STARTTLS\r\n")
                .server("220 never mind\r\n")
                .outcome(),
            "more");
}

TEST(Smtp, GivesUpWhatIsTooLongOrNoSmtp) {
  EXPECT_EQ(smtp().client(kLong).outcome(), "never: upgrade_too_long");
  EXPECT_EQ(smtp().server("250-" + kLong).outcome(), "never: upgrade_too_long");
  EXPECT_EQ(Talk(UpgradeProtocol::kSmtp).server("SSH-2.0-x\r\n").outcome(), "never: upgrade_malformed");
  EXPECT_EQ(Talk(UpgradeProtocol::kSmtp).server("220+x\r\n").outcome(), "never: upgrade_malformed");
  EXPECT_EQ(Talk(UpgradeProtocol::kSmtp).server("22\r\n").outcome(), "never: upgrade_malformed");
}

TEST(Smtp, GivesUpTooManyUnansweredCommands) {
  std::string many;
  for (int i = 0; i < 64; ++i) many += "NOOP\r\n";
  EXPECT_EQ(smtp().client(many).outcome(), "more");
  EXPECT_EQ(smtp().client(many + "NOOP\r\n").outcome(), "never: upgrade_too_long");
}

TEST(Lmtp, IsUpgradedAsSmtpIs) {
  EXPECT_EQ(Talk(UpgradeProtocol::kLmtp)
                .server("220 hi\r\n")
                .client("LHLO a\r\n")
                .server("250 STARTTLS\r\n")
                .client("STARTTLS\r\n")
                .server("220 go\r\n")
                .outcome(),
            "upgraded");
}

// --- POP3 -----------------------------------------------------------------------------------------------

TEST(Pop3, IsUpgradedWhenTheServerAgrees) {
  EXPECT_EQ(pop3().client("CAPA\r\nSTLS\r\n").server("+OK list\r\nSTLS\r\n.\r\n+OK go\r\n").outcome(),
            "upgraded");
}

TEST(Pop3, GoesOnAfterARefusal) {
  EXPECT_EQ(pop3().client("STLS\r\n").server("-ERR no\r\n").client("USER a\r\n").server("+OK\r\n").outcome(),
            "more");
}

TEST(Pop3, ToAskWhichLoginsThereAreIsNone) {
  const std::string list = "+OK\r\nPLAIN\r\n.\r\n";
  EXPECT_EQ(pop3().client("AUTH\r\n").server(list).client("STLS\r\n").server("+OK\r\n").outcome(),
            "upgraded");
}

TEST(Pop3, StaysPlainAfterALogin) {
  EXPECT_EQ(pop3().client("USER a\r\nPASS b\r\n").server("+OK\r\n+OK\r\n").outcome(),
            "never: upgrade_not_made");
  EXPECT_EQ(
      pop3().client("AUTH PLAIN\r\n").server("+ \r\n").client("AGEAYg==\r\n").server("+OK\r\n").outcome(),
      "never: upgrade_not_made");
  EXPECT_EQ(pop3().client("PASS b\r\n").server("-ERR\r\n").outcome(), "more");
}

TEST(Pop3, RefusesInjection) {
  EXPECT_EQ(pop3().client("STLS\r\nUSER a\r\n").outcome(), "violation: upgrade_pipelined");
  EXPECT_EQ(pop3().client("STLS\r\n").server("+OK\r\n+OK\r\n").outcome(),
            "violation: upgrade_reply_followed");
}

TEST(Pop3, GivesUpLinesThatAreTooLong) {
  EXPECT_EQ(pop3().client(kLong).outcome(), "never: upgrade_too_long");
}

// --- FTP ------------------------------------------------------------------------------------------------

TEST(Ftp, IsUpgradedWhenTheServerAgrees) {
  for (const std::string mechanism : {"TLS", "tls-c", "SSL", "TLS-P"}) {
    EXPECT_EQ(ftp().client("AUTH " + mechanism + "\r\n").server("234 go\r\n").outcome(), "upgraded");
  }
}

TEST(Ftp, AsksForNothingWithOtherMechanisms) {
  EXPECT_EQ(ftp().client("AUTH GSSAPI\r\n").server("334 go on\r\n").client("ADAT x\r\n").outcome(), "more");
}

TEST(Ftp, GoesOnAfterARefusalAndALogin) {
  EXPECT_EQ(ftp().client("AUTH TLS\r\n").server("504 no\r\n").outcome(), "more");
  EXPECT_EQ(ftp()
                .client("USER a\r\n")
                .server("331 password\r\n")
                .client("PASS b\r\n")
                .server("230 in\r\n")
                .client("AUTH TLS\r\n")
                .server("234 go\r\n")
                .outcome(),
            "upgraded");
}

TEST(Ftp, StaysPlainOnceAFileIsSent) {
  EXPECT_EQ(ftp().client("RETR a\r\n").server("150 here it comes\r\n").outcome(), "never: upgrade_not_made");
}

TEST(Ftp, RefusesInjection) {
  EXPECT_EQ(ftp().client("AUTH TLS\r\nUSER a\r\n").outcome(), "violation: upgrade_pipelined");
  EXPECT_EQ(ftp().client("AUTH TLS\r\n").server("234 go\r\n230 in\r\n").outcome(),
            "violation: upgrade_reply_followed");
}

TEST(Ftp, GivesUpLinesThatAreTooLong) { EXPECT_EQ(ftp().client(kLong).outcome(), "never: upgrade_too_long"); }

// --- NNTP -----------------------------------------------------------------------------------------------

TEST(Nntp, IsUpgradedWhenTheServerAgrees) {
  EXPECT_EQ(nntp()
                .client("CAPABILITIES\r\n")
                .server("101 list\r\nVERSION 2\r\n382 STARTTLS\r\n.\r\n")
                .client("STARTTLS\r\n")
                .server("382 go\r\n")
                .outcome(),
            "upgraded");
}

TEST(Nntp, GoesOnAfterARefusal) {
  EXPECT_EQ(nntp().client("STARTTLS\r\n").server("580 no\r\n").outcome(), "more");
}

TEST(Nntp, StaysPlainAfterALoginOrWithArticles) {
  EXPECT_EQ(
      nntp().client("AUTHINFO USER a\r\nAUTHINFO PASS b\r\n").server("381 more\r\n281 in\r\n").outcome(),
      "never: upgrade_not_made");
  EXPECT_EQ(nntp().client("POST\r\n").server("340 send\r\n").outcome(), "never: upgrade_not_made");
  EXPECT_EQ(nntp().client("TAKETHIS <a@b>\r\nFrom: x\r\n").outcome(), "never: upgrade_not_made");
}

TEST(Nntp, RefusesInjection) {
  EXPECT_EQ(nntp().client("STARTTLS\r\nGROUP a\r\n").outcome(), "violation: upgrade_pipelined");
}

TEST(Nntp, GivesUpWhatIsTooLongOrNoNntp) {
  EXPECT_EQ(nntp().server(kLong).outcome(), "never: upgrade_too_long");
  EXPECT_EQ(Talk(UpgradeProtocol::kNntp).server("hello\r\n").outcome(), "never: upgrade_malformed");
}

// --- ManageSieve ----------------------------------------------------------------------------------------

TEST(ManageSieve, IsUpgradedWhenTheServerAgrees) {
  EXPECT_EQ(sieve().client("StartTls\r\n").server("ok \"Begin\"\r\n").outcome(), "upgraded");
}

TEST(ManageSieve, GoesOnAfterARefusal) {
  EXPECT_EQ(sieve().client("STARTTLS\r\n").server("NO \"not here\"\r\n").outcome(), "more");
}

TEST(ManageSieve, StaysPlainAfterALogin) {
  EXPECT_EQ(sieve()
                .client("AUTHENTICATE \"PLAIN\"\r\n")
                .server("\"\"\r\n")
                .client("\"AGEAYg==\"\r\n")
                .server("OK\r\n")
                .outcome(),
            "never: upgrade_not_made");
}

TEST(ManageSieve, TakesNoCommandOutOfALiteral) {
  EXPECT_EQ(sieve().client("PUTSCRIPT \"a\" {10+}\r\nSTARTTLS\r\n\r\n").server("OK\r\n").outcome(), "more");
}

TEST(ManageSieve, RefusesInjection) {
  EXPECT_EQ(sieve().client("STARTTLS\r\nNOOP\r\n").outcome(), "violation: upgrade_pipelined");
}

TEST(ManageSieve, GivesUpLinesThatAreTooLong) {
  EXPECT_EQ(sieve().client(kLong).outcome(), "never: upgrade_too_long");
}

}  // namespace
}  // namespace limpid::tls
