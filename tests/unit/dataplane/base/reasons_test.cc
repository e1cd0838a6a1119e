#include "dataplane/base/reasons.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace limpid {
namespace {

TEST(Reasons, EveryReasonHasItsOwnNameACulpritAndASentence) {
  std::set<std::string_view> names;
  for (std::size_t i = 1; i < kReasons; ++i) {
    const auto reason = static_cast<Reason>(i);
    EXPECT_TRUE(names.insert(name(reason)).second) << name(reason);
    EXPECT_TRUE(culprit(reason).has_value()) << name(reason);
    EXPECT_FALSE(sentence(reason).empty()) << name(reason);
    EXPECT_NE(sentence(reason).back(), '.') << name(reason);
  }
}

TEST(Reasons, CountersOfTwoWorkersAddUp) {
  ReasonCounters one;
  ReasonCounters other;
  one.count(Reason::not_tls);
  other.count(Reason::not_tls, 2);
  one.add(other);
  EXPECT_EQ(one[Reason::not_tls], 3U);
  EXPECT_EQ(one[Reason::mid_stream], 0U);
}

}  // namespace
}  // namespace limpid
