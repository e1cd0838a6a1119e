#include "dataplane/tool/inline_tool.h"

#include "tests/unit/dataplane/tool/passage_lab.h"

namespace limpid::tool {
namespace {

class InlineToolTest : public PassageLab {};

TEST_F(InlineToolTest, OpensAConnectionThroughTheToolAndSaysHowFarItIs) {
  auto passage = open();
  EXPECT_EQ(passage->state_a(), "SYN_SENT");
  EXPECT_EQ(passage->state_b(), "INIT");
  bridge_.pass(tool_, pool_, now_);
  passage->service(now_);
  EXPECT_EQ(passage->state_b(), "SYN_RCV");
  EXPECT_GT(wakes_, 0);
  settle(*passage);
  EXPECT_TRUE(passage->open());
  EXPECT_EQ(passage->state_a(), "EST");
  EXPECT_EQ(passage->state_b(), "EST");
  EXPECT_EQ(tool_.counters().opened, 1U);
}

TEST_F(InlineToolTest, BytesWrittenAtOneEndComeOutAtTheOther) {
  const auto passage = opened();
  const std::string request(100'000, 'q');
  std::string response(300'000, '\0');
  random_.fill({reinterpret_cast<std::byte*>(response.data()), response.size()});
  std::string got_request;
  std::string got_response;
  std::size_t written = 0;
  passage->a().write(as_bytes(request));
  for (int round = 0; round < 200 && got_response.size() < response.size(); ++round) {
    const std::size_t some = std::min(passage->b().credit(), response.size() - written);
    written += passage->b().write(as_bytes(std::string_view(response).substr(written, some)));
    settle(*passage);
    got_request += text_of(passage->b());
    got_response += text_of(passage->a());
  }
  EXPECT_TRUE(got_request == request);
  EXPECT_TRUE(got_response == response);
  EXPECT_EQ(tool_.counters().bytes_in, 400'000U);
  EXPECT_EQ(tool_.counters().bytes_out, 400'000U);
}

TEST_F(InlineToolTest, AnEndPassesAndBothEndsCloseThePassage) {
  const auto passage = opened();
  passage->a().finish();
  settle(*passage);
  EXPECT_TRUE(passage->b().finished());
  EXPECT_FALSE(passage->a().finished());
  passage->b().finish();
  settle(*passage);
  EXPECT_TRUE(passage->a().finished());
  EXPECT_TRUE(passage->over());
  EXPECT_EQ(passage->failure(), Reason::none);
}

TEST_F(InlineToolTest, NothingIsLostOrDoubledWhereTheToolLosesFrames) {
  SeededRandom dice(5);
  bridge_.filter = [&dice](ToolSide, Frame frame) -> std::optional<Frame> {
    if (dice.next() % 10 == 0) return std::nullopt;
    return frame;
  };
  auto passage = open();
  pass(*passage, seconds(2));
  ASSERT_TRUE(passage->open());
  std::string request(200'000, '\0');
  random_.fill({reinterpret_cast<std::byte*>(request.data()), request.size()});
  passage->a().write(as_bytes(request));
  passage->a().finish();
  std::string got;
  for (int round = 0; round < 2'000 && !passage->b().finished(); ++round) {
    pass(*passage, milliseconds(10));
    got += text_of(passage->b());
  }
  EXPECT_TRUE(got == request);
  EXPECT_TRUE(passage->b().finished());
}

TEST_F(InlineToolTest, AToolThatPassesNothingIsUnreachableAfterThreeSeconds) {
  bridge_.filter = [](ToolSide, Frame) { return std::nullopt; };
  auto passage = open();
  pass(*passage, milliseconds(2'999));
  EXPECT_EQ(passage->failure(), Reason::none);
  pass(*passage, milliseconds(1));
  EXPECT_EQ(passage->failure(), Reason::tool_unreachable);
  EXPECT_EQ(tool_.counters().unreachable, 1U);
  EXPECT_TRUE(passage->over());
}

TEST_F(InlineToolTest, AResetByTheToolInMidStreamIsTheTools) {
  const auto passage = opened();
  passage->a().write(as_bytes("attack"));
  bridge_.filter = [this](ToolSide from, const Frame& frame) -> std::optional<Frame> {
    if (from != ToolSide::kA) return frame;
    const auto view = wire::parse(frame);
    frames::Tcp reset = from_client();
    reset.seq = view->seq;
    reset.flags = tcp::kRst;
    tool_.on_packet(pool_.packet(frames::tcp(reset)), ToolSide::kB, now_);
    return std::nullopt;
  };
  settle(*passage);
  EXPECT_EQ(passage->failure(), Reason::tool_reset);
}

TEST_F(InlineToolTest, AToolThatDiesInMidStreamTimesOut) {
  const auto passage = opened();
  passage->a().write(as_bytes("hello"));
  bridge_.filter = [](ToolSide, Frame) { return std::nullopt; };
  pass(*passage, seconds(40));
  EXPECT_EQ(passage->failure(), Reason::tool_timeout);
  EXPECT_EQ(tool_.counters().timeouts, 1U);
}

TEST_F(InlineToolTest, APassageThatIsGivenUpIsResetAtBothEnds) {
  auto passage = opened();
  passage.reset();
  EXPECT_EQ(last(ToolSide::kA)->flags & tcp::kRst, tcp::kRst);
  EXPECT_EQ(last(ToolSide::kB)->flags & tcp::kRst, tcp::kRst);
  EXPECT_EQ(tool_.counters().now_passages, 0U);
  EXPECT_EQ(chunks_.used(), 0U);
}

TEST_F(InlineToolTest, WhatTheToolHoldsOfNoPassageIsAnsweredWithAReset) {
  frames::Tcp stale = from_server();
  stale.seq = 5;
  stale.ack = 1'234;
  stale.flags = tcp::kAck;
  tool_.on_packet(pool_.packet(frames::tcp(stale)), ToolSide::kA, now_);
  ASSERT_EQ(bridge_.sent().size(), 1U);
  const auto reset = last(ToolSide::kA);
  EXPECT_EQ(reset->flags, tcp::kRst);
  EXPECT_EQ(reset->seq, 1'234U);
  EXPECT_EQ(reset->source().text(), kClient);
  EXPECT_EQ(tool_.counters().frames_foreign, 1U);
}

TEST_F(InlineToolTest, FramesThatAreNoWholeSegmentAreDropped) {
  const auto passage = opened();
  frames::Tcp damaged = from_server();
  damaged.damaged = true;
  tool_.on_packet(pool_.packet(frames::tcp(damaged)), ToolSide::kA, now_);
  tool_.on_packet(pool_.packet(frames::udp(from_server())), ToolSide::kA, now_);
  EXPECT_EQ(tool_.counters().frames_foreign, 2U);
  settle(*passage);
  EXPECT_EQ(passage->failure(), Reason::none);
}

TEST_F(InlineToolTest, ASecondPassageOfTheSameFlowIsUnreachableAndDoesNotDisturbTheFirst) {
  const auto first = opened();
  {
    const auto second = open();
    EXPECT_EQ(second->failure(), Reason::tool_unreachable);
  }
  first->a().write(as_bytes("still here"));
  settle(*first);
  EXPECT_EQ(text_of(first->b()), "still here");
}

TEST_F(InlineToolTest, OfAClientAtTheServerSideTaSpeaksAtSideBWhereItsHostIsAlways) {
  from_client_side_ = false;
  const auto passage = opened();
  EXPECT_EQ(last(ToolSide::kB)->source(), *SocketAddress::parse(kClient));
  EXPECT_EQ(last(ToolSide::kA)->source(), *SocketAddress::parse(kServer));
  passage->a().write(as_bytes("request"));
  settle(*passage);
  EXPECT_EQ(text_of(passage->b()), "request");
  passage->b().write(as_bytes("response"));
  settle(*passage);
  EXPECT_EQ(text_of(passage->a()), "response");
  EXPECT_EQ(tool_.counters().frames_foreign, 0U);
}

// --- What must not leave --------------------------------------------------------------------------------

struct KeptOthers final : OtherFrameTaker {
  void on_other_frame(wire::Packet packet, ToolSide /*from*/, std::uint16_t /*segment*/) override {
    frames.emplace_back(packet.bytes().begin(), packet.bytes().end());
  }
  std::vector<Frame> frames;
};

class BetrayedTest : public InlineToolTest {
 protected:
  BetrayedTest() { tool_.take_others(others_); }
  void tool_says(const Frame& frame) { tool_.on_packet(pool_.packet(frame), ToolSide::kA, now_); }
  static frames::Tcp request() {
    frames::Tcp tcp = from_client();
    tcp.vlans = {7};
    tcp.payload = "Cookie: secret";
    return tcp;
  }
  static Frame first_fragment(Frame frame) {
    const std::size_t flags_at = 14 + 4 + 6;
    frame[flags_at] = std::byte{0x20};  // more fragments follow
    return frame;
  }
  KeptOthers others_;
};

TEST_F(BetrayedTest, AnIcmpErrorThatQuotesADecryptedSessionGoesNowhere) {
  const auto passage = opened();
  frames::Tcp answer = from_server();
  answer.vlans = {7};
  tool_says(frames::icmp_error(request(), "198.51.100.9:0", 3, 3));
  tool_says(frames::icmp_error(answer, "198.51.100.9:0", 3, 3));
  EXPECT_TRUE(others_.frames.empty());
  EXPECT_EQ(tool_.counters().frames_foreign, 2U);
}

TEST_F(BetrayedTest, FragmentsAndBrokenSegmentsBetweenItsHostsGoNowhere) {
  const auto passage = opened();
  tool_says(first_fragment(frames::tcp(request())));
  Frame cut = frames::tcp(request());
  cut[14 + 4 + 20 + 12] = std::byte{0xf0};  // a TCP header that is longer than the segment
  tool_says(cut);
  EXPECT_TRUE(others_.frames.empty());
  EXPECT_EQ(tool_.counters().frames_foreign, 2U);
}

TEST_F(BetrayedTest, WhatIsOfNoSuchSessionPasses) {
  {
    const auto passage = opened();
    frames::Tcp another = request();
    another.source = "10.9.9.9:1";
    tool_says(frames::icmp_error(another, "198.51.100.9:0", 3, 3));
    tool_says(first_fragment(frames::udp(request())));
    tool_says(first_fragment(frames::tcp(another)));
    EXPECT_EQ(others_.frames.size(), 3U);
  }
  tool_says(frames::icmp_error(request(), "198.51.100.9:0", 3, 3));
  tool_says(first_fragment(frames::tcp(request())));
  EXPECT_EQ(others_.frames.size(), 5U) << "the session is over";
}

// --- Ports ----------------------------------------------------------------------------------------------

InlineToolSettings mapped() {
  InlineToolSettings settings;
  settings.ports = PortMap({{443, 80}, {8'443, 80}});
  settings.ports_change = true;
  return settings;
}

class MappedPortsTest : public PassageLab {
 protected:
  MappedPortsTest() : PassageLab(mapped()) {}
  std::uint16_t server_port_of_last_syn() const { return last(ToolSide::kA)->destination_port; }
};

TEST_F(MappedPortsTest, AreWhatTheToolSeesOfTheServer) {
  const auto passage = opened();
  passage->a().write(as_bytes("question"));
  passage->b().write(as_bytes("answer"));
  settle(*passage);
  EXPECT_EQ(text_of(passage->b()), "question");
  EXPECT_EQ(text_of(passage->a()), "answer");
  for (const auto& [side, frame] : bridge_.sent()) {
    const auto view = wire::parse(frame);
    EXPECT_TRUE(wire::checksums_valid(*view));
    const auto server = side == ToolSide::kA ? view->destination() : view->source();
    const auto client = side == ToolSide::kA ? view->source() : view->destination();
    EXPECT_EQ(server.text(), "192.0.2.7:80");
    EXPECT_EQ(client.text(), kClient);
  }
}

TEST_F(MappedPortsTest, OfTheRuleComeBeforeThoseOfTheTool) {
  const PortMap rules({{443, 8'080}});
  const auto mapped = open(flow_in(0), &rules);
  EXPECT_EQ(server_port_of_last_syn(), 8'080);
  const PortMap none;
  const auto own = open(flow_in(0), &none);
  EXPECT_EQ(server_port_of_last_syn(), 443);
}

TEST_F(MappedPortsTest, OfTwoFlowsOfOneClientThatBecomeTheSameAreToldApartByTheClients) {
  const auto first = opened();
  FlowFacts flow = flow_in(0);
  flow.server.port = 8'443;
  const auto second = open(flow);
  settle(*second);
  ASSERT_TRUE(second->open());
  EXPECT_EQ(last(ToolSide::kA)->source().text(), "10.0.0.1:40001");
  EXPECT_EQ(last(ToolSide::kA)->destination_port, 80);
  first->a().write(as_bytes("of the first"));
  second->a().write(as_bytes("of the second"));
  settle(*first);
  settle(*second);
  settle(*first);
  EXPECT_EQ(text_of(first->b()), "of the first");
  EXPECT_EQ(text_of(second->b()), "of the second");
}

TEST_F(MappedPortsTest, NoTwoPassagesOfTheHighestClientPortShareOne) {
  FlowFacts flow = flow_in(0);
  flow.client.port = 65'535;
  const auto first = open(flow);
  flow.server.port = 8'443;
  const auto second = open(flow);
  EXPECT_EQ(second->failure(), Reason::none);
  EXPECT_EQ(last(ToolSide::kA)->source_port, 1'024);
}

TEST_F(InlineToolTest, WherePortsMayNotChangeAFlowThatBecomesTheSameAsAnotherIsUnreachable) {
  const PortMap ports({{443, 80}, {8'443, 80}});
  const auto first = open(flow_in(0), &ports);
  FlowFacts flow = flow_in(0);
  flow.server.port = 8'443;
  EXPECT_EQ(open(flow, &ports)->failure(), Reason::tool_unreachable);
}

// --- Health ---------------------------------------------------------------------------------------------

class JudgedToolTest : public InlineToolTest {
 protected:
  JudgedToolTest() {
    HeartbeatFrameSettings frames;
    frames.port = 50'443;
    tool_.watch(board_, HeartbeatFrames(frames));
    tool_.judge({}, now_);
  }
  void pass_time(Duration time) {
    const Instant until = now_ + time;
    for (; now_ < until; now_ += milliseconds(10)) {
      tool_.run(now_);
      bridge_.pass(tool_, pool_, now_);
    }
  }
  HealthBoard board_;
};

TEST_F(JudgedToolTest, HeartbeatsPassTheToolBothWaysAndAreNotForeign) {
  pass_time(seconds(5));
  EXPECT_GE(board_.returned[0], 5U);
  EXPECT_GE(board_.returned[1], 5U);
  EXPECT_EQ(board_.state, HealthState::kUp);
  EXPECT_EQ(tool_.counters().frames_foreign, 0U);
}

TEST_F(JudgedToolTest, APassageIsToldThatItsToolIsDownAndItsSessionIsWoken) {
  const auto passage = opened();
  bridge_.filter = [](ToolSide, Frame) { return std::nullopt; };
  pass_time(seconds(2));
  EXPECT_FALSE(passage->tool_down());
  wakes_ = 0;
  pass_time(seconds(1));
  EXPECT_TRUE(passage->tool_down());
  EXPECT_EQ(wakes_, 1);
  EXPECT_EQ(passage->failure(), Reason::none) << "its connections may still survive";
}

TEST_F(JudgedToolTest, AFailedToolIsDesertedWhenEachWorkerHasTakenNoteAndItsPassagesAreGone) {
  EXPECT_TRUE(board_.deserted(1)) << "nothing has failed";
  auto passage = opened();
  tool_.on_link(false, now_);
  EXPECT_FALSE(board_.deserted(1)) << "the worker has not noticed";
  tool_.run(now_);
  EXPECT_FALSE(board_.deserted(1)) << "a passage is left";
  passage.reset();
  EXPECT_TRUE(board_.deserted(1));
  EXPECT_FALSE(board_.deserted(2)) << "another worker has not noticed";
}

TEST_F(JudgedToolTest, APassageThatBeginsAfterAFailureKnowsNothingOfIt) {
  tool_.on_link(false, now_);
  tool_.run(now_);
  EXPECT_FALSE(opened()->tool_down());
}

TEST_F(InlineToolTest, TellsTheToolsShareOfTheLatencyFromItsOwn) {
  const auto passage = opened();
  for (int i = 0; i < 100; ++i) {
    tool_.run(now_);  // a loop begins, in which the bytes go in
    passage->a().write(as_bytes("some bytes"));
    passage->service(now_);
    now_ += milliseconds(1);
    tool_.run(now_);  // and has taken a millisecond
    now_ += milliseconds(20);
    tool_.run(now_);  // they come out 20 later
    bridge_.pass(tool_, pool_, now_);
    passage->service(now_);
    text_of(passage->b());
    now_ += milliseconds(2);
    tool_.run(now_);  // in a loop of two
    settle(*passage);
  }
  const InlineToolCounters& counters = tool_.counters();
  EXPECT_GE(counters.transit.count(), 100U);
  EXPECT_GE(counters.transit.percentile(50), milliseconds(20));
  EXPECT_LE(counters.transit.percentile(50), milliseconds(25));
  EXPECT_GE(counters.own.percentile(50), milliseconds(3));
  EXPECT_LE(counters.own.percentile(50), milliseconds(4));
}

TEST_F(InlineToolTest, APassageThatEndsWithBytesOnTheirWayLeavesNoMeasurementBehind) {
  auto passage = opened();
  tool_.run(now_);
  passage->a().write(as_bytes("never seen again"));
  passage->service(now_);
  passage.reset();
  now_ += milliseconds(1);
  tool_.run(now_);
  EXPECT_EQ(tool_.counters().transit.count(), 0U);
}

TEST_F(InlineToolTest, ASessionsOwnResetThatPassesTheToolIsNotTheTools) {
  const auto passage = opened();
  passage->a().abort();
  settle(*passage);
  EXPECT_EQ(passage->b().failure(), Reason::tool_reset) << "it has come through";
  EXPECT_EQ(tool_.counters().resets, 0U);
}

TEST_F(InlineToolTest, CountsASessionThatCameOutDifferentOnce) {
  {
    const auto passage = opened();
    passage->from_client().went_in(as_bytes("abc"));
    passage->from_client().came_out(as_bytes("abX"));
    passage->service(now_);
    EXPECT_EQ(tool_.counters().modified, 1U);
    passage->from_server().went_in(as_bytes("1"));
    passage->from_server().came_out(as_bytes("2"));
    passage->service(now_);
  }
  EXPECT_EQ(tool_.counters().modified, 1U);
}

}  // namespace
}  // namespace limpid::tool
