#include "dataplane/tool/mirror_story.h"

#include "tests/unit/dataplane/tool/told_frames.h"

namespace limpid::tool {
namespace {

class TcpStoryTest : public testing::TestWithParam<FlowFacts> {
 protected:
  TcpStoryTest() : reader_(GetParam().client), story_(GetParam(), moment(), list_) {}
  const StreamReader& read() {
    reader_.read(list_.frames);
    list_.frames.clear();
    return reader_;
  }

  FrameList list_;
  StreamReader reader_;
  TcpStory story_;
};

FlowFacts tagged(FlowFacts facts, std::uint16_t vlan) {
  facts.vlan = vlan;
  return facts;
}
INSTANTIATE_TEST_SUITE_P(Flows, TcpStoryTest,
                         testing::Values(v4_flow(), v6_flow(), tagged(v4_flow(), 1),
                                         tagged(v6_flow(), 4094)));

TEST_P(TcpStoryTest, BeginsWithAHandshakeBetweenTheFlowsOwnAddresses) {
  ASSERT_EQ(list_.frames.size(), 3U);
  const FlowFacts facts = GetParam();
  const auto syn = wire::parse(list_.frames[0].bytes);
  const auto syn_ack = wire::parse(list_.frames[1].bytes);
  ASSERT_TRUE(syn.ok());
  ASSERT_TRUE(syn_ack.ok());
  EXPECT_EQ(syn->source(), facts.client);
  EXPECT_EQ(syn->destination(), facts.server);
  EXPECT_EQ(syn_ack->source(), facts.server);
  EXPECT_EQ(syn_ack->destination(), facts.client);
  EXPECT_EQ(syn->flags, tcp::kSyn);
  EXPECT_EQ(syn_ack->flags, tcp::kSyn | tcp::kAck);
  for (const ToldFrame& frame : list_.frames) EXPECT_EQ(frame.when, moment());
  EXPECT_EQ(read().gaps, 0);
}

TEST_P(TcpStoryTest, KeepsTheTagOfTheFlowOnEveryFrame) {
  story_.tell_bytes(Direction::kFromClient, as_bytes("hello"), moment(1), list_);
  for (const std::uint16_t vlan : read().vlans) EXPECT_EQ(vlan, GetParam().vlan);
}

TEST_P(TcpStoryTest, CutsLongBytesIntoSegmentsThatFitAnEthernetFrame) {
  const std::string text = pattern(100'000);
  story_.tell_bytes(Direction::kFromServer, as_bytes(text), moment(1), list_);
  EXPECT_EQ(read().from_server(), text);
  EXPECT_EQ(reader_.from_client(), "");
  EXPECT_EQ(reader_.gaps, 0);
  EXPECT_EQ(reader_.largest_payload, GetParam().client.ip.is_v6() ? 1440U : 1460U);
}

TEST_P(TcpStoryTest, TellsADialogueAndItsCleanEnd) {
  story_.tell_bytes(Direction::kFromClient, as_bytes("GET / HTTP/1.1\r\n\r\n"), moment(1), list_);
  story_.tell_bytes(Direction::kFromServer, as_bytes("HTTP/1.1 204\r\n\r\n"), moment(2), list_);
  story_.tell_end(Direction::kFromClient, moment(3), list_);
  EXPECT_FALSE(story_.over());
  story_.tell_bytes(Direction::kFromServer, as_bytes("more"), moment(4), list_);
  story_.tell_end(Direction::kFromServer, moment(5), list_);
  EXPECT_TRUE(story_.over());
  EXPECT_EQ(list_.frames.back().when, moment(5));
  EXPECT_EQ(read().from_client(), "GET / HTTP/1.1\r\n\r\n");
  EXPECT_EQ(reader_.from_server(), "HTTP/1.1 204\r\n\r\nmore");
  EXPECT_EQ(reader_.gaps, 0);
  EXPECT_TRUE(reader_.client_fin());
  EXPECT_TRUE(reader_.server_fin());
  EXPECT_FALSE(reader_.client_rst() || reader_.server_rst());
}

TEST_P(TcpStoryTest, ATruncatedDirectionNeverEndsWithAFin) {
  story_.tell_bytes(Direction::kFromServer, as_bytes("half a p"), moment(1), list_);
  story_.tell_reset(Direction::kFromServer, moment(2), list_);
  story_.tell_end(Direction::kFromClient, moment(3), list_);
  EXPECT_TRUE(story_.over());
  EXPECT_FALSE(read().server_fin());
  EXPECT_TRUE(reader_.server_rst());
  EXPECT_TRUE(reader_.client_fin());
  EXPECT_EQ(reader_.gaps, 0);
}

TEST_P(TcpStoryTest, WhatTheOtherSideStillSaysAfterATruncationIsTold) {
  story_.tell_reset(Direction::kFromClient, moment(1), list_);
  story_.tell_bytes(Direction::kFromServer, as_bytes("still here"), moment(2), list_);
  story_.tell_over(moment(3), list_);
  EXPECT_EQ(read().from_server(), "still here");
  EXPECT_TRUE(reader_.client_rst());
  EXPECT_FALSE(reader_.client_fin() || reader_.server_fin());
}

TEST_P(TcpStoryTest, ASessionThatIsSimplyOverEndsWithAReset) {
  story_.tell_over(moment(1), list_);
  EXPECT_TRUE(story_.over());
  EXPECT_TRUE(read().client_rst());
}

TEST_P(TcpStoryTest, SaysNothingAfterItsEnd) {
  story_.tell_over(moment(1), list_);
  list_.frames.clear();
  story_.tell_bytes(Direction::kFromClient, as_bytes("late"), moment(2), list_);
  story_.tell_end(Direction::kFromClient, moment(2), list_);
  story_.tell_reset(Direction::kFromServer, moment(2), list_);
  story_.tell_over(moment(2), list_);
  EXPECT_TRUE(list_.frames.empty());
}

TEST_P(TcpStoryTest, LostBytesLeaveAGapAndNotAnotherStream) {
  story_.tell_bytes(Direction::kFromClient, as_bytes("one"), moment(1), list_);
  const auto before = wire::parse(list_.frames[3].bytes);
  ASSERT_TRUE(before.ok());
  story_.skip(Direction::kFromClient, 1'000);
  story_.tell_bytes(Direction::kFromClient, as_bytes("two"), moment(2), list_);
  const auto after = wire::parse(list_.frames[5].bytes);
  ASSERT_TRUE(after.ok());
  EXPECT_EQ(after->seq - before->seq, 1'003U);
  EXPECT_EQ(read().gaps, 1);
}

TEST(TcpStory, TheMacAddressesAreLocalStableAndDifferent) {
  FrameList first;
  FrameList later;
  const TcpStory one(v4_flow(), moment(), first);
  const TcpStory other(v4_flow(), moment(1'000'000), later);
  const Bytes macs = Bytes(first.frames[0].bytes).first(12);
  EXPECT_EQ(as_text(macs), as_text(Bytes(later.frames[0].bytes).first(12)));
  EXPECT_NE(as_text(macs.first(6)), as_text(macs.subspan(6)));
  EXPECT_EQ(macs[0] & std::byte{3}, std::byte{2});
}

TEST(TcpStory, AReusedPortBeginsWithAnotherSequenceNumber) {
  FrameList first;
  FrameList later;
  const TcpStory one(v4_flow(), moment(), first);
  const TcpStory other(v4_flow(), moment(1), later);
  EXPECT_NE(wire::parse(first.frames[0].bytes)->seq, wire::parse(later.frames[0].bytes)->seq);
}

}  // namespace
}  // namespace limpid::tool
