// How Ta and Tb shake hands, and what they say; as passages, since neither is ever alone.
#include "dataplane/tool/tool_end.h"

#include "tests/unit/dataplane/tool/passage_lab.h"

namespace limpid::tool {
namespace {

class ToolEndTest : public PassageLab {};

TEST_F(ToolEndTest, SpeaksToTheToolWithTheFlowsOwnAddressesPortsMacsTagsAndTtl) {
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

TEST_F(ToolEndTest, TheNextConnectionOfTheSamePortsIsNewerToAToolThatRemembersTheLastOne) {
  const auto all_syns = [this] {
    std::vector<wire::PacketView> syns;
    for (const auto& [side, frame] : bridge_.sent()) {
      const auto view = wire::parse(frame);
      if ((view->flags & tcp::kSyn) != 0) syns.push_back(*view);
    }
    return syns;
  };
  opened().reset();
  now_ += seconds(1);
  opened().reset();
  const auto syns = all_syns();
  ASSERT_EQ(syns.size(), 4U) << "of Ta and Tb, twice";
  for (const std::size_t end : {0U, 1U}) {
    const std::uint32_t grown = syns[end + 2].seq - syns[end].seq;
    EXPECT_GE(grown, 250'000U) << "4 us each";
    EXPECT_LT(grown, 260'000U);
    const auto stamp = [&](std::size_t at) {
      return wire::parse_tcp_options(syns[at].option_bytes())->timestamps;
    };
    EXPECT_GE(stamp(end + 2)->value - stamp(end)->value, 1'000U) << "RFC 6191";
    EXPECT_LT(stamp(end + 2)->value - stamp(end)->value, 1'100U);
  }
}

TEST_F(ToolEndTest, ASynThatTheToolLosesIsSentAgain) {
  int lost = 0;
  bridge_.filter = [&lost](ToolSide, Frame frame) -> std::optional<Frame> {
    if (++lost <= 2) return std::nullopt;
    return frame;
  };
  auto passage = open();
  pass(*passage, seconds(1));
  EXPECT_TRUE(passage->open());
}

TEST_F(ToolEndTest, AToolThatAnswersTheSynButNeverPassesItOnIsUnreachable) {
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

TEST_F(ToolEndTest, AToolThatRefusesTheConnectionHasResetIt) {
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

TEST_F(ToolEndTest, AToolThatStripsOptionsGetsAConnectionWithoutThem) {
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

TEST_F(ToolEndTest, AMissingPacketBufferDelaysAndLosesNothing) {
  const auto passage = opened();
  pool_.limit(0);
  passage->a().write(as_bytes("later"));
  settle(*passage);
  EXPECT_EQ(passage->b().readable(), 0U);
  pool_.limit(1'000'000);
  pass(*passage, seconds(1));
  EXPECT_EQ(text_of(passage->b()), "later");
}

TEST_F(ToolEndTest, ASynThatTheToolRepeatsIsAnsweredAgainWithTheSameNumber) {
  auto passage = open();
  bridge_.pass(tool_, pool_, now_);
  passage->service(now_);
  const std::uint32_t number = last(ToolSide::kB)->seq;
  const std::size_t before = bridge_.sent().size();
  tool_.on_packet(pool_.packet(bridge_.sent().front().second), ToolSide::kB, now_);
  passage->service(now_);
  ASSERT_EQ(bridge_.sent().size(), before + 1);
  EXPECT_EQ(last(ToolSide::kB)->flags, tcp::kSyn | tcp::kAck);
  EXPECT_EQ(last(ToolSide::kB)->seq, number);
}

TEST_F(ToolEndTest, AnAnswerToASynThatWasNeverSentIsReset) {
  auto passage = open();
  frames::Tcp wrong = from_server();
  wrong.seq = 1;
  wrong.ack = last(ToolSide::kA)->seq + 2;
  wrong.flags = tcp::kSyn | tcp::kAck;
  tool_.on_packet(pool_.packet(frames::tcp(wrong)), ToolSide::kA, now_);
  passage->service(now_);
  EXPECT_EQ(last(ToolSide::kA)->flags, tcp::kRst);
  EXPECT_EQ(last(ToolSide::kA)->seq, wrong.ack);
  EXPECT_EQ(passage->state_a(), "SYN_SENT");
  settle(*passage);
  EXPECT_TRUE(passage->open()) << "the right answer still counts";
}

TEST_F(ToolEndTest, AFinalAcknowledgementThatTheToolLosesIsMadeUpForByTheFirstBytes) {
  int seen = 0;
  bridge_.filter = [&seen](ToolSide from, Frame frame) -> std::optional<Frame> {
    if (from == ToolSide::kA && ++seen == 2) return std::nullopt;
    return frame;
  };
  auto passage = open();
  settle(*passage);
  EXPECT_EQ(passage->state_b(), "SYN_RCV");
  passage->a().write(as_bytes("early"));
  settle(*passage);
  EXPECT_TRUE(passage->open());
  EXPECT_EQ(text_of(passage->b()), "early");
}

}  // namespace
}  // namespace limpid::tool
