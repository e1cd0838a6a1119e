#include "dataplane/tcp/sequence.h"

#include <gtest/gtest.h>

namespace limpid::tcp {
namespace {

TEST(SequenceBase, UnwrapsAroundTheEndOfTheNumbers) {
  const SequenceBase base(0xFFFFFFF0U);
  EXPECT_EQ(base.sequence(0x20), 0x10U);
  EXPECT_EQ(base.offset(0x10U, 0), 0x20);
  EXPECT_EQ(base.offset(0xFFFFFFF0U, 0x20), 0);
  EXPECT_EQ(base.offset(0xFFFFFFEFU, 0), -1);
}

TEST(SequenceBase, FollowsAStreamThroughManyWraps) {
  const SequenceBase base(123456789U);
  for (Offset at = 0; at < Offset{1} << 36; at += (Offset{1} << 29) + 12345) {
    EXPECT_EQ(base.offset(base.sequence(at + 1000), at), at + 1000);
    EXPECT_EQ(base.offset(base.sequence(at - 1000), at), at - 1000);
  }
}

}  // namespace
}  // namespace limpid::tcp
