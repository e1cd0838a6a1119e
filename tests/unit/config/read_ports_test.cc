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
            "    expected interface: … or pci: …\n");
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

TEST(Tools, AreMirrors) {
  const Configuration made = good_with(
      "tools:\n- { name: ids, mirror: { interface: m0, driver: af_xdp } }\n- { name: rec, mirror: { pcapng: "
      "p.pcapng } }\n");
  EXPECT_EQ(made.tools[0].mirror.port, (Port{"m0", Driver::kAfXdp, ""}));
  EXPECT_EQ(made.tools[1].mirror.port, std::nullopt);
  EXPECT_EQ(made.tools[1].mirror.pcapng, "/etc/limpid/p.pcapng");
}

TEST(Tools, RotateTheirFiles) {
  const Configuration made = good_with(
      "tools:\n- { name: a, mirror: { pcapng: p, rotate: { size: 1GiB, every: 1h, keep: 24 } } }\n"
      "- { name: b, mirror: { pcapng: q, rotate: { every: 1d } } }\n");
  EXPECT_EQ(made.tools[0].mirror.rotate, (Rotation{std::uint64_t{1} << 30U, std::chrono::hours(1), 24}));
  EXPECT_EQ(made.tools[1].mirror.rotate, (Rotation{0, std::chrono::hours(24), 0}));
}

TEST(Tools, SayWhatIsWrongWithARotation) {
  EXPECT_EQ(said_with("tools:\n"
                      "- { name: a, mirror: { pcapng: p, rotate: { keep: 0 } } }\n"
                      "- { name: b, mirror: { interface: m0, rotate: { size: 1KiB, evry: 1h } } }\n"),
            "9:43: tools[0].mirror.rotate: nothing says when the next file begins\n"
            "    expected size: 1GiB, every: 1h, or both\n"
            "9:51: tools[0].mirror.rotate.keep: 0 is out of range\n"
            "    expected how many files are kept, 1 to 99999\n"
            "10:47: tools[1].mirror.rotate: only a file can be rotated\n"
            "    expected pcapng: FILE beside it\n"
            "10:55: tools[1].mirror.rotate.size: 1KiB is out of range\n"
            "    expected a size, 64KiB to 1TiB\n"
            "10:61: tools[1].mirror.rotate.evry: unknown key\n"
            "    expected one of: size, every, keep        did you mean \"every\"?\n");
}

TEST(Tools, SendTheirCopiesThroughATunnel) {
  const Configuration made = good_with(
      "tools:\n- { name: a, mirror: { vxlan: 10.9.0.7 } }\n"
      "- { name: b, mirror: { vxlan: \"[2001:db8::7]:8472\", id: 0, mtu: 1280 } }\n"
      "- { name: c, mirror: { gre: 10.9.0.7, mtu: 9000 } }\n"
      "- { name: d, mirror: { gre: \"2001:db8::7\", id: 4294967295 } }\n"
      "- { name: e, mirror: { erspan: 10.9.0.7, id: 1023 } }\n");
  const IpAddress v4 = *IpAddress::parse("10.9.0.7");
  const IpAddress v6 = *IpAddress::parse("2001:db8::7");
  EXPECT_EQ(made.tools[0].mirror.tunnel, (Tunnel{TunnelKind::kVxlan, {v4, 4789}, 1, 1500}));
  EXPECT_EQ(made.tools[1].mirror.tunnel, (Tunnel{TunnelKind::kVxlan, {v6, 8472}, 0, 1280}));
  EXPECT_EQ(made.tools[2].mirror.tunnel, (Tunnel{TunnelKind::kGre, {v4, 0}, std::nullopt, 9000}));
  EXPECT_EQ(made.tools[3].mirror.tunnel, (Tunnel{TunnelKind::kGre, {v6, 0}, 4294967295, 1500}));
  EXPECT_EQ(made.tools[4].mirror.tunnel, (Tunnel{TunnelKind::kErspan, {v4, 0}, 1023, 1500}));
  EXPECT_EQ(made.tools[0].mirror.port, std::nullopt);
}

