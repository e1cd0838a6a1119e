#include "dataplane/tool/encapsulation.h"

#include <algorithm>

#include "tests/unit/dataplane/tool/told_frames.h"

namespace limpid::tool {
namespace {

std::string hex(Bytes bytes) {
  static constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  for (const std::byte byte : bytes) {
    text += kDigits[std::to_integer<unsigned>(byte) >> 4U];
    text += kDigits[std::to_integer<unsigned>(byte) & 15U];
  }
  return text;
}

/// A SYN and a SYN-ACK.
std::vector<ToldFrame> frames_of(const FlowFacts& facts) {
  FrameList list;
  TcpStory(facts, moment(), list);
  return list.frames;
}

FlowFacts tagged_flow() {
  FlowFacts facts = v4_flow();
  facts.vlan = 42;
  return facts;
}

std::string header(TunnelKind kind, std::optional<std::uint32_t> id, const FlowFacts& facts = v4_flow()) {
  return hex(Encapsulation(kind, id).header_of(frames_of(facts).front().bytes));
}

TEST(Encapsulation, VxlanIsAFlagAndANetworkIdentifier) {
  EXPECT_EQ(header(TunnelKind::kVxlan, 0xabcdef), "08000000abcdef00");
  EXPECT_EQ(header(TunnelKind::kVxlan, std::nullopt), "0800000000000100");
}

TEST(Encapsulation, GreCarriesEthernetAndAKeyWhereThereIsOne) {
  EXPECT_EQ(header(TunnelKind::kGre, std::nullopt), "00006558");
  EXPECT_EQ(header(TunnelKind::kGre, 0xfedcba98), "20006558fedcba98");
}

TEST(Encapsulation, ErspanHasASequenceNumberASessionAndTheVlan) {
  EXPECT_EQ(header(TunnelKind::kErspan, 0x3ff), "100088be00000000100003ff00000000");
  EXPECT_EQ(header(TunnelKind::kErspan, 5, tagged_flow()), "100088be00000000102a180500000000");
  Encapsulation encapsulation(TunnelKind::kErspan, 5);
  const ToldFrame frame = frames_of(v4_flow()).front();
  encapsulation.header_of(frame.bytes);
  EXPECT_EQ(hex(encapsulation.header_of(frame.bytes)), "100088be000000011000000500000000");
}

// Outer IP, UDP where there is any, the header, Ethernet with a tag, and the packet are `mtu` together.
TEST(Encapsulation, LeavesRoomForEverythingAround) {
  const auto packet_max = [](TunnelKind kind, std::optional<std::uint32_t> id, bool v6) {
    return Encapsulation(kind, id).packet_max(1'500, v6);
  };
  EXPECT_EQ(packet_max(TunnelKind::kVxlan, 1, false), 1'500U - 20 - 8 - 8 - 14 - 4);
  EXPECT_EQ(packet_max(TunnelKind::kVxlan, 1, true), 1'500U - 40 - 8 - 8 - 14 - 4);
  EXPECT_EQ(packet_max(TunnelKind::kGre, std::nullopt, false), 1'500U - 20 - 4 - 14 - 4);
  EXPECT_EQ(packet_max(TunnelKind::kGre, 7, false), 1'500U - 20 - 8 - 14 - 4);
  EXPECT_EQ(packet_max(TunnelKind::kErspan, 7, true), 1'500U - 40 - 16 - 14 - 4);
}

TEST(Encapsulation, BothDirectionsOfAConnectionTakeOnePathAndConnectionsTakeMany) {
  std::vector<std::uint32_t> paths;
  for (std::uint16_t port = 50'000; port < 50'064; ++port) {
    FlowFacts facts = v6_flow();
    facts.client.port = port;
    const std::vector<ToldFrame> frames = frames_of(facts);
    EXPECT_EQ(flow_entropy(frames[0].bytes), flow_entropy(frames[1].bytes));
    paths.push_back(flow_entropy(frames[0].bytes) % 16);
  }
  std::sort(paths.begin(), paths.end());
  paths.erase(std::unique(paths.begin(), paths.end()), paths.end());
  EXPECT_GT(paths.size(), 12U);
}

}  // namespace
}  // namespace limpid::tool
