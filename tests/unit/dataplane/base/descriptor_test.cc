#include "dataplane/base/descriptor.h"

#include <fcntl.h>
#include <gtest/gtest.h>

#include <utility>

namespace limpid {
namespace {

bool open_now(int number) { return ::fcntl(number, F_GETFD) != -1; }

TEST(Descriptor, ClosesItselfOnceAndOnlyWhereItEndedUp) {
  const int number = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  ASSERT_GE(number, 0);
  {
    Descriptor second;
    {
      Descriptor first(number);
      second = std::move(first);
    }
    EXPECT_TRUE(open_now(number));
    EXPECT_EQ(second.number(), number);
  }
  EXPECT_FALSE(open_now(number));
}

}  // namespace
}  // namespace limpid
