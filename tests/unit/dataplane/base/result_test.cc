#include "dataplane/base/result.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>

namespace limpid {
namespace {

Result<std::unique_ptr<int>, std::string> halve(int number) {
  if (number % 2 != 0) return Failure{std::string("odd")};
  return std::make_unique<int>(number / 2);
}

TEST(Result, HoldsAValueOrTheReasonWhyThereIsNone) {
  const auto good = halve(8);
  ASSERT_TRUE(good);
  EXPECT_EQ(**good, 4);
  const auto bad = halve(7);
  ASSERT_FALSE(bad.ok());
  EXPECT_EQ(bad.error(), "odd");
}

TEST(Result, GivesAwayWhatCannotBeCopied) {
  const std::unique_ptr<int> taken = halve(2).value();
  EXPECT_EQ(*taken, 1);
}

TEST(Result, TellsValueAndErrorOfTheSameTypeApart) {
  const Result<int, int> value(1);
  const Result<int, int> error(Failure{1});
  EXPECT_TRUE(value.ok());
  EXPECT_FALSE(error.ok());
}

TEST(ResultDeathTest, TheSideThatIsNotThereIsADefectToAskFor) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_DEATH(halve(7).value(), "holds an error");
  EXPECT_DEATH(static_cast<void>(halve(8).error()), "holds a value");
}

}  // namespace
}  // namespace limpid
