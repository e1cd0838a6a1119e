#include "control/printable.h"

#include <gtest/gtest.h>

namespace limpid::control {
namespace {

TEST(Printable, LeavesVisibleTextAlone) {
  EXPECT_EQ(printable("shop.example"), "shop.example");
  EXPECT_EQ(printable("O=Käserei 東京"), "O=Käserei 東京");
  EXPECT_EQ(printable(""), "");
}

TEST(Printable, EscapesWhatATerminalWouldObey) {
  EXPECT_EQ(printable("\x1b[2J"), "\\x1b[2J");
  EXPECT_EQ(printable(std::string_view("a\0b\r\n", 5)), "a\\x00b\\x0d\\x0a");
  EXPECT_EQ(printable("\xc2\x9b"), "\\xc2\\x9b");           // C1: control sequence introducer
  EXPECT_EQ(printable("\xe2\x80\xae"), "\\xe2\\x80\\xae");  // NOLINT(misc-misleading-bidirectional)
  EXPECT_EQ(printable("\xe2\x80\x8b"), "\\xe2\\x80\\x8b");  // zero width space
}

TEST(Printable, EscapesBytesThatAreNotUtf8) {
  EXPECT_EQ(printable("a\xff"), "a\\xff");
  EXPECT_EQ(printable("\xc0\xaf"), "\\xc0\\xaf");           // overlong
  EXPECT_EQ(printable("\xed\xa0\x80"), "\\xed\\xa0\\x80");  // surrogate
  EXPECT_EQ(printable("\xe6\x9d"), "\\xe6\\x9d");           // cut off
  EXPECT_EQ(printable("\xf4\x90\x80\x80"), "\\xf4\\x90\\x80\\x80");
}

TEST(Printable, EscapedTextCannotLeaveItsQuotes) { EXPECT_EQ(escaped("a\" b=\"\\"), "a\\\" b=\\\"\\\\"); }

TEST(Printable, ShortensByColumnsAndNotInTheMiddleOfACharacter) {
  EXPECT_EQ(columns("東京"), 2U);
  EXPECT_EQ(shortened("abcdef", 6), "abcdef");
  EXPECT_EQ(shortened("abcdefg", 6), "abcde…");
  EXPECT_EQ(shortened("東京都庁", 3), "東京…");
}

}  // namespace
}  // namespace limpid::control
