#include "control/learnt_report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/control/rows.h"

namespace limpid::control {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(LearntReport, IsATableWithEverythingThatMakesADecision) {
  const std::string text = learnt_text({learnt_row()});
  for (const char* part :
       {"0123456789ab", "bypass", "pinned.example:443", "t13d1516h2_8daaf6152771_e5627efa2ab1", "rest",
        "auto", "alert unknown_ca", "2026-11-20 11:55", "2026-11-20 13:00", "12", "4.0 MB"})
    EXPECT_THAT(text, HasSubstr(part));
  EXPECT_EQ(learnt_text({}), "nothing was learnt\n");
}

TEST(LearntReport, SaysInWordsWhatTheClientDid) {
  EXPECT_EQ(evidence_text("certificate_unknown"), "alert certificate_unknown");
  EXPECT_EQ(evidence_text("closed"), "it closed the connection at the certificate");
  EXPECT_EQ(evidence_text("reset"), "it reset the connection at the certificate");
  EXPECT_EQ(evidence_text("silent"), "it took the certificate and left without a word");
}

TEST(LearntReport, WritesRulesThatMeanTheSameServersAndNoOthers) {
  LearntRow addressed = learnt_row();
  addressed.id = "a";
  addressed.state = "proposed";
  addressed.host.clear();
  addressed.address = "2001:db8::1";
  addressed.vlan = 7;
  LearntRow proxied = learnt_row();
  proxied.id = "b";
  proxied.port = 3'128;
  proxied.connect = "[2001:db8::2]:8443";
  EXPECT_THAT(
      learnt_rules({learnt_row(), addressed, proxied}),
      HasSubstr(
          "- name: \"learnt 0123456789ab\"\n"
          "  # bypass, t13d1516h2_8daaf6152771_e5627efa2ab1: 3 failures of 2 clients, the last: alert "
          "unknown_ca; before rule \"rest\"\n"
          "  when: { sni: [\"pinned.example\"], server_port: [443], segment: [\"edge\"], vlan: "
          "[untagged] }\n"
          "  then: pass\n"
          "- name: \"learnt a\"\n"
          "  # proposed, t13d1516h2_8daaf6152771_e5627efa2ab1: 3 failures of 2 clients, the last: alert "
          "unknown_ca; before rule \"rest\"\n"
          "  when: { server: [\"2001:db8::1\"], server_port: [443], segment: [\"edge\"], vlan: [7] }\n"
          "  then: pass\n"
          "- name: \"learnt b\"\n"));
  EXPECT_THAT(learnt_rules({proxied}),
              HasSubstr("connect_host: [\"2001:db8::2\"], connect_port: [8443], segment: "));
}

TEST(LearntReport, WritesOneRuleForSeveralKindsOfClientsAndNoneForSuspects) {
  LearntRow other = learnt_row();
  other.ja4 = "t12d1516h2_8daaf6152771_e5627efa2ab1";
  other.failures = 1;
  const std::string rules = learnt_rules({learnt_row(), other});
  EXPECT_THAT(rules, HasSubstr("t12d1516h2_8daaf6152771_e5627efa2ab1: 1 failure of"));
  EXPECT_EQ(rules.find("- name"), rules.rfind("- name"));
  other.state = "suspect";
  EXPECT_EQ(learnt_rules({other}), "# nothing was learnt that rules could be made of\n");
}

TEST(LearntReport, NothingInARowEndsALineOrAQuotedText) {
  LearntRow row = learnt_row();
  row.rule = "a\nb\"c\\";
  row.segment = "e\"d";
  const std::string rules = learnt_rules({row});
  EXPECT_THAT(rules, Not(HasSubstr("a\nb")));
  EXPECT_THAT(rules, HasSubstr("segment: [\"e\\\"d\"]"));
}

TEST(LearntReport, SaysWhatBecomesOfAnEntryThatWasJudged) {
  LearntRow row = learnt_row();
  row.state = "accepted";
  EXPECT_EQ(
      judged_text(row),
      "pinned.example:443 with clients t13d1516h2_8daaf6152771_e5627efa2ab1 is accepted: passed until it "
      "is forgotten\n");
  row.state = "forgotten";
  EXPECT_THAT(judged_text(row), HasSubstr("is forgotten: decrypted again\n"));
}

}  // namespace
}  // namespace limpid::control
