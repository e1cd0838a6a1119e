#include "dataplane/wire/syn_editor.h"

#include <gtest/gtest.h>

#include "dataplane/wire/tcp_options.h"
#include "tests/support/frames.h"
#include "tests/support/memory_packets.h"

namespace limpid::wire {
namespace {

using frames::Frame;

TEST(SynEditor, LeavesAnOrdinarySynAsItIs) {
  Frame frame =
      frames::tcp({.flags = 2, .options = frames::hex("0204 05b4 0402 080a 00000001 00000000 01 0303 07")});
  const Frame before = frame;
  EXPECT_FALSE(edit_syn(frame, *parse(frame), 1460));
  EXPECT_EQ(frame, before);
}

TEST(SynEditor, LowersTheMssWithARightChecksum) {
  Frame frame = frames::tcp({.flags = 2, .options = frames::hex("0204 2300")});
  EXPECT_TRUE(edit_syn(frame, *parse(frame), 1452));
  EXPECT_EQ(parse_tcp_options(parse(frame)->option_bytes())->mss, 1452);
  EXPECT_TRUE(checksums_valid(*parse(frame)));
}

TEST(SynEditor, NeverRaisesTheMss) {
  Frame frame = frames::tcp({.flags = 2, .options = frames::hex("0204 0218")});
  EXPECT_FALSE(edit_syn(frame, *parse(frame), 1460));
}

TEST(SynEditor, TakesOutWhatCannotBeTakenOverAtOddOffsetsToo) {
  // NOP, MSS at an odd offset, MPTCP, TFO cookie, user timeout, an unknown one, window scale.
  Frame frame = frames::tcp(
      {.flags = 2, .options = frames::hex("01 0204 2328 1e04 0081 2206 01020304 1c04 8001 4503 aa 0303 08")});
  EXPECT_TRUE(edit_syn(frame, *parse(frame), 1460));
  const auto view = parse(frame);
  EXPECT_TRUE(checksums_valid(*view));
  const auto options = parse_tcp_options(view->option_bytes());
  ASSERT_TRUE(options);
  EXPECT_EQ(options->mss, 1460);
  EXPECT_EQ(options->window_scale, 8);
  EXPECT_FALSE(options->multipath || options->fast_open || options->unknown);
}

TEST(SynEditor, LeavesOfAccurateEcnWhatRfc3168Knows) {
  Frame frame = frames::tcp({.flags = 0xc2});
  frame[14 + 20 + 12] |= std::byte{1};
  const bool valid_before = checksums_valid(*parse(frame));
  EXPECT_TRUE(edit_syn(frame, *parse(frame), 1460));
  EXPECT_EQ(parse(frame)->flags, 0xc2);
  EXPECT_FALSE(parse(frame)->accurate_ecn);
  EXPECT_EQ(checksums_valid(*parse(frame)), valid_before) << "an edit neither damages nor mends";
}

TEST(SynEditor, ASynWithoutItsDataIsStillWhole) {
  MemoryPacketPool pool;
  for (const char* source : {"10.0.0.1:1", "[::1]:1"}) {
    const bool v6 = source[0] == '[';
    const Frame frame = frames::tcp({.source = source,
                                     .destination = v6 ? "[::2]:2" : "10.0.0.2:2",
                                     .seq = 5,
                                     .flags = 2,
                                     .options = frames::hex("2206 01020304"),
                                     .payload = "GET /"});
    const Packet bare = copy_without_payload(pool, *parse(frame));
    ASSERT_TRUE(bare);
    const auto view = parse(bare.bytes());
    ASSERT_TRUE(view);
    EXPECT_EQ(view->payload_size(), 0U);
    EXPECT_EQ(bare.size(), frame.size() - 5);
    EXPECT_TRUE(checksums_valid(*view));
    EXPECT_EQ(view->seq, 5U);
  }
}

}  // namespace
}  // namespace limpid::wire
