// Frames of several segments on one tool's wires: the dressing itself, and passages in it.
#include "dataplane/tool/tool_tags.h"

#include "dataplane/wire/byte_order.h"
#include "tests/support/wire_frames.h"
#include "tests/unit/dataplane/tool/passage_lab.h"

namespace limpid::tool {
namespace {

constexpr std::uint16_t kEdge = 0;
constexpr std::uint16_t kDmz = 1;

ToolTags two_segments() { return ToolTags({{.vlan = 101}, {.vlan = 102, .clients = ToolSide::kB}}); }

std::uint16_t outermost(Bytes frame) { return static_cast<std::uint16_t>(wire::load32(frame.data() + 12)); }
bool has_tag(Bytes frame) { return wire::load16(frame.data() + 12) == 0x8100; }

Frame without_tag(Frame frame) {
  frame.erase(frame.begin() + 12, frame.begin() + 16);
  return frame;
}

class ToolTagsTest : public ::testing::Test {
 protected:
  wire::MemoryPacketPool pool_;
};

TEST_F(ToolTagsTest, PutsTheSegmentsTagInFrontOfEveryOtherAndTakesItOffAgain) {
  const ToolTags tags = two_segments();
  for (const frames::NamedFrame& kind : frames::every_kind(1'500)) {
    wire::Packet packet = pool_.packet(kind.frame);
    ASSERT_TRUE(tags.push(packet, kDmz)) << kind.name;
    ASSERT_EQ(packet.size(), kind.frame.size() + 4) << kind.name;
    const Bytes dressed = packet.bytes();
    EXPECT_TRUE(std::equal(dressed.begin(), dressed.begin() + 12, kind.frame.begin())) << "MAC addresses";
    EXPECT_EQ(wire::load32(dressed.data() + 12), 0x81000066U);
    EXPECT_TRUE(std::equal(dressed.begin() + 16, dressed.end(), kind.frame.begin() + 12));
    EXPECT_EQ(tags.pull(packet), kDmz);
    EXPECT_TRUE(
        std::equal(packet.bytes().begin(), packet.bytes().end(), kind.frame.begin(), kind.frame.end()))
        << kind.name;
  }
}

TEST_F(ToolTagsTest, AFrameWithoutATagOrWithAnUnknownOneIsOfNoSegmentAndStaysAsItIs) {
  const ToolTags tags = two_segments();
  for (const std::vector<std::uint16_t>& vlans :
       {std::vector<std::uint16_t>{}, {7}, {7, 101}, {100}, {0}, {4'095}}) {
    const Frame frame = frames::tcp({.vlans = vlans});
    wire::Packet packet = pool_.packet(frame);
    EXPECT_EQ(tags.pull(packet), std::nullopt);
    EXPECT_TRUE(std::equal(packet.bytes().begin(), packet.bytes().end(), frame.begin(), frame.end()));
  }
}

TEST_F(ToolTagsTest, AFrameThatIsCutShortIsOfNoSegment) {
  const ToolTags tags = two_segments();
  const Frame whole = frames::tcp({.vlans = {101}});
  for (std::size_t size = 0; size < 18; ++size) {
    wire::Packet packet = pool_.packet(Bytes(whole).first(size));
    EXPECT_EQ(tags.pull(packet), std::nullopt) << size;
    EXPECT_EQ(packet.size(), size);
  }
}

TEST_F(ToolTagsTest, ThePriorityThatTheToolGivesAFrameDoesNotMatter) {
  Frame frame = frames::tcp({.vlans = {102}});
  frame[14] |= std::byte{0xf0};
  wire::Packet packet = pool_.packet(frame);
  EXPECT_EQ(two_segments().pull(packet), kDmz);
}

TEST_F(ToolTagsTest, WithoutTagsFramesStayAsTheyAreAndNothingTellsTheSegmentsApart) {
  for (const ToolTags& tags :
       {ToolTags(), ToolTags({{.clients = ToolSide::kB}, {.clients = ToolSide::kB}})}) {
    const Frame frame = frames::tcp({.vlans = {101}});
    wire::Packet packet = pool_.packet(frame);
    EXPECT_TRUE(tags.push(packet, kDmz));
    EXPECT_EQ(tags.pull(packet), 0);
    EXPECT_TRUE(std::equal(packet.bytes().begin(), packet.bytes().end(), frame.begin(), frame.end()));
    EXPECT_EQ(tags.known_as(kDmz), 0);
    EXPECT_EQ(tags.size(), 0U);
  }
}

TEST_F(ToolTagsTest, ABufferWithoutRoomIsNotTouched) {
  const ToolTags tags = two_segments();
  const Frame frame = frames::tcp({});
  wire::Packet packet = pool_.packet(frame);
  ASSERT_TRUE(tags.push(packet, kEdge));
  const Frame dressed(packet.bytes().begin(), packet.bytes().end());
  EXPECT_FALSE(tags.push(packet, kEdge)) << "the pool leaves room for one tag";
  EXPECT_TRUE(std::equal(packet.bytes().begin(), packet.bytes().end(), dressed.begin(), dressed.end()));
}

// --- Passages -------------------------------------------------------------------------------------------

InlineToolSettings tagged() {
  InlineToolSettings settings;
  settings.tags = two_segments();
  return settings;
}

/// Edge's clients are at side A, those of the DMZ at side B; both carry the same flow.
class TaggedPassagesTest : public PassageLab {
 protected:
  TaggedPassagesTest() : PassageLab(tagged()) {}

  /// What was sent at a side, all with this outermost tag.
  std::size_t sent_at(ToolSide side, std::uint16_t vlan) const {
    return static_cast<std::size_t>(
        std::count_if(bridge_.sent().begin(), bridge_.sent().end(), [&](const auto& one) {
          return one.first == side && has_tag(one.second) && outermost(one.second) == vlan;
        }));
  }
  void settle_both(Passage& one, Passage& other) {
    settle(one);
    settle(other);
    settle(one);
  }
};

TEST_F(TaggedPassagesTest, CarryTheSegmentsTagInFrontOfTheFlowsOwn) {
  const auto passage = opened(kEdge);
  EXPECT_GE(sent_at(ToolSide::kA, 101), 2U);
  EXPECT_GE(sent_at(ToolSide::kB, 101), 1U);
  EXPECT_EQ(sent_at(ToolSide::kA, 101) + sent_at(ToolSide::kB, 101), bridge_.sent().size());
  for (const auto& [side, frame] : bridge_.sent()) {
    EXPECT_EQ(wire::load32(frame.data() + 16), 0x81000007U) << "the flow's own tag";
    EXPECT_TRUE(wire::checksums_valid(*wire::parse(frame)));
  }
}

TEST_F(TaggedPassagesTest, SpeakAsTheClientAtSideBWhereTheSegmentsClientsAreThere) {
  const auto passage = opened(kDmz);
  ASSERT_FALSE(bridge_.sent().empty());
  const auto& [side, syn] = bridge_.sent().front();
  EXPECT_EQ(side, ToolSide::kB);
  EXPECT_EQ(outermost(syn), 102);
  EXPECT_EQ(wire::parse(syn)->source().text(), kClient);
  passage->a().write(as_bytes("from the client"));
  passage->b().write(as_bytes("from the server"));
  settle(*passage);
  EXPECT_EQ(text_of(passage->b()), "from the client");
  EXPECT_EQ(text_of(passage->a()), "from the server");
}

TEST_F(TaggedPassagesTest, OfTwoSegmentsWithTheSameFlowAreToldApart) {
  const auto edge = opened(kEdge);
  const auto dmz = opened(kDmz);
  edge->a().write(as_bytes("edge's request"));
  dmz->a().write(as_bytes("dmz's request"));
  edge->b().write(as_bytes("edge's answer"));
  dmz->b().write(as_bytes("dmz's answer"));
  settle_both(*edge, *dmz);
  EXPECT_EQ(text_of(edge->b()), "edge's request");
  EXPECT_EQ(text_of(dmz->b()), "dmz's request");
  EXPECT_EQ(text_of(edge->a()), "edge's answer");
  EXPECT_EQ(text_of(dmz->a()), "dmz's answer");
  EXPECT_EQ(tool_.counters().frames_foreign, 0U);
}

TEST_F(TaggedPassagesTest, LetNothingThroughThatHasAnotherTagOrNone) {
  const auto passage = opened(kEdge);
  const auto before = bridge_.sent().size();
  passage->a().write(as_bytes("a secret"));
  passage->service(now_);
  const Frame sent = bridge_.sent().at(before).second;
  bridge_.filter = [](ToolSide, Frame) { return std::nullopt; };
  bridge_.pass(tool_, pool_, now_);
  for (const int vlan : {0, 7, 103, 102}) {
    Frame changed = sent;
    if (vlan == 0) changed = without_tag(changed);
    if (vlan != 0) wire::store16(changed.data() + 14, static_cast<std::uint16_t>(vlan));
    tool_.on_packet(pool_.packet(changed), ToolSide::kB, now_);
  }
  EXPECT_EQ(passage->b().readable(), 0U);
  EXPECT_EQ(tool_.counters().frames_foreign, 4U);
  tool_.on_packet(pool_.packet(sent), ToolSide::kB, now_);
  EXPECT_EQ(text_of(passage->b()), "a secret");
}

TEST_F(TaggedPassagesTest, AnswerWhatTheToolHoldsOfNoPassageInItsOwnTag) {
  frames::Tcp stale = from_server();
  stale.vlans = {102};
  stale.ack = 1'234;
  stale.flags = tcp::kAck;
  tool_.on_packet(pool_.packet(frames::tcp(stale)), ToolSide::kB, now_);
  ASSERT_EQ(bridge_.sent().size(), 1U);
  const auto& [side, reset] = bridge_.sent().front();
  EXPECT_EQ(side, ToolSide::kB);
  EXPECT_EQ(outermost(reset), 102);
  EXPECT_EQ(wire::parse(reset)->flags, tcp::kRst);
  stale.vlans = {103};
  tool_.on_packet(pool_.packet(frames::tcp(stale)), ToolSide::kB, now_);
  EXPECT_EQ(bridge_.sent().size(), 1U) << "of no segment: nobody speaks for it";
}

TEST_F(TaggedPassagesTest, FillNoFrameBeyondTheMtuByMoreThanOneTag) {
  const auto passage = opened(kEdge);
  passage->a().write(as_bytes(std::string(50'000, 'x')));
  settle(*passage);
  std::size_t longest = 0;
  for (const auto& [side, frame] : bridge_.sent()) longest = std::max(longest, frame.size());
  EXPECT_EQ(longest, 14U + 4U + 1'500U);
}

TEST_F(TaggedPassagesTest, LeaveRoomForEveryFurtherTagOfTheFlow) {
  for (const std::uint16_t mss : {std::uint16_t{1'460}, std::uint16_t{1'456}, std::uint16_t{1'452}}) {
    const auto tags = static_cast<std::size_t>((1'460 - mss) / 4);
    const Frame client = frames::tcp({.source = kClient, .vlans = std::vector<std::uint16_t>(tags, 9)});
    client_headers_.learn(*wire::parse(client));
    const auto passage = open(kEdge);
    const Frame syn = without_tag(bridge_.sent().back().second);
    EXPECT_EQ(wire::parse_tcp_options(wire::parse(syn)->option_bytes())->mss, mss);
  }
}

TEST_F(TaggedPassagesTest, AHeartbeatComesBackInItsTagAndIsNotForeign) {
  HealthBoard board;
  HeartbeatFrameSettings of;
  of.port = 50'443;
  for (const std::uint16_t vlan : {std::uint16_t{101}, std::uint16_t{900}}) {
    of.vlan = vlan;
    tool_.watch(board, HeartbeatFrames(of));
    tool_.judge({}, now_);
    board.returned[0] = board.returned[1] = 0;
    tool_.run(now_);
    bridge_.pass(tool_, pool_, now_);
    EXPECT_EQ(board.returned[0], 1U) << vlan;
    EXPECT_EQ(board.returned[1], 1U) << vlan;
  }
  EXPECT_EQ(tool_.counters().frames_foreign, 0U);
}

}  // namespace
}  // namespace limpid::tool
