#include "dataplane/wire/tcp_options.h"

#include <gtest/gtest.h>

#include "tests/support/frames.h"

namespace limpid::wire {
namespace {

std::optional<TcpOptions> parsed(std::string_view hex) {
  return parse_tcp_options(as_bytes(frames::hex(hex)));
}

std::string written(const TcpOptions& options) {
  std::array<std::byte, kTcpOptionsMax> bytes{};
  const std::size_t size = write_tcp_options(options, bytes);
  return std::string(as_text(Bytes{bytes}.first(size)));
}

TEST(TcpOptions, ReadsALinuxSyn) {
  const auto options = parsed("0204 05b4 0402 080a 0000 0007 0000 0000 01 0303 07");
  ASSERT_TRUE(options);
  EXPECT_EQ(options->mss, 1460);
  EXPECT_TRUE(options->sack_permitted);
  EXPECT_EQ(options->timestamps, (Timestamps{.value = 7, .echo = 0}));
  EXPECT_EQ(options->window_scale, 7);
  EXPECT_FALSE(options->unknown || options->multipath || options->fast_open || options->signature);
}

TEST(TcpOptions, TheCommonLayoutReadsAsAnyOther) {
  const auto usual = parsed("0101 080a 0000 0102 0304 0506");
  const auto unusual = parsed("080a 0000 0102 0304 0506 0101");
  ASSERT_TRUE(usual && unusual);
  EXPECT_EQ(*usual, *unusual);
  EXPECT_EQ(usual->timestamps, (Timestamps{.value = 0x102, .echo = 0x03040506}));
}

TEST(TcpOptions, ReadsUpToFourSackBlocks) {
  const auto options = parsed("0101 0512 0000 0001 0000 0002 0000 0005 0000 0009");
  ASSERT_TRUE(options);
  EXPECT_EQ(options->sack_blocks, 2);
  EXPECT_EQ(options->sack[1], (SackBlock{.left = 5, .right = 9}));
}

TEST(TcpOptions, NoticesWhatItDoesNotUnderstand) {
  EXPECT_TRUE(parsed("2202")->fast_open);
  EXPECT_TRUE(parsed("fe04 f989")->fast_open);
  EXPECT_TRUE(parsed("fe04 1234")->unknown);
  EXPECT_TRUE(parsed("1e03 00")->multipath);
  EXPECT_FALSE(parsed("1e03 00")->multipath_join);
  EXPECT_TRUE(parsed("1e0c 1001 0102 0304 0506 0708")->multipath_join);
  EXPECT_TRUE(parsed("1312 0000 0000 0000 0000 0000 0000 0000 0000")->signature);
  EXPECT_TRUE(parsed("1d04 0000")->signature);
  EXPECT_TRUE(parsed("4502")->unknown);
}

TEST(TcpOptions, RefusesWhatRunsOverTheEndOrHasAnImpossibleSize) {
  for (const char* bad : {"02", "0200", "0201", "0203 05", "0205 05b4 00", "0206 05b4 00", "0303",
                          "080a 0000", "0502", "0509 00000000 000000", "0304 0000", "08"}) {
    EXPECT_FALSE(parsed(bad)) << bad;
  }
}

TEST(TcpOptions, NothingIsReadBehindTheEndOfTheList) { EXPECT_FALSE(parsed("00 02 ff")->mss.has_value()); }

TEST(TcpOptions, WhatIsWrittenReadsTheSame) {
  TcpOptions options;
  options.mss = 1400;
  options.window_scale = 9;
  options.sack_permitted = true;
  options.timestamps = Timestamps{.value = 1, .echo = 2};
  const std::string bytes = written(options);
  EXPECT_EQ(bytes.size() % 4, 0U);
  EXPECT_EQ(parse_tcp_options(as_bytes(bytes)), options);
}

TEST(TcpOptions, WritesAsManySackBlocksAsFitBesideTimestamps) {
  TcpOptions options;
  options.timestamps = Timestamps{.value = 1, .echo = 2};
  options.sack_blocks = 4;
  for (std::uint32_t i = 0; i < 4; ++i) options.sack[i] = {.left = 10 * i, .right = 10 * i + 5};
  const std::string bytes = written(options);
  EXPECT_EQ(bytes.size(), 40U);
  EXPECT_EQ(parse_tcp_options(as_bytes(bytes))->sack_blocks, 3);
  options.timestamps.reset();
  EXPECT_EQ(parse_tcp_options(as_bytes(written(options)))->sack_blocks, 4);
}

TEST(TcpOptions, NoneTakeNoRoom) { EXPECT_EQ(written({}), ""); }

}  // namespace
}  // namespace limpid::wire
