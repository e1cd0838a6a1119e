#include <gtest/gtest.h>

#include "tests/unit/config/configurations.h"

namespace limpid::config {
namespace {

using policy::Action;
using policy::NumberRange;

policy::Conditions when(std::string_view conditions) {
  const Configuration made = good_with("policy: { rules: [ { name: r, when: { " + std::string(conditions) +
                                       " }, then: pass } ] }\n");
  return made.policy.rules.empty() ? policy::Conditions{} : made.policy.rules[0].when;
}

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

TEST(PolicySection, ReadsEveryCondition) {
  const policy::Conditions made = when(
      "client: [10.1.9.0/24], server: [192.0.2.1, \"2001:db8::/32\"], client_port: 5, "
      "server_port: [443, 8000-9000], vlan: [untagged, 7, 10-20], segment: [edge], sni: [A.Example., \"*\"], "
      "upgrade: [smtp, connect], connect_host: \"*.B.example\", connect_port: [443, 8443]");
  EXPECT_EQ(made.client, std::vector<IpPrefix>{IpPrefix::parse("10.1.9.0/24").value()});
  EXPECT_EQ(made.server.size(), 2U);
  EXPECT_EQ(made.client_port, (std::vector<NumberRange>{{5, 5}}));
  EXPECT_EQ(made.server_port, (std::vector<NumberRange>{{443, 443}, {8000, 9000}}));
  EXPECT_EQ(made.vlan, (std::vector<NumberRange>{{0, 0}, {7, 7}, {10, 20}}));
  EXPECT_EQ(made.segment, std::vector<std::uint16_t>{0});
  EXPECT_EQ(made.sni, (std::vector<std::string>{"a.example", "*"}));
  EXPECT_EQ(made.upgrade, (std::vector<std::string>{"smtp", "connect"}));
  EXPECT_EQ(made.connect_host, std::vector<std::string>{"*.b.example"});
  EXPECT_EQ(made.connect_port, (std::vector<NumberRange>{{443, 443}, {8443, 8443}}));
}

TEST(PolicySection, NamesRulesByTheirPlaceWhereTheFileDoesNot) {
  EXPECT_EQ(good_with("policy: { rules: [ { then: pass } ] }\n").policy.rules[0].name, "rules[0]");
}

TEST(PolicySection, HintsAtTheDecisionThatWasMeant) {
  EXPECT_EQ(said_with("policy:\n  rules:\n    - { name: a, then: decript }\n"),
            "10:24: policy.rules[0].then: \"decript\" is not a decision\n"
            "    expected one of: decrypt, pass, block        did you mean \"decrypt\"?\n");
}

TEST(PolicySection, RefusesPrefixesAndPortsThatAreNone) {
  EXPECT_EQ(said_of_when("client: [10.0.0.1/24, 10.0.0.256]"),
            "13:16: policy.rules[0].when.client[0]: \"10.0.0.1/24\" is not an address or a prefix\n"
            "    expected an address or a prefix, as in 10.1.9.0/24 or 2001:db8::/32        "
            "the bits behind the length must be zero, as in 10.0.0.0/24\n"
            "13:29: policy.rules[0].when.client[1]: \"10.0.0.256\" is not an address or a prefix\n"
            "    expected an address or a prefix, as in 10.1.9.0/24 or 2001:db8::/32\n");
  const auto hint = [](const std::string& prefix) {
    const std::string all = said_of_when("client: \"" + prefix + "\"");
    const std::size_t at = all.find("2001:db8::/32        ");
    return at == std::string::npos ? "" : all.substr(at + 21, all.size() - at - 22);
  };
  EXPECT_EQ(hint("10.1.9.0/33"), "the prefix length is 0 to 32");
  EXPECT_EQ(hint("10.1.9.0/x"), "the prefix length is 0 to 32");
  EXPECT_EQ(hint("2001:db8::/129"), "the prefix length is 0 to 128");
  EXPECT_EQ(hint("10.1.9/24"), "\"10.1.9\" is not an address");
  EXPECT_EQ(hint("10.1.9.77/27"), "the bits behind the length must be zero, as in 10.1.9.64/27");
  EXPECT_EQ(hint("2001:db8:ffff::1/33"), "the bits behind the length must be zero, as in 2001:db8:8000::/33");
  EXPECT_EQ(hint("10.1.9.7:443"), "leave the port out: client_port and server_port are for it");
  EXPECT_EQ(said_of_when("server_port: [https, 0, 70000, 9000-8000, 1-]"),
            "13:21: policy.rules[0].when.server_port[0]: \"https\" is not a number or a range\n"
            "    expected a port, 1 to 65535, or a range of them        a range is written as 8000-9000\n"
            "13:28: policy.rules[0].when.server_port[1]: \"0\" is out of range\n"
            "    expected a port, 1 to 65535, or a range of them\n"
            "13:31: policy.rules[0].when.server_port[2]: \"70000\" is out of range\n"
            "    expected a port, 1 to 65535, or a range of them\n"
            "13:38: policy.rules[0].when.server_port[3]: \"9000-8000\" begins above its end\n"
            "    expected a port, 1 to 65535, or a range of them\n"
            "13:49: policy.rules[0].when.server_port[4]: \"1-\" is not a number or a range\n"
            "    expected a port, 1 to 65535, or a range of them        a range is written as 8000-9000\n");
}

TEST(PolicySection, RefusesHostPatternsThatCannotMatch) {
  EXPECT_EQ(said_of_when("sni: [\"a*.example\"]"),
            "13:13: policy.rules[0].when.sni[0]: \"a*.example\" is not a host pattern: \"*\" may stand only "
            "for whole "
            "labels at the beginning, as in *.bank.example\n"
            "    expected a host name, \"*.bank.example\" for all names below one, or \"*\"\n");
}

TEST(PolicySection, RefusesEmptyConditions) {
  EXPECT_EQ(said_of_when("client: []"),
            "13:15: policy.rules[0].when.client: is an empty list\n"
            "    expected at least one of addresses        leave the key out to mean all of them\n");
  EXPECT_EQ(said_of_when("client:"),
            "13:7: policy.rules[0].when.client: has no value\n"
            "    expected a list of addresses\n");
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
