#include <gtest/gtest.h>

#include "tests/unit/config/configurations.h"

namespace limpid::config {
namespace {

using policy::Action;

std::string said_of_when(std::string_view conditions) {
  return said_with("policy:\n  rules:\n  - name: r\n    then: pass\n    when:\n      " +
                   std::string(conditions) + "\n");
}

TEST(PolicySection, DecryptsByDefault) {
  EXPECT_EQ(good_with("").policy, policy::Policy{});
  EXPECT_EQ(good_with("policy: { default: block }\n").policy.default_action, Action::kBlock);
  EXPECT_EQ(good_with("policy: { rules: }\n").policy.rules.size(), 0U);
}

TEST(PolicySection, ReadsRulesInTheirOrder) {
  const Configuration made = good_with(
      "tools:\n- { name: ids, mirror: { interface: m0 } }\n- { name: rec, mirror: { pcapng: p } }\n"
      "policy:\n  default: pass\n  rules:\n"
      "  - { name: banks, when: { sni: [\"*.bank.example\"] }, then: block }\n"
      "  - { name: rest, then: decrypt, tools: [rec, ids] }\n");
  ASSERT_EQ(made.policy.rules.size(), 2U);
  EXPECT_EQ(made.policy.rules[0].name, "banks");
  EXPECT_EQ(made.policy.rules[0].then, Action::kBlock);
  EXPECT_EQ(made.policy.rules[1].tools, (std::vector<std::uint16_t>{1, 0}));
}

TEST(PolicySection, NamesRulesByTheirPlaceWhereTheFileDoesNot) {
  EXPECT_EQ(good_with("policy: { rules: [ { then: pass } ] }\n").policy.rules[0].name, "rules[0]");
}

TEST(PolicySection, HintsAtTheDecisionThatWasMeant) {
  EXPECT_EQ(said_with("policy:\n  rules:\n    - { name: a, then: decript }\n"),
            "10:24: policy.rules[0].then: \"decript\" is not a decision\n"
            "    expected one of: decrypt, pass, block        did you mean \"decrypt\"?\n");
}

TEST(PolicySection, RefusesReferencesToNothing) {
  EXPECT_EQ(said_of_when("segment: [egde]"),
            "13:17: policy.rules[0].when.segment[0]: there is no segment \"egde\"\n"
            "    expected one of: edge        did you mean \"edge\"?\n");
  EXPECT_EQ(said_with("policy: { rules: [ { then: decrypt, tools: [ids] } ] }\n"),
            "8:45: policy.rules[0].tools[0]: there is no tool \"ids\"\n"
            "    expected the name of a tool; there are none\n");
}

TEST(PolicySection, RefusesNamesThatMislead) {
  EXPECT_EQ(said_with("policy:\n  rules:\n"
                      "  - { name: a, then: pass, when: { vlan: 1 } }\n"
                      "  - { name: a, then: pass, when: { vlan: 2 } }\n"
                      "  - { name: default, then: pass }\n"),
            "11:13: policy.rules[1].name: the rule \"a\" is here twice; the first is in line 10\n"
            "    expected a name of its own for every rule\n"
            "12:13: policy.rules[2].name: \"default\" is the name of the policy's default\n"
            "    expected another name\n");
}

TEST(PolicySection, NeedsADecision) {
  EXPECT_EQ(said_with("policy: { rules: [ { name: a } ] }\n"),
            "8:20: policy.rules[0]: \"then\" is missing\n"
            "    expected then: decrypt, pass or block\n");
}

TEST(PolicySection, WarnsOfRulesThatCanNeverMatch) {
  EXPECT_EQ(said_with("policy:\n  rules:\n"
                      "  - { name: a, when: { sni: \"*.example\" }, then: pass }\n"
                      "  - { name: b, when: { sni: www.example }, then: decrypt }\n"),
            "11:5: warning: policy.rules[1]: rule \"b\" can never match: rules[0] \"a\" matches all of it "
            "before\n");
}

constexpr const char* kTools =
    "tools: [ { name: ids, mirror: { interface: m0 } },\n"
    "         { name: ips, inline: { side_a: { interface: t0 }, side_b: { interface: t1 } } },\n"
    "         { name: all, group: { members: [ips] } } ]\n";

TEST(PolicySection, WarnsOfToolsThatGetNothing) {
  EXPECT_EQ(said_with(kTools + std::string("policy: { rules: [ { then: block, tools: [ips] } ] }\n")),
            "11:42: warning: policy.rules[0].tools: these tools get nothing: the rule blocks\n");
}

TEST(PolicySection, PassRulesNameInlineToolsAndGroupsOrThatThereAreNone) {
  const Configuration made =
      good_with(kTools + std::string("policy:\n  rules:\n"
                                     "  - { when: { vlan: 1 }, then: pass, tools: [all] }\n"
                                     "  - { when: { vlan: 2 }, then: pass, tools: [] }\n"
                                     "  - { then: pass }\n"));
  EXPECT_EQ(made.policy.rules[0].tools, (std::vector<std::uint16_t>{2}));
  EXPECT_TRUE(made.policy.rules[0].names_tools);
  EXPECT_TRUE(made.policy.rules[1].names_tools);
  EXPECT_TRUE(made.policy.rules[1].tools.empty());
  EXPECT_FALSE(made.policy.rules[2].names_tools);
}

TEST(PolicySection, ReadsTheToolsOfWhatIsNotDecrypted) {
  const policy::NotDecrypted made =
      good_with(kTools + std::string("policy: { not_decrypted: { tls: [ips], non_tcp: [all] } }\n"))
          .policy.not_decrypted;
  EXPECT_EQ(made.tls, (std::vector<std::uint16_t>{1}));
  EXPECT_TRUE(made.other_tcp.empty());
  EXPECT_EQ(made.non_tcp, (std::vector<std::uint16_t>{2}));
}

TEST(PolicySection, RefusesMirrorsOfWhatIsNotDecrypted) {
  const std::string expected =
      ": \"ids\" is a mirror, and would get what is not decrypted\n"
      "    expected inline tools, or groups of them        mirrors belong to rules that say \"then: "
      "decrypt\"\n";
  EXPECT_EQ(said_with(kTools + std::string("policy: { rules: [ { then: pass, tools: [ids] } ] }\n")),
            "11:42: policy.rules[0].tools[0]" + expected);
  EXPECT_EQ(said_with(kTools + std::string("policy: { not_decrypted: { tls: [ids] } }\n")),
            "11:34: policy.not_decrypted.tls[0]" + expected);
}

TEST(PolicySection, RefusesAToolTwiceInTheRowOfWhatIsNotTcp) {
  EXPECT_EQ(said_with(kTools + std::string("policy: { not_decrypted: { non_tcp: [ips, all] } }\n")),
            "11:37: policy.not_decrypted.non_tcp: \"ips\" is here twice: it belongs to \"all\"\n"
            "    expected every tool once\n");
}

TEST(PolicySection, RefusesToolsOfWhatIsNotTcpWhereThereAreSeveralSegments) {
  std::string two = good();
  two.insert(two.find("tls:"),
             "  - { name: core, client_side: { interface: e0 }, server_side: { interface: e1 } }\n");
  EXPECT_EQ(
      said(two + kTools + "policy: { not_decrypted: { other_tcp: [ips], non_tcp: [ips] } }\n"),
      "12:55: policy.not_decrypted.non_tcp: what is not TCP cannot go through a tool whose wires do not "
      "tell segments apart\n"
      "    expected tools with a VLAN tag for each segment (segments: { NAME: { vlan: … } })        of a "
      "frame that comes out of the tool nobody could say whose it is\n");
}

}  // namespace
}  // namespace limpid::config
