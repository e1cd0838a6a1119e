#include "dataplane/tcp/initial_numbers.h"

#include <gtest/gtest.h>

#include <string>

#include "dataplane/base/random.h"
#include "tests/support/frames.h"

namespace limpid::tcp {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr Instant kNow{seconds(5'000)};

wire::HeaderTemplate speaker(const std::string& from, const std::string& to) {
  const frames::Frame frame = frames::tcp({.source = from, .destination = to});
  wire::HeaderTemplate headers;
  headers.learn(*wire::parse(frame));
  return headers;
}

class InitialNumbersTest : public ::testing::Test {
 protected:
  SeededRandom random_{1};
  InitialNumbers numbers_{random_};
  wire::HeaderTemplate one_ = speaker("10.0.0.1:40000", "192.0.2.7:443");
};

TEST_F(InitialNumbersTest, OfTheSamePortsGrowWithAClockOfFourMicroseconds) {
  const auto first = numbers_.of(one_, kNow);
  const auto later = numbers_.of(one_, kNow + milliseconds(10));
  EXPECT_EQ(later.sequence - first.sequence, 2'500U);
  EXPECT_EQ(later.timestamp_base, first.timestamp_base);
}

TEST_F(InitialNumbersTest, OfOtherAddressesPortsOrDirectionsAreFarApart) {
  const std::uint32_t here = numbers_.of(one_, kNow).sequence;
  for (const auto& other :
       {speaker("10.0.0.2:40000", "192.0.2.7:443"), speaker("10.0.0.1:40001", "192.0.2.7:443"),
        speaker("10.0.0.1:40000", "192.0.2.7:444"), speaker("192.0.2.7:443", "10.0.0.1:40000"),
        speaker("[2001:db8::1]:40000", "[2001:db8::7]:443")}) {
    EXPECT_GT(numbers_.of(other, kNow).sequence - here, 1'000U);
    EXPECT_GT(here - numbers_.of(other, kNow).sequence, 1'000U);
    EXPECT_NE(numbers_.of(other, kNow).timestamp_base, numbers_.of(one_, kNow).timestamp_base);
  }
}

TEST_F(InitialNumbersTest, CannotBeToldWithoutTheKey) {
  InitialNumbers other(random_);
  EXPECT_NE(other.of(one_, kNow).sequence, numbers_.of(one_, kNow).sequence);
  EXPECT_NE(other.of(one_, kNow).timestamp_base, numbers_.of(one_, kNow).timestamp_base);
}

}  // namespace
}  // namespace limpid::tcp
