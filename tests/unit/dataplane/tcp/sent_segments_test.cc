#include "dataplane/tcp/sent_segments.h"

#include <gtest/gtest.h>

#include <utility>
#include <vector>

namespace limpid::tcp {
namespace {

TEST(SentSegments, FindsTheSegmentOfAnOffsetAfterManyPops) {
  SentSegments segments;
  Offset end = 0xFFFFF000;  // the low halves wrap on the way
  Offset base = end;
  for (int i = 0; i < 1000; ++i) {
    ASSERT_TRUE(segments.reserve());
    segments.push({.start = static_cast<std::uint32_t>(end), .size = 100});
    end += 100;
    if (segments.size() > 50) {
      segments.pop();
      base += 100;
    }
    const SentSegments::Index found = segments.find(end - 150, base);
    if (segments.size() > 2) {
      ASSERT_EQ(segments[found].start, static_cast<std::uint32_t>(end - 200));
    }
  }
  EXPECT_EQ(segments.find(end, base), segments.end());
}

TEST(SentSegments, CutsWhatIsTooLongAndKeepsEverythingElse) {
  SentSegments segments;
  const auto push = [&segments](std::uint32_t start, std::uint16_t size, std::uint8_t marks) {
    ASSERT_TRUE(segments.reserve());
    segments.push({.sent = Instant{Duration{start}}, .start = start, .size = size, .marks = marks});
  };
  push(0, 100, SentSegment::kSacked);
  segments.pop();
  push(100, 1000, SentSegment::kLost);
  push(1100, 400, SentSegment::kSacked);
  push(1500, 1200, SentSegment::kHasFin);
  push(2701, 0, SentSegment::kHasFin);
  ASSERT_TRUE(segments.cut(400));
  const std::vector<std::pair<std::uint32_t, std::uint32_t>> expected{
      {100, 400}, {500, 400}, {900, 200}, {1100, 400}, {1500, 400}, {1900, 400}, {2300, 401}, {2701, 1}};
  ASSERT_EQ(segments.size(), expected.size());
  for (std::uint32_t i = 0; i < segments.size(); ++i) {
    EXPECT_EQ(segments[segments.first() + i].start, expected[i].first);
    EXPECT_EQ(segments[segments.first() + i].length(), expected[i].second);
  }
  EXPECT_TRUE(segments[segments.first() + 2].is(SentSegment::kLost));
  EXPECT_EQ(segments[segments.first() + 2].sent, Instant{Duration{100}});
}

TEST(SentSegments, CountsAFinAsOne) {
  SentSegment segment{.size = 10};
  segment.set(SentSegment::kHasFin);
  EXPECT_EQ(segment.length(), 11U);
}

}  // namespace
}  // namespace limpid::tcp
