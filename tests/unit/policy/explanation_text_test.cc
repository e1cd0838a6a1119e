#include <gtest/gtest.h>

#include "policy/explanation.h"
#include "tests/unit/policy/policies.h"

namespace limpid::policy {
namespace {

Explanation explained(std::optional<std::string_view> sni) {
  Policy policy;
  policy.rules.push_back(
      {.name = "printers", .when = {.server_port = {{9100, 9100}}}, .then = Action::kPass});
  policy.rules.push_back({.name = "banks", .when = {.sni = {"*.bank.example"}}, .tools = {0}});
  return explain(policy, {{"edge"}, {"recorder"}}, web_flow(), sni);
}

TEST(ExplanationText, TellsTheWholeStory) {
  EXPECT_EQ(text(explained("www.bank.example")),
            "10.0.0.5:50000 -> 198.51.100.7:443, segment edge, untagged, SNI www.bank.example\n"
            "  rules[0] printers: no: server port 443 is not 9100\n"
            "  rules[1] banks: matches: server name www.bank.example matches *.bank.example\n"
            "decision: decrypt, by rule \"banks\", tools recorder\n"
            "phase:    SNI phase (rule \"banks\" could match and needs the server name)\n");
}

TEST(ExplanationText, TellsThatNoRuleMatched) {
  EXPECT_NE(
      text(explained("other.test")).find("  default: no rule matches\ndecision: decrypt, by the default\n"),
      std::string::npos);
  EXPECT_NE(text(explained(std::nullopt)).find("decision: decrypt, by the default, unless the server's "),
            std::string::npos)
      << "the certificate may have a bank's name";
}

TEST(ExplanationText, EscapesWhatCouldMoveTheCursor) {
  const std::string shown = text(explained("a\x1b[2Jb"));
  EXPECT_EQ(shown.find('\x1b'), std::string::npos);
  EXPECT_NE(shown.find("a\\x1b[2Jb"), std::string::npos);
}

TEST(ExplanationJson, IsOneObjectOnOneLine) {
  EXPECT_EQ(
      json(explained("x.bank.example")),
      R"({"awaits_certificate":false,)"
      R"("client":"10.0.0.5:50000","connect":"",)"
      R"("decision":"decrypt","direction":"outbound","ech":false,"ech_why":"","keys":[],"keys_why":"",)"
      R"("phase":"sni",)"
      R"("phase_why":"rule \"banks\" could match and needs the server name","rule":1,)"
      R"("rule_name":"banks","segment":"edge","server":"198.51.100.7:443","sni":"x.bank.example",)"
      R"("tools":["recorder"],"tried":[)"
      R"({"awaits_certificate":false,)"
      R"("matched":false,"name":"printers","rule":0,"then":"pass","why":"server port 443 is not 9100"},)"
      R"({"awaits_certificate":false,)"
      R"("matched":true,"name":"banks","rule":1,"then":"decrypt",)"
      R"("why":"server name x.bank.example matches *.bank.example"}],"upgrade":"","vlan":0,)"
      R"("without_ech":null})");
}

TEST(ExplanationJson, ReplacesBytesThatAreNotUtf8) {
  EXPECT_NE(json(explained("a\xff")).find("\"sni\":\"a\xef\xbf\xbd\""), std::string::npos);
}

}  // namespace
}  // namespace limpid::policy