TEST(Tools, SayWhatIsWrongWithATunnel) {
  EXPECT_EQ(
      said_with("tools:\n"
                "- { name: a, mirror: { vxlan: collector, id: 16777216, mtu: 575 } }\n"
                "- { name: b, mirror: { gre: \"10.9.0.7:1\", interface: m0 } }\n"
                "- { name: c, mirror: { erspan: \"2001:db8::7\", vxlan: 10.9.0.7, id: 1024, mtu: 1279 } }\n"
                "- { name: d, mirror: { pcapng: p, id: 1, mtu: 1500 } }\n"),
      "9:31: tools[0].mirror.vxlan: \"collector\" is not a collector's address\n"
      "    expected the collector's address, as 10.9.0.7, \"10.9.0.7:4789\" or \"[2001:db8::7]:4789\"\n"
      "9:46: tools[0].mirror.id: 16777216 is out of range\n"
      "    expected the VXLAN network identifier, 0 to 16777215\n"
      "9:61: tools[0].mirror.mtu: 575 is out of range\n"
      "    expected bytes of a packet on its way to the collector, 576 to 9216\n"
      "10:29: tools[1].mirror.gre: \"10.9.0.7:1\" is not a collector's address\n"
      "    expected the collector's address, as 10.9.0.7 or \"2001:db8::7\"\n"
      "10:54: tools[1].mirror.interface: a mirror has one target, and \"gre\" is one already\n"
      "11:32: tools[2].mirror.erspan: a mirror has one target, and \"vxlan\" is one already\n"
      "12:39: tools[3].mirror.id: only a tunnel has this\n"
      "    expected vxlan, gre or erspan: ADDRESS beside it\n"
      "12:47: tools[3].mirror.mtu: only a tunnel has this\n"
      "    expected vxlan, gre or erspan: ADDRESS beside it\n");
}

TEST(Tools, ServeTheirCopies) {
  const Configuration made = good_with(
      "tools:\n- { name: a, mirror: { pcap_over_ip: \"127.0.0.1:57012\" } }\n"
      "- { name: b, mirror: { pcap_over_ip: \"[::1]:57012\", clients_max: 64 } }\n");
  EXPECT_EQ(made.tools[0].mirror.server, (CaptureServer{*SocketAddress::parse("127.0.0.1:57012"), 4}));
  EXPECT_EQ(made.tools[1].mirror.server, (CaptureServer{*SocketAddress::parse("[::1]:57012"), 64}));
  EXPECT_TRUE(made.warnings.empty());
}

TEST(Tools, SayWhatIsWrongWithAServer) {
  EXPECT_EQ(
      said_with("tools:\n"
                "- { name: a, mirror: { pcap_over_ip: 57012, clients_max: 65 } }\n"
                "- { name: b, mirror: { pcap_over_ip: \"127.0.0.1:1\" } }\n"
                "- { name: c, mirror: { pcap_over_ip: \"127.0.0.1:1\", id: 3 } }\n"
                "- { name: d, mirror: { interface: m0, clients_max: 3 } }\n"),
      "9:38: tools[0].mirror.pcap_over_ip: \"57012\" is not an address with a port\n"
      "    expected where clients connect, as \"127.0.0.1:57012\" or \"[::1]:57012\"\n"
      "9:58: tools[0].mirror.clients_max: 65 is out of range\n"
      "    expected how many clients may be connected, 1 to 64\n"
      "11:38: tools[2].mirror.pcap_over_ip: \"127.0.0.1:1\" is used by tools[1].mirror.pcap_over_ip already\n"
      "    expected a port of its own\n"
      "11:57: tools[2].mirror.id: only a tunnel has this\n"
      "    expected vxlan, gre or erspan: ADDRESS beside it\n"
      "12:52: tools[3].mirror.clients_max: only a server has clients\n"
      "    expected pcap_over_ip: ADDRESS beside it\n");
}

