#include "tls_proxy/openssl/ticket_keys.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <thread>

#include "tests/unit/tls_proxy/interception.h"

namespace limpid::openssl {
namespace {

using std::chrono::hours;

struct TicketKeysTest : ::testing::Test {
  testing::ManualClock clock;
  SeededRandom random{1};
  TicketKeys keys{hours(1), random, clock};
};

TEST_F(TicketKeysTest, StayForTheirPeriod) {
  const auto key = keys.current();
  clock.advance(hours(1) - std::chrono::nanoseconds(1));
  EXPECT_EQ(keys.current(), key);
  EXPECT_TRUE(keys.find(key->name)->is_current);
}

TEST_F(TicketKeysTest, OpenTheTicketsOfTheNextPeriodOnly) {
  const auto key = keys.current();
  clock.advance(hours(1));
  EXPECT_NE(keys.current(), key);
  ASSERT_TRUE(keys.find(key->name));
  EXPECT_FALSE(keys.find(key->name)->is_current) << "such a ticket is renewed";
  clock.advance(hours(1));
  EXPECT_FALSE(keys.find(key->name));
}

TEST_F(TicketKeysTest, AreForgottenAlsoWhileNobodyLooks) {
  const auto key = keys.current();
  clock.advance(hours(2));
  EXPECT_FALSE(keys.find(key->name));
}

TEST_F(TicketKeysTest, AreRandomInEveryPart) {
  const auto one = keys.current();
  clock.advance(hours(1));
  const auto other = keys.current();
  EXPECT_NE(one->name, other->name);
  EXPECT_NE(one->encryption, other->encryption);
  EXPECT_NE(one->mac, other->mac);
  EXPECT_NE(one->encryption, one->mac);
}

TEST_F(TicketKeysTest, OpenNothingThatTheyHaveNotSealed) {
  const std::array<std::byte, 16> name{};
  EXPECT_FALSE(keys.find(name));
  EXPECT_FALSE(keys.find({}));
}

}  // namespace
}  // namespace limpid::openssl
