#include "dataplane/worker/idling.h"

#include <gtest/gtest.h>

namespace limpid::worker {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;

class IdlingTest : public ::testing::Test {
 protected:
  static constexpr Instant kStart{std::chrono::seconds(1)};
  IdlingTest() { idling.worked(kStart); }
  Idling idling{{milliseconds(1), microseconds(50), microseconds(400)}};
};

TEST_F(IdlingTest, SpinsForAWhileAfterTheLastWork) {
  EXPECT_EQ(idling.nap(kStart + microseconds(999), kNever), Duration::zero());
  EXPECT_EQ(idling.nap(kStart + milliseconds(1), kNever), microseconds(50));
}

TEST_F(IdlingTest, NapsTwiceAsLongEachTimeUpToTheLimit) {
  const Instant later = kStart + milliseconds(5);
  EXPECT_EQ(idling.nap(later, kNever), microseconds(50));
  EXPECT_EQ(idling.nap(later, kNever), microseconds(100));
  EXPECT_EQ(idling.nap(later, kNever), microseconds(200));
  EXPECT_EQ(idling.nap(later, kNever), microseconds(400));
  EXPECT_EQ(idling.nap(later, kNever), microseconds(400));
}

TEST_F(IdlingTest, BeginsAgainWithSpinningAndAShortNapAfterWork) {
  idling.nap(kStart + milliseconds(5), kNever);
  idling.nap(kStart + milliseconds(5), kNever);
  idling.worked(kStart + milliseconds(6));
  EXPECT_EQ(idling.nap(kStart + microseconds(6'500), kNever), Duration::zero());
  EXPECT_EQ(idling.nap(kStart + milliseconds(7), kNever), microseconds(50));
}

TEST_F(IdlingTest, NeverSleepsPastTheNextTimer) {
  const Instant later = kStart + milliseconds(5);
  EXPECT_EQ(idling.nap(later, later + microseconds(7)), microseconds(7));
  EXPECT_EQ(idling.nap(later, later), Duration::zero());
  EXPECT_EQ(idling.nap(later, later - microseconds(1)), Duration::zero());
}

}  // namespace
}  // namespace limpid::worker
