#include "dataplane/tcp/sent_segments.h"

#include <gtest/gtest.h>

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

TEST(SentSegments, CountsAFinAsOne) {
  SentSegment segment{.size = 10};
  segment.set(SentSegment::kHasFin);
  EXPECT_EQ(segment.length(), 11U);
}

}  // namespace
}  // namespace limpid::tcp
