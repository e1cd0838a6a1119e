#include "dataplane/tool/heartbeat.h"

#include <gtest/gtest.h>

#include "dataplane/wire/byte_order.h"
#include "dataplane/wire/packet_view.h"
#include "tests/support/frames.h"

namespace limpid::tool {
namespace {

using frames::Frame;

constexpr HeartbeatWay kWays[] = {HeartbeatWay::kAToB, HeartbeatWay::kBToA};

HeartbeatFrameSettings settings() {
  return {.address_a = *IpAddress::parse("198.51.100.1"),
          .address_b = *IpAddress::parse("203.0.113.1"),
          .port = 50'443,
          .tool = 3,
          .token = 0x0123456789abcdefULL};
}

HeartbeatFrames negative(const std::string& contents, std::uint16_t ethertype = wire::kEtherTypeIpv4) {
  HeartbeatFrameSettings with = settings();
  with.negative = contents;
  with.ethertype = ethertype;
  return HeartbeatFrames(with);
}

Frame copy_of(Bytes bytes) { return {bytes.begin(), bytes.end()}; }

TEST(Heartbeat, IsAnOrdinaryDatagramBetweenTheTwoAddresses) {
  HeartbeatFrames frames(settings());
  const Frame there = copy_of(frames.numbered(HeartbeatWay::kAToB, 7));
  const auto ip = wire::parse_ip(there);
  ASSERT_TRUE(ip);
  EXPECT_EQ(ip->source().text(), "198.51.100.1");
  EXPECT_EQ(ip->destination().text(), "203.0.113.1");
  EXPECT_EQ(ip->protocol, 17);
  EXPECT_EQ(ip->end, there.size());
  EXPECT_EQ(wire::load16(there.data() + ip->transport_offset), 50'443);
  EXPECT_EQ(wire::load16(there.data() + ip->transport_offset + 2), 50'443);
  EXPECT_EQ(wire::load16(there.data() + ip->transport_offset + 4), there.size() - ip->transport_offset);
  const Frame back = copy_of(frames.numbered(HeartbeatWay::kBToA, 7));
  EXPECT_EQ(wire::parse_ip(back)->source().text(), "203.0.113.1");
  EXPECT_TRUE(std::equal(there.begin(), there.begin() + 6, back.begin() + 6))
      << "each side has its MAC address";
}

TEST(Heartbeat, ItsChecksumsAreRightForEveryNumber) {
  HeartbeatFrames frames(settings());
  for (const std::uint64_t number : {std::uint64_t{1}, std::uint64_t{0xffff}, ~std::uint64_t{0}}) {
    const Frame frame = copy_of(frames.numbered(HeartbeatWay::kBToA, number));
    EXPECT_EQ(frames::slow_checksum(Bytes(frame).subspan(14, 20)), 0) << number;
    Frame pseudo(frame.begin() + 26, frame.begin() + 34);
    frames::put(pseudo, 17, 2);
    frames::put(pseudo, frame.size() - 34, 2);
    frames::put(pseudo, Bytes(frame).subspan(34));
    EXPECT_EQ(frames::slow_checksum(pseudo), 0) << number;
  }
}

TEST(Heartbeat, IsRecognisedWhereItCameOutWithItsNumber) {
  HeartbeatFrames frames(settings());
  for (const HeartbeatWay way : kWays) {
    const Frame frame = copy_of(frames.numbered(way, 0x1234567890ULL));
    const auto came = frames.recognise(frame, way);
    ASSERT_TRUE(came);
    EXPECT_EQ(came->number, 0x1234567890ULL);
    EXPECT_FALSE(came->negative);
  }
}

TEST(Heartbeat, ThatComesBackToWhereItWasSentIsNone) {
  HeartbeatFrames frames(settings());
  const Frame frame = copy_of(frames.numbered(HeartbeatWay::kAToB, 1));
  EXPECT_FALSE(frames.recognise(frame, HeartbeatWay::kBToA)) << "a loop of cable is no tool";
}

TEST(Heartbeat, OfAnotherProcessOrAnotherToolIsNone) {
  HeartbeatFrames frames(settings());
  HeartbeatFrameSettings other = settings();
  other.token = 1;
  EXPECT_FALSE(
      HeartbeatFrames(other).recognise(frames.numbered(HeartbeatWay::kAToB, 1), HeartbeatWay::kAToB));
  other = settings();
  other.tool = 4;
  EXPECT_FALSE(
      HeartbeatFrames(other).recognise(frames.numbered(HeartbeatWay::kAToB, 1), HeartbeatWay::kAToB));
}

TEST(Heartbeat, IsRecognisedWithAnotherTtlAndOtherMacAddresses) {
  HeartbeatFrames frames(settings());
  Frame frame = copy_of(frames.numbered(HeartbeatWay::kAToB, 9));
  std::fill_n(frame.begin(), 12, std::byte{0xee});
  frame[22] = std::byte{63};
  ASSERT_TRUE(frames.recognise(frame, HeartbeatWay::kAToB));
  EXPECT_EQ(frames.recognise(frame, HeartbeatWay::kAToB)->number, 9U);
}

TEST(Heartbeat, OtherFramesAreNone) {
  const HeartbeatFrames frames = negative("stop me");
  for (const HeartbeatWay way : kWays) {
    EXPECT_FALSE(frames.recognise(frames::tcp({}), way));
    EXPECT_FALSE(frames.recognise(frames::udp({}), way));
    EXPECT_FALSE(frames.recognise({}, way));
    const Frame whole = copy_of(HeartbeatFrames(settings()).numbered(way, 1));
    for (std::size_t size = 0; size < whole.size(); ++size) {
      EXPECT_FALSE(frames.recognise(Bytes(whole).first(size), way)) << size;
    }
  }
}

TEST(Heartbeat, TheNegativeOneHoldsTheGivenContentsAndNothingElse) {
  const std::string contents = "X5O-like";
  const HeartbeatFrames frames = negative(contents);
  ASSERT_TRUE(frames.has_negative());
  const Bytes frame = frames.negative(HeartbeatWay::kAToB);
  EXPECT_GE(frame.size(), 60U);
  const auto ip = wire::parse_ip(frame);
  ASSERT_TRUE(ip);
  EXPECT_EQ(as_text(frame.subspan(42, ip->end - 42U)), contents);
  const auto came = frames.recognise(frame, HeartbeatWay::kAToB);
  ASSERT_TRUE(came);
  EXPECT_TRUE(came->negative);
  EXPECT_FALSE(HeartbeatFrames(settings()).has_negative());
}

TEST(Heartbeat, MayHaveAnEtherTypeOfItsOwnInsteadOfIp) {
  HeartbeatFrames frames = negative("stop me", 0x88b5);
  const Frame frame = copy_of(frames.numbered(HeartbeatWay::kBToA, 5));
  EXPECT_GE(frame.size(), 60U);
  EXPECT_EQ(wire::load16(frame.data() + 12), 0x88b5);
  ASSERT_TRUE(frames.recognise(frame, HeartbeatWay::kBToA));
  EXPECT_EQ(frames.recognise(frame, HeartbeatWay::kBToA)->number, 5U);
  ASSERT_TRUE(frames.recognise(frames.negative(HeartbeatWay::kAToB), HeartbeatWay::kAToB));
  EXPECT_TRUE(frames.recognise(frames.negative(HeartbeatWay::kAToB), HeartbeatWay::kAToB)->negative);
}

TEST(Heartbeat, MayBeADatagramOfIpv6) {
  HeartbeatFrameSettings with = settings();
  with.address_a = *IpAddress::parse("2001:db8:a::1");
  with.address_b = *IpAddress::parse("2001:db8:b::1");
  with.negative = "stop me";
  HeartbeatFrames frames(with);
  for (const HeartbeatWay way : kWays) {
    const Frame frame = copy_of(frames.numbered(way, 0x1234567890ULL));
    for (const Frame& each : {frame, copy_of(frames.negative(way))}) {
      const auto ip = wire::parse_ip(each);
      ASSERT_TRUE(ip);
      EXPECT_TRUE(ip->v6);
      EXPECT_EQ(ip->source().text(), way == HeartbeatWay::kAToB ? "2001:db8:a::1" : "2001:db8:b::1");
      EXPECT_EQ(ip->destination().text(), way == HeartbeatWay::kAToB ? "2001:db8:b::1" : "2001:db8:a::1");
      EXPECT_EQ(std::to_integer<int>(each[14 + 7]), 64) << "hop limit";
      const Bytes datagram = Bytes(each).subspan(54, ip->end - 54U);
      Frame pseudo(each.begin() + 22, each.begin() + 54);
      frames::put(pseudo, datagram.size(), 4);
      frames::put(pseudo, 17, 4);
      frames::put(pseudo, datagram);
      EXPECT_EQ(frames::slow_checksum(pseudo), 0);
    }
    ASSERT_TRUE(frames.recognise(frame, way));
    EXPECT_EQ(frames.recognise(frame, way)->number, 0x1234567890ULL);
    ASSERT_TRUE(frames.recognise(frames.negative(way), way));
    EXPECT_TRUE(frames.recognise(frames.negative(way), way)->negative);
  }
}

TEST(Heartbeat, HasTheTagOfTheToolsWiresAndHasToComeBackWithIt) {
  for (const std::uint16_t ethertype : {wire::kEtherTypeIpv4, std::uint16_t{0x88b5}}) {
    HeartbeatFrameSettings with = settings();
    with.vlan = 101;
    with.ethertype = ethertype;
    with.negative = "stop me";
    HeartbeatFrames frames(with);
    for (const HeartbeatWay way : kWays) {
      Frame frame = copy_of(frames.numbered(way, 7));
      EXPECT_EQ(wire::load32(frame.data() + 12), 0x81000065U);
      EXPECT_EQ(wire::load16(frame.data() + 16), ethertype);
      ASSERT_TRUE(frames.recognise(frame, way));
      EXPECT_EQ(frames.recognise(frame, way)->number, 7U);
      EXPECT_TRUE(frames.recognise(frames.negative(way), way)->negative);
      frame[14] |= std::byte{0xe0};
      EXPECT_TRUE(frames.recognise(frame, way)) << "the tool may change its priority";
      frame[15] = std::byte{102};
      EXPECT_FALSE(frames.recognise(frame, way)) << "but not its VLAN";
      frame.erase(frame.begin() + 12, frame.begin() + 16);
      EXPECT_FALSE(frames.recognise(frame, way)) << "nor take the tag off";
    }
  }
}

}  // namespace
}  // namespace limpid::tool
