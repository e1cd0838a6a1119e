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
  setup.bypass = true;
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
  EXPECT_EQ(it.tools[0]->tool.counters().bypassed, 1U);
}

TEST(SessionThroughATool, AToolThatRefusesASessionIsNotLeftOut) {
  auto setup = Interception::through_tools(1);
  setup.bypass = true;
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

}  // namespace
}  // namespace limpid::testing
