// The pool as workers have it: through a Runtime, with a port that takes from the reserve.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "tests/unit/dataplane/nic/running_ports.h"

namespace limpid::nic {
namespace {

using MbufPoolTest = RuntimeTest;

TEST_F(MbufPoolTest, KeepsAReserveForFramesThatArrive) {
  wire::PacketPool& pool = running->pool();
  std::vector<wire::Packet> taken;
  while (wire::Packet packet = pool.allocate(1500)) taken.push_back(std::move(packet));
  EXPECT_GT(taken.size(), 1000U);
  EXPECT_EQ(pool.available(), 0U);
  const network::RawSocket far("f0");
  const Frame frame = frames::raw({}, 0x88b5, 60);
  far.send(frame);
  EXPECT_EQ(received_at(kPlain0), frame);
  const std::size_t count = taken.size();
  taken.clear();
  EXPECT_GE(pool.available() + 512, count) << "all but the caches' share are back";
}

TEST_F(MbufPoolTest, GivesNoBufferForAFrameThatFitsIntoNone) {
  EXPECT_FALSE(running->pool().allocate(60'000));
}

}  // namespace
}  // namespace limpid::nic
