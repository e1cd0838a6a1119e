#include "dataplane/base/check.h"

#include <gtest/gtest.h>

namespace limpid {
namespace {

TEST(CheckDeathTest, ADefectEndsTheProcessAndSaysWhereAndWhy) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_DEATH(LIMPID_CHECK(1 + 1 == 3, "arithmetic has changed"),
               "limpid: defect at .*check_test\\.cc:[0-9]+: arithmetic has changed \\(1 \\+ 1 == 3\\)");
}

TEST(Check, WhatHoldsIsEvaluatedOnceAndPasses) {
  int evaluated = 0;
  LIMPID_CHECK(++evaluated == 1, "counted");
  EXPECT_EQ(evaluated, 1);
}

}  // namespace
}  // namespace limpid
