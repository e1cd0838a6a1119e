#include "dataplane/tcp/frame.h"

#include <gtest/gtest.h>

#include "tests/support/frames.h"
#include "tests/support/memory_packets.h"

namespace limpid::tcp {
namespace {

constexpr const char* kTimestamps = "0101 080a 00000007 00000009";

TEST(Frame, OfASegmentCarriesEveryValueOfIt) {
  const frames::Frame other = frames::tcp({.ttl = 61});
  wire::HeaderTemplate headers;
  headers.learn(*wire::parse(other));
  wire::MemoryPacketPool pool;
  SegmentOut segment{.seq = 5, .ack = 6, .window = 7, .flags = kAck | kPsh};
  segment.options.timestamps = wire::Timestamps{.value = 7, .echo = 9};
  segment.payload_first = as_bytes("one,");
  segment.payload_second = as_bytes("two");
  segment.ect = true;
  const wire::Packet packet = frame_of(pool, headers, segment);
  const auto view = wire::parse(packet.bytes());
  ASSERT_TRUE(view);
  EXPECT_TRUE(wire::checksums_valid(*view));
  EXPECT_EQ(view->source().text(), "10.0.0.1:40000");
  EXPECT_EQ(view->seq, 5U);
  EXPECT_EQ(view->ack, 6U);
  EXPECT_EQ(view->window, 7);
  EXPECT_EQ(view->flags, kAck | kPsh);
  EXPECT_EQ(as_text(view->payload()), "one,two");
  EXPECT_EQ(wire::parse_tcp_options(view->option_bytes())->timestamps, segment.options.timestamps);
  EXPECT_EQ(packet.bytes()[15] & std::byte{3}, std::byte{2}) << "ECT(0)";
}

TEST(Frame, IsEmptyWhereNoBufferIsFree) {
  const frames::Frame other = frames::tcp({});
  wire::HeaderTemplate headers;
  headers.learn(*wire::parse(other));
  wire::MemoryPacketPool pool(0);
  EXPECT_FALSE(frame_of(pool, headers, {}));
}

TEST(Segment, OfAFrameHasItsNumbersOptionsPayloadAndCongestionMark) {
  const frames::Frame frame = frames::tcp({.seq = 11,
                                           .ack = 12,
                                           .flags = kAck,
                                           .window = 13,
                                           .options = frames::hex(kTimestamps),
                                           .payload = "abc",
                                           .tos = 3});
  const auto view = wire::parse(frame);
  const SegmentIn segment = segment_of(*view, *wire::parse_tcp_options(view->option_bytes()));
  EXPECT_EQ(segment.seq, 11U);
  EXPECT_EQ(segment.ack, 12U);
  EXPECT_EQ(segment.window, 13);
  EXPECT_EQ(segment.flags, kAck);
  EXPECT_EQ(segment.options.timestamps, (wire::Timestamps{.value = 7, .echo = 9}));
  EXPECT_EQ(as_text(segment.payload), "abc");
  EXPECT_TRUE(segment.ce);
}

}  // namespace
}  // namespace limpid::tcp
