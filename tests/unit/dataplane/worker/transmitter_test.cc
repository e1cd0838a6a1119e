#include "dataplane/worker/transmitter.h"

#include <gtest/gtest.h>

#include "tests/support/memory_port.h"
#include "tests/support/wire_frames.h"

namespace limpid::worker {
namespace {

using frames::Frame;
using std::chrono::milliseconds;

class TransmitterTest : public ::testing::Test {
 protected:
  static Frame frame(std::size_t number) { return frames::raw({}, 0x88b5, 50 + number); }
  void send(std::size_t from, std::size_t to) {
    for (std::size_t i = from; i < to; ++i) transmitter.send(0, flow::Side::kServer, pool.packet(frame(i)));
  }
  void expect_sent(std::size_t from, std::size_t to) {
    for (std::size_t i = from; i < to; ++i) EXPECT_EQ(server.take_sent(), frame(i)) << i;
    EXPECT_EQ(server.sent(), 0U);
  }
  std::uint64_t lost() const { return transmitter.counters().reasons[Reason::transmit_queue_full]; }

  nic::SharedPacketPool pool;
  nic::MemoryPort client{"d0", pool};
  nic::MemoryPort server{"d1", pool};
  Fabric fabric{{&client, &server}, {.segments = {{0, 1}}}};
  Transmitter transmitter{{.worker = 0, .waiting_max = 100, .patience = milliseconds(20)}, fabric, pool};
  Instant now{std::chrono::seconds(1)};
};

TEST_F(TransmitterTest, GathersABurstUntilItIsFlushed) {
  send(0, 10);
  EXPECT_EQ(server.sent(), 0U);
  EXPECT_TRUE(transmitter.waiting());
  EXPECT_EQ(transmitter.flush(now), 10U);
  EXPECT_FALSE(transmitter.waiting());
  expect_sent(0, 10);
}

TEST_F(TransmitterTest, OffersAFullBurstAtOnce) {
  send(0, 70);
  EXPECT_EQ(server.sent(), 64U);
}

TEST_F(TransmitterTest, OffersAgainInOrderWhatThePortDidNotTake) {
  server.room(3);
  send(0, 10);
  EXPECT_EQ(transmitter.flush(now), 3U);
  server.room(4);
  send(10, 12);
  EXPECT_EQ(transmitter.flush(now + milliseconds(1)), 4U);
  server.room(100);
  EXPECT_EQ(transmitter.flush(now + milliseconds(2)), 5U);
  expect_sent(0, 12);
  EXPECT_EQ(lost(), 0U);
  EXPECT_EQ(transmitter.counters().packets, 12U);
  EXPECT_EQ(transmitter.counters().bytes, 12U * 64 + 66);
}

TEST_F(TransmitterTest, DropsFromTheTailBeyondItsLimit) {
  server.room(0);
  send(0, 130);
  EXPECT_EQ(lost(), 30U);
  server.room(1000);
  transmitter.flush(now);
  expect_sent(0, 100);
}

TEST_F(TransmitterTest, GivesUpOnAPortThatTakesNothingForLong) {
  server.room(0);
  send(0, 5);
  transmitter.flush(now);
  transmitter.flush(now + milliseconds(20));
  EXPECT_EQ(lost(), 0U);
  transmitter.flush(now + milliseconds(21));
  EXPECT_EQ(lost(), 5U);
  EXPECT_FALSE(transmitter.waiting());
  EXPECT_EQ(pool.used(), 0U);
}

TEST_F(TransmitterTest, HasPatienceWithAPortThatIsSlowButTakesSome) {
  server.room(0);
  send(0, 50);
  for (int i = 0; i < 50; ++i) {
    now += milliseconds(15);
    server.room(1);
    EXPECT_EQ(transmitter.flush(now), 1U);
  }
  expect_sent(0, 50);
  EXPECT_EQ(lost(), 0U);
}

TEST_F(TransmitterTest, RefusesAToolsFramesWhereTheirPortIsFull) {
  client.room(0);
  tool::PacketOutput& output = transmitter.output_to(0);
  std::size_t taken = 0;
  while (output.send(frame(0))) ++taken;
  EXPECT_EQ(taken, 100U);
  EXPECT_EQ(lost(), 0U) << "the tool counts its copies";
}

}  // namespace
}  // namespace limpid::worker
