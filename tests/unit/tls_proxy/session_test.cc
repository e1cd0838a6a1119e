// The session beyond its handshakes: relaying, every kind of end, backpressure, and adoption undecided.
#include "tls_proxy/session.h"

#include <gtest/gtest.h>

#include "tests/unit/tls_proxy/interception.h"

namespace limpid::testing {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using tls::SessionState;

/// Different at every offset, so that nothing can be swapped or repeated unseen.
std::string text_of(std::size_t size) {
  std::string text;
  for (std::size_t i = 0; text.size() < size; ++i) text += std::to_string(i) + ' ';
  text.resize(size);
  return text;
}

struct Way {
  int version;
  std::size_t tools;
  std::string name() const {
    const std::string tls = version == TLS1_2_VERSION ? "Tls12" : "Tls13";
    return tls + (tools == 0 ? "" : tools == 1 ? "ThroughATool" : "ThroughTwoTools");
  }
};

class SessionAt : public ::testing::TestWithParam<Way> {
 protected:
  Interception::Setup usual() const {
    auto setup = Interception::through_tools(GetParam().tools);
    setup.client.version_max = GetParam().version;
    return setup;
  }
};
INSTANTIATE_TEST_SUITE_P(EachVersion, SessionAt,
                         ::testing::Values(Way{TLS1_2_VERSION, 0}, Way{TLS1_3_VERSION, 0},
                                           Way{TLS1_2_VERSION, 1}, Way{TLS1_3_VERSION, 1},
                                           Way{TLS1_3_VERSION, 2}),
                         [](const auto& way) { return way.param.name(); });

// --- Relay ----------------------------------------------------------------------------------------------

TEST_P(SessionAt, RelaysMegabytesBothWaysUnchanged) {
  Interception it(usual());
  it.connect();
  const std::string up = text_of(3'000'000);
  const std::string down = text_of(2'999'999);
  it.client.say(up);
  it.server.say(down);
  it.settle();
  EXPECT_TRUE(it.server.heard() == up);
  EXPECT_TRUE(it.client.heard() == down);
  EXPECT_TRUE(it.mirror.from_client == up);
  EXPECT_TRUE(it.mirror.from_server == down);
  EXPECT_TRUE(it.delivered.from_client == up && it.delivered.from_server == down);
  EXPECT_EQ(it.snapshot().plain_from_client, up.size());
}

TEST_P(SessionAt, TakesNoMoreThanItsBudgetInOneRun) {
  Interception it(usual());
  it.connect();
  it.server.say(text_of(1'000'000));
  const std::size_t before = it.runs;
  it.settle();
  EXPECT_GE(it.runs - before, 1'000'000 / tls::Relay::kBudget);
  EXPECT_EQ(it.client.heard().size(), 1'000'000U);
}

TEST_P(SessionAt, ASlowReaderPushesBackAndMemoryStaysBounded) {
  Interception it(usual());
  it.client_stream.window(100'000);
  it.connect();
  it.client.pause();
  const std::string down = text_of(5'000'000);
  it.server.say(down);
  it.settle();
  EXPECT_LT(it.client_stream.waiting_max(), 100'000U + 17'000U);
  EXPECT_GT(it.server_stream.readable(), 100'000U) << "the server's bytes must wait in its own stream";
  it.client.pause(false);
  it.settle();
  EXPECT_TRUE(it.client.heard() == down);
}

TEST_P(SessionAt, LosesNothingWhileStreamMemoryIsShort) {
  Interception it(usual());
  it.connect();
  it.client_stream.memory(1'000);
  const std::string down = text_of(100'000);
  it.server.say(down);
  it.pass(seconds(4), milliseconds(20));
  EXPECT_TRUE(it.client.heard() == down);
}

// --- Ends -----------------------------------------------------------------------------------------------

TEST_P(SessionAt, PassesACleanEndOfTheClientOnAndLetsTheServerGoOn) {
  Interception it(usual());
  it.connect();
  it.client.say("last words");
  it.client.shut_down();
  it.client.finish();
  it.settle();
  EXPECT_EQ(it.server.heard(), "last words");
  EXPECT_TRUE(it.server.got_close_notify());
  EXPECT_TRUE(it.server.got_fin());
  EXPECT_FALSE(it.client.got_fin());
  it.server.say("a late answer");
  it.settle();
  EXPECT_EQ(it.client.heard(), "a late answer");
  it.server.shut_down();
  it.server.finish();
  it.settle();
  EXPECT_TRUE(it.client.got_close_notify());
  EXPECT_TRUE(it.client.got_fin());
  EXPECT_TRUE(it.session().finished());
  EXPECT_EQ(it.reason(), Reason::none);
  EXPECT_EQ(it.mirror.story, "client ended;server ended;");
}

TEST_P(SessionAt, PassesACleanEndOfTheServerOnAndLetsTheClientGoOn) {
  Interception it(usual());
  it.connect();
  it.server.say("all there is");
  it.server.shut_down();
  it.server.finish();
  it.settle();
  EXPECT_EQ(it.client.heard(), "all there is");
  EXPECT_TRUE(it.client.got_close_notify());
  it.client.say("thanks");
  it.settle();
  EXPECT_EQ(it.server.heard(), "thanks");
  it.client.shut_down();
  it.client.finish();
  it.settle();
  EXPECT_TRUE(it.session().finished());
  EXPECT_EQ(it.reason(), Reason::none);
}

TEST_P(SessionAt, PassesCloseNotifyOnBeforeTheFinComes) {
  Interception it(usual());
  it.connect();
  it.server.shut_down();
  it.settle();
  EXPECT_TRUE(it.client.got_close_notify());
  EXPECT_FALSE(it.client.got_fin());
  it.server.finish();
  it.settle();
  EXPECT_TRUE(it.client.got_fin());
}

TEST_P(SessionAt, ATruncatedStreamNeverBecomesACleanEnd) {
  Interception it(usual());
  it.connect();
  it.server.say("half of it");
  it.server.finish();
  it.settle();
  EXPECT_EQ(it.client.heard(), "half of it");
  EXPECT_TRUE(it.client.got_fin());
  EXPECT_FALSE(it.client.got_close_notify());
  EXPECT_EQ(it.reason(), Reason::server_truncated);
  it.client.say("still heard");
  it.settle();
  EXPECT_EQ(it.server.heard(), "still heard");
  it.client.finish();
  it.settle();
  EXPECT_TRUE(it.session().finished());
  EXPECT_EQ(it.mirror.story, "server reset;client reset;");
}

// curl and nginx part so after HTTP/2: neither has failed.
TEST_P(SessionAt, AServerThatFollowsItsClientOutIsNotBlamed) {
  Interception it(usual());
  it.connect();
  it.client.finish();
  it.settle();
  EXPECT_TRUE(it.server.got_fin());
  EXPECT_FALSE(it.server.got_close_notify());
  it.server.finish();
  it.settle();
  EXPECT_FALSE(it.client.got_close_notify());
  EXPECT_EQ(it.reason(), Reason::none);
  EXPECT_TRUE(it.session().finished());
}

TEST_P(SessionAt, EverythingSaidBeforeAResetArrivesAndThenTheReset) {
  Interception it(usual());
  it.connect();
  it.client.say("the last order");
  it.client.pump(it.client_stream);
  it.server.pause();
  it.client_stream.deliver_reset();
  it.settle();
  EXPECT_FALSE(it.server_stream.aborted()) << "what was said is not acknowledged yet";
  it.server.pause(false);
  it.settle();
  EXPECT_EQ(it.server.heard(), "the last order");
  EXPECT_TRUE(it.server_stream.aborted());
  EXPECT_FALSE(it.server.got_close_notify());
  EXPECT_EQ(it.reason(), Reason::client_reset);
  EXPECT_TRUE(it.session().finished());
}

TEST_P(SessionAt, AResetIsPassedOnAfter300MillisecondsAtTheLatest) {
  Interception it(usual());
  it.connect();
  it.server.say("never taken");
  it.server.pump(it.server_stream);
  it.client.pause();
  it.server_stream.deliver_reset();
  it.settle();
  it.pass(milliseconds(290), milliseconds(10));
  EXPECT_FALSE(it.client_stream.aborted());
  it.pass(milliseconds(20), milliseconds(10));
  EXPECT_TRUE(it.client_stream.aborted());
  EXPECT_EQ(it.reason(), Reason::server_reset);
  EXPECT_TRUE(it.session().finished());
}

TEST_P(SessionAt, AResetIsSeenWhileTheOtherLegAsksForNothing) {
  Interception it(usual());
  it.client_stream.window(50'000);
  it.connect();
  it.client.pause();
  it.server.say(text_of(500'000));
  it.settle();
  it.server_stream.deliver_reset();
  it.settle();
  it.pass(milliseconds(GetParam().tools == 0 ? 400 : 800));  // before the tools, and behind them
  EXPECT_TRUE(it.client_stream.aborted());
}

TEST_P(SessionAt, AResetAfterTheEndIsNoFailure) {
  Interception it(usual());
  it.connect();
  it.client.shut_down();
  it.client.finish();
  it.settle();
  it.client_stream.deliver_reset();
  it.settle();
  EXPECT_TRUE(it.server_stream.aborted());
  EXPECT_EQ(it.reason(), Reason::none);
}

TEST_P(SessionAt, BrokenRecordsEndTheSessionWithTheCulpritNamed) {
  Interception it(usual());
  it.connect();
  it.server_is_tls = false;
  it.server_stream.deliver(std::string("\x17\x03\x03\x00\x20", 5) + std::string(32, 'x'));
  it.settle();
  EXPECT_EQ(it.reason(), Reason::server_protocol_error);
  EXPECT_TRUE(it.client.got_reset());
  EXPECT_TRUE(it.server_stream.waiting() > 0) << "our alert";
  it.pass(seconds(3));
  EXPECT_TRUE(it.session().finished());
}

TEST_P(SessionAt, AnAbortResetsBothLegs) {
  Interception it(usual());
  it.connect();
  it.abort(Reason::stopped);
  EXPECT_TRUE(it.client_stream.aborted());
  EXPECT_TRUE(it.server_stream.aborted());
  EXPECT_TRUE(it.session().finished());
  EXPECT_EQ(it.reason(), Reason::stopped);
}

TEST(Session, RefusesRenegotiation) {
  auto setup = Interception::usual();
  setup.client.version_max = TLS1_2_VERSION;
  Interception it(std::move(setup));
  it.connect();
  SSL_renegotiate(it.client.ssl());
  it.client.say("again?");
  it.settle();
  EXPECT_EQ(it.server.heard(), "");
}

TEST(Session, FollowsKeyUpdatesOfBothPeers) {
  Interception it(Interception::usual());
  it.connect();
  SSL_key_update(it.client.ssl(), SSL_KEY_UPDATE_REQUESTED);
  SSL_key_update(it.server.ssl(), SSL_KEY_UPDATE_REQUESTED);
  it.client.say("one");
  it.server.say("two");
  it.settle();
  it.client.say(" three");
  it.server.say(" four");
  it.settle();
  EXPECT_EQ(it.server.heard(), "one three");
  EXPECT_EQ(it.client.heard(), "two four");
}

TEST(Session, AnEndThatComesTogetherWithAResetIsACleanEnd) {
  Interception it(Interception::usual());
  it.connect();
  const std::string words(3 * tls::Relay::kBudget, 'w');  // more than one run takes
  it.client.say(words);
  it.client.shut_down();
  it.client.pump(it.client_stream);
  it.client_stream.deliver_reset();
  it.settle();
  it.pass(std::chrono::milliseconds(1));
  EXPECT_EQ(it.server.heard(), words);
  EXPECT_TRUE(it.server.got_close_notify());
  EXPECT_TRUE(it.session().finished());
  EXPECT_EQ(it.reason(), Reason::none);
}

// --- What comes behind the handshake ----------------------------------------------------------------------

/// A server whose tickets take several records each, of which the last is under way.
struct HalfATicket : Interception {
  static Setup setup(bool asks) {
    auto made = usual();
    made.server.version_min = TLS1_3_VERSION;
    made.server.ticket_bytes = 2'000;
    made.server.record_bytes = 512;
    made.server.ask_for_certificate = asks;
    return made;
  }
  explicit HalfATicket(bool asks = false) : Interception(setup(asks)) { server.keep_back(100); }
  void deliver_the_rest() {
    server.keep_back(0);
    settle();
  }
};

TEST(Session, WaitsWithWhatItHasForAServerWhoseTicketIsHalfRead) {
  HalfATicket it;
  it.connect();
  it.client.say("question");
  it.settle();
  EXPECT_EQ(it.session().state(), SessionState::kRelay) << it.snapshot().detail;
  it.deliver_the_rest();
  EXPECT_EQ(it.server.heard(), "question");
  it.server.say("answer");
  it.settle();
  EXPECT_EQ(it.client.heard(), "answer");
}

TEST(Session, EndsCleanlyTowardsAServerWhoseTicketIsHalfRead) {
  HalfATicket it;
  it.connect();
  it.client.say("question");
  it.client.shut_down();
  it.client.finish();
  it.settle();
  it.deliver_the_rest();
  EXPECT_EQ(it.server.heard(), "question");
  EXPECT_TRUE(it.server.got_close_notify());
  EXPECT_TRUE(it.server.got_fin());
}

TEST(Session, WaitsForNoRestOfATicketFromAServerThatHasGone) {
  HalfATicket it;
  it.connect();
  it.server_stream.deliver_fin();
  it.settle();
  EXPECT_TRUE(it.client.got_fin());
  it.client.shut_down();
  it.client.finish();
  it.settle();
  EXPECT_TRUE(it.session().finished());
}

TEST(Session, TakesHalfATicketForTheServersApproval) {
  HalfATicket it(true);
  it.connect();
  EXPECT_TRUE(it.client.connected());
  it.deliver_the_rest();
  it.expect_conversation();
}

// --- Undecided ------------------------------------------------------------------------------------------

TEST(UndecidedSession, ReadsTheRestOfTheHelloAndIntercepts) {
  Interception it(Interception::usual());
  it.client.deliver_in_pieces(10);
  it.connect_undecided();
  EXPECT_EQ(it.session().state(), SessionState::kRelay);
  it.client.say("hello");
  it.settle();
  EXPECT_EQ(it.server.heard(), "hello");
  EXPECT_EQ(it.client.verify_result(), X509_V_OK);
}

TEST(UndecidedSession, IsResetWhereUnfinishedHellosTakeTooMuchMemoryTogether) {
  auto setup = Interception::usual();
  setup.settings.dialogue_bytes_max = 90;
  Interception it(std::move(setup));
  const std::string hello = it.client.first_flight();
  it.connect_undecided();
  it.client_stream.deliver(hello.substr(0, 50));
  it.settle();
  EXPECT_FALSE(it.session().finished());
  it.client_stream.deliver(hello.substr(50, 50));
  it.settle();
  EXPECT_TRUE(it.client_stream.aborted());
  EXPECT_EQ(it.reason(), Reason::memory_short);

  it.connect_undecided();  // in place of the other, which has given its memory back
  it.client_stream = MemoryStream(Reason::client_reset);
  it.server_stream = MemoryStream(Reason::server_reset);
  it.client_stream.deliver(hello.substr(0, 50));
  it.settle();
  EXPECT_FALSE(it.session().finished());
}

TEST(UndecidedSession, RelaysBytesWherePolicyPasses) {
  auto setup = Interception::usual();
  setup.policy.rules.front() = {
      .name = "private", .when = {.sni = {"server.example"}}, .then = policy::Action::kPass};
  setup.client.trust = TestPki::shared().root.certificate.get();
  Interception it(std::move(setup));
  it.client.deliver_in_pieces(10);
  it.connect_undecided();
  EXPECT_EQ(it.session().state(), SessionState::kByteRelay);
  it.client.say("private words");
  it.settle();
  EXPECT_EQ(it.server.heard(), "private words");
  EXPECT_EQ(it.client.verify_result(), X509_V_OK) << "the server's own certificate";
  EXPECT_EQ(it.mirror.opened, 0);
  it.client.shut_down();
  it.client.finish();
  it.server.shut_down();
  it.server.finish();
  it.settle();
  EXPECT_TRUE(it.client.got_close_notify());
  EXPECT_TRUE(it.client.got_fin());
  EXPECT_TRUE(it.server.got_fin());
  EXPECT_TRUE(it.session().finished());
  EXPECT_EQ(it.snapshot().decided, tls::Decided::kPass);
  EXPECT_EQ(it.snapshot().rule_name, "private");
  EXPECT_EQ(it.reason(), Reason::none);
}

TEST(UndecidedSession, IsRelayedThroughTheToolsOfWhatIsNotDecrypted) {
  auto setup = Interception::through_tools(2);
  setup.policy.rules = {{.name = "all", .then = policy::Action::kPass}};
  setup.policy.not_decrypted = {.tls = {1}, .other_tcp = {2}};
  setup.client.trust = TestPki::shared().root.certificate.get();
  Interception it(std::move(setup));
  it.connect_undecided();
  it.settle();
  it.client.say("through the tool as it is");
  it.settle();
  EXPECT_EQ(it.server.heard(), "through the tool as it is");
  EXPECT_EQ(it.session().state(), tls::SessionState::kByteRelay);
  EXPECT_EQ(it.tools[0]->tool.counters().opened, 1U);
  EXPECT_EQ(it.tools[1]->tool.counters().passages, 0U);
  EXPECT_EQ(it.snapshot().tools, "ips");
  EXPECT_EQ(it.tools[0]->tool.counters().modified, 0U);
}

TEST(UndecidedSession, IsResetWhereTheToolOfWhatIsNotDecryptedIsDown) {
  auto setup = Interception::through_tools(1);
  setup.policy.rules = {{.name = "all", .then = policy::Action::kPass, .tools = {1}}};
  Interception it(std::move(setup));
  it.tools[0]->becomes(tool::HealthState::kDown);
  it.connect_undecided();
  it.settle();
  EXPECT_EQ(it.reason(), Reason::tool_down);
  EXPECT_EQ(it.server.heard(), "");
}

TEST(UndecidedSession, ResetsBothWherePolicyBlocks) {
  auto setup = Interception::usual();
  setup.policy.rules.front().then = policy::Action::kBlock;
  Interception it(std::move(setup));
  it.client.deliver_in_pieces(10);
  it.connect_undecided();
  EXPECT_TRUE(it.client.got_reset());
  EXPECT_TRUE(it.server.got_reset());
  EXPECT_EQ(it.reason(), Reason::blocked_by_rule);
  EXPECT_TRUE(it.session().finished());
}

TEST(UndecidedSession, RelaysWhatTurnsOutNotToBeTls) {
  Interception it(Interception::usual());
  it.server_is_tls = false;
  it.client.pause();
  it.client.deliver_in_pieces(0);
  it.client_stream.deliver("\x16\x03");
  it.connect_undecided();
  it.client_stream.deliver("\x09 not TLS after all");
  it.settle();
  EXPECT_EQ(it.server_stream.take(), "\x16\x03\x09 not TLS after all");
  EXPECT_EQ(it.reason(), Reason::not_tls);
  it.server_stream.deliver("so be it");
  it.settle();
  EXPECT_EQ(it.client_stream.take(), "so be it");
  it.server_stream.deliver_reset();
  it.settle();
  EXPECT_TRUE(it.client_stream.aborted());
}

TEST(UndecidedSession, WaitsTenSecondsForASlowHelloButNotForEver) {
  Interception it(Interception::usual());
  it.client.deliver_in_pieces(0);
  it.client_stream.deliver("\x16\x03\x01");
  it.connect_undecided();
  it.pass(seconds(12));
  EXPECT_EQ(it.session().state(), SessionState::kAwaitHello);
  it.pass(seconds(20));
  EXPECT_EQ(it.reason(), Reason::client_hello_deadline);
  EXPECT_TRUE(it.client_stream.aborted());
  EXPECT_TRUE(it.server_stream.aborted());
}

TEST(UndecidedSession, LetsAServerThatSpeaksFirstSpeak) {
  Interception it(Interception::usual());
  it.server_is_tls = false;
  it.client.deliver_in_pieces(0);
  it.client.pause();
  it.client_stream.deliver("\x16");
  it.connect_undecided();
  it.server_stream.deliver("220 hello");
  it.settle();
  EXPECT_EQ(it.client_stream.take(), "220 hello");
  EXPECT_EQ(it.server_stream.take(), "\x16");
  EXPECT_EQ(it.reason(), Reason::server_spoke_first);
}

}  // namespace
}  // namespace limpid::testing
