#include "dataplane/flow/tombstone.h"

#include <gtest/gtest.h>

#include "tests/support/frames.h"

namespace limpid::flow {
namespace {

std::optional<tcp::SegmentOut> answer_to(const LegEnd& end, const frames::Tcp& tcp) {
  const frames::Frame frame = frames::tcp(tcp);
  return answer(end, *wire::parse(frame));
}

constexpr LegEnd kClean{
    .next = 70, .expected = 80, .ts_value = 9, .window = 100, .reset = false, .timestamps = true};
constexpr LegEnd kAborted{
    .next = 70, .expected = 80, .ts_value = 0, .window = 0, .reset = true, .timestamps = false};

TEST(Tombstone, AcknowledgesWhatTakesSequenceSpace) {
  const auto reply = answer_to(
      kClean, {.seq = 79, .ack = 70, .flags = 17, .options = frames::hex("0101 080a 00000005 00000009")});
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->seq, 70U);
  EXPECT_EQ(reply->ack, 80U);
  EXPECT_EQ(reply->flags, tcp::kAck);
  EXPECT_EQ(reply->options.timestamps, (wire::Timestamps{.value = 9, .echo = 5}));
}

TEST(Tombstone, IsSilentToBareAcknowledgementsAndResets) {
  EXPECT_FALSE(answer_to(kClean, {.seq = 80, .ack = 70, .flags = 16}));
  EXPECT_FALSE(answer_to(kClean, {.seq = 80, .flags = 4}));
  EXPECT_FALSE(answer_to(kAborted, {.seq = 80, .flags = 4}));
}

TEST(Tombstone, OfAnAbortAnswersEverythingElseWithAnExactReset) {
  const auto reply = answer_to(kAborted, {.seq = 60, .ack = 33, .flags = 16});
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->flags, tcp::kRst);
  EXPECT_EQ(reply->seq, 33U);
}

}  // namespace
}  // namespace limpid::flow
