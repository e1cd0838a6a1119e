#include "control/units.h"

#include <gtest/gtest.h>

namespace limpid::control {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

TEST(Units, BytesHaveThreeDigitsAtMost) {
  EXPECT_EQ(bytes_text(0), "0 B");
  EXPECT_EQ(bytes_text(999), "999 B");
  EXPECT_EQ(bytes_text(1'000), "1.0 KB");
  EXPECT_EQ(bytes_text(9'960), "10 KB");
  EXPECT_EQ(bytes_text(999'499), "999 KB");
  EXPECT_EQ(bytes_text(999'500), "1.0 MB");
  EXPECT_EQ(bytes_text(UINT64_MAX), "18 EB");
}

TEST(Units, DurationsShowTheirTwoLargestUnits) {
  EXPECT_EQ(duration_text(milliseconds(1'449)), "1.4s");
  EXPECT_EQ(duration_text(seconds(59)), "59s");
  EXPECT_EQ(duration_text(seconds(185)), "3m05s");
  EXPECT_EQ(duration_text(minutes(130)), "2h10m");
  EXPECT_EQ(duration_text(hours(99)), "4d03h");
}

TEST(Units, TimesAreUtc) {
  EXPECT_EQ(time_text(0), "1970-01-01 00:00");
  EXPECT_EQ(time_text(1'795'176'059), "2026-11-20 12:00");
  EXPECT_EQ(time_text(-1), "1969-12-31 23:59");
}

TEST(Units, APartOfNothingIsNotANumber) {
  EXPECT_EQ(percent_text(1, 8), "12.5%");
  EXPECT_EQ(percent_text(0, 0), "-");
}

TEST(Units, DaysAndWeeksAreRead) {
  EXPECT_EQ(parse_days("30d"), 30U);
  EXPECT_EQ(parse_days("30"), 30U);
  EXPECT_EQ(parse_days("4w"), 28U);
  EXPECT_EQ(parse_days("0d"), 0U);
  for (const char* text : {"", "d", "-1d", "30m", "1.5d", " 3d", "3d ", "99999999999d", "36501", "5215w"}) {
    EXPECT_FALSE(parse_days(text)) << text;
  }
}

}  // namespace
}  // namespace limpid::control
