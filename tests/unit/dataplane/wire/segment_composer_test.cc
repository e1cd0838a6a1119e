#include "dataplane/wire/segment_composer.h"

#include <gtest/gtest.h>

#include "tests/support/frames.h"
#include "tests/support/memory_packets.h"

namespace limpid::wire {
namespace {

TEST(SegmentComposer, MakesAFrameThatReadsAsTheValuesSay) {
  MemoryPacketPool pool;
  for (const bool v6 : {false, true}) {
    const frames::Frame model = frames::tcp({.source = v6 ? "[2001:db8::1]:5" : "192.0.2.1:5",
                                             .destination = v6 ? "[2001:db8::2]:6" : "192.0.2.2:6",
                                             .vlans = {100},
                                             .flags = 16});
    HeaderTemplate headers;
    headers.learn(*parse(model));
    TcpOptions options;
    options.timestamps = Timestamps{.value = 3, .echo = 4};
    // The first piece is odd: the sum must not depend on where the pieces meet.
    const SegmentValues values{.seq = 10,
                               .ack = 20,
                               .window = 30,
                               .flags = 0x19,
                               .payload_first = as_bytes("abc"),
                               .payload_second = as_bytes("defg"),
                               .ect = true};
    const Packet packet = compose_segment(pool, headers, values, options);
    ASSERT_TRUE(packet);
    const auto view = parse(packet.bytes());
    ASSERT_TRUE(view);
    EXPECT_TRUE(checksums_valid(*view));
    EXPECT_EQ(as_text(view->payload()), "abcdefg");
    EXPECT_EQ(view->seq, 10U);
    EXPECT_EQ(view->ack, 20U);
    EXPECT_EQ(view->window, 30);
    EXPECT_EQ(view->flags, 0x19);
    EXPECT_EQ(parse_tcp_options(view->option_bytes()), options);
    EXPECT_EQ(view->ip.vlan, 100);
    EXPECT_FALSE(view->congestion_experienced()) << "ECT(0) is not CE";
    EXPECT_EQ(view->source(), parse(model)->source());
  }
  EXPECT_EQ(pool.used(), 0U);
}

TEST(SegmentComposer, WithoutABufferThereIsNoPacket) {
  MemoryPacketPool pool(0);
  HeaderTemplate headers;
  headers.learn(*parse(frames::tcp({.flags = 16})));
  EXPECT_FALSE(compose_segment(pool, headers, {}, {}));
}

}  // namespace
}  // namespace limpid::wire
