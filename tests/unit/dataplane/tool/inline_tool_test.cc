#include "dataplane/tool/inline_tool.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "tests/support/bridge_tool.h"

namespace limpid::tool {
namespace {

using frames::Frame;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr Instant kStart{seconds(1'000)};
constexpr const char* kClient = "10.0.0.1:40000";
constexpr const char* kServer = "192.0.2.7:443";

frames::Tcp from_client() {
  return {.source = kClient,
          .destination = kServer,
          .vlans = {7},
          .ttl = 61,
          .source_mac = 0xc,
          .destination_mac = 0x5};
}
frames::Tcp from_server() {
  return {.source = kServer,
          .destination = kClient,
          .vlans = {7},
          .ttl = 55,
          .source_mac = 0x5,
          .destination_mac = 0xc};
}

std::string text_of(tcp::ByteStream& stream) {
  std::string text(stream.readable(), '\0');
  stream.copy_front({reinterpret_cast<std::byte*>(text.data()), text.size()});
  stream.consume(text.size());
  return text;
}

class InlineToolTest : public ::testing::Test {
 protected:
  InlineToolTest() {
    const Frame client = frames::tcp(from_client());
    const Frame server = frames::tcp(from_server());
    client_headers_.learn(*wire::parse(client));
    server_headers_.learn(*wire::parse(server));
  }

  std::unique_ptr<Passage> open() {
    FlowFacts flow{
        .client = *SocketAddress::parse(kClient), .server = *SocketAddress::parse(kServer), .vlan = 7};
    return tool_.open({.flow = flow,
                       .client = client_headers_,
                       .server = server_headers_,
                       .memory = chunks_,
                       .wake = [this] { ++wakes_; }},
                      now_);
  }
  std::unique_ptr<Passage> opened() {
    auto passage = open();
    settle(*passage);
    EXPECT_TRUE(passage->open());
    return passage;
  }
  void settle(Passage& passage) {
    passage.service(now_);
    while (bridge_.pass(tool_, pool_, now_)) passage.service(now_);
  }
  /// Time passes from deadline to deadline.
  void pass(Passage& passage, Duration time) {
    const Instant until = now_ + time;
    settle(passage);
    while (passage.deadline() <= until) {
      now_ = std::max(now_, passage.deadline());
      settle(passage);
    }
    now_ = until;
    settle(passage);
  }
  std::optional<wire::PacketView> last(ToolSide side) const {
    const auto& sent = bridge_.sent();
    const auto found =
        std::find_if(sent.rbegin(), sent.rend(), [side](const auto& one) { return one.first == side; });
    if (found == sent.rend()) return std::nullopt;
    const auto view = wire::parse(found->second);
    return view ? std::optional(*view) : std::nullopt;
  }

  Instant now_ = kStart;
  wire::MemoryPacketPool pool_;
  tcp::ChunkPool chunks_{4'096};
  SeededRandom random_{1};
  BridgeTool bridge_;
  InlineTool tool_{{}, pool_, random_, bridge_.side_a(), bridge_.side_b()};
  wire::HeaderTemplate client_headers_;
  wire::HeaderTemplate server_headers_;
  int wakes_ = 0;
};

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

TEST_F(InlineToolTest, SpeaksToTheToolWithTheFlowsOwnAddressesPortsMacsTagsAndTtl) {
  const auto passage = opened();
  for (const auto& [side, frame] : bridge_.sent()) {
    const auto view = wire::parse(frame);
    ASSERT_TRUE(view);
    EXPECT_TRUE(wire::checksums_valid(*view));
    const bool client = side == ToolSide::kA;
    const Frame expected = frames::tcp(client ? from_client() : from_server());
    EXPECT_EQ(view->source().text(), client ? kClient : kServer);
    EXPECT_EQ(view->destination().text(), client ? kServer : kClient);
    EXPECT_EQ(view->ip.vlan, 7);
    EXPECT_TRUE(std::equal(frame.begin(), frame.begin() + 18, expected.begin())) << "MAC addresses and tag";
    EXPECT_EQ(frame[18 + 8], expected[18 + 8]) << "TTL";
  }
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

TEST_F(InlineToolTest, ASynThatTheToolLosesIsSentAgain) {
  int lost = 0;
  bridge_.filter = [&lost](ToolSide, Frame frame) -> std::optional<Frame> {
    if (++lost <= 2) return std::nullopt;
    return frame;
  };
  auto passage = open();
  pass(*passage, seconds(1));
  EXPECT_TRUE(passage->open());
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

TEST_F(InlineToolTest, AToolThatAnswersTheSynButNeverPassesItOnIsUnreachable) {
  // It speaks TCP by itself, and has no way to the server.
  bridge_.filter = [this](ToolSide from, const Frame& frame) -> std::optional<Frame> {
    const auto syn = wire::parse(frame);
    if (from == ToolSide::kA && (syn->flags & tcp::kSyn) != 0) {
      frames::Tcp answer = from_server();
      answer.seq = 77;
      answer.ack = syn->seq + 1;
      answer.flags = tcp::kSyn | tcp::kAck;
      tool_.on_packet(pool_.packet(frames::tcp(answer)), ToolSide::kA, now_);
    }
    return std::nullopt;
  };
  auto passage = open();
  pass(*passage, seconds(3));
  EXPECT_EQ(passage->state_a(), "CLOSED");
  EXPECT_EQ(passage->failure(), Reason::tool_unreachable);
  EXPECT_EQ(last(ToolSide::kA)->flags & tcp::kRst, tcp::kRst) << "the tool's own connection is reset";
}

TEST_F(InlineToolTest, AToolThatRefusesTheConnectionHasResetIt) {
  bridge_.filter = [this](ToolSide, const Frame& frame) -> std::optional<Frame> {
    frames::Tcp refusal = from_server();
    refusal.ack = wire::parse(frame)->seq + 1;
    refusal.flags = tcp::kRst | tcp::kAck;
    tool_.on_packet(pool_.packet(frames::tcp(refusal)), ToolSide::kA, now_);
    return std::nullopt;
  };
  auto passage = open();
  settle(*passage);
  EXPECT_EQ(passage->failure(), Reason::tool_reset);
  EXPECT_EQ(tool_.counters().resets, 1U);
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

TEST_F(InlineToolTest, AToolThatStripsOptionsGetsAConnectionWithoutThem) {
  bridge_.filter = [](ToolSide, Frame frame) -> std::optional<Frame> {
    const auto view = wire::parse(frame);
    if ((view->flags & tcp::kSyn) == 0) return frame;
    const bool answer = (view->flags & tcp::kAck) != 0;
    frames::Tcp plain = answer ? from_server() : from_client();
    plain.seq = view->seq;
    plain.ack = answer ? view->ack : 0;
    plain.flags = view->flags;
    plain.window = 60'000;
    return frames::tcp(plain);
  };
  const auto passage = opened();
  passage->a().write(as_bytes(std::string(5'000, 'x')));
  settle(*passage);
  EXPECT_EQ(text_of(passage->b()), std::string(5'000, 'x'));
  const auto data = last(ToolSide::kA);
  EXPECT_EQ(data->option_bytes().size(), 0U);
  EXPECT_LE(data->payload_size(), 536U);
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

TEST_F(InlineToolTest, AMissingPacketBufferDelaysAndLosesNothing) {
  const auto passage = opened();
  pool_.limit(0);
  passage->a().write(as_bytes("later"));
  settle(*passage);
  EXPECT_EQ(passage->b().readable(), 0U);
  pool_.limit(1'000'000);
  pass(*passage, seconds(1));
  EXPECT_EQ(text_of(passage->b()), "later");
}

}  // namespace
}  // namespace limpid::tool
