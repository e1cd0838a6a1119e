#include <gtest/gtest.h>

#include "tests/unit/config/configurations.h"

namespace limpid::config {
namespace {

TEST(Mirrors, ArePortsOrFiles) {
  const Configuration made = good_with(
      "tools:\n- { name: ids, mirror: { interface: m0, driver: af_xdp } }\n- { name: rec, mirror: { pcapng: "
      "p.pcapng } }\n");
  EXPECT_EQ(made.tools[0].mirror.port, (Port{"m0", Driver::kAfXdp, ""}));
  EXPECT_EQ(made.tools[1].mirror.port, std::nullopt);
  EXPECT_EQ(made.tools[1].mirror.pcapng, "/etc/limpid/p.pcapng");
}

TEST(Mirrors, RotateTheirFiles) {
  const Configuration made = good_with(
      "tools:\n- { name: a, mirror: { pcapng: p, rotate: { size: 1GiB, every: 1h, keep: 24 } } }\n"
      "- { name: b, mirror: { pcapng: q, rotate: { every: 1d } } }\n");
  EXPECT_EQ(made.tools[0].mirror.rotate, (Rotation{std::uint64_t{1} << 30U, std::chrono::hours(1), 24}));
  EXPECT_EQ(made.tools[1].mirror.rotate, (Rotation{0, std::chrono::hours(24), 0}));
}

TEST(Mirrors, SayWhatIsWrongWithARotation) {
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

TEST(Mirrors, SendTheirCopiesThroughATunnel) {
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

TEST(Mirrors, SayWhatIsWrongWithATunnel) {
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

TEST(Mirrors, ServeTheirCopies) {
  const Configuration made = good_with(
      "tools:\n- { name: a, mirror: { pcap_over_ip: \"127.0.0.1:57012\" } }\n"
      "- { name: b, mirror: { pcap_over_ip: \"[::1]:57012\", clients_max: 64 } }\n");
  EXPECT_EQ(made.tools[0].mirror.server, (CaptureServer{*SocketAddress::parse("127.0.0.1:57012"), 4}));
  EXPECT_EQ(made.tools[1].mirror.server, (CaptureServer{*SocketAddress::parse("[::1]:57012"), 64}));
  EXPECT_TRUE(made.warnings.empty());
}

TEST(Mirrors, SayWhatIsWrongWithAServer) {
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

TEST(Mirrors, WarnOfAServerThatOthersReach) {
  const Configuration made =
      good_with("tools: [ { name: a, mirror: { pcap_over_ip: \"10.1.2.3:57012\" } } ]\n");
  ASSERT_EQ(made.warnings.size(), 1U);
  EXPECT_EQ(made.warnings[0].what, "whoever reaches this address reads plaintext");
}

TEST(Mirrors, GetAShareOfTheSessions) {
  const auto share = [](const std::string& text) {
    return good_with("tools: [ { name: a, mirror: { interface: m0, sample: " + text + " } } ]\n")
        .tools[0]
        .mirror.share;
  };
  EXPECT_EQ(good_with("tools: [ { name: a, mirror: { interface: m0 } } ]\n").tools[0].mirror.share,
            kShareAll);
  EXPECT_EQ(share("10%"), 100'000U);
  EXPECT_EQ(share("0.0001%"), 1U);
  EXPECT_EQ(share("33.3%"), 333'000U);
  EXPECT_EQ(share("100%"), kShareAll);
}

TEST(Mirrors, CopyBeforeOrAfterTheInlineTools) {
  const auto at = [](const std::string& more) {
    return good_with("tools: [ { name: a, mirror: { interface: m0" + more + " } } ]\n").tools[0].mirror.at;
  };
  EXPECT_EQ(at(""), CopyAt::kBeforeTools);
  EXPECT_EQ(at(", at: before_tools"), CopyAt::kBeforeTools);
  EXPECT_EQ(at(", at: after_tools"), CopyAt::kAfterTools);
  EXPECT_EQ(said_with("tools: [ { name: a, mirror: { interface: m0, at: after } } ]\n"),
            "8:50: tools[0].mirror.at: \"after\" is not a place of copies\n"
            "    expected one of: before_tools, after_tools        did you mean \"after_tools\"?\n");
}

TEST(Mirrors, SayWhatIsWrongWithAShare) {
  for (const std::string text : {"10", "0%", "100.1%", "1.00001%", ".5%", "5.%", "1e1%"}) {
    EXPECT_EQ(said_with("tools: [ { name: a, mirror: { interface: m0, sample: " + text + " } } ]\n"),
              "8:54: tools[0].mirror.sample: \"" + text +
                  "\" is not a share\n"
                  "    expected a share of the sessions, 0.0001% to 100%\n");
  }
}

TEST(Mirrors, MaskHeadersAndPatterns) {
  const Mask mask = good_with(
                        "tools:\n- name: a\n  mirror:\n    interface: m0\n    mask:\n"
                        "      headers: [Authorization, set-cookie]\n"
                        "      patterns: [card_numbers, \"AKIA[0-9A-Z]{16}\"]\n")
                        .tools[0]
                        .mirror.mask;
  EXPECT_EQ(mask, (Mask{{"authorization", "set-cookie"}, true, {"AKIA[0-9A-Z]{16}"}}));
  EXPECT_FALSE(
      good_with("tools: [ { name: a, mirror: { interface: m0 } } ]\n").tools[0].mirror.mask.wanted());
}

TEST(Mirrors, SayWhatIsWrongWithAMask) {
  EXPECT_EQ(
      said_with(
          "tools:\n"
          "- { name: a, mirror: { interface: m0, mask: {} } }\n"
          "- { name: b, mirror: { interface: m1, mask: { headers: [\"a b\"], patterns: [\"[0-9]+\"] } } }\n"),
      "9:45: tools[0].mirror.mask: nothing says what is masked\n"
      "    expected headers: […], patterns: […], or both\n"
      "10:57: tools[1].mirror.mask.headers[0]: \"a b\" cannot be a header's name\n"
      "    expected the name of an HTTP header field, as authorization\n"
      "10:76: tools[1].mirror.mask.patterns[0]: \"[0-9]+\" may match more than 256 bytes\n"
      "    expected card_numbers, or a regular expression, as \"AKIA[0-9A-Z]{16}\"        "
      "give repetitions an end: {1,64}\n");
}

TEST(Mirrors, MayHoldCiphertextAndItsSecretsInAFile) {
  const auto of = [](const std::string& keys) {
    return good_with("tools: [ { name: rec, mirror: { pcapng: p" + keys + " } } ]\n").tools[0].mirror.content;
  };
  EXPECT_EQ(of(""), Content::kPlaintext);
  EXPECT_EQ(of(", content: ciphertext"), Content::kCiphertext);
  EXPECT_EQ(of(", content: both"), Content::kBoth);
  EXPECT_EQ(
      said_with("tools: [ { name: rec, mirror: { pcapng: p, content: both } } ]\n"),
      "8:53: warning: tools[0].mirror.content: whoever reads this file decrypts the clients' connections: "
      "their secrets are in it\n"
      "    keep it as you would keep the plaintext\n");
  EXPECT_EQ(said_with("tools: [ { name: rec, mirror: { pcapng: p, content: plaintext } } ]\n"), "");
}

TEST(Mirrors, SayWhatCannotBeWithCiphertext) {
  EXPECT_EQ(said_with("tools: [ { name: s, mirror: { interface: m0, content: both } } ]\n"),
            "8:55: tools[0].mirror.content: only a file has a place for secrets\n"
            "    expected pcapng: FILE beside it\n");
  const std::string said = said_with(
      "tools: [ { name: s, mirror: { pcapng: p, content: ciphertext, mask: { headers: cookie }, port_map: { "
      "1: "
      "2 } } } ]\n");
  EXPECT_NE(said.find("tools[0].mirror.mask: ciphertext and its secrets show what is masked"),
            std::string::npos);
  EXPECT_NE(said.find("tools[0].mirror.port_map: ciphertext has the flows' own ports"), std::string::npos);
}

}  // namespace
}  // namespace limpid::config
