#include <gtest/gtest.h>

#include "tests/unit/config/configurations.h"

namespace limpid::config {
namespace {

std::string segment_of(std::string_view client, std::string_view server) {
  return "segments:\n- name: s\n  client_side: " + std::string(client) +
         "\n  server_side: " + std::string(server) + "\npolicy: { default: pass }\n";
}

std::string said_of_ports(std::string_view client, std::string_view server) {
  return said(segment_of(client, server));
}

TEST(Memifs, HaveASocketARoleAndAnId) {
  const auto made =
      loaded(segment_of("{ memif: left.sock }", "{ memif: /run/x, role: client, id: 4294967295 }"));
  ASSERT_TRUE(made.ok()) << text(made.error());
  EXPECT_EQ(made->segments[0].client_side,
            (Port{"", Driver::kAfPacket, "", Memif{"/etc/limpid/left.sock", MemifRole::kServer, 0}}));
  EXPECT_EQ(made->segments[0].server_side,
            (Port{"", Driver::kAfPacket, "", Memif{"/run/x", MemifRole::kClient, 4'294'967'295}}));
}

TEST(Memifs, ArePortsOfToolsAndMirrors) {
  const Configuration made = good_with(
      "tools:\n"
      "- { name: ips, inline: { side_a: { memif: t, id: 1 }, side_b: { memif: t, id: 2 } } }\n"
      "- { name: ids, mirror: { memif: m, role: client, id: 7, sample: 10% } }\n");
  EXPECT_EQ(made.tools[0].inline_tool->side_b.memif, (Memif{"/etc/limpid/t", MemifRole::kServer, 2}));
  EXPECT_EQ(made.tools[1].mirror.port->memif, (Memif{"/etc/limpid/m", MemifRole::kClient, 7}));
}

TEST(Memifs, AreNothingElseAtTheSameTime) {
  EXPECT_EQ(said_of_ports("{ memif: a, interface: d0 }", "{ memif: b, pci: \"3b:00.0\" }"),
            "3:25: segments[0].client_side.memif: a port is a memif or an interface, not both\n"
            "4:25: segments[0].server_side.memif: a port is a memif or a PCI device, not both\n");
  EXPECT_EQ(said_of_ports("{ memif: a, driver: tap }", "{ interface: d0 }"),
            "3:36: segments[0].client_side.driver: a memif brings its own driver\n"
            "    expected \"memif\" alone\n");
  EXPECT_EQ(said_of_ports("{ interface: d0, id: 1 }", "{ interface: d1, role: server }"),
            "3:33: segments[0].client_side.id: unknown key\n"
            "    expected one of: interface, driver, pci, memif\n"
            "4:33: segments[0].server_side.role: unknown key\n"
            "    expected one of: interface, driver, pci, memif\n");
  EXPECT_EQ(said_with("tools: [ { name: ids, mirror: { pcapng: p, memif: a } } ]\n"),
            "8:51: tools[0].mirror.memif: a mirror has one target, and \"pcapng\" is one already\n");
}

TEST(Memifs, SayWhatIsWrongWithThem) {
  EXPECT_EQ(said_of_ports("{ memif: a, role: master }", "{ memif: b, id: 4294967296 }"),
            "3:34: segments[0].client_side.role: \"master\" is not a memif's role\n"
            "    expected one of: server, client\n"
            "4:32: segments[0].server_side.id: 4294967296 is out of range\n"
            "    expected the memif's number at its socket, 0 to 4294967295\n");
  EXPECT_EQ(said_of_ports("{ memif: \"a,b\" }", "{ memif: " + std::string(97, 'x') + " }"),
            "3:25: segments[0].client_side.memif: \"/etc/limpid/a,b\" cannot be a memif's socket\n"
            "    expected a path without commas, equals signs and brackets\n"
            "4:25: segments[0].server_side.memif: \"/etc/limpid/" +
                std::string(48, 'x') +
                "…\" is too long for a socket\n"
                "    expected at most 107 characters\n");
}

TEST(Memifs, ShareASocketByDifferentIdsInOneRole) {
  EXPECT_EQ(said_of_ports("{ memif: a }", "{ memif: a, id: 1 }"), "");
  EXPECT_EQ(said_of_ports("{ memif: a, id: 1 }", "{ memif: a, id: 1 }"),
            "4:25: segments[0].server_side.memif: \"/etc/limpid/a#1\" is used by "
            "segments[0].client_side.memif already\n"
            "    expected a port of its own\n");
  EXPECT_EQ(said_of_ports("{ memif: a }", "{ memif: a, id: 1, role: client }"),
            "4:25: segments[0].server_side.memif: \"/etc/limpid/a\" has the role server in "
            "segments[0].client_side.memif\n"
            "    expected one role for all ids of a socket\n");
}

TEST(Memifs, CannotBeSetDown) {
  EXPECT_EQ(
      said("segments:\n- name: s\n  client_side: { memif: a }\n  server_side: { interface: d1 }\n"
           "policy: { default: pass }\n"
           "tools:\n- { name: ips, inline: { side_a: { interface: t0 }, side_b: { interface: t1 },\n"
           "    on_failure: ports_down } }\n"),
      "8:17: tools[0].inline.on_failure: only kernel interfaces can be set down, and a segment has another "
      "port\n"
      "    expected drop_network, which stops the traffic as well\n");
}

}  // namespace
}  // namespace limpid::config
