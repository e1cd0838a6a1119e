#include "dataplane/tool/packet_path.h"

#include <gtest/gtest.h>

#include <deque>
#include <vector>

#include "tests/unit/dataplane/tool/passage_lab.h"

namespace limpid::tool {
namespace {

using State = flow::Detour::State;

/// What the flow gets of its path.
struct KeptDeliveries final : flow::DetourHost {
  struct Delivery {
    Frame frame;
    bool from_client = false;
  };
  void deliver(wire::Packet packet, const wire::PacketView& /*view*/, bool from_client) override {
    deliveries.push_back({Frame(packet.bytes().begin(), packet.bytes().end()), from_client});
  }
  void on_detour_news() override { ++news; }
  std::vector<Delivery> deliveries;
  int news = 0;
};

constexpr std::uint32_t kClientIsn = 1000;
constexpr std::uint32_t kServerIsn = 0xfffffff0;

/// Tools in memory, each with a bridge inside, and groups of them.
class PacketPathTest : public ::testing::Test {
 protected:
  struct Place {
    Place(wire::PacketPool& pool, Random& random, HealthBoard& of)
        : tool({}, pool, random, bridge.side_a(), bridge.side_b()), board(of) {
      tool.watch(board, HeartbeatFrames({}));
    }
    BridgeTool bridge;
    InlineTool tool;
    HealthBoard& board;
  };

  Place& add_tool() {
    boards_.emplace_back();
    return places_.emplace_back(pool_, random_, boards_.back());
  }
  ToolGroup& add_group(const std::vector<Place*>& members, OnFailure on_failure = OnFailure::kReset,
                       bool reset_open_sessions = false) {
    std::vector<const HealthBoard*> boards;
    std::vector<InlineTool*> tools;
    for (Place* each : members) {
      boards.push_back(&each->board);
      tools.push_back(&each->tool);
    }
    statuses_.emplace_back(boards, std::vector<const HealthBoard*>{}, 1, on_failure);
    return groups_.emplace_back(ToolGroupSettings{.reset_open_sessions = reset_open_sessions},
                                statuses_.back(), tools);
  }
  PacketPath& path(const std::vector<ToolGroup*>& groups, bool from_client_side = true) {
    std::vector<PacketPath::Stage> stages;
    for (ToolGroup* each : groups) stages.push_back({each, static_cast<std::uint16_t>(stages.size() + 10)});
    const FlowFacts flow{
        .client = *SocketAddress::parse(kClient), .server = *SocketAddress::parse(kServer), .vlan = 7};
    path_ = std::make_unique<PacketPath>(flow, stages);
    path_->begin(host_, from_client_side, now_);
    return *path_;
  }

  frames::Tcp client_says(std::uint32_t seq, unsigned flags, std::string payload = {}) const {
    frames::Tcp tcp = from_client();
    tcp.seq = kClientIsn + seq;
    tcp.ack = (flags & tcp::kAck) != 0 ? kServerIsn + 1 : 0;
    tcp.flags = flags;
    tcp.payload = std::move(payload);
    return tcp;
  }
  frames::Tcp server_says(std::uint32_t seq, unsigned flags, std::string payload = {}) const {
    frames::Tcp tcp = from_server();
    tcp.seq = kServerIsn + seq;
    tcp.ack = kClientIsn + 1;
    tcp.flags = flags;
    tcp.payload = std::move(payload);
    return tcp;
  }
  flow::PassedFrames handshake() const {
    return {.syn = frames::tcp(client_says(0, tcp::kSyn)),
            .syn_ack = frames::tcp(server_says(0, tcp::kSyn | tcp::kAck)),
            .ack = frames::tcp(client_says(1, tcp::kAck))};
  }
  void carry(const frames::Tcp& tcp, bool of_client) {
    wire::Packet packet = pool_.packet(frames::tcp(tcp));
    const auto view = wire::parse(packet.bytes());
    path_->carry(std::move(packet), *view, of_client);
  }
  void carry_first(PacketPath& first) {
    wire::Packet packet = pool_.packet(frames::tcp(client_says(1, tcp::kAck, "text")));
    const auto view = wire::parse(packet.bytes());
    first.carry(std::move(packet), *view, true);
    settle();
  }
  /// Until nothing moves in any tool.
  void settle() {
    bool moved = true;
    while (moved) {
      moved = false;
      for (Place& each : places_) moved = each.bridge.pass(each.tool, pool_, now_) || moved;
    }
  }
  void pass(Duration time) {
    const Instant until = now_ + time;
    settle();
    while (path_->deadline() <= until) {
      now_ = std::max(now_, path_->deadline());
      path_->run(now_);
      settle();
    }
    now_ = until;
  }
  static void tell_down(Place& place) {
    place.board.state = HealthState::kDown;
    ++place.board.failures;
  }
  static std::vector<Frame> sent_at(const Place& place, ToolSide side) {
    std::vector<Frame> sent;
    for (const auto& [at, frame] : place.bridge.sent()) {
      if (at == side) sent.push_back(frame);
    }
    return sent;
  }

