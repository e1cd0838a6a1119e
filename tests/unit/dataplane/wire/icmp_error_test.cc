#include "dataplane/wire/icmp_error.h"

#include <gtest/gtest.h>

#include "tests/support/frames.h"

namespace limpid::wire {
namespace {

using frames::Frame;

const frames::Tcp kSegment{.vlans = {7}, .seq = 0x12345678, .flags = 16, .payload = "some text"};
const frames::Tcp kSegmentV6{.source = "[2001:db8::1]:40000",
                             .destination = "[2001:db8::2]:443",
                             .seq = 0x12345678,
                             .flags = 16,
                             .payload = "some text"};

std::optional<IcmpError> read(const Frame& frame) {
  const Result<IpView, Reason> packet = parse_ip(frame);
  return packet ? parse_icmp_error(*packet) : std::nullopt;
}

TEST(IcmpError, TellsWhatWasTooBigAndForHowMuch) {  // RFC 1191 §4, RFC 4443 §3.2
  const Frame v4 = frames::icmp_error(kSegment, "10.9.9.9:0", 3, 4, 1400);
  const auto error = read(v4);
  ASSERT_TRUE(error);
  EXPECT_TRUE(error->too_big);
  EXPECT_EQ(error->mtu, 1400U);
  EXPECT_EQ(error->seq, 0x12345678U);
  EXPECT_EQ(error->source_port, 40000);
  EXPECT_EQ(error->destination_port, 443);
  EXPECT_EQ(error->quoted.vlan, 7);
  EXPECT_EQ(error->quoted.source(), SocketAddress::parse("10.0.0.1:1")->ip);

  const Frame v6 = frames::icmp_error(kSegmentV6, "[2001:db8::9]:0", 2, 0, 1300);
  const auto error6 = read(v6);
  ASSERT_TRUE(error6);
  EXPECT_TRUE(error6->too_big);
  EXPECT_EQ(error6->mtu, 1300U);
  EXPECT_EQ(error6->seq, 0x12345678U);
  EXPECT_EQ(error6->quoted.destination(), SocketAddress::parse(kSegmentV6.destination)->ip);
}

TEST(IcmpError, OthersAreErrorsTooButNotAboutTheSize) {
  const Frame unreachable = frames::icmp_error(kSegment, "10.9.9.9:0", 3, 1);
  ASSERT_TRUE(read(unreachable));
  EXPECT_FALSE(read(unreachable)->too_big);
  const Frame exceeded = frames::icmp_error(kSegmentV6, "[::9]:0", 3, 0);
  ASSERT_TRUE(read(exceeded));
  EXPECT_FALSE(read(exceeded)->too_big);
}

TEST(IcmpError, IsNoneWhereNothingIsQuoted) {
  EXPECT_FALSE(read(frames::icmp_error(kSegment, "10.9.9.9:0", 8, 0))) << "an echo request";
  EXPECT_FALSE(read(frames::icmp_error(kSegmentV6, "[::9]:0", 135, 0))) << "neighbour discovery";
  EXPECT_FALSE(read(frames::tcp(kSegment)));
  EXPECT_FALSE(read(frames::udp(kSegment)));
}

TEST(IcmpError, IsNotBelievedWhereItWasDamagedOrCut) {
  for (const Frame& whole : {frames::icmp_error(kSegment, "10.9.9.9:0", 3, 4, 1400),
                             frames::icmp_error(kSegmentV6, "[::9]:0", 2, 0, 1400)}) {
    ASSERT_TRUE(read(whole));
    const std::size_t ip = whole.size() - parse_ip(whole)->ip_offset;
    for (std::size_t cut = 1; cut <= ip; ++cut) {
      const Frame shorter(whole.begin(), whole.end() - static_cast<std::ptrdiff_t>(cut));
      EXPECT_FALSE(read(shorter));
    }
    Frame damaged = whole;
    damaged.back() ^= std::byte{1};
    EXPECT_FALSE(read(damaged)) << "its checksum is wrong";
  }
}

}  // namespace
}  // namespace limpid::wire
