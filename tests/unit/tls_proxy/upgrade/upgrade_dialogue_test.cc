#include "tls_proxy/upgrade/upgrade_dialogue.h"

#include "tests/unit/tls_proxy/upgrade/talk.h"

namespace limpid::tls {
namespace {

TEST(UpgradeDialogue, TakesAHelloWithoutAWordForOne) {
  for (const auto protocol : {std::optional<UpgradeProtocol>(), std::optional(UpgradeProtocol::kPostgres)}) {
    Talk talk = Talk(protocol).client(kHello);
    EXPECT_EQ(talk.outcome(), "upgraded");
    EXPECT_EQ(talk.hello_at(), 0U);
    EXPECT_EQ(talk.spoken(), "");
  }
}

TEST(UpgradeDialogue, NamesWhatIsSpokenOnThePort) {
  Talk talk = Talk(UpgradeProtocol::kSmtp).server("220 hi\r\n");
  EXPECT_EQ(talk.outcome(), "more");
  EXPECT_EQ(talk.spoken(), "smtp");
  EXPECT_EQ(talk.target(), "none");
}

TEST(UpgradeDialogue, GivesUpAServerThatSpeaksFirstWhereNobodySaysWhatIsSpoken) {
  EXPECT_EQ(Talk().server("220 hi\r\n").outcome(), "never: server_spoke_first");
}

TEST(UpgradeDialogue, GivesUpADialogueThatIsTooLong) {
  std::string long_reply;
  while (long_reply.size() <= UpgradeDialogue::kBytesMax - 100)
    long_reply += "250-" + std::string(90, 'x') + "\r\n";
  Talk talk = Talk(UpgradeProtocol::kSmtp).server("220 hi\r\n").client("EHLO a\r\n").server(long_reply);
  EXPECT_EQ(talk.outcome(), "more");
  EXPECT_EQ(talk.server("250-" + std::string(200, 'x') + "\r\n").outcome(), "never: upgrade_too_long");
}

TEST(UpgradeDialogue, IsUnmovedByNothing) {
  UpgradeDialogue dialogue(UpgradeProtocol::kSmtp);
  EXPECT_EQ(dialogue.on_client({}).kind, Finding::Kind::kMore);
  EXPECT_EQ(dialogue.on_server({}).kind, Finding::Kind::kMore);
}

}  // namespace
}  // namespace limpid::tls