  Instant now_ = kStart;
  wire::MemoryPacketPool pool_;
  SeededRandom random_{1};
  KeptDeliveries host_;
  std::deque<HealthBoard> boards_;
  std::deque<Place> places_;
  std::deque<GroupStatus> statuses_;
  std::deque<ToolGroup> groups_;
  std::unique_ptr<PacketPath> path_;
};

// --- Packets --------------------------------------------------------------------------------------------

TEST_F(PacketPathTest, AFrameGoesInAtOneSideAndComesOutAsItWasAtTheOther) {
  Place& ips = add_tool();
  path({&add_group({&ips})});
  const frames::Tcp text = client_says(1, tcp::kAck, "text");
  const frames::Tcp answer = server_says(1, tcp::kAck, "answer");
  carry(text, true);
  carry(answer, false);
  EXPECT_EQ(sent_at(ips, ToolSide::kA), (std::vector<Frame>{frames::tcp(text)}));
  EXPECT_EQ(sent_at(ips, ToolSide::kB), (std::vector<Frame>{frames::tcp(answer)}));
  settle();
  ASSERT_EQ(host_.deliveries.size(), 2U);
  EXPECT_EQ(host_.deliveries[0].frame, frames::tcp(text));
  EXPECT_TRUE(host_.deliveries[0].from_client);
  EXPECT_EQ(host_.deliveries[1].frame, frames::tcp(answer));
  EXPECT_FALSE(host_.deliveries[1].from_client);
}

TEST_F(PacketPathTest, AFrameWithAWrongChecksumIsItsReceiversAffair) {
  path({&add_group({&add_tool()})});
  frames::Tcp damaged = client_says(1, tcp::kAck, "text");
  damaged.damaged = true;
  carry(damaged, true);
  settle();
  ASSERT_EQ(host_.deliveries.size(), 1U);
  EXPECT_EQ(host_.deliveries[0].frame, frames::tcp(damaged));
}

TEST_F(PacketPathTest, OfTwoToolsTheFirstIsNextToTheClientSide) {
  Place& first = add_tool();
  Place& second = add_tool();
  path({&add_group({&first}), &add_group({&second})});
  carry(client_says(1, tcp::kAck, "text"), true);
  EXPECT_EQ(first.bridge.sent().size(), 1U);
  EXPECT_TRUE(second.bridge.sent().empty());
  settle();
  EXPECT_EQ(sent_at(second, ToolSide::kA).size(), 1U);
  carry(server_says(1, tcp::kAck, "text"), false);
  EXPECT_EQ(sent_at(second, ToolSide::kB).size(), 1U);
  EXPECT_TRUE(sent_at(first, ToolSide::kB).empty());
  settle();
  EXPECT_EQ(sent_at(first, ToolSide::kB).size(), 1U);
  EXPECT_EQ(host_.deliveries.size(), 2U);
  EXPECT_EQ(path_->numbers(), (std::vector<std::uint16_t>{10, 11}));
}

TEST_F(PacketPathTest, AClientAtTheServerSideGoesInWhereServersDo) {
  Place& ips = add_tool();
  path({&add_group({&ips})}, false);
  carry(client_says(1, tcp::kAck, "text"), true);
  EXPECT_EQ(sent_at(ips, ToolSide::kB).size(), 1U) << "a bridge must not see one host at both its sides";
  settle();
  ASSERT_EQ(host_.deliveries.size(), 1U);
  EXPECT_TRUE(host_.deliveries[0].from_client);
}

TEST_F(PacketPathTest, IsCountedInAndOut) {
  Place& ips = add_tool();
  path({&add_group({&ips})});
  ips.bridge.filter = [](ToolSide, const Frame& frame) -> std::optional<Frame> {
    if (frame.size() > 100) return std::nullopt;
    return frame;
  };
  carry(client_says(1, tcp::kAck), true);
  carry(client_says(1, tcp::kAck, std::string(200, 'x')), true);
  settle();
  const InlineToolCounters& counters = ips.tool.counters();
  EXPECT_EQ(counters.now_flows, 1U);
  EXPECT_EQ(counters.flow_frames_in, 2U);
  EXPECT_EQ(counters.flow_frames_out, 1U);
  EXPECT_GT(counters.flow_bytes_in, counters.flow_bytes_out + 200);
  path_.reset();
  EXPECT_EQ(counters.now_flows, 0U);
  EXPECT_EQ(counters.flows, 1U);
}

TEST_F(PacketPathTest, AToolsOwnResetPassesAndIsCountedAndAnEndsResetIsNotTheTools) {
  Place& ips = add_tool();
  path({&add_group({&ips})});
  ips.tool.on_packet(pool_.packet(frames::tcp(client_says(1, tcp::kRst))), ToolSide::kB, now_);
  EXPECT_EQ(host_.deliveries.size(), 1U);
  EXPECT_EQ(ips.tool.counters().resets, 1U);

  path_.reset();
  path({&groups_.back()});
  carry(client_says(1, tcp::kRst), true);
  settle();
  EXPECT_EQ(host_.deliveries.size(), 2U);
  EXPECT_EQ(ips.tool.counters().resets, 1U);
}

TEST_F(PacketPathTest, OnceItIsGoneWhatComesOutIsAnsweredWithReset) {
  Place& ips = add_tool();
  path({&add_group({&ips})});
  path_.reset();
  ips.tool.on_packet(pool_.packet(frames::tcp(client_says(1, tcp::kAck, "late"))), ToolSide::kB, now_);
  EXPECT_TRUE(host_.deliveries.empty());
  EXPECT_EQ(ips.tool.counters().frames_foreign, 1U);
}

// --- The handshake --------------------------------------------------------------------------------------

TEST_F(PacketPathTest, TheHandshakeIsShownFrameByFrameAndTakenBack) {
  Place& ips = add_tool();
  path({&add_group({&ips})});
  path_->replay(handshake(), now_);
  EXPECT_EQ(path_->state(), State::kReplaying);
  EXPECT_EQ(sent_at(ips, ToolSide::kA), (std::vector<Frame>{handshake().syn}));
  EXPECT_TRUE(sent_at(ips, ToolSide::kB).empty()) << "the answer follows what it answers";
  settle();
  EXPECT_EQ(sent_at(ips, ToolSide::kA), (std::vector<Frame>{handshake().syn, handshake().ack}));
  EXPECT_EQ(sent_at(ips, ToolSide::kB), (std::vector<Frame>{handshake().syn_ack}));
  EXPECT_EQ(path_->state(), State::kThrough);
  EXPECT_GT(host_.news, 0);
  EXPECT_TRUE(host_.deliveries.empty()) << "both ends have had it";
  EXPECT_EQ(path_->deadline(), kNever);
}

TEST_F(PacketPathTest, ThroughAChainTheHandshakePassesAllToolsInOrder) {
  Place& first = add_tool();
  Place& second = add_tool();
  path({&add_group({&first}), &add_group({&second})});
  path_->replay(handshake(), now_);
  EXPECT_TRUE(second.bridge.sent().empty());
  settle();
  EXPECT_EQ(path_->state(), State::kThrough);
  for (const Place* each : {&first, &second}) {
    EXPECT_EQ(sent_at(*each, ToolSide::kA), (std::vector<Frame>{handshake().syn, handshake().ack}));
    EXPECT_EQ(sent_at(*each, ToolSide::kB), (std::vector<Frame>{handshake().syn_ack}));
  }
  EXPECT_TRUE(host_.deliveries.empty());
}

TEST_F(PacketPathTest, WhatWasSaidInTheClearIsShownBehindTheHandshakeEachBehindTheOneBefore) {
  Place& ips = add_tool();
  path({&add_group({&ips})});
  const Frame greeting = frames::tcp(server_says(1, tcp::kAck | tcp::kPsh, "220 hi"));
  const Frame answer = frames::tcp(client_says(1, tcp::kAck | tcp::kPsh, "EHLO me"));
  std::vector<Frame> through;
  ips.bridge.filter = [&through](ToolSide, Frame frame) -> std::optional<Frame> {
    through.push_back(frame);
    return frame;
  };
  flow::PassedFrames passed = handshake();
  passed.spoken.add(greeting, false);
  passed.spoken.add(answer, true);
  path_->replay(std::move(passed), now_);
  settle();
  EXPECT_EQ(through,
            (std::vector<Frame>{handshake().syn, handshake().syn_ack, handshake().ack, greeting, answer}));
  EXPECT_EQ(path_->state(), State::kThrough);
  EXPECT_TRUE(host_.deliveries.empty()) << "both ends have had it";
  carry(server_says(1, tcp::kAck | tcp::kPsh, "220 hi"), false);
  settle();
  EXPECT_EQ(host_.deliveries.size(), 1U) << "what an end sends again is not taken back";
}

TEST_F(PacketPathTest, SpokenFramesThatTheToolKeepsEndTheFlow) {
  Place& ips = add_tool();
  path({&add_group({&ips})});
  ips.bridge.filter = [](ToolSide, Frame frame) -> std::optional<Frame> {
    if (as_text(frame).find("EICAR") != std::string_view::npos) return std::nullopt;
    return frame;
  };
  flow::PassedFrames passed = handshake();
  passed.spoken.add(frames::tcp(server_says(1, tcp::kAck, "EICAR")), false);
  path_->replay(std::move(passed), now_);
  pass(ips.tool.open_max() + milliseconds(1));
  EXPECT_EQ(path_->state(), State::kReset);
  EXPECT_EQ(path_->reason(), Reason::tool_unreachable);
}

TEST_F(PacketPathTest, ASynWhoseAnswerIsStillToComeIsShownAlone) {
  path({&add_group({&add_tool()})});
  path_->replay({.syn = handshake().syn, .syn_ack = {}, .ack = {}}, now_);
  settle();
  EXPECT_EQ(path_->state(), State::kThrough);
  carry(server_says(0, tcp::kSyn | tcp::kAck), false);
  settle();
  ASSERT_EQ(host_.deliveries.size(), 1U) << "the real one is the client's";
}

TEST_F(PacketPathTest, WhatTheToolLosesOfItIsShownAgain) {
  Place& ips = add_tool();
  path({&add_group({&ips})});
  int lost = 0;
  ips.bridge.filter = [&lost](ToolSide, Frame frame) -> std::optional<Frame> {
    if (lost++ < 2) return std::nullopt;
    return frame;
  };
  path_->replay(handshake(), now_);
  pass(milliseconds(599));
  EXPECT_EQ(path_->state(), State::kReplaying);
  pass(milliseconds(1));
  EXPECT_EQ(path_->state(), State::kThrough);
  EXPECT_TRUE(host_.deliveries.empty());
}

TEST_F(PacketPathTest, EveryCopyIsTakenBackAndWhatAnEndSendsAgainIsNot) {
  Place& ips = add_tool();
  path({&add_group({&ips})});
  std::vector<Frame> slow;
  ips.bridge.filter = [&slow](ToolSide, Frame frame) -> std::optional<Frame> {
    slow.push_back(std::move(frame));
    return std::nullopt;
  };
  path_->replay(handshake(), now_);
  pass(milliseconds(250));  // two copies of the SYN are in the tool
  ips.bridge.filter = nullptr;
  for (const Frame& frame : slow) ips.tool.on_packet(pool_.packet(frame), ToolSide::kB, now_);
  settle();
  EXPECT_EQ(path_->state(), State::kThrough);
  EXPECT_TRUE(host_.deliveries.empty());
  carry(server_says(0, tcp::kSyn | tcp::kAck), false);  // the server has not heard the client's answer
  settle();
  EXPECT_EQ(host_.deliveries.size(), 1U);
}

TEST_F(PacketPathTest, AResetInAnswerToItIsTheToolsRefusal) {
  Place& ips = add_tool();
  path({&add_group({&ips}, OnFailure::kBypass)});
  ips.bridge.filter = [](ToolSide, const Frame&) { return std::nullopt; };
  path_->replay(handshake(), now_);
  frames::Tcp reset = server_says(0, tcp::kRst | tcp::kAck);
  ips.tool.on_packet(pool_.packet(frames::tcp(reset)), ToolSide::kA, now_);
  EXPECT_EQ(path_->state(), State::kReset) << "its word counts, whatever on_failure says";
  EXPECT_EQ(path_->reason(), Reason::tool_reset);
  EXPECT_EQ(ips.tool.counters().resets, 1U);
  EXPECT_TRUE(host_.deliveries.empty());
}

TEST_F(PacketPathTest, AToolThatDoesNotLetItThroughIsUnreachableAfterItsTime) {
  Place& ips = add_tool();
  path({&add_group({&ips})});
  ips.bridge.filter = [](ToolSide, const Frame&) { return std::nullopt; };
  path_->replay(handshake(), now_);
  pass(milliseconds(2'999));
  EXPECT_EQ(path_->state(), State::kReplaying);
  pass(milliseconds(1));
  EXPECT_EQ(path_->state(), State::kReset);
  EXPECT_EQ(path_->reason(), Reason::tool_unreachable);
  EXPECT_EQ(ips.tool.counters().unreachable, 1U);
  EXPECT_EQ(groups_[0].counters().refused, 1U);
}

TEST_F(PacketPathTest, AnotherMemberOfTheGroupIsTriedThen) {
  Place& one = add_tool();
  Place& other = add_tool();
  path({&add_group({&one, &other})});
  path_->replay(handshake(), now_);
  const bool first = !one.bridge.sent().empty();
  Place& dead = first ? one : other;
  Place& alive = first ? other : one;
  dead.bridge.filter = [](ToolSide, const Frame&) { return std::nullopt; };
  pass(seconds(3));
  EXPECT_EQ(path_->state(), State::kThrough);
  EXPECT_EQ(sent_at(alive, ToolSide::kA), (std::vector<Frame>{handshake().syn, handshake().ack}));
  EXPECT_EQ(dead.tool.counters().now_flows, 0U);
}

TEST_F(PacketPathTest, OfAChainTheFlowMayDoWithoutTheToolThatDoesNotLetItThrough) {
  Place& good = add_tool();
  Place& dead = add_tool();
  path({&add_group({&good}), &add_group({&dead}, OnFailure::kBypass)});
  dead.bridge.filter = [](ToolSide, const Frame&) { return std::nullopt; };
  path_->replay(handshake(), now_);
  pass(seconds(4));
  EXPECT_EQ(path_->state(), State::kThrough);
  EXPECT_EQ(path_->numbers(), (std::vector<std::uint16_t>{10}));
  EXPECT_EQ(path_->remark(), Reason::tool_bypassed);
  EXPECT_EQ(groups_[1].counters().bypassed, 1U);
  carry(client_says(1, tcp::kAck, "text"), true);
  settle();
  EXPECT_EQ(host_.deliveries.size(), 1U);
}

TEST_F(PacketPathTest, WithoutPacketBuffersItIsTriedAgainSoon) {
  Place& ips = add_tool();
  path({&add_group({&ips})});
  pool_.limit(0);
  path_->replay(handshake(), now_);
  pool_.limit(1'000'000);
  pass(milliseconds(1));
  EXPECT_EQ(path_->state(), State::kThrough);
}

TEST_F(PacketPathTest, WhatIsShownCountsAsKeptUntilItHasCrossed) {
  Place& ips = add_tool();
  path({&add_group({&ips})});
  std::size_t kept = 0;
  flow::PassedFrames passed = handshake();
  passed.spoken = flow::SpokenFrames(kept);
  passed.spoken.add(frames::tcp(server_says(1, tcp::kAck, "220 hi")), false);
  path_->replay(std::move(passed), now_);
  EXPECT_GT(kept, 0U);
  settle();
  EXPECT_EQ(path_->state(), State::kThrough);
  EXPECT_EQ(kept, 0U);
}

// --- Failures -------------------------------------------------------------------------------------------

TEST_F(PacketPathTest, WhereTheToolIsDownItsOnFailureDecides) {
  Place& ips = add_tool();
  tell_down(ips);
  path({&add_group({&ips}, OnFailure::kReset)});
  EXPECT_EQ(path_->state(), State::kReset);
  EXPECT_EQ(path_->reason(), Reason::tool_down);
  path({&add_group({&ips}, OnFailure::kBypass)});
  EXPECT_EQ(path_->state(), State::kPast);
  EXPECT_EQ(path_->remark(), Reason::tool_bypassed);
  path({&add_group({&ips}, OnFailure::kBypassNetwork)});
  EXPECT_EQ(path_->state(), State::kPast);
  EXPECT_EQ(path_->remark(), Reason::tool_bypass_network);
  path({&add_group({&ips}, OnFailure::kPortsDown)});
  EXPECT_EQ(path_->state(), State::kReset);
}

TEST_F(PacketPathTest, PastAToolThatIsOutOfService) {
  Place& ips = add_tool();
  ips.board.in_service = false;
  path({&add_group({&ips})});
  EXPECT_EQ(path_->state(), State::kPast);
  EXPECT_EQ(path_->remark(), Reason::tool_out_of_service);
  EXPECT_EQ(groups_[0].counters().past, 1U);
}

TEST_F(PacketPathTest, AnOpenFlowGoesOnIntoAToolThatIsDownOrIsReset) {
  for (const bool resets : {false, true}) {
    Place& ips = add_tool();
    path({&add_group({&ips}, OnFailure::kBypass, resets)});
    tell_down(ips);
    ips.tool.run(now_);
    path_->run(now_);
    EXPECT_EQ(path_->state(), resets ? State::kReset : State::kThrough);
    EXPECT_EQ(path_->reason(), resets ? Reason::tool_down : Reason::none);
    if (resets) continue;
    carry(client_says(1, tcp::kAck, "text"), true);
    EXPECT_EQ(ips.bridge.sent().size(), 1U);
  }
}

TEST_F(PacketPathTest, AToolThatGoesDownDuringTheHandshakeIsNotWaitedFor) {
  Place& ips = add_tool();
  path({&add_group({&ips})});
  ips.bridge.filter = [](ToolSide, const Frame&) { return std::nullopt; };
  path_->replay(handshake(), now_);
  tell_down(ips);
  ips.tool.run(now_);
  path_->run(now_);
  EXPECT_EQ(path_->state(), State::kReset);
  EXPECT_EQ(path_->reason(), Reason::tool_down);
}

TEST_F(PacketPathTest, TheSameFlowOfAnotherSegmentCannotUseTheToolAtTheSameTime) {
  ToolGroup& group = add_group({&add_tool()});
  path({&group});
  std::unique_ptr<PacketPath> first;
  first.swap(path_);
  const PacketPath& second = path({&group});
  EXPECT_EQ(second.state(), State::kReset);
  EXPECT_EQ(second.reason(), Reason::tool_unreachable);
  path_.reset();
  carry_first(*first);
  EXPECT_EQ(host_.deliveries.size(), 1U) << "the first is not disturbed";
}

TEST_F(PacketPathTest, BothDirectionsAndAllPacketsUseOneMember) {
  Place& one = add_tool();
  Place& other = add_tool();
  path({&add_group({&one, &other})});
  for (std::uint32_t i = 1; i < 20; ++i) {
    carry(client_says(i, tcp::kAck, "x"), true);
    carry(server_says(i, tcp::kAck, "y"), false);
  }
  EXPECT_EQ(one.bridge.sent().size() + other.bridge.sent().size(), 38U);
  EXPECT_TRUE(one.bridge.sent().empty() || other.bridge.sent().empty());
}

}  // namespace
}  // namespace limpid::tool
