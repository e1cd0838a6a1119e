#include <gtest/gtest.h>

#include "tests/unit/config/configurations.h"

namespace limpid::config {
namespace {

std::string said_of_ports(std::string_view client, std::string_view server) {
  return said("segments:\n- name: s\n  client_side: " + std::string(client) +
              "\n  server_side: " + std::string(server) + "\npolicy: { default: pass }\n");
}

TEST(Segments, ArePairsOfPorts) {
  const auto made = loaded(
      "segments:\n"
      "- { name: a, client_side: { interface: d0 }, server_side: { interface: d1, driver: af_xdp } }\n"
      "- { name: b, client_side: { pci: \"3B:00.0\" }, server_side: { interface: t0, driver: tap } }\n"
      "policy: { default: pass }\n");
  ASSERT_TRUE(made.ok());
  EXPECT_EQ(made->segments[0].client_side, (Port{"d0", Driver::kAfPacket, ""}));
  EXPECT_EQ(made->segments[0].server_side, (Port{"d1", Driver::kAfXdp, ""}));
  EXPECT_EQ(made->segments[1].client_side, (Port{"", Driver::kAfPacket, "0000:3b:00.0"}));
  EXPECT_EQ(made->segments[1].server_side, (Port{"t0", Driver::kTap, ""}));
}

TEST(Segments, MustBeThere) {
  EXPECT_EQ(said("policy: { default: pass }\n"),
            "1:1: \"segments\" is missing\n"
            "    expected segments: at least one pair of ports to stand between\n");
  EXPECT_EQ(said("segments: []\npolicy: { default: pass }\n"),
            "1:11: segments: is an empty list\n"
            "    expected at least one of segments        leave the key out to mean all of them\n");
}

TEST(Segments, SayWhichSideIsMissing) {
  EXPECT_EQ(said("segments: [ { name: a, client_side: { interface: d0 } } ]\npolicy: { default: pass }\n"),
            "1:13: segments[0]: \"server_side\" is missing\n"
            "    expected server_side: the port towards the servers\n");
}

TEST(Ports, AreAnInterfaceOrAPciDevice) {
  EXPECT_EQ(said_of_ports("{ interface: d0, pci: \"3b:00.0\" }", "{ driver: tap }"),
            "3:38: segments[0].client_side.pci: a port is an interface or a PCI device, not both\n"
            "4:16: segments[0].server_side: a port is missing\n"
            "    expected interface: …, pci: … or memif: …\n");
  EXPECT_EQ(said_of_ports("{ pci: \"3b:00.0\", driver: tap }", "{ pci: 3b-00 }"),
            "3:42: segments[0].client_side.driver: a PCI device brings its own driver\n"
            "    expected \"pci\" alone\n"
            "4:23: segments[0].server_side.pci: \"3b-00\" is not a PCI address\n"
            "    expected one like \"0000:3b:00.0\"; see \"lspci -D\"        quote it: it holds colons\n");
}

TEST(Ports, HaveNamesThatInterfacesCanHave) {
  EXPECT_EQ(said_of_ports("{ interface: \"a b\" }", "{ interface: abcdefghijklmnop }"),
            "3:29: segments[0].client_side.interface: \"a b\" cannot be an interface's name\n"
            "    expected the name of a network interface, as in \"ip link\"\n"
            "4:29: segments[0].server_side.interface: \"abcdefghijklmnop\" cannot be an interface's name\n"
            "    expected the name of a network interface, as in \"ip link\"        "
            "such names have at most 15 characters\n");
}

TEST(Ports, HaveOneUserEach) {
  EXPECT_EQ(said_with("tools: [ { name: ids, mirror: { interface: d1 } } ]\n"),
            "8:44: tools[0].mirror.interface: \"d1\" is used by segments[0].server_side.interface already\n"
            "    expected a port of its own\n");
}

TEST(Tools, SayWhatIsWrong) {
  EXPECT_EQ(said_with("tools:\n"
                      "- { name: a b, mirror: { pcapng: p, interface: m0 } }\n"
                      "- { name: ids }\n"
                      "- { name: ids, miror: {} }\n"),
            "9:11: tools[0].name: \"a b\" cannot be a name\n"
            "    expected 1 to 64 letters, digits, \"-\", \"_\" or \".\"\n"
            "9:48: tools[0].mirror.interface: a mirror has one target, and \"pcapng\" is one already\n"
            "10:3: tools[1]: \"mirror\", \"inline\" or \"group\" is missing\n"
            "    expected mirror: { interface: … }, mirror: { pcapng: … }, inline: { side_a: …, side_b: … }, "
            "or group: { "
            "members: … }\n"
            "11:3: tools[2]: \"mirror\", \"inline\" or \"group\" is missing\n"
            "    expected mirror: { interface: … }, mirror: { pcapng: … }, inline: { side_a: …, side_b: … }, "
            "or group: { "
            "members: … }\n"
            "11:11: tools[2].name: the name \"ids\" is here twice\n"
            "    expected a name of its own for every tool\n"
            "11:16: tools[2].miror: unknown key\n"
            "    expected one of: name, mirror, inline, group        did you mean \"mirror\"?\n");
}

}  // namespace
}  // namespace limpid::config
