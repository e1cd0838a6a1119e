#include <gtest/gtest.h>

#include "config/load.h"
#include "tests/unit/config/configurations.h"

namespace limpid::config {
namespace {

using std::chrono::hours;
using std::chrono::minutes;

std::string with(std::string_view resumption) {
  return good() + "  resumption: " + std::string(resumption) + "\n";
}

TEST(ResumptionSection, IsOnUnlessItIsSwitchedOff) {
  EXPECT_EQ(loaded(good())->tls.resumption, Resumption{});
  EXPECT_TRUE(Resumption{}.on);
  EXPECT_EQ(loaded(with("on"))->tls.resumption, Resumption{});
  EXPECT_FALSE(loaded(with("off"))->tls.resumption.on);
}

TEST(ResumptionSection, SaysHowManyAndForHowLong) {
  const auto made = loaded(with("{ sessions_max: 1000, lifetime: 30min, ticket_key_period: 1h }"));
  ASSERT_TRUE(made.ok());
  EXPECT_EQ(made->tls.resumption,
            (Resumption{.sessions_max = 1'000, .lifetime = minutes(30), .ticket_key_period = hours(1)}));
}

TEST(ResumptionSection, TakesNothingElse) {
  EXPECT_NE(said(with("maybe")), "");
  EXPECT_NE(said(with("{ sessions_max: 1 }")), "");
  EXPECT_NE(said(with("{ lifetime: 1s }")), "");
  EXPECT_NE(said(with("{ lifetime: 8d }")), "") << "RFC 8446 §4.6.1";
  EXPECT_NE(said(with("{ tickets: on }")), "");
}

}  // namespace
}  // namespace limpid::config
