#include <gtest/gtest.h>

#include "tests/unit/config/configurations.h"

namespace limpid::config {
namespace {

TEST(PortMaps, AreATools) {
  const Configuration made = good_with(tool_with("port_map: { 443: 80, 8443: 8080 }"));
  EXPECT_EQ(made.tools[0].inline_tool->port_map, PortMap({{443, 80}, {8'443, 8'080}}));
  EXPECT_TRUE(inline_ports_mapped(made));
  EXPECT_FALSE(inline_ports_mapped(good_with(tool_with(""))));
}

TEST(PortMaps, AreARulesForOneOfItsTools) {
  const auto with = [](const std::string& tools) {
    return good_with(tool_with("") + "- { name: rec, mirror: { pcapng: p } }\n" +
                     "policy: { rules: [ { then: decrypt, tools: [" + tools + "] } ] }\n");
  };
  const Configuration made = with("{ name: ips, port_map: { 443: 80 } }, rec");
  EXPECT_EQ(made.policy.rules[0].tools, (std::vector<std::uint16_t>{0, 1}));
  EXPECT_EQ(made.policy.rules[0].tool_ports,
            (std::vector<policy::ToolPorts>{{.tool = 0, .ports = PortMap({{443, 80}})}}));
  EXPECT_TRUE(inline_ports_mapped(made));
  const Configuration none = with("{ name: ips, port_map: {} }, { name: rec }");
  EXPECT_EQ(none.policy.rules[0].tool_ports.size(), 1U) << "nothing is mapped, whatever the tool says";
  EXPECT_FALSE(inline_ports_mapped(none));
}

TEST(PortMaps, AreAMirrors) {
  const Configuration made =
      good_with("tools: [ { name: rec, mirror: { pcapng: p, port_map: { 443: 80 } } } ]\n");
  EXPECT_EQ(made.tools[0].mirror.port_map, PortMap({{443, 80}}));
  EXPECT_FALSE(inline_ports_mapped(made)) << "what mirrors see comes back to nobody";
}

TEST(PortMaps, SayWhatIsWrong) {
  EXPECT_EQ(said_with(tool_with("port_map: { 0: 80, 443: 65536, https: 80 }")),
            "10:13: tools[0].inline.port_map.0: \"0\" is not a server's port\n"
            "    expected a port, 1 to 65535, as in { 443: 80 }\n"
            "10:25: tools[0].inline.port_map.443: 65536 is out of range\n"
            "    expected the port that the tool sees, 1 to 65535\n"
            "10:32: tools[0].inline.port_map.https: \"https\" is not a server's port\n"
            "    expected a port, 1 to 65535, as in { 443: 80 }\n");
  EXPECT_EQ(said_with("tools: [ { name: rec, mirror: { pcapng: p } } ]\n"
                      "policy: { rules: [ { then: decrypt, tools: [ { name: rec, port_map: {} } ] } ] }\n"),
            "9:69: policy.rules[0].tools[0].port_map: \"rec\" is a mirror\n"
            "    expected its port_map with the mirror, for all rules\n");
}

}  // namespace
}  // namespace limpid::config
