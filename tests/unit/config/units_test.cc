#include "config/units.h"

#include <gtest/gtest.h>

namespace limpid::config {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

TEST(Size, IsAWholeNumberWithItsUnit) {
  EXPECT_EQ(parse_size("1GiB"), 1'073'741'824U);
  EXPECT_EQ(parse_size("64 KiB"), 65'536U);
  EXPECT_EQ(parse_size("0B"), 0U);
  EXPECT_EQ(parse_size("8388607TiB"), 8388607ULL << 40U);
}

TEST(Size, IsNothingElse) {
  for (const char* text : {"", "1", "GiB", "1GB", "1gib", "-1GiB", "1.5GiB", "1GiB ", " 1GiB", "1  GiB",
                           "8388608TiB", "99999999999999999999B"}) {
    EXPECT_FALSE(parse_size(text)) << text;
  }
}

TEST(TimeSpan, IsAWholeNumberWithItsUnit) {
  EXPECT_EQ(parse_duration("500ms"), milliseconds(500));
  EXPECT_EQ(parse_duration("30s"), seconds(30));
  EXPECT_EQ(parse_duration("2min"), minutes(2));
  EXPECT_EQ(parse_duration("1h"), hours(1));
  EXPECT_EQ(parse_duration("7d"), hours(168));
  for (const char* text : {"", "30", "30m", "30sec", "-1s", "200000d"})
    EXPECT_FALSE(parse_duration(text)) << text;
}

TEST(Units, WriteWhatTheyRead) {
  for (const char* text : {"1GiB", "1000KiB", "1023B", "3TiB", "0B"})
    EXPECT_EQ(size_text(*parse_size(text)), text);
  for (const char* text : {"500ms", "90s", "2min", "25h", "7d", "0ms"}) {
    EXPECT_EQ(duration_text(*parse_duration(text)), text);
  }
  EXPECT_EQ(size_text(*parse_size("1024MiB")), "1GiB");
}

}  // namespace
}  // namespace limpid::config
