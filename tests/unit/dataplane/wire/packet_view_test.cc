#include "dataplane/wire/packet_view.h"

#include <gtest/gtest.h>

#include "tests/support/frames.h"

namespace limpid::wire {
namespace {

using frames::Frame;

TEST(PacketView, SeesWhatAPlainSegmentSays) {
  const Frame frame = frames::tcp({.seq = 0x01020304,
                                   .ack = 0x05060708,
                                   .flags = 0x18,
                                   .window = 77,
                                   .options = "\x01",
                                   .payload = "hi"});
  const auto view = parse(frame);
  ASSERT_TRUE(view);
  EXPECT_EQ(view->source().text(), "10.0.0.1:40000");
  EXPECT_EQ(view->destination().text(), "10.0.0.2:443");
  EXPECT_EQ(view->seq, 0x01020304U);
  EXPECT_EQ(view->ack, 0x05060708U);
  EXPECT_EQ(view->window, 77);
  EXPECT_EQ(view->flags, 0x18);
  EXPECT_EQ(view->option_bytes().size(), 4U);
  EXPECT_EQ(as_text(view->payload()), "hi");
  EXPECT_TRUE(checksums_valid(*view));
}

TEST(PacketView, ReadsIpv6AndTwoVlanTags) {
  const Frame frame = frames::tcp({.source = "[2001:db8::1]:5",
                                   .destination = "[2001:db8::2]:6",
                                   .vlans = {100, 7},
                                   .flags = 2,
                                   .payload = "x"});
  const auto view = parse(frame);
  ASSERT_TRUE(view);
  EXPECT_EQ(view->ip.vlan, 100);
  EXPECT_EQ(view->ip.inner_vlan, 7);
  EXPECT_EQ(view->destination().text(), "[2001:db8::2]:6");
  EXPECT_TRUE(checksums_valid(*view));
}

TEST(PacketView, PaddingBehindTheIpPacketIsNotPayload) {
  const auto frame = frames::tcp({.flags = 16, .padding = 6});
  const auto view = parse(frame);
  ASSERT_TRUE(view);
  EXPECT_EQ(view->payload_size(), 0U);
  EXPECT_TRUE(checksums_valid(*view));
}

TEST(PacketView, EveryCutIsAReasonAndNeverAViewBeyondTheEnd) {
  const Frame whole = frames::tcp({.vlans = {5}, .flags = 16, .options = "\x01", .payload = "hello"});
  for (std::size_t size = 0; size < whole.size(); ++size) {
    EXPECT_FALSE(parse(Bytes{whole}.first(size))) << size;
  }
  const Frame v6 = frames::tcp({.source = "[2001:db8::1]:5", .destination = "[2001:db8::2]:6", .flags = 16});
  for (std::size_t size = 0; size < v6.size(); ++size) EXPECT_FALSE(parse(Bytes{v6}.first(size))) << size;
}

TEST(PacketView, NamesWhyAFrameIsOnlyForwarded) {
  EXPECT_EQ(parse(frames::udp({})).error(), Reason::not_tcp);
  Frame arp = frames::ethernet({}, 0x0806);
  arp.resize(42);
  EXPECT_EQ(parse(arp).error(), Reason::not_tcp);
  EXPECT_EQ(parse(frames::tcp({.vlans = {1, 2, 3}})).error(), Reason::not_tcp);

  Frame fragment = frames::tcp({.flags = 16, .payload = "x"});
  fragment[14 + 6] = std::byte{0x20};
  EXPECT_EQ(parse(fragment).error(), Reason::ip_fragment);
  fragment[14 + 6] = std::byte{0};
  fragment[14 + 7] = std::byte{3};
  EXPECT_EQ(parse(fragment).error(), Reason::ip_fragment);

  Frame wrong_version = frames::tcp({.flags = 16});
  wrong_version[14] = std::byte{0x55};
  EXPECT_EQ(parse(wrong_version).error(), Reason::frame_malformed);
  Frame short_offset = frames::tcp({.flags = 16});
  short_offset[14 + 20 + 12] = std::byte{0x40};
  EXPECT_EQ(parse(short_offset).error(), Reason::frame_malformed);
  Frame long_offset = frames::tcp({.flags = 16});
  long_offset[14 + 20 + 12] = std::byte{0xf0};
  EXPECT_EQ(parse(long_offset).error(), Reason::frame_malformed);
  EXPECT_EQ(parse(Frame(70'000)).error(), Reason::frame_malformed);
}

TEST(PacketView, DontFragmentIsNoFragment) {
  Frame frame = frames::tcp({.flags = 16});
  frame[14 + 6] = std::byte{0x40};
  EXPECT_TRUE(parse(frame));
}

/// IPv6 with these extension headers between it and an empty TCP segment.
Frame with_extensions(const std::vector<std::pair<std::uint8_t, Frame>>& headers) {
  const frames::Tcp tcp{.source = "[2001:db8::1]:5", .destination = "[2001:db8::2]:6", .flags = 16};
  Frame chain;
  for (std::size_t i = 0; i < headers.size(); ++i) {
    Frame header = headers[i].second;
    header[0] = static_cast<std::byte>(i + 1 < headers.size() ? headers[i + 1].first : 6);
    frames::put(chain, header);
  }
  frames::put(chain, frames::segment(tcp));
  Frame frame = frames::ethernet(tcp, 0x86dd);
  frames::put_ip(frame, tcp, headers.empty() ? std::uint8_t{6} : headers[0].first, chain.size());
  frames::put(frame, chain);
  return frame;
}

TEST(PacketView, StepsOverIpv6ExtensionHeaders) {
  Frame authentication(24);
  authentication[1] = std::byte{4};
  const Frame frame = with_extensions({{0, Frame(8)}, {60, Frame(8)}, {51, authentication}});
  const auto view = parse(frame);
  ASSERT_TRUE(view);
  EXPECT_EQ(view->tcp_offset(), 14U + 40 + 8 + 8 + 24);
  EXPECT_TRUE(checksums_valid(*view));
}

TEST(PacketView, AnIpv6FragmentIsAFragmentWhereverItsHeaderStands) {
  EXPECT_EQ(parse(with_extensions({{0, Frame(8)}, {44, Frame(8)}})).error(), Reason::ip_fragment);
}

TEST(PacketView, AChainOfExtensionHeadersHasABound) {
  std::vector<std::pair<std::uint8_t, Frame>> headers(9, {60, Frame(8)});
  EXPECT_EQ(parse(with_extensions(headers)).error(), Reason::frame_malformed);
  headers.pop_back();
  EXPECT_TRUE(parse(with_extensions(headers)));
}

TEST(PacketView, AnExtensionHeaderBeyondThePacketIsMalformed) {
  Frame lying(8);
  lying[1] = std::byte{200};
  EXPECT_EQ(parse(with_extensions({{0, lying}})).error(), Reason::frame_malformed);
}

TEST(PacketView, ADamagedChecksumIsSeen) {
  EXPECT_FALSE(checksums_valid(*parse(frames::tcp({.flags = 16, .payload = "abc", .damaged = true}))));
  Frame bad_ip = frames::tcp({.flags = 16});
  bad_ip[14 + 8] ^= std::byte{1};
  EXPECT_FALSE(checksums_valid(*parse(bad_ip)));
}

TEST(PacketView, CongestionExperiencedIsReadFromBothFamilies) {
  const Frame v4 = frames::tcp({.flags = 16, .tos = 3});
  const Frame v6 = frames::tcp({.source = "[::1]:5", .destination = "[::2]:6", .flags = 16, .tos = 3});
  EXPECT_TRUE(parse(v4)->congestion_experienced());
  EXPECT_TRUE(parse(v6)->congestion_experienced());
  const Frame capable = frames::tcp({.flags = 16, .tos = 2});
  EXPECT_FALSE(parse(capable)->congestion_experienced());
}

}  // namespace
}  // namespace limpid::wire
