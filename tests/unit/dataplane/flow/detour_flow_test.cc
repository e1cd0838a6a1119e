#include <gtest/gtest.h>

#include "tests/unit/dataplane/flow/engine_harness.h"
#include "tests/unit/dataplane/flow/scripted_detour.h"

namespace limpid::flow {
namespace {

struct DetourFlow : EngineTest {
  DetourFlow() {
    settings.keep_passed = true;
    user.make_memo = [this] { return std::make_unique<DetourMemo>(script); };
  }
  /// The first bytes say that the flow is passed: its handshake has gone past the tools.
  void hello() {
    user.pass_hello = true;
    connect();
    client_sends(from_client(1, tcp::kAck | tcp::kPsh, "HELLO\n"));
  }
  void open_at_syn() {
    user.on_syn_says = Disposition::kForward;
    client_sends(syn());
    server_sends(syn_ack());
    client_sends(from_client(1, tcp::kAck));
  }
  void shown() {
    script.turn(Detour::State::kThrough);
    engine().flush(now);
  }
  void expect_carried(std::size_t at, const frames::Tcp& tcp, bool from_client) {
    ASSERT_GT(script.carried.size(), at);
    EXPECT_EQ(script.carried[at].frame, frames::tcp(tcp));
    EXPECT_EQ(script.carried[at].from_client, from_client);
  }
  void expect_reset(const Sent& sent, std::uint32_t seq) {
    EXPECT_EQ(sent.view().flags & tcp::kRst, tcp::kRst);
    EXPECT_EQ(sent.view().seq, seq);
  }

