// The ring by itself: no DPDK, one end of a veth pair.
#include "dataplane/nic/packet_ring.h"

#include <gtest/gtest.h>

#include "tests/unit/dataplane/nic/running_ports.h"

namespace limpid::nic {
namespace {

class PacketRingTest : public RuntimeTest {
 protected:
  static Result<PacketRing, std::string> ring_on(const std::string& near, const std::string& far,
                                                 std::size_t frames) {
    EXPECT_TRUE(network::make_veth(near, far));
    return PacketRing::open(near, static_cast<int>(if_nametoindex(near.c_str())), 1522, frames);
  }
};

TEST(RingFrame, PutsItsTagBackBehindTheAddresses) {
  const Frame tagged = frames::raw({{0x88a8, 0x2065}}, 0x88b5, 20);
  Frame bare = tagged;
  bare.erase(bare.begin() + 12, bare.begin() + 16);
  const RingFrame frame{.bytes = bare, .tagged = true, .tag_type = 0x88a8, .tag = 0x2065};
  Frame copy(frame.size());
  frame.copy(copy.data());
  EXPECT_EQ(copy, tagged);
}

TEST_F(PacketRingTest, GivesFramesInOrderAndAgainAroundItsEnd) {
  auto ring = ring_on("r0", "rf0", 40);
  ASSERT_TRUE(ring.ok()) << ring.error();
  const network::RawSocket far("rf0");
  for (std::size_t i = 0; i < 200; ++i) {
    const Frame frame = frames::raw({}, 0x88b5, 46 + i);
    far.send(frame);
    ASSERT_EQ(ring->waiting(10), 1U) << i;
    ASSERT_EQ(ring->front().size(), frame.size());
    EXPECT_TRUE(std::equal(frame.begin(), frame.end(), ring->front().bytes.begin()));
    ring->pop();
  }
  EXPECT_EQ(ring->drops(), 0U);
}

TEST_F(PacketRingTest, CountsWhatItHasNoRoomFor) {
  auto ring = ring_on("r1", "rf1", 40);
  ASSERT_TRUE(ring.ok()) << ring.error();
  const network::RawSocket far("rf1");
  for (int i = 0; i < 100; ++i) far.send(frames::raw({}, 0x88b5, 46));
  const std::size_t kept = ring->waiting(1'000);
  EXPECT_GE(kept, 40U);
  EXPECT_EQ(ring->drops(), 100 - kept);
  EXPECT_EQ(ring->drops(), 100 - kept) << "a second look counts nothing twice";
}

TEST_F(PacketRingTest, SaysThatAFrameWasCutOff) {
  ASSERT_TRUE(network::make_veth("r2", "rf2", 3'000));
  auto ring = PacketRing::open("r2", static_cast<int>(if_nametoindex("r2")), 1522, 40);
  ASSERT_TRUE(ring.ok()) << ring.error();
  network::RawSocket("rf2").send(frames::raw({}, 0x88b5, 2'000));
  ASSERT_EQ(ring->waiting(10), 1U);
  EXPECT_FALSE(ring->front().whole);
}

TEST_F(PacketRingTest, NamesTheInterfaceThatIsGone) {
  const auto ring = PacketRing::open("gone0", 999'999, 1522, 40);
  ASSERT_FALSE(ring.ok());
  EXPECT_NE(ring.error().find("gone0"), std::string::npos);
}

}  // namespace
}  // namespace limpid::nic
