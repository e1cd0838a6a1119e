#include "tls_proxy/upgrade/line_splitter.h"

#include <gtest/gtest.h>

namespace limpid::tls {
namespace {

/// All lines, each with a bar behind it, of pieces of that size.
std::string lines_of(LineSplitter splitter, std::string_view text, std::size_t piece) {
  std::string all;
  std::string_view line;
  for (std::size_t at = 0; at < text.size(); at += piece) {
    Bytes rest = as_bytes(text.substr(at, piece));
    while (!rest.empty() && splitter.next(rest, line) == LineSplitter::Took::kLine)
      all += std::string(line) + "|";
  }
  return all;
}

TEST(LineSplitter, FindsTheSameLinesHoweverTheyAreCut) {
  for (const std::size_t piece : {1U, 2U, 3U, 100U}) {
    EXPECT_EQ(lines_of(LineSplitter(), "one\r\ntwo\n\r\n\nthree", piece), "one|two|||");
  }
}

TEST(LineSplitter, LeavesOutLiteralsAndWhatFollowsThemInTheSameCommand) {
  for (const std::size_t piece : {1U, 5U, 100U}) {
    const LineSplitter splitter(LineSplitter::Literals::kYes);
    EXPECT_EQ(lines_of(splitter, "a {3}\r\nx\ny {2+}\r\n\n\n rest\r\nb\r\n", piece), "a {3}|b|");
  }
}

TEST(LineSplitter, TakesOnlyNumbersForLiterals) {
  const LineSplitter splitter(LineSplitter::Literals::kYes);
  EXPECT_EQ(lines_of(splitter, "a {x}\nb }\nc {}\nd {1234567890}\ne\n", 100),
            "a {x}|b }|c {}|d {1234567890}|e|");
}

TEST(LineSplitter, RefusesALineThatIsTooLong) {
  LineSplitter splitter;
  std::string_view line;
  const std::string most(LineSplitter::kLineMax, 'x');
  Bytes rest = as_bytes(most);
  EXPECT_EQ(splitter.next(rest, line), LineSplitter::Took::kNothing);
  rest = as_bytes("\n");
  EXPECT_EQ(splitter.next(rest, line), LineSplitter::Took::kLine);
  EXPECT_EQ(line.size(), LineSplitter::kLineMax);
  const std::string more(LineSplitter::kLineMax + 1, 'x');
  rest = as_bytes(more);
  EXPECT_EQ(splitter.next(rest, line), LineSplitter::Took::kTooLong);
}

}  // namespace
}  // namespace limpid::tls
