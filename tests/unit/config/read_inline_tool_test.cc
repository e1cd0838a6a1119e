#include <gtest/gtest.h>

#include "tests/unit/config/configurations.h"

namespace limpid::config {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

/// A tool's ports and more, from column 11 of line 9 on.
std::string tool_with(const std::string& more) {
  return "tools:\n- { name: ips, inline: { side_a: { interface: t0 }, side_b: { interface: t1 },\n" + more +
         " } }\n";
}

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
      said_with(tool_with("heartbeat: { interval: 20ms, timeout: 2s, misses: 0, address_a: \"::1\", port: "
                          "70000, ethertype: 88b5, intervall: 1s }")),
      "10:24: tools[0].inline.heartbeat.interval: 20ms is out of range\n"
      "    expected a time, 30ms to 1min\n"
      "10:39: tools[0].inline.heartbeat.timeout: a heartbeat is still awaited when the next one is sent\n"
      "    expected no more than the interval\n"
      "10:51: tools[0].inline.heartbeat.misses: 0 is out of range\n"
      "    expected how many in a row mean that the tool is down, 1 to 1000\n"
      "10:65: tools[0].inline.heartbeat.address_a: \"::1\" cannot be a heartbeat's address\n"
      "    expected an IPv4 address, as in \"198.51.100.1\"\n"
      "10:78: tools[0].inline.heartbeat.port: 70000 is out of range\n"
      "    expected a UDP port, 1 to 65535\n"
      "10:96: tools[0].inline.heartbeat.ethertype: \"88b5\" is not an EtherType for heartbeats\n"
      "    expected 0x0800 (a UDP datagram), or another EtherType, as in 0x88b5\n"
      "10:102: tools[0].inline.heartbeat.intervall: unknown key\n"
      "    expected one of: interval, timeout, misses, recovery, address_a, address_b, port, ethertype"
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

TEST(InlineTools, CannotSetADeviceDownThatTheKernelDoesNotHave) {
  EXPECT_EQ(
      said("segments: [ { name: s, client_side: { pci: \"3b:00.0\" }, server_side: { interface: d1 } } ]\n"
           "policy: { default: pass }\n" +
           tool_with("on_failure: ports_down")),
      "5:13: tools[0].inline.on_failure: only kernel interfaces can be set down, and a segment has a PCI "
      "device\n"
      "    expected drop_network, which stops the traffic as well\n");
}

}  // namespace
}  // namespace limpid::config