  DetourScript script;
};

TEST_F(DetourFlow, DecidedAtItsSynGoesThroughFromItsFirstPacketAndNothingIsReplayed) {
  open_at_syn();
  EXPECT_TRUE(output.sent.empty()) << "nothing goes past the tool";
  ASSERT_EQ(script.carried.size(), 3U);
  expect_carried(0, syn(), true);
  expect_carried(1, syn_ack(), false);
  expect_carried(2, from_client(1, tcp::kAck), true);
  EXPECT_TRUE(script.shown.empty());
  EXPECT_TRUE(script.from_client_side);
}

TEST_F(DetourFlow, WhatComesOutLeavesToTheOtherEndAsItIs) {
  open_at_syn();
  const Frame text = frames::tcp(from_client(1, tcp::kAck, "text"));
  script.let_out(pool, text, true);
  ASSERT_EQ(output.sent.size(), 1U);
  EXPECT_EQ(output.sent[0].frame, text);
  EXPECT_EQ(output.sent[0].to, Side::kServer);
  const Frame answer = frames::tcp(from_server(1, tcp::kAck, "answer"));
  script.let_out(pool, answer, false);
  EXPECT_EQ(output.sent[1].frame, answer);
  EXPECT_EQ(output.sent[1].to, Side::kClient);
  EXPECT_EQ(engine().counters().packets_forwarded, 2U);
}

TEST_F(DetourFlow, OfAClientAtTheServerSideTheToolsAreToldSo) {
  client_side = Side::kServer;
  open_at_syn();
  EXPECT_FALSE(script.from_client_side);
  script.let_out(pool, frames::tcp(syn()), true);
  EXPECT_EQ(output.sent[0].to, Side::kClient);
}

TEST_F(DetourFlow, DecidedLaterShowsTheToolsItsHandshakeAsItHasLeft) {
  user.pass_hello = true;
  client_sends(syn());
  const Frame syn_as_left = output.sent.back().frame;
  server_sends(syn_ack());
  const Frame syn_ack_as_left = output.sent.back().frame;
  client_sends(from_client(1, tcp::kAck));
  output.sent.clear();
  client_sends(from_client(1, tcp::kAck | tcp::kPsh, "HELLO\n"));
  ASSERT_EQ(script.shown.size(), 1U);
  EXPECT_EQ(script.shown[0].syn, syn_as_left);
  EXPECT_EQ(script.shown[0].syn_ack, syn_ack_as_left);
  EXPECT_EQ(script.shown[0].ack, frames::tcp(from_client(1, tcp::kAck)));
  EXPECT_TRUE(output.sent.empty());
  EXPECT_TRUE(script.carried.empty()) << "the hello waits until the tools know the connection";
}

TEST_F(DetourFlow, PacketsOfBothEndsWaitMeanwhileAndThenGoThroughInTheirOrder) {
  hello();
  const auto early = from_server(1, tcp::kAck, "early");
  const auto more = from_client(7, tcp::kAck, "more");
  server_sends(early);
  client_sends(more);
  EXPECT_TRUE(script.carried.empty());
  EXPECT_EQ(engine().counters().now_held_packets, 3U);
  shown();
  expect_carried(0, from_client(1, tcp::kAck | tcp::kPsh, "HELLO\n"), true);
  expect_carried(1, early, false);
  expect_carried(2, more, true);
  EXPECT_EQ(engine().counters().now_held_packets, 0U);
  client_sends(from_client(11, tcp::kAck, "and on"));
  expect_carried(3, from_client(11, tcp::kAck, "and on"), true);
  EXPECT_TRUE(output.sent.empty());
}

TEST_F(DetourFlow, APacketDoesNotOvertakeThoseThatWait) {
  hello();
  script.turn(Detour::State::kThrough);  // and the burst goes on
  client_sends(from_client(7, tcp::kAck, "more"));
  expect_carried(0, from_client(1, tcp::kAck | tcp::kPsh, "HELLO\n"), true);
  expect_carried(1, from_client(7, tcp::kAck, "more"), true);
}

TEST_F(DetourFlow, NoMoreWaitThanAHoldMayKeep) {
  settings.held_packets_flow_max = 4;
  hello();
  for (std::uint32_t i = 0; i < 10; ++i) client_sends(from_client(7 + i, tcp::kAck, "x"));
  EXPECT_EQ(engine().counters().now_held_packets, 4U);
  EXPECT_EQ(pool.used(), 4U);
  EXPECT_EQ(engine().counters().packets_dropped, 7U);
}

// --- What began in the clear ----------------------------------------------------------------------------

/// The client's bytes are numbered from 1, the server's too.
struct DetouredDialogue : DetourFlow {
  DetouredDialogue() { user.dialogue_on_syn = true; }
  static frames::Tcp says(frames::Tcp tcp, std::uint32_t ack) {
    tcp.ack = ack;
    return tcp;
  }
  frames::Tcp client_says(std::uint32_t seq, std::uint32_t heard, std::string text) const {
    return says(from_client(seq, tcp::kAck | tcp::kPsh, std::move(text)), kServerIsn + heard);
  }
  frames::Tcp server_says(std::uint32_t seq, std::uint32_t heard, std::string text) const {
    return says(from_server(seq, tcp::kAck | tcp::kPsh, std::move(text)), kClientIsn + heard);
  }
  void begin() {
    connect();
    server_sends(server_says(1, 1, "hi\n"));
    client_sends(client_says(1, 4, "what\n"));
    server_sends(server_says(4, 6, "no\n"));
  }
  void expect_shown(const std::vector<frames::Tcp>& frames) {
    ASSERT_EQ(script.shown.size(), 1U);
    EXPECT_FALSE(script.shown[0].syn.empty());
    std::vector<Frame> shown;
    for (const SpokenFrames::Spoken& each : script.shown[0].spoken.all()) shown.push_back(each.frame);
    std::vector<Frame> expected;
    for (const frames::Tcp& each : frames) expected.push_back(frames::tcp(each));
    EXPECT_EQ(shown, expected);
  }
  const std::vector<frames::Tcp> said{server_says(1, 1, "hi\n"), client_says(1, 4, "what\n"),
                                      server_says(4, 6, "no\n")};
};

TEST_F(DetouredDialogue, ThatComesToNothingIsShownToTheToolsAndWhatEndsItGoesThrough) {
  begin();
  EXPECT_EQ(engine().counters().now_spoken_bytes,
            frames::tcp(said[0]).size() + frames::tcp(said[1]).size() + frames::tcp(said[2]).size());
  output.sent.clear();
  client_sends(client_says(6, 7, "QUIT\n"));
  EXPECT_TRUE(output.sent.empty());
  expect_shown(said);
  EXPECT_TRUE(script.shown[0].spoken.all()[1].from_client);
  EXPECT_FALSE(script.shown[0].spoken.all()[2].from_client);
  shown();
  ASSERT_EQ(script.carried.size(), 1U);
  expect_carried(0, client_says(6, 7, "QUIT\n"), true);
  script.shown.clear();
  EXPECT_EQ(engine().counters().now_spoken_bytes, 0U);
}

TEST_F(DetouredDialogue, EndedByTheServerGoesThroughFromThatAnswerOn) {
  begin();
  output.sent.clear();
  server_sends(server_says(7, 6, "QUIT\n"));
  EXPECT_TRUE(output.sent.empty());
  expect_shown(said);
  shown();
  expect_carried(0, server_says(7, 6, "QUIT\n"), false);
}

TEST_F(DetouredDialogue, UpgradedAndPassedIsShownWithoutTheHelloThatWaits) {
  user.pass_hello = true;
  begin();
  client_sends(client_says(6, 7, "UPGRADE\n"));
  server_sends(server_says(7, 14, "YES\n"));
  output.sent.clear();
  client_sends(client_says(14, 11, "HELLO\n"));
  EXPECT_TRUE(output.sent.empty());
  expect_shown({said[0], said[1], said[2], client_says(6, 7, "UPGRADE\n"), server_says(7, 14, "YES\n")});
  shown();
  expect_carried(0, client_says(14, 11, "HELLO\n"), true);
}

TEST_F(DetouredDialogue, RepetitionsAreNotShown) {
  begin();
  server_sends(said[2]);
  client_sends(said[1]);
  client_sends(client_says(6, 7, "QUIT\n"));
  expect_shown(said);
}

TEST_F(DetouredDialogue, WithoutRoomForWhatWasSaidGoesStraightAcrossAndIsCounted) {
  settings.spoken_bytes_max = 100;
  begin();
  EXPECT_EQ(engine().counters().now_spoken_bytes, 0U);
  expect_forwarded_from_client(client_says(6, 7, "QUIT\n"));
  EXPECT_TRUE(script.dropped);
  EXPECT_TRUE(script.shown.empty());
  EXPECT_EQ(engine().counters().reasons[Reason::dialogue_not_shown], 1U);
}

TEST_F(DetouredDialogue, GivenUpForWantOfRoomItsUserHearsWhatTheClientHasSaidBehindIt) {
  settings.adopted_max = 0;
  begin();
  client_sends(client_says(6, 7, "UPGRADE\n"));
  server_sends(server_says(7, 14, "YES\n"));
  client_sends(client_says(14, 11, "HELLO\n"));
  EXPECT_EQ(user.given_up, (std::vector<std::string>{"HELLO\n"}));
  EXPECT_EQ(script.shown.size(), 1U);
}

TEST_F(DetouredDialogue, ThatIsTakenOverIsKeptNoLonger) {
  begin();
  client_sends(client_says(6, 7, "UPGRADE\n"));
  server_sends(server_says(7, 14, "YES\n"));
  EXPECT_GT(engine().counters().now_spoken_bytes, 0U);
  client_sends(client_says(14, 11, "HELLO\n"));
  EXPECT_EQ(engine().counters().flows_adopted, 1U);
  EXPECT_EQ(engine().counters().now_spoken_bytes, 0U);
}

TEST_F(DetourFlow, WhereNoToolIsLeftItGoesStraightAcross) {
  hello();
  script.turn(Detour::State::kPast);
  engine().flush(now);
  const auto sent = to_server();
  ASSERT_EQ(sent.size(), 1U);
  EXPECT_EQ(sent[0].frame, frames::tcp(from_client(1, tcp::kAck | tcp::kPsh, "HELLO\n")));
  expect_forwarded_from_server(from_server(1, tcp::kAck, "text"));
  EXPECT_EQ(pool.used(), 0U);
}

TEST_F(DetourFlow, AReplayThatAToolRefusesIsTheEndForBothEnds) {
  hello();
  script.turn(Detour::State::kReset, Reason::tool_reset);
  engine().flush(now);
  const auto client_got = to_client();
  const auto server_got = to_server();
  ASSERT_EQ(client_got.size(), 1U);
  ASSERT_EQ(server_got.size(), 1U);
  expect_reset(client_got[0], kServerIsn + 1);
  expect_reset(server_got[0], kClientIsn + 1);
  ASSERT_EQ(user.closed.size(), 1U);
  EXPECT_EQ(user.closed[0].summary.reason, Reason::tool_reset);
  EXPECT_EQ(engine().counters().reasons[Reason::tool_reset], 1U);
  EXPECT_EQ(script.host, nullptr) << "the tools know nothing of it any more";
  EXPECT_EQ(pool.used(), 0U);
}

TEST_F(DetourFlow, OfPacketsThatOvertookEachOtherTheFirstNumberTellsWhereTheResetStands) {
  user.pass_hello = true;
  connect();
  client_sends(from_client(4, tcp::kAck, "LO\n"));
  client_sends(from_client(1, tcp::kAck, "HEL"));
  script.turn(Detour::State::kReset, Reason::tool_unreachable);
  engine().flush(now);
  expect_reset(to_server().at(0), kClientIsn + 1);
}

TEST_F(DetourFlow, RefusedAtItsSynIsAnsweredWithReset) {
  script.state = Detour::State::kReset;
  script.reason = Reason::tool_down;
  user.on_syn_says = Disposition::kForward;
  client_sends(syn());
  EXPECT_TRUE(to_server().empty());
  const auto sent = to_client();
  ASSERT_EQ(sent.size(), 1U);
  EXPECT_EQ(sent[0].view().ack, kClientIsn + 1);
  ASSERT_EQ(user.closed.size(), 1U);
  EXPECT_EQ(user.closed[0].summary.reason, Reason::tool_down);
}

TEST_F(DetourFlow, CutOffInMidStreamItStaysSoThoughItsEndsAreSilentForAnHour) {
  open_at_syn();
  script.turn(Detour::State::kReset, Reason::tool_down);
  engine().flush(now);
  advance(minutes(60));
  client_sends(from_client(1, tcp::kAck, "text"));
  EXPECT_TRUE(to_server().empty()) << "never past a tool in mid-stream";
  const auto sent = to_client();
  ASSERT_EQ(sent.size(), 1U);
  expect_reset(sent[0], kServerIsn + 1);
  server_sends(from_server(1, tcp::kAck, "text"));
  expect_reset(to_server().at(0), kClientIsn + 1);
}

TEST_F(DetourFlow, OfAServerThatSpeaksFirstTheToolsSeeTheHandshakeBeforeItsWords) {
  connect();
  const auto banner = from_server(1, tcp::kAck, "SSH-2.0");
  server_sends(banner);
  EXPECT_TRUE(output.sent.empty());
  ASSERT_EQ(script.shown.size(), 1U);
  shown();
  expect_carried(0, banner, false);
  EXPECT_EQ(user.given_up, (std::vector<std::string>{""}));
}

TEST_F(DetourFlow, GivenUpForWantOfRoomTheUserHearsWhatTheClientHasSaid) {
  settings.adopted_max = 0;
  connect();
  client_sends(from_client(1, tcp::kAck, "HELLO\n"));
  EXPECT_EQ(user.given_up, (std::vector<std::string>{"HELLO\n"}));
  EXPECT_EQ(script.shown.size(), 1U);
}

TEST_F(DetourFlow, WhoseSynCannotBeTakenOverGoesThroughFromItsFirstPacket) {
  frames::Tcp tiny = syn();
  Frame mss;
  frames::put(mss, 0x02040040U, 4);
  tiny.options = std::string(as_text(mss));
  client_sends(tiny);
  expect_carried(0, tiny, true);
  EXPECT_TRUE(script.shown.empty());
}

TEST_F(DetourFlow, WatchedOnlyToBeKnownLeavesItsSynUneditedAndIsNeverAdopted) {
  user.intercept = false;
  settings.adopted_max = 0;
  settings.at_limit = AtLimit::kReset;
  expect_forwarded_from_client(syn());
  expect_forwarded_from_server(syn_ack());
  client_sends(from_client(1, tcp::kAck));
  client_sends(from_client(1, tcp::kAck, "HEL"));
  advance(milliseconds(60));
  EXPECT_EQ(user.undecided, 0);
  EXPECT_EQ(user.given_up, (std::vector<std::string>{"HEL"}));
  ASSERT_EQ(script.shown.size(), 1U);
  EXPECT_EQ(script.shown[0].syn, frames::tcp(syn()));
}

TEST_F(DetourFlow, AResetThatTheOtherEndMayNotBelieveDoesNotEndIt) {
  open_at_syn();
  server_sends(from_server(1, tcp::kAck));
  client_sends(from_client(500, tcp::kRst));
  EXPECT_EQ(script.carried.size(), 5U) << "it passes as any packet";
  advance(seconds(30));
  client_sends(from_client(1, tcp::kAck, "and yet it moves"));
  EXPECT_EQ(script.carried.size(), 6U) << "past the tool nothing goes";
  EXPECT_TRUE(output.sent.empty());
}

TEST_F(DetourFlow, AResetAfterWhichNothingComesWasMeantAsIs) {
  open_at_syn();
  server_sends(from_server(1, tcp::kAck));
  client_sends(from_client(1, tcp::kAck, "on its way"));
  client_sends(from_client(11, tcp::kRst));
  advance(minutes(3));
  EXPECT_TRUE(user.closed.empty());
  advance(minutes(2));
  ASSERT_EQ(user.closed.size(), 1U);
  EXPECT_EQ(user.closed[0].summary.reason, Reason::client_reset);
}

TEST_F(DetourFlow, AResetInItsPlaceEndsIt) {
  open_at_syn();
  server_sends(from_server(1, tcp::kAck));
  client_sends(from_client(1, tcp::kRst));
  script.let_out(pool, frames::tcp(from_client(1, tcp::kRst)), true);
  advance(seconds(5));
  ASSERT_EQ(user.closed.size(), 1U);
  EXPECT_EQ(user.closed[0].summary.reason, Reason::client_reset);
}

TEST_F(DetourFlow, AFeignedFinDoesNotEndItWhenTheServerHasClosed) {
  open_at_syn();
  client_sends(from_client(90'000, tcp::kFin | tcp::kAck));
  server_sends(from_server(1, tcp::kFin | tcp::kAck));
  frames::Tcp acknowledges = from_client(1, tcp::kAck);
  acknowledges.ack = kServerIsn + 2;
  client_sends(acknowledges);
  advance(seconds(30));
  const std::size_t before = script.carried.size();
  client_sends(from_client(1, tcp::kAck, "one-way"));
  EXPECT_EQ(script.carried.size(), before + 1);
  EXPECT_TRUE(output.sent.empty()) << "past the tool nothing goes";
}

TEST_F(DetourFlow, BothFinsAcknowledgedEndIt) {
  open_at_syn();
  client_sends(from_client(1, tcp::kFin | tcp::kAck));
  frames::Tcp fin = from_server(1, tcp::kFin | tcp::kAck);
  fin.ack = kClientIsn + 2;
  server_sends(fin);
  frames::Tcp last = from_client(2, tcp::kAck);
  last.ack = kServerIsn + 2;
  client_sends(last);
  advance(seconds(5));
  EXPECT_EQ(user.closed.size(), 1U);
}

TEST_F(DetourFlow, AToolsOwnResetPassesAndIsItsReason) {
  open_at_syn();
  server_sends(from_server(1, tcp::kAck));
  script.let_out(pool, frames::tcp(from_client(1, tcp::kRst)), true);
  EXPECT_EQ(to_server().size(), 1U);
  advance(seconds(5));
  ASSERT_EQ(user.closed.size(), 1U);
  EXPECT_EQ(user.closed[0].summary.reason, Reason::tool_reset);
  output.sent.clear();
  client_sends(from_client(1, tcp::kAck, "and yet it moves"));
  EXPECT_TRUE(to_server().empty()) << "past the tool nothing goes, though it has been silent";
  const auto client_gets = to_client();
  ASSERT_EQ(client_gets.size(), 1U);
  EXPECT_EQ(client_gets[0].view().flags & tcp::kRst, tcp::kRst);
}

TEST_F(DetourFlow, ADamagedOrGuessedResetIsNone) {
  open_at_syn();
  server_sends(from_server(1, tcp::kAck));
  frames::Tcp damaged = from_client(1, tcp::kRst);
  damaged.damaged = true;
  client_sends(damaged);
  client_sends(from_client(5'000'000, tcp::kRst));
  advance(minutes(10));
  EXPECT_TRUE(user.closed.empty());
  client_sends(from_client(1, tcp::kAck, "on"));
  expect_carried(6, from_client(1, tcp::kAck, "on"), true);
}

TEST_F(DetourFlow, AfterAResetThatNobodyHeardItsEndsDoNotGetPastTheTool) {
  open_at_syn();
  server_sends(from_server(1, tcp::kAck));
  client_sends(from_client(1, tcp::kRst));  // dies on its way to the server
  advance(minutes(10));
  client_sends(from_client(1, tcp::kAck, "and yet it moves"));
  EXPECT_TRUE(to_server().empty());
}

TEST_F(DetourFlow, AFinThatDoesNotEndItsDirectionIsNone) {
  open_at_syn();
  client_sends(from_client(1, tcp::kAck, "x"));
  frames::Tcp fin = from_server(1, tcp::kFin | tcp::kAck);
  fin.ack = kClientIsn + 2;
  server_sends(fin);
  frames::Tcp old = from_client(1, tcp::kFin | tcp::kAck);  // in the place of what was acknowledged
  old.ack = kServerIsn + 2;
  client_sends(old);
  frames::Tcp dies = from_client(2, tcp::kFin | tcp::kAck);  // and a byte in its place
  dies.ack = kServerIsn + 2;
  client_sends(dies);
  frames::Tcp text = from_client(2, tcp::kAck, "y");
  text.ack = kServerIsn + 2;
  client_sends(text);
  frames::Tcp heard = from_server(2, tcp::kAck);
  heard.ack = kClientIsn + 3;
  server_sends(heard);
  advance(seconds(30));
  EXPECT_TRUE(user.closed.empty());
}

TEST_F(DetourFlow, ItsDeadlineIsKept) {
  hello();
  script.deadline = now + milliseconds(200);
  script.host->on_detour_news();
  engine().flush(now);
  const int runs = script.runs;
  advance(milliseconds(199));
  EXPECT_EQ(script.runs, runs);
  advance(milliseconds(2));
  EXPECT_EQ(script.runs, runs + 1);
}

TEST_F(DetourFlow, ItsDeadlineIsKeptThoughBothEndsHaveClosedMeanwhile) {
  script.deadline = now + milliseconds(200);
  user.pass_hello = true;
  connect();
  client_sends(from_client(1, tcp::kAck | tcp::kPsh | tcp::kFin, "HELLO\n"));
  server_sends(from_server(1, tcp::kAck | tcp::kFin));
  EXPECT_EQ(script.state, Detour::State::kReplaying);
  const int runs = script.runs;
  advance(milliseconds(201));
  EXPECT_EQ(script.runs, runs + 1);
}

TEST_F(DetourFlow, ANewSynOnItsTupleBeginsAnew) {
  hello();
  frames::Tcp another = syn();
  another.seq = kClientIsn + 5000;
  client_sends(another);
  EXPECT_EQ(script.host, nullptr);
  EXPECT_EQ(user.closed.size(), 1U);
  EXPECT_EQ(pool.used(), 0U) << "what waited is gone";
}

TEST_F(DetourFlow, WhenLimpidStopsNobodyIsAskedForAWay) {
  connect();
  engine().stop(now);
  EXPECT_TRUE(user.given_up.empty());
  expect_forwarded_from_client(from_client(1, tcp::kAck, "HELLO\n"));
}

// --- What is no TCP flow's --------------------------------------------------------------------------------

struct ScriptedFrames final : FrameDetour {
  Taken take(wire::Packet& packet, Arrival from) override {
    sides.push_back(from.side);
    if (answer == Taken::kYes) wire::Packet(std::move(packet));
    return answer;
  }
  Taken answer = Taken::kYes;
  std::vector<Side> sides;
};

struct DetouredFrames : EngineTest {
  DetouredFrames() { settings.frames = &way; }
  Frame arp() const {
    Frame frame = frames::ethernet({}, 0x0806);
    frame.resize(60);
    return frame;
  }
  ScriptedFrames way;
};

TEST_F(DetouredFrames, OfAllThatIsNotTcpEachGoesTheirWay) {
  arrive(arp(), Side::kClient);
  arrive(arp(), Side::kServer);
  EXPECT_EQ(way.sides, (std::vector<Side>{Side::kClient, Side::kServer}));
  EXPECT_TRUE(output.sent.empty());
  EXPECT_EQ(engine().counters().packets_forwarded, 2U);
}

TEST_F(DetouredFrames, GoStraightAcrossWhereTheirToolIsBypassed) {
  way.answer = FrameDetour::Taken::kPast;
  arrive(arp(), Side::kServer);
  ASSERT_EQ(output.sent.size(), 1U);
  EXPECT_EQ(output.sent[0].frame, arp());
  EXPECT_EQ(output.sent[0].to, Side::kClient);
}

TEST_F(DetouredFrames, AreDroppedAndCountedWhereItIsDown) {
  way.answer = FrameDetour::Taken::kRefused;
  arrive(arp(), Side::kClient);
  EXPECT_TRUE(output.sent.empty());
  EXPECT_EQ(engine().counters().reasons[Reason::tool_down], 1U);
  EXPECT_EQ(engine().counters().packets_dropped, 1U);
}

TEST_F(DetouredFrames, TcpDoesNotGoTheirWay) {
  connect();
  expect_forwarded_from_server(from_server(1, tcp::kAck, "text"));
  EXPECT_TRUE(way.sides.empty());
}

}  // namespace
}  // namespace limpid::flow
