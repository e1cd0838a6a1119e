#include "dataplane/wire/header_template.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "tests/support/frames.h"

namespace limpid::wire {
namespace {

using frames::Frame;

TEST(HeaderTemplate, IsUnknownUntilItHasLearned) {
  HeaderTemplate headers;
  EXPECT_FALSE(headers.known());
  headers.learn(*parse(frames::tcp({.flags = 16})));
  EXPECT_TRUE(headers.known());
}

TEST(HeaderTemplate, SpeaksAgainOverALinkThatItLearnedBefore) {
  for (const char* source : {"10.0.0.1:1", "[2001:db8::1]:1"}) {
    const char* destination = source[0] == '[' ? "[::2]:2" : "10.0.0.2:2";
    const Frame frame = frames::tcp(
        {.source = source, .destination = destination, .vlans = {5, 6}, .flags = 16, .ttl = 9, .tos = 0xb8});
    HeaderTemplate before;
    before.learn(*parse(frame));
    HeaderTemplate after = HeaderTemplate::over(before.link(), *SocketAddress::parse(source),
                                                *SocketAddress::parse(destination));
    ASSERT_TRUE(after.known());
    after.set_manner(before.manner());
    EXPECT_EQ(after.source_port(), 1);
    EXPECT_EQ(after.destination_port(), 2);
    Frame one(before.size());
    Frame other(after.size());
    before.write(one, 20);
    after.write(other, 20);
    if (after.v6()) {  // a flow label is no part of the link
      const std::size_t label = before.link().size + 1U;
      one[label] &= std::byte{0xf0};
      one[label + 1] = one[label + 2] = std::byte{0};
    }
    EXPECT_EQ(one, other) << source;
  }
}

TEST(HeaderTemplate, IsUnknownOverALinkThatCannotBe) {
  const SocketAddress any = *SocketAddress::parse("10.0.0.1:1");
  HeaderTemplate::Link link;
  for (const unsigned size : {0U, 13U, 23U, 255U}) {
    link.size = static_cast<std::uint8_t>(size);
    EXPECT_FALSE(HeaderTemplate::over(link, any, any).known());
  }
}

TEST(HeaderTemplate, DropsIpv4OptionsAndKeepsTheRest) {
  Frame frame = frames::tcp({.flags = 16, .ttl = 9, .tos = 0xb8});
  // Four bytes of IP options: NOPs.
  frame.insert(frame.begin() + 34, 4, std::byte{1});
  frame[14] = std::byte{0x46};
  frame[16 + 1] = static_cast<std::byte>(std::to_integer<unsigned>(frame[17]) + 4);
  const auto view = parse(frame);
  ASSERT_TRUE(view);
  HeaderTemplate headers;
  headers.learn(*view);
  ASSERT_EQ(headers.size(), 34U);
  Frame out(34);
  headers.write(out, 20);
  EXPECT_EQ(out[14], std::byte{0x45});
  EXPECT_EQ(out[15], std::byte{0xb8});
  EXPECT_EQ(out[22], std::byte{9});
  EXPECT_EQ(out[20], std::byte{0x40});  // DF
  EXPECT_EQ(frames::slow_checksum(Bytes{out}.subspan(14)), 0);
}

TEST(HeaderTemplate, ClaimsEcnOnlyWhereItIsTold) {
  for (const char* source : {"10.0.0.1:1", "[2001:db8::1]:1"}) {
    const bool v6 = source[0] == '[';
    const Frame frame = frames::tcp(
        {.source = source, .destination = v6 ? "[::2]:2" : "10.0.0.2:2", .flags = 16, .tos = 0xbb});
    HeaderTemplate headers;
    headers.learn(*parse(frame));
    Frame out(headers.size() + 20);
    const auto traffic_class = [&] {
      return v6 ? ((std::to_integer<unsigned>(out[14]) << 4U) | (std::to_integer<unsigned>(out[15]) >> 4U)) &
                      0xffU
                : std::to_integer<unsigned>(out[15]);
    };
    headers.write(out, 20, true);
    EXPECT_EQ(traffic_class(), 0xbaU) << source;
    EXPECT_TRUE(v6 || frames::slow_checksum(Bytes{out}.subspan(14, 20)) == 0);
    headers.write(out, 20);
    EXPECT_EQ(traffic_class(), 0xb8U) << source << ": nothing stays";
  }
}

TEST(HeaderTemplate, KeepsTheFlowLabelAndTheTags) {
  const Frame frame =
      frames::tcp({.source = "[::1]:1", .destination = "[::2]:2", .vlans = {0x6064, 7}, .flags = 16});
  HeaderTemplate headers;
  headers.learn(*parse(frame));
  Frame out(headers.size());
  headers.write(out, 20);
  EXPECT_TRUE(std::equal(out.begin(), out.begin() + 22, frame.begin()))
      << "MACs, tags with priority, EtherType";
  EXPECT_EQ(out[22 + 2], frame[22 + 2]);
  EXPECT_EQ(out[22 + 3], frame[22 + 3]);
}

TEST(HeaderTemplate, MirroredItSpeaksForTheReceiver) {
  const Frame frame = frames::tcp({.vlans = {9}, .flags = 16});
  HeaderTemplate headers;
  headers.learn_mirrored(*parse(frame));
  EXPECT_EQ(headers.source_port(), 443);
  EXPECT_EQ(headers.destination_port(), 40000);
  Frame out(headers.size());
  headers.write(out, 20);
  EXPECT_TRUE(std::equal(out.begin(), out.begin() + 6, frame.begin() + 6));
  EXPECT_TRUE(std::equal(out.begin() + 6, out.begin() + 12, frame.begin()));
  EXPECT_EQ(out[18 + 15], std::byte{2});
  EXPECT_EQ(out[18 + 19], std::byte{1});
}

}  // namespace
}  // namespace limpid::wire
