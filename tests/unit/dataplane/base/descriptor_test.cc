#include "dataplane/base/descriptor.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <string>
#include <thread>
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

TEST(Descriptor, IsWrittenToUntilEverythingIsTaken) {
  std::array<int, 2> ends{};
  ASSERT_EQ(::pipe(ends.data()), 0);
  const Descriptor reader(ends[0]);
  Descriptor writer(ends[1]);
  const std::string much(1'000'000, 'x');  // more than a pipe holds
  std::string heard;
  std::thread other([&] {
    std::array<char, 4'096> part{};
    for (ssize_t size = 1; size > 0;) {
      size = ::read(reader.number(), part.data(), part.size());
      if (size > 0) heard.append(part.data(), static_cast<std::size_t>(size));
    }
  });
  EXPECT_EQ(write_all(writer, as_bytes(much)), much.size());
  writer = Descriptor();
  other.join();
  EXPECT_EQ(heard, much);
}

TEST(Descriptor, SaysWhyNotEverythingWasTaken) {
  const Descriptor full(::open("/dev/full", O_WRONLY | O_CLOEXEC));
  ASSERT_TRUE(full);
  EXPECT_EQ(write_all(full, as_bytes(std::string_view("x"))), 0U);
  EXPECT_EQ(system_failure("/dev/full", "cannot be written", errno),
            "/dev/full: cannot be written: No space left on device");
}

}  // namespace
}  // namespace limpid
