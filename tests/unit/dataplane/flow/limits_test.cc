#include <gtest/gtest.h>

#include "tests/unit/dataplane/flow/engine_harness.h"

namespace limpid::flow {
namespace {

struct Limits : EngineTest {
  Limits() { settings.client_adopted_max = 2; }

  /// The first bytes of a flow that would be intercepted.
  void hello() {
    client_sends(from_client(1, tcp::kAck | tcp::kPsh, "HELLO\n"));
    engine().flush(now);
  }
  void open_session(const std::string& from) {
    client = from;
    connect();
    hello();
    output.sent.clear();
  }
  std::uint64_t counted(Reason reason) { return engine().counters().reasons[reason]; }

  /// A RST to the client that it accepts, and nothing to the server.
  void expect_reset_to_client_alone() {
    const auto sent = to_client();
    ASSERT_EQ(sent.size(), 1U);
    EXPECT_NE(sent[0].view().flags & tcp::kRst, 0);
    EXPECT_EQ(sent[0].view().ack, kClientIsn + 1);
    EXPECT_TRUE(to_server().empty());
  }
};

// --- of a client ---

TEST_F(Limits, AClientAtItsLimitOfSessionsIsPassedAndOthersAreNotConcerned) {
  open_session("10.0.0.1:1");
  open_session("10.0.0.1:2");
  open_session("10.0.0.1:3");
  EXPECT_EQ(engine().counters().now_adopted, 2U);
  EXPECT_EQ(counted(Reason::client_sessions_full), 1U);
  expect_forwarded_from_client(from_client(7, tcp::kAck, "anything"));
  open_session("10.0.0.2:1");
  EXPECT_EQ(engine().counters().now_adopted, 3U);
}

TEST_F(Limits, AnEndedSessionMakesRoomForAnother) {
  open_session("10.0.0.1:1");
  open_session("10.0.0.1:2");
  client_sends(from_client(7, tcp::kRst | tcp::kAck));
  engine().flush(now);
  open_session("10.0.0.1:3");
  EXPECT_EQ(engine().counters().now_adopted, 2U);
  EXPECT_EQ(engine().counters().now_clients, 1U);
  engine().close_all(now);
  EXPECT_EQ(engine().counters().now_clients, 0U);
}

TEST_F(Limits, AClientAtItsLimitOfUnfinishedHandshakesIsPassedAndOthersAreNotConcerned) {
  settings.client_watched_max = 3;
  for (int port = 1; port <= 5; ++port) {
    client = "10.0.0.1:" + std::to_string(port);
    output.sent.clear();
    client_sends(syn());
    EXPECT_EQ(output.sent.size(), 1U);
  }
  EXPECT_EQ(engine().counters().now_watched, 3U);
  EXPECT_EQ(counted(Reason::client_watched_full), 2U);
  open_session("10.0.0.2:1");
  EXPECT_EQ(engine().counters().now_adopted, 1U);
}

TEST_F(Limits, WithoutALimitNoClientIsCounted) {
  settings.client_adopted_max = 0;
  open_session("10.0.0.1:1");
  EXPECT_EQ(engine().counters().now_clients, 0U);
  EXPECT_EQ(engine().counters().now_adopted, 1U);
}

// --- what is refused is passed or reset ---

TEST_F(Limits, WhereTheOperatorWantsItAFlowAtTheLimitIsResetAtItsSyn) {
  settings.at_limit = AtLimit::kReset;
  settings.client_watched_max = 1;
  client = "10.0.0.1:1";
  client_sends(syn());
  output.sent.clear();
  client = "10.0.0.1:2";
  client_sends(syn());
  expect_reset_to_client_alone();
  EXPECT_EQ(counted(Reason::client_watched_full), 1U);
  EXPECT_EQ(engine().counters().flows_dropped, 1U);
  ASSERT_EQ(user.closed.size(), 1U);
  EXPECT_EQ(user.closed[0].summary.reason, Reason::client_watched_full);
}

TEST_F(Limits, WhereTheOperatorWantsItAFlowThatMeetsTheLimitAtItsFirstBytesIsResetOnBothSides) {
  settings.at_limit = AtLimit::kReset;
  settings.client_adopted_max = 1;
  for (const char* from : {"10.0.0.1:1", "10.0.0.1:2"}) {
    client = from;
    connect();
  }
  hello();
  client = "10.0.0.1:1";
  output.sent.clear();
  hello();
  const auto client_gets = to_client();
  const auto server_gets = to_server();
  ASSERT_EQ(client_gets.size(), 1U);
  ASSERT_EQ(server_gets.size(), 1U);
  EXPECT_NE(client_gets[0].view().flags & tcp::kRst, 0);
  EXPECT_NE(server_gets[0].view().flags & tcp::kRst, 0);
  EXPECT_EQ(server_gets[0].view().seq, kClientIsn + 1) << "not one byte of it went there";
  EXPECT_EQ(counted(Reason::client_sessions_full), 1U);
}

TEST_F(Limits, AFullTableResetsWhatPolicyWouldInterceptAndForwardsWhatItPasses) {
  settings.at_limit = AtLimit::kReset;
  settings.flows_max = 1;
  connect();
  client = "10.0.0.1:2";
  client_sends(syn());
  expect_reset_to_client_alone();
  user.on_syn_says = Disposition::kForward;
  client = "10.0.0.1:3";
  expect_forwarded_from_client(syn());
  EXPECT_EQ(counted(Reason::flow_table_full), 2U);
  ASSERT_EQ(user.closed.size(), 2U) << "whoever was asked is told the end";
  EXPECT_EQ(user.closed[0].summary.reason, Reason::flow_table_full);
}

// --- of the worker ---

TEST_F(Limits, TheOldestUnfinishedHandshakeGivesWayToANewOne) {
  settings.watched_max = 2;
  for (const char* from : {"10.0.0.1:1", "10.0.0.2:1"}) {
    client = from;
    client_sends(syn());
  }
  open_session("10.0.0.3:1");
  EXPECT_EQ(engine().counters().now_adopted, 1U);
  ASSERT_EQ(user.closed.size(), 1U);
  EXPECT_EQ(user.closed[0].facts.client.text(), "10.0.0.1:1");
  EXPECT_EQ(counted(Reason::watched_flows_full), 1U);
}

TEST_F(Limits, AForwardedFlowWhoseHandshakeIsNotFinishedIsForgottenAfterFourMinutes) {
  user.on_syn_says = Disposition::kForward;
  client_sends(syn());
  server_sends(syn_ack());
  advance(minutes(5));
  EXPECT_EQ(engine().counters().now_forwarded, 0U);
  ASSERT_EQ(user.closed.size(), 1U);
}

TEST_F(Limits, ForwardedFlowsWhoseHandshakeIsNotFinishedMakeRoomInAFullTable) {
  settings.flows_max = 2;
  user.on_syn_says = Disposition::kForward;
  client = "10.0.0.1:1";
  connect();
  for (int port = 2; port < 10; ++port) {
    client = "10.0.0.1:" + std::to_string(port);
    client_sends(syn());
  }
  EXPECT_EQ(user.syns.size(), 9U);
  EXPECT_EQ(counted(Reason::flow_table_full), 0U);
  client = "10.0.0.1:1";
  visit_all(engine(), [](const FlowView& view) { EXPECT_NE(view.facts.client.port, 8); });
  EXPECT_EQ(engine().counters().now_forwarded, 2U) << "the established one, and the newest";
}

TEST_F(Limits, NothingIsHeldInBuffersThatAreReservedForForwarding) {
  pool.limit(8);
  std::vector<wire::Packet> elsewhere;
  connect();
  while (wire::Packet packet = pool.allocate(60)) elsewhere.push_back(std::move(packet));
  client_sends(from_client(1, tcp::kAck, "HEL"));
  EXPECT_EQ(engine().counters().now_held_packets, 0U);
  EXPECT_EQ(user.undecided, 1);
}

// --- of memory ---

/// Stream memory of 64 chunks. A server that takes nothing makes its session hold what the client sends.
struct Memory : Limits {
  Memory() {
    settings.stream_chunks_max = 64;
    settings.client_adopted_max = 0;
  }
  void fill(const std::string& from, std::uint32_t chunks) {
    client = from;
    for (std::uint32_t chunk = 0; chunk < chunks; ++chunk) {
      frames::Tcp tcp = from_client(7 + chunk * 1024, tcp::kAck, std::string(1024, 'x'));
      client_sends(tcp);
      engine().flush(now);
      now += milliseconds(1);
    }
    look();
    output.sent.clear();
  }
  void look() {
    now += milliseconds(20);
    engine().run_timers(now);
    engine().flush(now);
  }
  Level level() { return engine().pressure().level; }
  bool session_lives(const std::string& from) {
    bool lives = false;
    visit_all(engine(), [&](const FlowView& view) {
      lives |= view.facts.client.text() == from && view.session != nullptr;
    });
    return lives;
  }
};

TEST_F(Memory, ALevelFollowsWhatIsInUse) {
  open_session("10.0.0.1:1");
  EXPECT_EQ(level(), Level::kGreen);
  fill("10.0.0.1:1", 96);
  EXPECT_EQ(level(), Level::kYellow) << int{engine().pressure().stream_percent};
  client_sends(from_client(7 + 96 * 1024, tcp::kRst | tcp::kAck));
  engine().flush(now);
  advance(seconds(2));
  EXPECT_EQ(level(), Level::kGreen);
  EXPECT_EQ(engine().counters().level_changes, 2U);
}

TEST_F(Memory, AtLevelRedNewFlowsArePassed) {
  open_session("10.0.0.1:1");
  fill("10.0.0.1:1", 128);
  ASSERT_EQ(level(), Level::kRed);
  open_session("10.0.0.2:1");
  EXPECT_EQ(engine().counters().now_adopted, 1U);
  EXPECT_EQ(counted(Reason::memory_short), 1U);
  expect_forwarded_from_client(from_client(7, tcp::kAck, "anything"));
}

TEST_F(Memory, AtLevelRedNewFlowsArePassedThoughPolicyBlocksWhatItDoesNotKnow) {
  user.given_up_refused = Reason::blocked_by_rule;  // what the operator says of limits goes before that
  open_session("10.0.0.1:1");
  fill("10.0.0.1:1", 128);
  ASSERT_EQ(level(), Level::kRed);
  open_session("10.0.0.2:1");
  expect_forwarded_from_client(from_client(7, tcp::kAck, "anything"));
}

TEST_F(Memory, AtLevelRedTheSessionThatHasStoodStillForLongestGivesItsMemoryBack) {
  open_session("10.0.0.1:1");
  open_session("10.0.0.2:1");
  open_session("10.0.0.3:1");
  fill("10.0.0.2:1", 64);
  now += seconds(5);
  fill("10.0.0.1:1", 64);
  ASSERT_EQ(level(), Level::kRed);
  advance(seconds(6));
  EXPECT_FALSE(session_lives("10.0.0.2:1"));
  EXPECT_TRUE(session_lives("10.0.0.1:1")) << "one was enough";
  EXPECT_TRUE(session_lives("10.0.0.3:1")) << "that holds nothing";
  EXPECT_EQ(counted(Reason::session_evicted), 1U);
  ASSERT_EQ(user.closed.size(), 1U);
  EXPECT_EQ(user.closed[0].summary.reason, Reason::session_evicted);
  EXPECT_NE(level(), Level::kRed);
}

TEST_F(Memory, AHalfClosedSessionIsWaitedForLessLongWhereMemoryIsShort) {
  open_session("10.0.0.9:1");
  client_sends(from_client(7, tcp::kAck | tcp::kFin));
  engine().flush(now);
  open_session("10.0.0.1:1");
  fill("10.0.0.1:1", 96);
  ASSERT_EQ(level(), Level::kYellow);
  advance(seconds(40));
  EXPECT_FALSE(session_lives("10.0.0.9:1"));
}

TEST_F(Memory, ARefusalOfStreamMemoryIsCounted) {
  for (const char* from : {"10.0.0.1:1", "10.0.0.2:1", "10.0.0.3:1"}) open_session(from);
  fill("10.0.0.1:1", 64);
  EXPECT_EQ(counted(Reason::stream_memory_exhausted), 0U);
  fill("10.0.0.2:1", 64);
  fill("10.0.0.3:1", 64);
  EXPECT_EQ(engine().stream_memory().used(), engine().stream_memory().limit());
  EXPECT_EQ(counted(Reason::stream_memory_exhausted), engine().stream_memory().refused());
  EXPECT_GT(counted(Reason::stream_memory_exhausted), 0U);
}

TEST_F(Memory, PacketBuffersCountToo) {
  pool.limit(100);
  open_session("10.0.0.1:1");
  std::vector<wire::Packet> elsewhere;
  for (int i = 0; i < 90; ++i) elsewhere.push_back(pool.allocate(60));
  look();
  EXPECT_EQ(level(), Level::kRed);
  EXPECT_GE(engine().pressure().buffers_percent, 90);
  advance(seconds(20));
  EXPECT_TRUE(session_lives("10.0.0.1:1")) << "its end would give no buffer back";
}

}  // namespace
}  // namespace limpid::flow
