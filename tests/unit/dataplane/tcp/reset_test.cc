#include "dataplane/tcp/reset.h"

#include <gtest/gtest.h>

#include "tests/support/frames.h"

namespace limpid::tcp {
namespace {

std::optional<SegmentOut> answer_to(const frames::Tcp& segment) {
  const frames::Frame frame = frames::tcp(segment);
  return reset_for(*wire::parse(frame));
}

TEST(Reset, OfASegmentThatAcknowledgesHasTheNumberThatItsSenderExpects) {
  const auto reset = answer_to({.seq = 60, .ack = 33, .flags = kAck, .payload = "abc"});
  ASSERT_TRUE(reset);
  EXPECT_EQ(reset->flags, kRst);
  EXPECT_EQ(reset->seq, 33U);
}

TEST(Reset, OfASegmentWithoutAcknowledgementAcknowledgesAllOfIt) {
  const auto reset = answer_to({.seq = 9, .flags = kSyn, .payload = "abc"});
  ASSERT_TRUE(reset);
  EXPECT_EQ(reset->flags, kRst | kAck);
  EXPECT_EQ(reset->ack, 13U);
  EXPECT_EQ(answer_to({.seq = 9, .flags = kFin})->ack, 10U);
}

TEST(Reset, IsNeverTheAnswerToAReset) {
  EXPECT_FALSE(answer_to({.seq = 80, .flags = kRst}));
  EXPECT_FALSE(answer_to({.seq = 80, .ack = 4, .flags = kRst | kAck}));
}

}  // namespace
}  // namespace limpid::tcp
