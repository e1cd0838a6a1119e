#include <gtest/gtest.h>

#include "tests/unit/config/configurations.h"

namespace limpid::config {
namespace {

/// Inline tools a, b and c, a mirror m, and in line 13 the groups.
std::string tools_and(const std::string& groups) {
  std::string yaml = "tools:\n";
  for (const char name : {'a', 'b', 'c'}) {
    yaml += std::string("- { name: ") + name + ", inline: { side_a: { interface: " + name +
            "0 }, side_b: { interface: " + name + "1 } } }\n";
  }
  return yaml + "- { name: m, mirror: { pcapng: p } }\n" + groups;
}

TEST(ToolGroups, NameTheirToolsWhereverTheseStand) {
  const Configuration made = good_with(
      "tools:\n- { name: ips, group: { members: [a, b], spares: [c], min_healthy: 2, on_failure: "
      "bypass_network, open_sessions: reset } }\n" +
      tools_and("").substr(7) + "policy: { rules: [ { then: decrypt, tools: [ips] } ] }\n");
  ASSERT_TRUE(made.tools[0].group);
  EXPECT_EQ(made.tools[0].group->members, (std::vector<std::uint16_t>{1, 2}));
  EXPECT_EQ(made.tools[0].group->spares, (std::vector<std::uint16_t>{3}));
  EXPECT_EQ(made.tools[0].group->min_healthy, 2U);
  EXPECT_EQ(made.tools[0].group->failure, (FailureAction{ToolFailure::kBypassNetwork, OpenSessions::kReset}));
  EXPECT_EQ(made.policy.rules[0].tools, (std::vector<std::uint16_t>{0}));
}

TEST(ToolGroups, NeedOneHealthyMemberUnlessToldOtherwise) {
  const Configuration made = good_with(tools_and("- { name: g, group: { members: [a, b] } }\n"));
  EXPECT_EQ(made.tools[4].group->min_healthy, 1U);
  EXPECT_EQ(made.tools[4].group->failure, FailureAction{});
}

TEST(ToolGroups, SayWhatIsWrong) {
  EXPECT_EQ(said_with(tools_and("- { name: g, group: { members: [a, m, x, a], min_healthy: 3 } }\n"
                                "- { name: h, group: { spares: [a] } }\n"
                                "- { name: i, group: { members: [b, i] }, mirror: { pcapng: q } }\n")),
            "13:36: tools[4].group.members[1]: \"m\" is not an inline tool\n"
            "    expected tools with \"inline\"\n"
            "13:39: tools[4].group.members[2]: there is no tool \"x\"\n"
            "    expected one of: a, b, c, m, g, h, i\n"
            "13:42: tools[4].group.members[3]: \"a\" is in a group already: tools[4].group.members[0]\n"
            "13:59: tools[4].group.min_healthy: 3 is out of range\n"
            "    expected how many members have to work, 1 to 2\n"
            "14:21: tools[5].group: \"members\" is missing\n"
            "    expected members: [ips1, ips2], the tools that share the sessions\n"
            "14:32: tools[5].group.spares[0]: \"a\" is in a group already: tools[4].group.members[0]\n"
            "15:21: tools[6].group: a group has members, and neither a mirror nor ports\n"
            "15:36: tools[6].group.members[1]: \"i\" is not an inline tool\n"
            "    expected tools with \"inline\"\n");
}

TEST(ToolGroups, DecideForTheirMembersWhatAFailureMeans) {
  EXPECT_EQ(
      said_with(
          "tools:\n"
          "- { name: a, inline: { side_a: { interface: a0 }, side_b: { interface: a1 }, on_failure: bypass } "
          "}\n"
          "- { name: g, group: { members: [a] } }\n"),
      "10:33: tools[1].group.members[0]: what becomes of sessions where \"a\" fails is its group's affair\n"
      "    expected on_failure and open_sessions with the group, not with the member\n");
}

}  // namespace
}  // namespace limpid::config
