// What was said in the clear, once more. Whole sessions that are passed so are in session_late_test.
#include "tls_proxy/second_dialogue.h"

#include <gtest/gtest.h>

#include "tests/unit/tls_proxy/memory_stream.h"

namespace limpid::testing {
namespace {

using policy::UpgradeProtocol;
using tls::Prelude;
using tls::SecondDialogue;
using tool::Direction;
using State = SecondDialogue::State;

struct SecondDialogueTest : ::testing::Test {
  static Prelude imap() {
    Prelude prelude;
    prelude.turns = {{Direction::kFromServer, "* OK at 10:00\r\n"},
                     {Direction::kFromClient, "a STARTTLS\r\n"},
                     {Direction::kFromServer, "a OK begin\r\n"}};
    prelude.spoken = "imap";
    return prelude;
  }
  State run() { return again.run(server); }
  Prelude prelude = imap();
  MemoryStream server{Reason::server_reset};
  SecondDialogue again{prelude, UpgradeProtocol::kImap};
};

TEST_F(SecondDialogueTest, SaysEachWordOnlyBehindTheAnswerThatCameBeforeIt) {
  EXPECT_EQ(run(), State::kGoesOn);
  EXPECT_EQ(server.take(), "") << "the greeting comes first";
  server.deliver("* OK at 10:00:07, ");
  EXPECT_EQ(run(), State::kGoesOn);
  EXPECT_EQ(server.take(), "") << "and all of it";
  server.deliver("welcome\r\n");
  EXPECT_EQ(run(), State::kGoesOn);
  EXPECT_EQ(server.take(), "a STARTTLS\r\n");
  server.deliver("a OK\r\n");
  EXPECT_EQ(run(), State::kAgreed);
  EXPECT_EQ(server.readable(), 0U) << "nothing of it is for the client";
}

TEST_F(SecondDialogueTest, WaitsForRoomForItsWords) {
  server.window(3);
  server.deliver("* OK\r\n");
  std::string said;
  for (int i = 0; i < 10; ++i) {
    run();
    said += server.take();
  }
  EXPECT_EQ(said, "a STARTTLS\r\n");
}

TEST_F(SecondDialogueTest, ALoadBalancersHeaderNeedsNoAnswer) {
  const std::string header = "PROXY TCP4 192.0.2.7 198.51.100.9 4711 443\r\n";
  Prelude balanced;
  balanced.turns = {{Direction::kFromClient, header}};
  balanced.spoken = "proxy";
  SecondDialogue once_more(balanced, std::nullopt);
  EXPECT_EQ(once_more.run(server), State::kAgreed);
  EXPECT_EQ(server.take(), header);
}

TEST_F(SecondDialogueTest, ATagThatIsShorterThanTheFirstTimeIsWhole) {
  Prelude stream;
  stream.spoken = "xmpp";
  stream.turns = {
      {Direction::kFromClient, "<stream:stream to='x'>"},
      {Direction::kFromServer, "<stream:stream id='12345'><stream:features><starttls/></stream:features>"},
      {Direction::kFromClient, "<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>"},
      {Direction::kFromServer, "<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>"}};
  SecondDialogue once_more(stream, UpgradeProtocol::kXmpp);
  EXPECT_EQ(once_more.run(server), State::kGoesOn);
  EXPECT_EQ(server.take(), stream.turns[0].bytes);
  server.deliver("<stream:stream id='9'>");
  EXPECT_EQ(once_more.run(server), State::kGoesOn);
  server.deliver("<stream:features><starttls/></stream:features>");
  EXPECT_EQ(once_more.run(server), State::kGoesOn);
  EXPECT_EQ(server.take(), stream.turns[2].bytes);
  server.deliver(stream.turns[3].bytes);
  EXPECT_EQ(once_more.run(server), State::kAgreed);
}

TEST_F(SecondDialogueTest, FailsWhereTheServerIsGoneBeforeItHasHeardEverything) {
  server.deliver("* OK\r\n");
  server.memory(3);
  EXPECT_EQ(run(), State::kGoesOn);
  server.deliver_reset();
  EXPECT_EQ(run(), State::kFailed);
}

TEST_F(SecondDialogueTest, FailsWhereTheServerDoesNotAgreeAgain) {
  server.deliver("* OK\r\n");
  run();
  server.deliver("a NO not now\r\n");
  EXPECT_EQ(run(), State::kFailed);
}

TEST_F(SecondDialogueTest, FailsWhereTheServerAgreesAndGoesOnInTheClear) {
  server.deliver("* OK\r\n");
  run();
  server.deliver("a OK\r\n* injected\r\n");
  EXPECT_EQ(run(), State::kFailed);
}

TEST_F(SecondDialogueTest, FailsWhereTheServerLeaves) {
  server.deliver("* OK");
  server.deliver_fin();
  EXPECT_EQ(run(), State::kFailed);
}

TEST_F(SecondDialogueTest, IsPossibleWhereTheClientNeedsNothingThatTheServerHasSaid) {
  EXPECT_TRUE(SecondDialogue::is_possible(prelude));
  prelude.spoken = "mysql";
  EXPECT_FALSE(SecondDialogue::is_possible(prelude)) << "the password is mixed with a number in the greeting";
  Prelude pop3;
  pop3.spoken = "pop3";
  EXPECT_FALSE(SecondDialogue::is_possible(pop3)) << "nobody has heard anything";
  pop3.turns = {{Direction::kFromServer, "+OK ready\r\n"}};
  EXPECT_TRUE(SecondDialogue::is_possible(pop3));
  pop3.turns = {{Direction::kFromClient, "PROXY TCP4 192.0.2.7 198.51.100.9 4711 110\r\n"},
                {Direction::kFromServer, "+OK <1@mail.example>\r\n"}};
  EXPECT_FALSE(SecondDialogue::is_possible(pop3)) << "likewise";
}

}  // namespace
}  // namespace limpid::testing
