#include <gtest/gtest.h>

#include "config/effective.h"
#include "config/load.h"
#include "tests/unit/config/configurations.h"

namespace limpid::config {
namespace {

using std::chrono::hours;
using std::chrono::minutes;

std::string with(std::string_view learning) { return good() + "  learning: " + std::string(learning) + "\n"; }

TEST(LearningSection, ProposesUnlessItIsToldOtherwise) {
  EXPECT_EQ(loaded(good())->tls.learning.mode, policy::Learning::kPropose);
  EXPECT_EQ(loaded(good())->tls.learning.file, "/etc/limpid/learnt.json");
  EXPECT_EQ(loaded(with("off"))->tls.learning.mode, policy::Learning::kOff);
  EXPECT_EQ(loaded(with("auto"))->tls.learning.mode, policy::Learning::kAuto);
  EXPECT_EQ(loaded(with("{ mode: auto }"))->tls.learning.mode, policy::Learning::kAuto);
}

TEST(LearningSection, SaysHowManyFailuresOfHowManyClientsAndForHowLong) {
  const auto made = loaded(with(
      "{ failures: 5, clients: 4, within: 30min, bypass: 2h, bypass_max: 1d, entries_max: 100, file: l }"));
  ASSERT_TRUE(made.ok());
  EXPECT_EQ(made->tls.learning, (Learning{.mode = policy::Learning::kPropose,
                                          .failures = 5,
                                          .clients = 4,
                                          .within = minutes(30),
                                          .bypass = hours(2),
                                          .bypass_max = hours(24),
                                          .entries_max = 100,
                                          .file = "/etc/limpid/l"}));
}

TEST(LearningSection, TakesNothingElse) {
  EXPECT_EQ(said(with("sometimes")),
            "8:13: tls.learning: \"sometimes\" is not a way of learning\n"
            "    expected one of: off, propose, auto\n");
  for (const char* wrong :
       {"{ failures: 0 }", "{ failures: 17 }", "{ clients: 0 }", "{ clients: 9 }", "{ entries_max: 1 }",
        "{ within: 2d }", "{ bypass: 0s }", "{ bypass: 8d }", "{ threshold: 3 }"})
    EXPECT_NE(said(with(wrong)), "") << wrong;
}

TEST(LearningSection, RefusesWhatCannotCome) {
  EXPECT_NE(said(with("{ failures: 2, clients: 3 }")).find("so many clients cannot be among so few failures"),
            std::string::npos);
  EXPECT_NE(said(with("{ bypass: 13h }")).find("the first bypass is longer than the longest"),
            std::string::npos);
}

TEST(LearningSection, ARuleThatDecryptsHasAWayOfItsOwn) {
  const Configuration made =
      good_with("policy: { rules: [ { then: decrypt, learning: off }, { then: decrypt } ] }\n");
  EXPECT_EQ(made.policy.rules[0].learning, policy::Learning::kOff);
  EXPECT_EQ(made.policy.rules[1].learning, std::nullopt);
  EXPECT_EQ(loaded(render_effective(made))->policy, made.policy);
  EXPECT_NE(said_with("policy: { rules: [ { then: pass, learning: auto } ] }\n")
                .find("only rules that decrypt learn"),
            std::string::npos);
}

}  // namespace
}  // namespace limpid::config
