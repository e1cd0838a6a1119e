#include "dataplane/tcp/rack.h"

#include <gtest/gtest.h>

namespace limpid::tcp {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr Duration kSmoothed = milliseconds{100};

SentSegment segment(Duration sent, std::uint32_t start, bool again = false) {
  SentSegment made{.sent = Instant{sent}, .start = start, .size = 100};
  if (again) made.set(SentSegment::kRetransmitted);
  return made;
}

class RackTest : public testing::Test {
 protected:
  void deliver(const SentSegment& what, Duration at, std::optional<Instant> echoed = std::nullopt) {
    rack_.delivered(what, newest_, Instant{at}, echoed);
  }
  Rack rack_;
  NewestArrival newest_;
};

TEST_F(RackTest, OrdersTransmissionsByTimeThenBySequence) {  // RFC 8985 §6.2 step 2: RACK_sent_after()
  deliver(segment(seconds{1}, 500), seconds{2});
  EXPECT_TRUE(newest_.overtook(segment(milliseconds{999}, 900)));
  EXPECT_TRUE(newest_.overtook(segment(seconds{1}, 400)));
  EXPECT_FALSE(newest_.overtook(segment(seconds{1}, 500)));
  EXPECT_FALSE(newest_.overtook(segment(milliseconds{1001}, 0)));
}

TEST_F(RackTest, AllowsAQuarterOfTheShortestRoundTripForReordering) {  // §6.2 step 4
  deliver(segment(seconds{1}, 0), seconds{1} + milliseconds{40});
  EXPECT_EQ(newest_.round_trip + rack_.window(false, 1, kSmoothed), milliseconds{50});
  EXPECT_EQ(newest_.round_trip + rack_.window(false, 3, kSmoothed), milliseconds{40})
      << "three above: as with duplicate ACKs";
  EXPECT_EQ(newest_.round_trip + rack_.window(true, 0, kSmoothed), milliseconds{40});
}

TEST_F(RackTest, KeepsAllowingItOncePathsAreKnownToReorder) {  // §6.2 steps 3 and 4
  deliver(segment(seconds{1}, 1000), seconds{1} + milliseconds{40});
  deliver(segment(seconds{1}, 0, true), seconds{1} + milliseconds{40});
  EXPECT_FALSE(rack_.reordering_seen()) << "a retransmission comes late by nature";
  deliver(segment(seconds{1}, 0), seconds{1} + milliseconds{41});
  EXPECT_TRUE(rack_.reordering_seen());
  EXPECT_EQ(newest_.round_trip + rack_.window(true, 9, kSmoothed), milliseconds{50});
}

TEST_F(RackTest, WidensByDsackOncePerRoundTripAndNeverBeyondTheSmoothedOne) {  // §6.2 step 4, §3.3.2
  deliver(segment(seconds{1}, 1000), seconds{1} + milliseconds{40});
  deliver(segment(seconds{1}, 0), seconds{1} + milliseconds{40});
  rack_.on_duplicate(5000);
  rack_.acknowledged(2000);
  rack_.on_duplicate(6000);
  EXPECT_EQ(newest_.round_trip + rack_.window(false, 0, kSmoothed), milliseconds{40 + 20})
      << "the same round trip";
  rack_.acknowledged(5000);
  rack_.on_duplicate(9000);
  EXPECT_EQ(newest_.round_trip + rack_.window(false, 0, kSmoothed), milliseconds{40 + 30});
  EXPECT_EQ(newest_.round_trip + rack_.window(false, 0, milliseconds{25}), milliseconds{40 + 25});
}

TEST_F(RackTest, ForgetsTheWideningAfterSixteenRecoveriesWithoutDsack) {  // §6.2 step 4
  deliver(segment(seconds{1}, 0), seconds{1} + milliseconds{40});
  rack_.on_duplicate(5000);
  for (int i = 0; i < 15; ++i) rack_.on_recovered();
  EXPECT_EQ(newest_.round_trip + rack_.window(false, 0, kSmoothed), milliseconds{60});
  rack_.on_recovered();
  EXPECT_EQ(newest_.round_trip + rack_.window(false, 0, kSmoothed), milliseconds{50});
}

TEST_F(RackTest, DoesNotBelieveAnAnswerThatMayBeToTheOriginal) {  // §6.2 step 2
  deliver(segment(seconds{1}, 0), seconds{1} + milliseconds{40});
  deliver(segment(seconds{3}, 100, true), seconds{3} + milliseconds{5});
  EXPECT_TRUE(newest_.overtook(segment(milliseconds{999}, 900)));
  EXPECT_FALSE(newest_.overtook(segment(seconds{2}, 900))) << "faster than any round trip yet";
  deliver(segment(seconds{3}, 100, true), seconds{4}, Instant{seconds{2}});
  EXPECT_FALSE(newest_.overtook(segment(seconds{2}, 900))) << "its timestamp says so";
  deliver(segment(seconds{3}, 100, true), seconds{4}, Instant{seconds{3}});
  EXPECT_TRUE(newest_.overtook(segment(seconds{2}, 900)));
}

}  // namespace
}  // namespace limpid::tcp
