#include "dataplane/worker/worker.h"

#include <gmock/gmock.h>

#include "tests/unit/dataplane/worker/bench_workers.h"

namespace limpid::worker {
namespace {

using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST_F(WorkerTest, ForwardsEveryKindOfFrameToTheOtherSideUnchanged) {
  for (const frames::NamedFrame& kind : frames::every_kind(1500)) {
    client.arrive(kind.frame);
    EXPECT_TRUE(worker().run_once()) << kind.name;
    EXPECT_EQ(server.take_sent(), kind.frame) << kind.name;
    server.arrive(kind.frame);
    EXPECT_TRUE(worker().run_once()) << kind.name;
    EXPECT_EQ(client.take_sent(), kind.frame) << kind.name;
  }
  EXPECT_EQ(mirror.sent(), 0U);
  EXPECT_EQ(pool.used(), 0U) << "no buffer is lost";
}

TEST_F(WorkerTest, SaysThatALoopWithoutWorkHadNone) { EXPECT_FALSE(worker().run_once()); }

TEST_F(WorkerTest, KeepsTheOrderOfABurst) {
  for (std::size_t i = 0; i < 200; ++i) client.arrive(frames::raw({}, 0x88b5, 50 + i));
  while (worker().run_once()) continue;
  for (std::size_t i = 0; i < 200; ++i) EXPECT_EQ(server.take_sent(), frames::raw({}, 0x88b5, 50 + i)) << i;
}

TEST_F(WorkerTest, ServesEverySegmentByItself) {
  nic::MemoryPort other_client("e0", pool);
  nic::MemoryPort other_server("e1", pool);
  Fabric fabric({&client, &server, &other_client, &other_server}, {.segments = {{0, 1}, {2, 3}}});
  Worker both(settings, {fabric, pool, random, clock, sleeper});
  both.attach(user);
  const Frame frame = frames::raw({}, 0x88b5, 60);
  other_server.arrive(frame);
  EXPECT_TRUE(both.run_once());
  EXPECT_EQ(other_client.take_sent(), frame);
  EXPECT_EQ(client.sent() + server.sent(), 0U);
}

TEST_F(WorkerTest, GivesTheFlowsToItsUser) {
  client.arrive(frames::tcp({.flags = tcp::kSyn, .options = flow::syn_options(1, 0)}));
  worker().run_once();
  ASSERT_EQ(user.syns.size(), 1U);
  EXPECT_EQ(user.syns[0].client.text(), "10.0.0.1:40000");
  EXPECT_EQ(worker().flows().counters().flows, 1U);
}

TEST_F(WorkerTest, GivesWhatAnInlineToolSendsToThatTool) {
  nic::MemoryPort tool_a("t0", pool);
  nic::MemoryPort tool_b("t1", pool);
  Fabric fabric({&client, &server, &tool_a, &tool_b}, {.segments = {{0, 1}}, .tools = {{2, 3}}});
  Worker with_tool(settings, {fabric, pool, random, clock, sleeper});
  with_tool.attach(user);
  tool::InlineTool inline_tool({}, pool, random, with_tool.output_to(2), with_tool.output_to(3));
  with_tool.attach_tool(0, inline_tool);
  tool_b.arrive(frames::tcp({.seq = 1, .ack = 9, .flags = tcp::kAck}));
  EXPECT_TRUE(with_tool.run_once());
  EXPECT_EQ(inline_tool.counters().frames_received, 1U);
  const std::optional<Frame> reset = tool_b.take_sent();
  ASSERT_TRUE(reset);
  EXPECT_EQ(wire::parse(*reset)->flags, tcp::kRst) << "the tool's answer leaves in the same loop";
  EXPECT_EQ(client.sent() + server.sent() + tool_a.sent(), 0U);
}

TEST_F(WorkerTest, WakesForTheHeartbeatsOfAToolThatItJudges) {
  nic::MemoryPort tool_a("t0", pool);
  nic::MemoryPort tool_b("t1", pool);
  settings.rest_max = seconds(10);
  settings.nap_max = seconds(10);
  Fabric fabric({&client, &server, &tool_a, &tool_b}, {.segments = {{0, 1}}, .tools = {{2, 3}}});
  Worker judge(settings, {fabric, pool, random, clock, sleeper});
  judge.attach(user);
  tool::InlineTool inline_tool({}, pool, random, judge.output_to(2), judge.output_to(3));
  tool::HealthBoard board;
  inline_tool.watch(board, tool::HeartbeatFrames({.port = 50'443}));
  inline_tool.judge({}, clock.now());
  judge.attach_tool(0, inline_tool);
  const Instant end = clock.now() + seconds(20);
  sleeper.while_asleep = [&](std::size_t) {  // the tool is a cable
    while (const std::optional<Frame> frame = tool_a.take_sent()) tool_b.arrive(*frame);
    while (const std::optional<Frame> frame = tool_b.take_sent()) tool_a.arrive(*frame);
    if (clock.now() >= end) judge.request_stop();
  };
  judge.run();
  EXPECT_NEAR(static_cast<double>(board.rounds), 20, 2) << "one each second";
  EXPECT_EQ(board.missed, 0U);
}

TEST_F(WorkerTest, DropsWhatComesFromTheSegmentsWhileAToolHasFailedThatSaysSo) {
  tool::HealthBoard board;
  const tool::GroupStatus group({&board}, {}, 1, tool::OnFailure::kDropNetwork);
  worker().drop_network_with(group);
  const Frame frame = frames::raw({}, 0x88b5, 60);
  board.state = tool::HealthState::kDown;
  client.arrive(frame);
  server.arrive(frame);
  worker().run_once();
  EXPECT_EQ(client.sent() + server.sent(), 0U);
  EXPECT_EQ(worker().counters().reasons[Reason::tool_drop_network], 2U);
  board.state = tool::HealthState::kUp;
  client.arrive(frame);
  worker().run_once();
  EXPECT_EQ(server.take_sent(), frame);
}

TEST_F(WorkerTest, LetsAToolsFramesOutAtItsPort) {
  const Frame frame = frames::raw({}, 0x88b5, 60);
  EXPECT_TRUE(worker().output_to(kMirrorPort).send(frame));
  worker().run_once();
  EXPECT_EQ(mirror.take_sent(), frame);
}

TEST_F(WorkerTest, RefusesAToolsFrameWhereNoBufferIsLeftForIt) {
  pool.limit(0);
  EXPECT_FALSE(worker().output_to(kMirrorPort).send(frames::raw({}, 0x88b5, 60)));
}

TEST_F(WorkerTest, ShowsItsLevelToWhoeverAsks) {
  pool.limit(100);
  worker().run_once();
  EXPECT_EQ(worker().pressure().level, flow::Level::kGreen);
  std::vector<wire::Packet> elsewhere;
  while (elsewhere.size() < 90) elsewhere.push_back(pool.allocate(60));
  client.arrive(frames::raw({}, 0x88b5, 60));
  worker().run_once();
  EXPECT_EQ(worker().pressure().level, flow::Level::kRed);
  EXPECT_LE(worker().buffers_free(), 10U);
  EXPECT_EQ(server.take_sent(), frames::raw({}, 0x88b5, 60)) << "what is forwarded does not notice";
}

TEST_F(WorkerTest, ExecutesCommandsBetweenBurstsAFewAtATime) {
  settings.commands_per_loop = 2;
  std::vector<int> executed;
  for (const int number : {1, 2, 3}) {
    EXPECT_TRUE(worker().post([&executed, number](Worker&) { executed.push_back(number); }));
  }
  EXPECT_TRUE(worker().run_once());
  EXPECT_THAT(executed, ElementsAre(1, 2));
  EXPECT_TRUE(worker().run_once());
  EXPECT_THAT(executed, ElementsAre(1, 2, 3));
}

TEST_F(WorkerTest, RefusesCommandsBeyondItsLimit) {
  settings.commands_max = 2;
  EXPECT_TRUE(worker().post([](Worker&) {}));
  EXPECT_TRUE(worker().post([](Worker&) {}));
  EXPECT_FALSE(worker().post([](Worker&) {}));
}

TEST_F(WorkerTest, WorksThroughALoopWithOneReadingOfTheClock) {
  const Instant before = clock.now();
  worker().run_once();
  const Instant in_loop = worker().now();
  EXPECT_GT(in_loop, before);
  EXPECT_EQ(worker().now(), in_loop);
  worker().run_once();
  EXPECT_EQ(worker().now() - in_loop, microseconds(10)) << "one look at the clock a loop";
}

TEST_F(WorkerTest, CountsAsBusyOnlyTheLoopsThatFoundWork) {
  for (int i = 0; i < 5; ++i) worker().run_once();
  client.arrive(frames::raw({}, 0x88b5, 60));
  worker().run_once();
  for (int i = 0; i < 4; ++i) worker().run_once();
  const WorkerCounters counters = worker().counters();
  EXPECT_EQ(counters.busy, microseconds(10));
  EXPECT_EQ(counters.total, microseconds(100));
  EXPECT_EQ(counters.polls, 10U);
  EXPECT_EQ(counters.polls_with_work, 1U);
  EXPECT_EQ(counters.packets, 1U);
  EXPECT_EQ(counters.bytes, 74U);
  EXPECT_EQ(counters.packets_transmitted, 1U);
  EXPECT_EQ(counters.bytes_transmitted, 74U);
}

TEST_F(WorkerTest, SpinsThenNapsLongerAndLongerWhenNothingComes) {
  settings.nap_max = microseconds(200);
  sleeper.while_asleep = [this](std::size_t naps) {
    if (naps == 5) worker().request_stop();
  };
  worker().run();
  EXPECT_THAT(sleeper.naps, ElementsAre(microseconds(50), microseconds(100), microseconds(200),
                                        microseconds(200), microseconds(200)));
  EXPECT_GE(worker().counters().polls, 100U) << "a millisecond of looking, before the first nap";
  EXPECT_EQ(worker().counters().naps, 5U);
}

TEST_F(WorkerTest, SleepsOnThePortsDescriptorsWhereItCan) {
  client.wakes_by(100);
  server.wakes_by(101);
  sleeper.while_asleep = [this](std::size_t) { worker().request_stop(); };
  worker().run();
  EXPECT_THAT(sleeper.naps, ElementsAre(settings.rest_max));
  ASSERT_EQ(sleeper.watched.size(), 3U) << "both ports and the doorbell";
  EXPECT_EQ(sleeper.watched[0], 100);
  EXPECT_EQ(sleeper.watched[1], 101);
}

TEST_F(WorkerTest, NeverNapsLongWhereOnePortCannotWakeIt) {
  client.wakes_by(100);
  sleeper.while_asleep = [this](std::size_t naps) {
    if (naps == 20) worker().request_stop();
  };
  worker().run();
  EXPECT_THAT(sleeper.naps, Each(::testing::Le(settings.nap_max)));
}

TEST_F(WorkerTest, WakesForATimerOfItsFlows) {
  client.wakes_by(100);
  server.wakes_by(101);
  client.arrive(frames::tcp({.flags = tcp::kSyn, .options = flow::syn_options(1, 0)}));
  sleeper.while_asleep = [this](std::size_t) {
    if (user.closed.size() == 1) worker().request_stop();
  };
  const Instant before = clock.now();
  worker().run();
  ASSERT_EQ(user.closed.size(), 1U) << "the handshake's time is over";
  EXPECT_GE(clock.now() - before, settings.flow.transitory);
}

TEST_F(WorkerTest, NeverSleepsWhereItIsToldToPollForEver) {
  settings.idle = Idle::kBusy;
  int asked = 0;
  std::function<void(Worker&)> again = [&](Worker& it) {
    if (++asked == 50) it.request_stop();
    clock.advance(milliseconds(1));
  };
  client.arrive(frames::raw({}, 0x88b5, 60));
  for (int i = 0; i < 50; ++i) ASSERT_TRUE(worker().post(again));
  worker().run();
  EXPECT_THAT(sleeper.naps, IsEmpty());
}

TEST_F(WorkerTest, DoesNotSleepWhileFramesWaitForRoomAtAPort) {
  server.room(0);
  settings.transmit_patience = milliseconds(5);
  client.arrive(frames::raw({}, 0x88b5, 60));
  sleeper.while_asleep = [this](std::size_t) { worker().request_stop(); };
  worker().run();
  EXPECT_EQ(worker().counters().reasons[Reason::transmit_queue_full], 1U) << "given up before the first nap";
}

}  // namespace
}  // namespace limpid::worker
