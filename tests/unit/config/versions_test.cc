#include "config/versions.h"

#include <gtest/gtest.h>

#include "tests/unit/config/configurations.h"

namespace limpid::config {
namespace {

using policy::VersionChanges;
using policy::VersionPolicy;

policy::VersionPolicy read(const std::string& text) {
  return good_with("  versions: " + text + "\n").tls.versions;
}
/// Good configuration with a rule that says this of versions; the rule stands in line 8.
std::string rule_with(const std::string& text) {
  return "policy: { rules: [ { then: decrypt, versions: " + text + " } ] }\n";
}

TEST(Versions, AreTls12And13OnBothLegsWhereNothingIsSaid) {
  const VersionPolicy usual = good_with("").tls.versions;
  EXPECT_EQ(usual, VersionPolicy{});
  EXPECT_EQ(usual.client, (policy::VersionRange{0x0303, 0x0304}));
  EXPECT_EQ(usual.below_minimum, policy::BelowMinimum::kBlock);
}

TEST(Versions, MayDifferByLeg) {
  const VersionPolicy made = read("{ min: tls1.1, client: { min: ssl3 }, server: { max: tls1.2 } }");
  EXPECT_EQ(made.client, (policy::VersionRange{0x0300, 0x0304}));
  EXPECT_EQ(made.server, (policy::VersionRange{0x0302, 0x0303}));
}

TEST(Versions, OfARuleChangeOnlyWhatTheyName) {
  const Configuration made = good_with("  versions: { min: tls1.0, ssl2_hello: block }\n" +
                                       rule_with("{ server: { min: tls1.2 }, below_minimum: pass }"));
  const VersionPolicy of_rule = made.policy.rules.at(0).versions.applied_to(made.tls.versions);
  EXPECT_EQ(of_rule.client, (policy::VersionRange{0x0301, 0x0304}));
  EXPECT_EQ(of_rule.server, (policy::VersionRange{0x0303, 0x0304}));
  EXPECT_EQ(of_rule.below_minimum, policy::BelowMinimum::kPass);
  EXPECT_EQ(of_rule.ssl2_hello, policy::Ssl2Hello::kBlock);
}

TEST(Versions, SayWhatIsWrong) {
  EXPECT_EQ(said_with("  versions: { client: { min: tls1.3 }, server: { max: tls1.2 } }\n"),
            "8:13: tls.versions: no server can have what clients must have\n"
            "    expected a minimum of the client leg that is not above the maximum of the server leg\n");
  EXPECT_EQ(said_with("  versions: { below_minimum: drop, legs: 2 }\n"),
            "8:30: tls.versions.below_minimum: \"drop\" is not a decision\n"
            "    expected one of: block, pass, decrypt\n"
            "8:36: tls.versions.legs: unknown key\n"
            "    expected one of: min, max, client, server, below_minimum, ssl2_hello\n");
  EXPECT_EQ(said_with("policy: { rules: [ { then: pass, versions: { min: tls1.3 } } ] }\n"),
            "8:44: policy.rules[0].versions: only rules that decrypt have versions\n"
            "    expected then: decrypt, or no versions\n");
}

TEST(Versions, OfARuleMustGoWithTheUsualOnes) {
  EXPECT_EQ(said_with("  versions: { max: tls1.2 }\n"
                      "policy: { rules: [ { name: new, then: decrypt, versions: { min: tls1.3 } } ] }\n"),
            "6:3: tls: rule \"new\": \"min\" is above \"max\"\n"
            "    expected min, then max\n");
}

TEST(Versions, OfARuleThatAwaitsTheCertificateComeTooLateToBeOlder) {
  const auto rule = [](std::string_view usual, std::string_view max) {
    return said_with(
        std::string("  versions: { max: ") + std::string(usual) +
        " }\npolicy: { rules: [ { name: old, when: { certificate: { issuer: [x] } }, then: decrypt, "
        "versions: { max: " +
        std::string(max) + " } } ] }\n");
  };
  EXPECT_EQ(rule("tls1.2", "tls1.2"), "");
  EXPECT_EQ(
      rule("tls1.3", "tls1.2"),
      "6:3: warning: tls: rule \"old\": servers that have a newer version than the rule allows are refused: "
      "it is agreed upon before their certificates are seen\n"
      "    when: certificate with the \"max\" of tls.versions, or none\n");
}

TEST(Versions, AreWrittenAsTheyAreRead) {
  EXPECT_EQ(versions_text(VersionPolicy{}),
            "{ min: tls1.2, max: tls1.3, below_minimum: block, ssl2_hello: pass }");
  EXPECT_EQ(versions_text(VersionChanges{.client_min = 0x0300, .server_max = 0x0302}),
            "{ client: { min: ssl3 }, server: { max: tls1.1 } }");
}

}  // namespace
}  // namespace limpid::config
