#include "dataplane/worker/doorbell.h"

#include <gtest/gtest.h>
#include <poll.h>

namespace limpid::worker {
namespace {

bool heard(const Doorbell& bell) {
  pollfd waited{bell.descriptor(), POLLIN, 0};
  return poll(&waited, 1, 0) == 1;
}

TEST(Doorbell, IsHeardByASleeper) {
  Doorbell bell;
  bell.arm();
  EXPECT_FALSE(heard(bell));
  bell.ring();
  EXPECT_TRUE(heard(bell));
}

TEST(Doorbell, CostsTheRingerNothingWhileTheWorkerIsAwake) {
  Doorbell bell;
  bell.ring();
  EXPECT_FALSE(heard(bell));
  bell.arm();
  bell.disarm();
  bell.ring();
  EXPECT_FALSE(heard(bell));
}

TEST(Doorbell, IsSilentAgainAfterTheWorkerWoke) {
  Doorbell bell;
  for (int night = 0; night < 3; ++night) {
    bell.arm();
    bell.ring();
    bell.ring();
    EXPECT_TRUE(heard(bell));
    bell.disarm();
    EXPECT_FALSE(heard(bell));
  }
}

}  // namespace
}  // namespace limpid::worker