TEST(Tools, WarnOfAServerThatOthersReach) {
  const Configuration made =
      good_with("tools: [ { name: a, mirror: { pcap_over_ip: \"10.1.2.3:57012\" } } ]\n");
  ASSERT_EQ(made.warnings.size(), 1U);
  EXPECT_EQ(made.warnings[0].what, "whoever reaches this address reads plaintext");
}

TEST(Tools, MayStandInline) {
  const Configuration made = good_with(
      "tools:\n- { name: ips, inline: { side_a: { interface: t0 }, side_b: { interface: t1, driver: af_xdp } "
      "} }\n"
      "- name: dlp\n  inline: { side_a: { interface: u0 }, side_b: { interface: u1 }, on_failure: bypass, "
      "open_timeout: 500ms }\n");
  ASSERT_TRUE(made.tools[0].inline_tool);
  EXPECT_EQ(made.tools[0].inline_tool->side_a, (Port{"t0", Driver::kAfPacket, ""}));
  EXPECT_EQ(made.tools[0].inline_tool->side_b, (Port{"t1", Driver::kAfXdp, ""}));
  EXPECT_EQ(made.tools[0].inline_tool->on_failure, ToolFailure::kReset);
  EXPECT_EQ(made.tools[0].inline_tool->open_timeout, std::chrono::seconds(3));
  EXPECT_EQ(made.tools[1].inline_tool->on_failure, ToolFailure::kBypass);
  EXPECT_EQ(made.tools[1].inline_tool->open_timeout, std::chrono::milliseconds(500));
}

TEST(Tools, SayWhatIsWrongWithAnInlineTool) {
  EXPECT_EQ(
      said_with("tools:\n"
                "- name: ips\n"
                "  inline: { side_a: { interface: d0 }, on_failure: bypas, open_timeout: 1min }\n"
                "  mirror: { interface: m0 }\n"),
      "10:11: tools[0].inline: a tool is a mirror or inline, not both\n"
      "10:11: tools[0].inline: \"side_b\" is missing\n"
      "    expected side_b: the port on the tool's server side\n"
      "10:34: tools[0].inline.side_a.interface: \"d0\" is used by segments[0].client_side.interface already\n"
      "    expected a port of its own\n"
      "10:52: tools[0].inline.on_failure: \"bypas\" is not what becomes of a session\n"
      "    expected one of: reset, bypass        did you mean \"bypass\"?\n"
      "10:73: tools[0].inline.open_timeout: 1min is out of range\n"
      "    expected a time, 100ms to 30s\n");
}

TEST(Tools, SayWhatIsWrong) {
  EXPECT_EQ(
      said_with("tools:\n"
                "- { name: a b, mirror: { pcapng: p, interface: m0 } }\n"
                "- { name: ids }\n"
                "- { name: ids, miror: {} }\n"),
      "9:11: tools[0].name: \"a b\" cannot be a name\n"
      "    expected 1 to 64 letters, digits, \"-\", \"_\" or \".\"\n"
      "9:48: tools[0].mirror.interface: a mirror has one target, and \"pcapng\" is one already\n"
      "10:3: tools[1]: \"mirror\" or \"inline\" is missing\n"
      "    expected mirror: { interface: … }, mirror: { pcapng: … }, or inline: { side_a: …, side_b: … }\n"
      "11:3: tools[2]: \"mirror\" or \"inline\" is missing\n"
      "    expected mirror: { interface: … }, mirror: { pcapng: … }, or inline: { side_a: …, side_b: … }\n"
      "11:11: tools[2].name: the name \"ids\" is here twice\n"
      "    expected a name of its own for every tool\n"
      "11:16: tools[2].miror: unknown key\n"
      "    expected one of: name, mirror, inline        did you mean \"mirror\"?\n");
}

}  // namespace
}  // namespace limpid::config
