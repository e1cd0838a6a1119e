#include "dataplane/flow/hold.h"

#include <gtest/gtest.h>

#include "dataplane/tcp/segment.h"
#include "tests/support/frames.h"
#include "tests/support/memory_packets.h"

namespace limpid::flow {
namespace {

struct HoldTest : testing::Test {
  Hold::Kept keep(std::uint32_t offset, const std::string& payload, unsigned flags = tcp::kAck) {
    wire::Packet packet =
        pool.packet(frames::tcp({.seq = kFirst + offset, .flags = flags, .payload = payload}));
    const wire::PacketView view = *wire::parse(packet.bytes());
    return hold.keep(std::move(packet), view);
  }
  static constexpr std::uint32_t kFirst = 0xfffffffd;  // wraps at once
  wire::MemoryPacketPool pool;
  Hold hold{kFirst, 100, 6, Instant{}};
};

TEST_F(HoldTest, TellsWhetherTheBytesFromTheFrontHaveGrown) {
  EXPECT_EQ(keep(3, "def"), Hold::Kept::kNoMore);
  EXPECT_EQ(keep(0, "abc"), Hold::Kept::kMoreBytes);
  EXPECT_EQ(as_text(hold.bytes()), "abcdef");
  EXPECT_EQ(keep(1, "bc"), Hold::Kept::kSeenBefore);
  EXPECT_EQ(keep(6, ""), Hold::Kept::kNoMore);
  EXPECT_EQ(hold.packets().size(), 4U);
  EXPECT_EQ(hold.end(), kFirst + 6);
}

TEST_F(HoldTest, AByteFromBeforeTheFirstIsCutOff) {
  keep(static_cast<std::uint32_t>(-1), "?abc");
  EXPECT_EQ(as_text(hold.bytes()), "abc");
}

TEST_F(HoldTest, HasEndedOnlyWhenNothingIsMissingBeforeTheFin) {
  keep(3, "", tcp::kAck | tcp::kFin);
  EXPECT_FALSE(hold.ended());
  keep(0, "abc");
  EXPECT_TRUE(hold.ended());
  EXPECT_EQ(hold.end(), kFirst + 4);
}

TEST_F(HoldTest, KeepsWhatExceedsItsLimitsAndSaysSo) {
  EXPECT_EQ(keep(0, std::string(101, 'x')), Hold::Kept::kFull);
  EXPECT_EQ(hold.packets().size(), 1U);
  for (std::uint32_t i = 0; i < 4; ++i) EXPECT_NE(keep(i, "x"), Hold::Kept::kFull);
  EXPECT_EQ(keep(4, "x"), Hold::Kept::kFull);
}

}  // namespace
}  // namespace limpid::flow
