#include <gtest/gtest.h>

#include "tests/unit/config/configurations.h"

namespace limpid::config {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

TEST(InlineTools, StandBetweenTwoPorts) {
  const Configuration made = good_with(
      "tools:\n- { name: ips, inline: { side_a: { interface: t0 }, side_b: { interface: t1, driver: af_xdp } "
      "} }\n"
      "- name: dlp\n  inline: { side_a: { interface: u0 }, side_b: { interface: u1 }, on_failure: bypass, "
      "open_timeout: 500ms }\n");
  ASSERT_TRUE(made.tools[0].inline_tool);
  EXPECT_EQ(made.tools[0].inline_tool->side_a, (Port{"t0", Driver::kAfPacket, ""}));
  EXPECT_EQ(made.tools[0].inline_tool->side_b, (Port{"t1", Driver::kAfXdp, ""}));
  EXPECT_EQ(made.tools[0].inline_tool->failure.on_failure, ToolFailure::kReset);
  EXPECT_EQ(made.tools[0].inline_tool->open_timeout, std::chrono::seconds(3));
  EXPECT_EQ(made.tools[1].inline_tool->failure.on_failure, ToolFailure::kBypass);
  EXPECT_EQ(made.tools[1].inline_tool->open_timeout, std::chrono::milliseconds(500));
}

TEST(InlineTools, SayWhatIsWrong) {
  EXPECT_EQ(
      said_with("tools:\n"
                "- name: ips\n"
                "  inline: { side_a: { interface: d0 }, on_failure: reste, open_timeout: 1min }\n"
                "  mirror: { interface: m0 }\n"),
      "10:11: tools[0].inline: a tool is a mirror or inline, not both\n"
      "10:11: tools[0].inline: \"side_b\" is missing\n"
      "    expected side_b: the port on the tool's server side\n"
      "10:34: tools[0].inline.side_a.interface: \"d0\" is used by segments[0].client_side.interface already\n"
      "    expected a port of its own\n"
      "10:52: tools[0].inline.on_failure: \"reste\" is not what becomes of new sessions\n"
      "    expected one of: reset, bypass, bypass_network, drop_network, ports_down        did you mean "
      "\"reset\"?\n"
      "10:73: tools[0].inline.open_timeout: 1min is out of range\n"
      "    expected a time, 100ms to 30s\n");
}

TEST(InlineTools, AreSentAHeartbeatEverySecondUnlessToldOtherwise) {
  const Heartbeat usual = good_with(tool_with("")).tools[0].inline_tool->heartbeat;
  EXPECT_TRUE(usual.on);
  EXPECT_EQ(usual.interval, seconds(1));
  EXPECT_EQ(usual.timeout, milliseconds(500));
  EXPECT_EQ(usual.misses, 3U);
  EXPECT_EQ(usual.recovery, seconds(30));
  EXPECT_FALSE(good_with(tool_with("heartbeat: off")).tools[0].inline_tool->heartbeat.on);
}

TEST(InlineTools, MayHaveHeartbeatsOfAnyKind) {
  const InlineTool made =
      *good_with(
           tool_with("heartbeat: { interval: 30ms, misses: 2, recovery: 5s, address_a: 10.0.0.1, address_b: "
                     "10.0.0.2, port: 9, ethertype: 0x88B5 }, negative_heartbeat: { payload: \"a\\nb\" }"))
           .tools[0]
           .inline_tool;
  EXPECT_EQ(made.heartbeat.interval, milliseconds(30));
  EXPECT_EQ(made.heartbeat.timeout, milliseconds(30)) << "never longer than the interval";
  EXPECT_EQ(made.heartbeat.misses, 2U);
  EXPECT_EQ(made.heartbeat.recovery, seconds(5));
  EXPECT_EQ(made.heartbeat.address_a.text(), "10.0.0.1");
  EXPECT_EQ(made.heartbeat.address_b.text(), "10.0.0.2");
  EXPECT_EQ(made.heartbeat.port, 9);
  EXPECT_EQ(made.heartbeat.ethertype, 0x88b5);
  EXPECT_EQ(made.negative_heartbeat, "a\nb");
}

TEST(InlineTools, SayWhatIsWrongWithHeartbeats) {
  EXPECT_EQ(
      said_with(tool_with("heartbeat: { interval: 20ms, timeout: 2s, misses: 0, address_a: other, port: "
                          "70000, ethertype: 88b5, intervall: 1s }")),
      "10:24: tools[0].inline.heartbeat.interval: 20ms is out of range\n"
      "    expected a time, 30ms to 1min\n"
      "10:39: tools[0].inline.heartbeat.timeout: a heartbeat is still awaited when the next one is sent\n"
      "    expected no more than the interval\n"
      "10:51: tools[0].inline.heartbeat.misses: 0 is out of range\n"
      "    expected how many in a row mean that the tool is down, 1 to 1000\n"
      "10:65: tools[0].inline.heartbeat.address_a: \"other\" cannot be a heartbeat's address\n"
      "    expected an address, as in 198.51.100.1 or \"2001:db8:a::1\"\n"
      "10:78: tools[0].inline.heartbeat.port: 70000 is out of range\n"
      "    expected a UDP port, 1 to 65535\n"
      "10:96: tools[0].inline.heartbeat.ethertype: \"88b5\" is not an EtherType for heartbeats\n"
      "    expected 0x0800 (a UDP datagram), or another EtherType, as in 0x88b5\n"
      "10:102: tools[0].inline.heartbeat.intervall: unknown key\n"
      "    expected one of: interval, timeout, misses, recovery, ip, address_a, address_b, port, ethertype, "
      "vlan"
      "        did you mean \"interval\"?\n");
  EXPECT_EQ(said_with(tool_with("heartbeat: of")),
            "10:12: tools[0].inline.heartbeat: \"of\" is not whether there are heartbeats\n"
            "    expected one of: on, off\n");
  for (const char* taken : {"0x86dd", "0x8100", "0x88a8"}) {
    EXPECT_EQ(said_with(tool_with("heartbeat: { ethertype: " + std::string(taken) + " }")),
              "10:25: tools[0].inline.heartbeat.ethertype: \"" + std::string(taken) +
                  "\" means IPv6 or a VLAN tag\n"
                  "    expected 0x0800 (a UDP datagram), or another EtherType, as in 0x88b5\n");
  }
}

TEST(InlineTools, SayWhatIsWrongWithNegativeHeartbeats) {
  EXPECT_EQ(said_with(tool_with("heartbeat: on, negative_heartbeat: {}")),
            "10:36: tools[0].inline.negative_heartbeat: \"payload\" is missing\n"
            "    expected payload: what the tool must stop, 1 to 1400 bytes\n");
  EXPECT_EQ(said_with(tool_with("heartbeat: off, negative_heartbeat: { payload: x }")),
            "10:37: tools[0].inline.negative_heartbeat: heartbeats are off\n"
            "    expected heartbeat: { … } beside it, or neither\n");
}

TEST(InlineTools, SayWhatBecomesOfSessionsWhereTheyFail) {
  const FailureAction usual = good_with(tool_with("")).tools[0].inline_tool->failure;
  EXPECT_EQ(usual.on_failure, ToolFailure::kReset);
  EXPECT_EQ(usual.open_sessions, OpenSessions::kWait);
  for (const ToolFailure action : {ToolFailure::kReset, ToolFailure::kBypass, ToolFailure::kBypassNetwork,
                                   ToolFailure::kDropNetwork, ToolFailure::kPortsDown}) {
    const FailureAction made =
        good_with(tool_with("open_sessions: reset, on_failure: " + std::string(name(action))))
            .tools[0]
            .inline_tool->failure;
    EXPECT_EQ(made.on_failure, action);
    EXPECT_EQ(made.open_sessions, OpenSessions::kReset);
  }
}

TEST(InlineTools, MayHaveHeartbeatsOfIpv6) {
  const auto heartbeat = [](const std::string& keys) {
    return good_with(tool_with("heartbeat: { " + keys + " }")).tools[0].inline_tool->heartbeat;
  };
  EXPECT_EQ(heartbeat("ip: 6").address_a.text(), "2001:db8:a::1");
  EXPECT_EQ(heartbeat("ip: 6").address_b.text(), "2001:db8:b::1");
  EXPECT_EQ(heartbeat("ip: 4"), heartbeat("misses: 3"));
  EXPECT_EQ(heartbeat("address_b: \"fd00::1\"").address_a.text(), "2001:db8:a::1");
  EXPECT_EQ(heartbeat("address_b: \"fd00::1\"").address_b.text(), "fd00::1");
  EXPECT_EQ(said_with(tool_with("heartbeat: { ip: 6, address_a: 10.0.0.1 }")),
            "10:32: tools[0].inline.heartbeat.address_a: a heartbeat's addresses are of one kind\n"
            "    expected an IPv6 address\n");
}

// --- Segments -------------------------------------------------------------------------------------------

/// Segments `edge` (of good()) and `dmz`, and what an inline tool says of them in line 10 from column 13 on.
std::string tool_of_two(const std::string& of_segments, const std::string& more = "") {
  std::string all = good();
  all.insert(all.find("tls:"),
             "  - { name: dmz, client_side: { interface: e0 }, server_side: { interface: e1 } }\n");
  return all + "tools: [ { name: ips, inline: { side_a: { interface: t0 }, side_b: { interface: t1 },\n" +
         "segments: { " + of_segments + " }" + more + " } } ]\n";
}

InlineTool tool_for_two(const std::string& of_segments, const std::string& more = "") {
  const auto made = loaded(tool_of_two(of_segments, more));
  EXPECT_TRUE(made.ok()) << (made.ok() ? "" : text(made.error()));
  return made.ok() ? *made->tools[0].inline_tool : InlineTool{};
}

TEST(ToolSegments, EachHaveATagAndASideOfTheirClients) {
  const InlineTool made = tool_for_two("dmz: { vlan: 102, client_at: side_b }, edge: { vlan: 4094 }");
  EXPECT_EQ(made.segments, (std::vector<ToolSegment>{{4'094, false}, {102, true}}));
  EXPECT_EQ(made.heartbeat.vlan, 4'094) << "the first segment's";
  EXPECT_TRUE(good_with(tool_with("")).tools[0].inline_tool->segments.empty());
}

TEST(ToolSegments, MayAllBeTurnedRoundWithoutTags) {
  EXPECT_EQ(tool_for_two("edge: { client_at: side_b }, dmz: { client_at: side_b }").segments,
            (std::vector<ToolSegment>{{0, true}, {0, true}}));
}

TEST(ToolSegments, LeaveHeartbeatsAVlanOfTheirOwn) {
  const std::string both = "edge: { vlan: 1 }, dmz: { vlan: 2 }";
  EXPECT_EQ(tool_for_two(both, ", heartbeat: { vlan: 9 }").heartbeat.vlan, 9);
  EXPECT_EQ(tool_for_two(both, ", heartbeat: { misses: 1 }").heartbeat.vlan, 1);
  EXPECT_EQ(tool_for_two(both, ", heartbeat: { vlan: untagged }").heartbeat.vlan, 0);
}

TEST(ToolSegments, SayWhatIsWrong) {
  EXPECT_EQ(said(tool_of_two("edge: { vlan: 4095, client_at: b }, dms: { vlan: 1 }")),
            "10:27: tools[0].inline.segments.edge.vlan: 4095 is out of range\n"
            "    expected a VLAN identifier, 1 to 4094\n"
            "10:44: tools[0].inline.segments.edge.client_at: \"b\" is not a side of the tool\n"
            "    expected one of: side_a, side_b\n"
            "10:49: tools[0].inline.segments.dms: there is no segment \"dms\"\n"
            "    expected one of: edge, dmz        did you mean \"dmz\"?\n");
  EXPECT_EQ(said(tool_of_two("edge: { vlan: 5 }")),
            "10:11: tools[0].inline.segments: segment \"dmz\" has no tag here, and another one has\n"
            "    expected vlan: … for every segment, or for none\n");
  EXPECT_EQ(said(tool_of_two("edge: { vlan: 5 }, dmz: { vlan: 5 }")),
            "10:11: tools[0].inline.segments: \"edge\" and \"dmz\" have the same tag\n"
            "    expected a VLAN identifier of its own for every segment\n");
  EXPECT_EQ(said(tool_of_two("edge: { client_at: side_b }")),
            "10:11: tools[0].inline.segments: the clients of \"edge\" and \"dmz\" are at different sides of "
            "the tool\n"
            "    expected vlan: … for every segment, so that they can be told apart\n");
}

TEST(InlineTools, CannotSetADeviceDownThatTheKernelDoesNotHave) {
  EXPECT_EQ(
      said("segments: [ { name: s, client_side: { pci: \"3b:00.0\" }, server_side: { interface: d1 } } ]\n"
           "policy: { default: pass }\n" +
           tool_with("on_failure: ports_down")),
      "5:13: tools[0].inline.on_failure: only kernel interfaces can be set down, and a segment has another "
      "port\n"
      "    expected drop_network, which stops the traffic as well\n");
}

}  // namespace
}  // namespace limpid::config
