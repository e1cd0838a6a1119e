// Sessions through inline tools: opening, what tools do to the stream, and how their failures are told.
// Relaying and ends through tools are in session_test.cc, beside those without.
#include "tls_proxy/relay_chain.h"

#include <gtest/gtest.h>

#include "tests/unit/tls_proxy/interception.h"
#include "tls_proxy/session.h"

namespace limpid::testing {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using tls::SessionState;
using tool::ToolSide;
using Frame = tool::BridgeTool::Frame;

/// The same frame with other bytes in it.
Frame replaced(const Frame& frame, std::string_view from, std::string_view to) {
  const auto view = wire::parse(frame);
  std::string payload(as_text(view->payload()));
  const std::size_t at = payload.find(from);
  if (at == std::string::npos) return frame;
  payload.replace(at, from.size(), to);
  return frames::tcp({.source = view->source().text(),
                      .destination = view->destination().text(),
                      .seq = view->seq,
                      .ack = view->ack,
                      .flags = view->flags,
                      .window = view->window,
                      .options = std::string(as_text(view->option_bytes())),
                      .payload = payload});
}

void silence(BridgedTool& tool) {
  tool.bridge.filter = [](ToolSide, const Frame&) { return std::nullopt; };
}

TEST(SessionThroughATool, ShowsTheToolThePlaintextAndNothingElse) {
  Interception it(Interception::through_tools(1));
  std::string seen;
  it.tools[0]->bridge.filter = [&seen](ToolSide side, Frame frame) {
    if (side == ToolSide::kA) seen += as_text(wire::parse(frame)->payload());
    return frame;
  };
  it.connect();
  it.client.say("GET / HTTP/1.1\r\n\r\n");
  it.settle();
  EXPECT_EQ(it.server.heard(), "GET / HTTP/1.1\r\n\r\n");
  EXPECT_EQ(seen, "GET / HTTP/1.1\r\n\r\n");
  EXPECT_EQ(it.snapshot().tool_a, "EST");
  EXPECT_EQ(it.snapshot().tool_b, "EST");
}

TEST(SessionThroughATool, WhatTheToolChangesIsWhatGoesOn) {
  Interception it(Interception::through_tools(1));
  it.tools[0]->bridge.filter = [](ToolSide side, const Frame& frame) {
    return side == ToolSide::kB ? replaced(frame, "secret", "------") : frame;
  };
  it.connect();
  it.server.say("the secret is out");
  it.settle();
  EXPECT_EQ(it.client.heard(), "the ------ is out");
  EXPECT_EQ(it.mirror.from_server, "the secret is out") << "this mirror is shown what the ends say";
  EXPECT_EQ(it.delivered.from_server, "the ------ is out") << "and this one what is delivered";
}

TEST(SessionThroughATool, WhatAToolHoldsBackIsSaidAndNotDelivered) {
  Interception it(Interception::through_tools(1));
  it.connect();
  silence(*it.tools[0]);
  it.client.say("suspicious");
  it.pass(milliseconds(500));
  EXPECT_EQ(it.mirror.from_client, "suspicious");
  EXPECT_EQ(it.delivered.from_client, "");
}

TEST(SessionThroughATool, BothKindsOfMirrorsAreToldOfTheEnds) {
  Interception it(Interception::through_tools(1));
  it.connect();
  it.client.say("ping");
  it.client.shut_down();
  it.client.finish();
  it.pass(seconds(1));
  it.server.shut_down();
  it.server.finish();
  it.pass(seconds(1));
  EXPECT_EQ(it.mirror.story, "client ended;server ended;");
  EXPECT_EQ(it.delivered.story, "client ended;server ended;");
  EXPECT_EQ(it.delivered.from_client, "ping");
}

TEST(SessionThroughTools, PassThroughThemInTheOrderOfTheRule) {
  Interception it(Interception::through_tools(2));
  it.tools[0]->bridge.filter = [](ToolSide side, const Frame& frame) {
    return side == ToolSide::kA ? replaced(frame, "one", "two") : frame;
  };
  it.tools[1]->bridge.filter = [](ToolSide side, const Frame& frame) {
    return side == ToolSide::kA ? replaced(frame, "two", "six") : frame;
  };
  it.connect();
  it.client.say("one");
  it.settle();
  EXPECT_EQ(it.server.heard(), "six");
  EXPECT_EQ(it.mirror.from_client, "one");
  EXPECT_EQ(it.delivered.from_client, "six") << "of the last one, and of none in between";
}

TEST(SessionThroughATool, AToolThatHoldsBytesHoldsThemBackFromTheServer) {
  Interception it(Interception::through_tools(1));
  it.connect();
  bool held = true;
  it.tools[0]->bridge.filter = [&held](ToolSide, const Frame& frame) -> std::optional<Frame> {
    if (held) return std::nullopt;
    return frame;
  };
  it.client.say("suspicious");
  it.pass(milliseconds(500));
  EXPECT_EQ(it.server.heard(), "");
  held = false;
  it.pass(seconds(3));
  EXPECT_EQ(it.server.heard(), "suspicious");
}

TEST(SessionThroughATool, AResetByTheToolResetsBothEndsAndNamesTheTool) {
  Interception it(Interception::through_tools(1));
  it.connect();
  it.tools[0]->bridge.filter = [&it](ToolSide side, const Frame& frame) -> std::optional<Frame> {
    const auto view = wire::parse(frame);
    if (side != ToolSide::kA || view->payload().empty()) return frame;
    // As an IPS rejects: a RST to each end, and the segment is gone.
    frames::Tcp to_b{
        .source = view->source().text(), .destination = view->destination().text(), .seq = view->seq};
    to_b.flags = tcp::kRst;
    frames::Tcp to_a{.source = to_b.destination, .destination = to_b.source, .seq = view->ack};
    to_a.flags = tcp::kRst;
    it.tools[0]->tool.on_packet(it.pool.packet(frames::tcp(to_b)), ToolSide::kB, it.clock.now());
    it.tools[0]->tool.on_packet(it.pool.packet(frames::tcp(to_a)), ToolSide::kA, it.clock.now());
    return std::nullopt;
  };
  it.client.say("X5O!P%@AP");
  it.settle();
  it.pass(seconds(1));
  EXPECT_TRUE(it.client_stream.aborted());
  EXPECT_TRUE(it.server_stream.aborted());
  EXPECT_EQ(it.server.heard(), "");
  EXPECT_TRUE(it.session().finished());
  EXPECT_EQ(it.reason(), Reason::tool_reset);
  EXPECT_EQ(culprit(it.reason()), Culprit::tool);
}

TEST(SessionThroughATool, AResetAtOneEndAloneStillResetsBoth) {
  Interception it(Interception::through_tools(1));
  it.connect();
  it.tools[0]->bridge.filter = [&it](ToolSide side, const Frame& frame) -> std::optional<Frame> {
    const auto view = wire::parse(frame);
    if (side != ToolSide::kA || view->payload().empty()) return std::nullopt;
    frames::Tcp to_a{
        .source = view->destination().text(), .destination = view->source().text(), .seq = view->ack};
    to_a.flags = tcp::kRst;
    it.tools[0]->tool.on_packet(it.pool.packet(frames::tcp(to_a)), ToolSide::kA, it.clock.now());
    return std::nullopt;
  };
  it.client.say("bad");
  it.pass(seconds(1));
  EXPECT_TRUE(it.client_stream.aborted());
  EXPECT_TRUE(it.server_stream.aborted());
  EXPECT_EQ(it.reason(), Reason::tool_reset);
}

TEST(SessionThroughATool, AToolThatEndsTheStreamByItselfEndsItCleanly) {
  Interception it(Interception::through_tools(1));
  it.connect();
  bool fin_sent = false;
  it.tools[0]->bridge.filter = [&](ToolSide side, const Frame& frame) -> std::optional<Frame> {
    const auto view = wire::parse(frame);
    if (side != ToolSide::kB || view->payload().empty() || fin_sent) return frame;
    fin_sent = true;
    frames::Tcp last{.source = view->source().text(),
                     .destination = view->destination().text(),
                     .seq = view->seq,
                     .ack = view->ack,
                     .flags = tcp::kAck | tcp::kPsh | tcp::kFin,
                     .window = view->window,
                     .options = std::string(as_text(view->option_bytes())),
                     .payload = "blocked"};
    return frames::tcp(last);
  };
  it.server.say("malware");
  it.settle();
  EXPECT_EQ(it.client.heard(), "blocked");
  EXPECT_TRUE(it.client.got_close_notify());
}

TEST(SessionThroughATool, AToolThatDiesInMidStreamResetsBothAfterItsTime) {
  Interception it(Interception::through_tools(1));
  it.connect();
  silence(*it.tools[0]);
  it.client.say("never arrives");
  it.pass(seconds(15));
  EXPECT_FALSE(it.client_stream.aborted());
  it.pass(seconds(20));
  EXPECT_TRUE(it.client_stream.aborted());
  EXPECT_TRUE(it.server_stream.aborted());
  EXPECT_EQ(it.reason(), Reason::tool_timeout);
  EXPECT_EQ(it.server.heard(), "") << "a session never skips a tool in mid-stream";
}

TEST(SessionThroughATool, AToolThatCannotBeReachedResetsTheSession) {
  Interception it(Interception::through_tools(1));
  silence(*it.tools[0]);
  it.connect();
  it.client.say("hello");
  it.settle();
  EXPECT_EQ(it.session().state(), SessionState::kAwaitTools);
  EXPECT_EQ(it.snapshot().tool_a, "SYN_SENT");
  EXPECT_EQ(it.snapshot().tool_b, "INIT");
  it.pass(seconds(4));
  EXPECT_TRUE(it.client_stream.aborted());
  EXPECT_TRUE(it.server_stream.aborted());
  EXPECT_EQ(it.server.heard(), "");
  EXPECT_EQ(it.reason(), Reason::tool_unreachable);
}

TEST(SessionThroughATool, AToolThatCannotBeReachedIsLeftOutWhereTheOperatorSaysSo) {
  auto setup = Interception::through_tools(2);
  setup.on_failure = tool::OnFailure::kBypass;
  Interception it(setup);
  silence(*it.tools[0]);
  std::size_t seen = 0;
  it.tools[1]->bridge.filter = [&seen](ToolSide, Frame frame) {
    seen += wire::parse(frame)->payload_size();
    return frame;
  };
  it.connect();
  it.client.say("hello");
  it.pass(seconds(4));
  EXPECT_EQ(it.server.heard(), "hello");
  EXPECT_EQ(seen, 5U) << "the other tool is not left out";
  EXPECT_EQ(it.reason(), Reason::none);
  EXPECT_EQ(it.groups[0]->group.counters().bypassed, 1U);
}

TEST(SessionThroughATool, AToolThatRefusesASessionIsNotLeftOut) {
  auto setup = Interception::through_tools(1);
  setup.on_failure = tool::OnFailure::kBypass;
  Interception it(setup);
  it.tools[0]->bridge.filter = [&it](ToolSide, const Frame& frame) -> std::optional<Frame> {
    const auto view = wire::parse(frame);
    frames::Tcp refusal{
        .source = view->destination().text(), .destination = view->source().text(), .ack = view->seq + 1};
    refusal.flags = tcp::kRst | tcp::kAck;
    it.tools[0]->tool.on_packet(it.pool.packet(frames::tcp(refusal)), ToolSide::kA, it.clock.now());
    return std::nullopt;
  };
  it.connect();
  it.pass(seconds(4));
  EXPECT_TRUE(it.client_stream.aborted());
  EXPECT_EQ(it.reason(), Reason::tool_reset);
}

TEST(SessionThroughATool, AClientsResetReachesTheTool) {
  Interception it(Interception::through_tools(1));
  it.connect();
  bool reset_seen = false;
  it.tools[0]->bridge.filter = [&reset_seen](ToolSide side, Frame frame) {
    const auto view = wire::parse(frame);
    reset_seen = reset_seen || (side == ToolSide::kA && (view->flags & tcp::kRst) != 0);
    return frame;
  };
  it.client_stream.deliver_reset();
  it.pass(seconds(1));
  EXPECT_TRUE(reset_seen);
  EXPECT_TRUE(it.server_stream.aborted());
  EXPECT_EQ(it.reason(), Reason::client_reset);
}

TEST(SessionThroughATool, ASlowServerPushesBackThroughTheToolToTheClient) {
  Interception it(Interception::through_tools(1));
  it.server_stream.window(50'000);
  it.connect();
  it.server.pause();
  const std::string up(8'000'000, 'u');
  it.client.say(up);
  it.pass(seconds(2));
  EXPECT_LT(it.server_stream.waiting_max(), 50'000U + 17'000U);
  EXPECT_LT(it.session().chunks() * tcp::kChunkSize, std::size_t{3} << 20U)
      << "what lies in and before the tool";
  EXPECT_GT(it.client_stream.readable(), 3'000'000U);
  it.server.pause(false);
  it.pass(seconds(60));
  EXPECT_TRUE(it.server.heard() == up);
}

TEST(SessionThroughATool, LeavesNothingBehind) {
  Interception it(Interception::through_tools(2));
  it.connect();
  it.client.say("ping");
  it.settle();
  it.client.shut_down();
  it.client.finish();
  it.settle();
  it.server.shut_down();
  it.server.finish();
  it.pass(seconds(5));
  EXPECT_TRUE(it.session().finished());
  EXPECT_EQ(it.reason(), Reason::none);
  it.close();
  for (const auto& one : it.tools) {
    EXPECT_EQ(one->tool.counters().now_passages, 0U);
    EXPECT_EQ(one->tool.counters().resets, 0U);
    for (const auto& [side, frame] : one->bridge.sent()) {
      EXPECT_EQ(wire::parse(frame)->flags & tcp::kRst, 0) << "a clean end is one for the tool, too";
    }
  }
  EXPECT_EQ(it.host.chunks.used(), 0U);
}

// --- What the tool does to the streams ------------------------------------------------------------------

TEST(SessionThroughATool, IsNotCountedAsModifiedWhereItComesOutAsItWentIn) {
  Interception it(Interception::through_tools(2));
  it.connect();
  for (int i = 0; i < 20; ++i) {
    it.client.say(std::string(static_cast<std::size_t>(1 + 7 * i), 'u'));
    it.server.say(std::string(static_cast<std::size_t>(3 + 5'000 * i), 'd'));
    it.settle();
  }
  it.client.shut_down();
  it.client.finish();
  it.server.shut_down();
  it.server.finish();
  it.pass(seconds(3));
  it.close();
  for (const auto& one : it.tools) EXPECT_EQ(one->tool.counters().modified, 0U);
}

TEST(SessionThroughATool, IsCountedAsModifiedWhereTheToolChangesBytes) {
  Interception it(Interception::through_tools(1));
  it.connect();
  it.tools[0]->bridge.filter = [](ToolSide side, Frame frame) -> std::optional<Frame> {
    const auto view = wire::parse(frame);
    if (side != ToolSide::kA || view->payload_size() == 0) return frame;
    frames::Tcp other{.source = view->source().text(),
                      .destination = view->destination().text(),
                      .seq = view->seq,
                      .ack = view->ack};
    other.flags = tcp::kAck;
    other.payload = std::string(view->payload_size(), 'X');
    other.options = as_text(view->option_bytes());
    return frames::tcp(other);
  };
  it.client.say("hello");
  it.settle();
  EXPECT_EQ(it.server.heard(), "XXXXX");
  EXPECT_EQ(it.tools[0]->tool.counters().modified, 1U);
}

// --- Tools that are known to be down --------------------------------------------------------------------

using tool::HealthState;
using tool::OnFailure;

Interception::Setup through_a_tool(OnFailure on_failure, bool reset_open_sessions = false) {
  auto setup = Interception::through_tools(1);
  setup.on_failure = on_failure;
  setup.reset_open_sessions = reset_open_sessions;
  return setup;
}

flow::FirstBytesAdvice advice_of(Interception& it) {
  return it.interceptor->on_first_bytes(it.facts, as_bytes(it.client.first_flight()), it.clock.now());
}

TEST(SessionWithoutItsTool, IsRefusedAtItsFirstBytesAndNamed) {
  using Kind = flow::FirstBytesAdvice::Kind;
  for (const OnFailure action : {OnFailure::kReset, OnFailure::kDropNetwork, OnFailure::kPortsDown}) {
    Interception it(through_a_tool(action));
    it.tools[0]->becomes(HealthState::kDown);
    const flow::FirstBytesAdvice advice = advice_of(it);
    EXPECT_EQ(advice.kind, Kind::kReset);
    EXPECT_EQ(advice.reason, Reason::tool_down);
    EXPECT_EQ(it.groups[0]->group.counters().refused, 1U);
    EXPECT_EQ(it.interceptor->on_syn(it.facts, it.clock.now()).disposition, flow::Disposition::kWatch)
        << "what needs no decryption is not concerned";
  }
}

TEST(SessionWithoutItsTool, GoesPastItAtOnceWhereTheOperatorSaysSo) {
  Interception it(through_a_tool(OnFailure::kBypass));
  it.tools[0]->becomes(HealthState::kDown);
  it.connect();
  it.client.say("hello");
  it.settle();
  EXPECT_EQ(it.server.heard(), "hello");
  EXPECT_TRUE(it.tools[0]->bridge.sent().empty());
  EXPECT_EQ(it.groups[0]->group.counters().bypassed, 1U);
  EXPECT_EQ(it.reason(), Reason::none);
}

TEST(SessionWithoutItsTool, TheNetworkIsForwardedWhereTheOperatorSaysSo) {
  using Kind = flow::FirstBytesAdvice::Kind;
  Interception it(through_a_tool(OnFailure::kBypassNetwork));
  it.tools[0]->becomes(HealthState::kDown);
  const flow::SynAdvice syn = it.interceptor->on_syn(it.facts, it.clock.now());
  EXPECT_EQ(syn.disposition, flow::Disposition::kForward);
  EXPECT_EQ(syn.reason, Reason::tool_bypass_network);
  const flow::FirstBytesAdvice bytes = advice_of(it);
  EXPECT_EQ(bytes.kind, Kind::kForward);
  EXPECT_EQ(bytes.reason, Reason::tool_bypass_network);
  it.tools[0]->becomes(HealthState::kUp);
  EXPECT_EQ(it.interceptor->on_syn(it.facts, it.clock.now()).disposition, flow::Disposition::kWatch);
}

TEST(SessionWithoutItsTool, WhatARuleBlocksStaysBlockedThoughTheNetworkIsForwarded) {
  auto setup = through_a_tool(OnFailure::kBypassNetwork);
  setup.policy.rules.front().then = policy::Action::kBlock;
  setup.policy.rules.front().tools.clear();
  Interception it(setup);
  it.tools[0]->becomes(HealthState::kDown);
  EXPECT_EQ(it.interceptor->on_syn(it.facts, it.clock.now()).disposition, flow::Disposition::kDrop);
}

TEST(SessionWithoutItsTool, AnUndecidedOneThatNeedsItIsReset) {
  Interception it(through_a_tool(OnFailure::kReset));
  it.tools[0]->becomes(HealthState::kDown);
  it.connect_undecided();
  it.client_stream.deliver(it.client.first_flight());
  it.settle();
  EXPECT_TRUE(it.client_stream.aborted());
  EXPECT_TRUE(it.server_stream.aborted());
  EXPECT_EQ(it.reason(), Reason::tool_down);
}

TEST(SessionWithoutItsTool, AnUndecidedOneIsRelayedAsItIsWhereTheNetworkIsForwarded) {
  Interception it(through_a_tool(OnFailure::kBypassNetwork));
  it.tools[0]->becomes(HealthState::kDown);
  it.connect_undecided();
  it.client_stream.deliver(it.client.first_flight());
  it.settle();
  EXPECT_EQ(it.session().state(), tls::SessionState::kByteRelay);
  EXPECT_EQ(it.reason(), Reason::tool_bypass_network);
}

TEST(SessionWithoutItsTool, IsResetInMidStreamAtOnceWhereTheOperatorSaysSo) {
  Interception it(through_a_tool(OnFailure::kBypass, true));
  it.connect();
  it.client.say("first");
  it.settle();
  ASSERT_EQ(it.server.heard(), "first");
  it.tools[0]->becomes(HealthState::kDown);
  it.client.say("never");
  it.settle();
  it.settle();
  EXPECT_TRUE(it.client_stream.aborted());
  EXPECT_TRUE(it.server_stream.aborted());
  EXPECT_EQ(it.server.heard(), "first");
  EXPECT_EQ(it.reason(), Reason::tool_down);
}

TEST(SessionWithoutItsTool, ThatIsOverIsNoFailureWhereTheToolGoesDownThen) {
  Interception it(through_a_tool(OnFailure::kBypass, true));
  it.connect();
  // Both directions have ended; the tool keeps back the last acknowledgement of its own connections.
  it.client.shut_down();
  it.client.finish();
  it.settle();
  it.tools[0]->bridge.filter = [](ToolSide side, Frame frame) -> std::optional<Frame> {
    const auto view = wire::parse(frame);
    const bool last = side == ToolSide::kA && (view->flags & tcp::kFin) == 0;
    return last ? std::nullopt : std::optional(frame);
  };
  it.server.shut_down();
  it.server.finish();
  it.settle();
  it.tools[0]->becomes(HealthState::kDown);
  it.settle();
  it.pass(seconds(3));
  EXPECT_TRUE(it.session().finished());
  EXPECT_EQ(it.reason(), Reason::none);
}

TEST(SessionWithoutItsTool, WaitsForItInMidStreamUnlessToldOtherwise) {
  Interception it(through_a_tool(OnFailure::kBypass));
  it.connect();
  it.tools[0]->becomes(HealthState::kDown);
  silence(*it.tools[0]);
  it.client.say("held");
  it.pass(seconds(5));
  EXPECT_EQ(it.server.heard(), "") << "it never goes past the tool";
  EXPECT_EQ(it.session().state(), tls::SessionState::kRelay);
  it.tools[0]->bridge.filter = nullptr;
  it.pass(seconds(3));
  EXPECT_EQ(it.server.heard(), "held");
}

TEST(SessionWithoutItsTool, GoesPastAToolThatGoesDownBeforeAnythingWentIn) {
  Interception it(through_a_tool(OnFailure::kBypass));
  silence(*it.tools[0]);
  it.connect();
  EXPECT_EQ(it.session().state(), tls::SessionState::kAwaitTools);
  it.tools[0]->becomes(HealthState::kDown);
  it.tools[0]->tool.run(it.clock.now());
  it.client.say("hello");
  it.settle();
  EXPECT_EQ(it.server.heard(), "hello") << "without waiting for its open_timeout";
}

TEST(SessionWithoutItsTool, GoesPastAToolThatIsOutOfServiceWhateverItsFailureMeans) {
  Interception it(through_a_tool(OnFailure::kReset));
  it.tools[0]->board.in_service = false;
  it.connect();
  it.client.say("hello");
  it.settle();
  EXPECT_EQ(it.server.heard(), "hello");
  EXPECT_TRUE(it.tools[0]->bridge.sent().empty());
  EXPECT_EQ(it.groups[0]->group.counters().past, 1U);
}

TEST(SessionWithoutItsTool, AnOpenOneFinishesThroughAToolThatIsTakenOutOfService) {
  Interception it(through_a_tool(OnFailure::kReset, true));
  it.connect();
  it.tools[0]->board.in_service = false;
  const std::size_t before = it.tools[0]->bridge.sent().size();
  it.client.say("still");
  it.settle();
  EXPECT_EQ(it.server.heard(), "still");
  EXPECT_GT(it.tools[0]->bridge.sent().size(), before);
}

// --- Groups ---------------------------------------------------------------------------------------------

std::vector<std::uint64_t> passages_of(const Interception& it) {
  std::vector<std::uint64_t> passages;
  for (const auto& one : it.tools) passages.push_back(one->tool.counters().passages);
  return passages;
}

TEST(SessionThroughAGroup, TakesOneOfItsTools) {
  Interception it(Interception::through_group(3));
  it.connect();
  it.client.say("hello");
  it.settle();
  EXPECT_EQ(it.server.heard(), "hello");
  const auto passages = passages_of(it);
  EXPECT_EQ(passages[0] + passages[1] + passages[2], 1U);
}

TEST(SessionThroughAGroup, TakesAnotherToolWhereItsOwnDoesNotAnswer) {
  Interception it(Interception::through_group(3));
  for (const auto& one : it.tools) silence(*one);
  it.connect();
  const auto first = passages_of(it);
  for (std::size_t i = 0; i < 3; ++i) {
    if (first[i] == 0) it.tools[i]->bridge.filter = nullptr;
  }
  it.client.say("hello");
  it.pass(seconds(4));
  EXPECT_EQ(it.server.heard(), "hello");
  const auto then = passages_of(it);
  EXPECT_EQ(then[0] + then[1] + then[2], 2U);
}

TEST(SessionThroughAGroup, IsResetWhenEveryToolWasTried) {
  Interception it(Interception::through_group(2));
  for (const auto& one : it.tools) silence(*one);
  it.connect();
  it.pass(seconds(8));
  EXPECT_TRUE(it.client_stream.aborted());
  EXPECT_EQ(it.reason(), Reason::tool_unreachable);
  EXPECT_EQ(passages_of(it), (std::vector<std::uint64_t>{1, 1}));
}

TEST(SessionThroughAGroup, NeverTakesAToolThatIsDown) {
  Interception it(Interception::through_group(2));
  for (std::size_t down = 0; down < 2; ++down) {
    it.tools[down]->becomes(HealthState::kDown);
    const std::uint64_t before = passages_of(it)[down];
    down == 0 ? it.connect() : it.again();
    it.settle();
    EXPECT_EQ(passages_of(it)[down], before);
    it.close();
    it.tools[down]->becomes(HealthState::kUp);
  }
}

}  // namespace
}  // namespace limpid::testing
