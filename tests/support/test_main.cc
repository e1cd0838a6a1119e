// The main of every test program. Where all of its tests were skipped, because what they need is not there,
// it ends as ctest is told to call skipped: a test that showed nothing does not count as one that passed.
#include <gtest/gtest.h>

int main(int count, char** arguments) {
  constexpr int kSkipped = 77;  // the SKIP_RETURN_CODE of limpid_test()
  ::testing::InitGoogleTest(&count, arguments);
  const int result = RUN_ALL_TESTS();
  const ::testing::UnitTest& all = *::testing::UnitTest::GetInstance();
  const bool showed_nothing = all.successful_test_count() == 0 && all.skipped_test_count() > 0;
  return result == 0 && showed_nothing ? kSkipped : result;
}
