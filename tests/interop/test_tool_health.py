"""Whether an inline tool works, as limpid sees it: heartbeats through real tools, negative ones, and carriers."""
import pytest

import inline_tools
import suricata
from appliance import Appliance
from inline_tools import LinuxBridge, PythonTool
from lab import sh
from process import wait_for
from suricata import Suricata

pytestmark = pytest.mark.limpid_only

TIMES = "interval: 500ms, timeout: 500ms, misses: 3, recovery: 1s"
SECRET = "must-not-pass"


class HealthScene:
    def __init__(self, make_lab, pki, more=f"heartbeat: {{ {TIMES} }}"):
        self.lab = make_lab()
        self.lab.add_tool()
        self.appliance = Appliance(self.lab, pki, tools=inline_tools.tool(more=more), rules=inline_tools.RULES)

    def tool(self):
        return self.appliance.ask("tools")["inline_tools"][0]

    def wait_state(self, state, seconds=20):
        return wait_for(f"the tool to be {state}", lambda: self.tool()["state"] == state and self.tool(), seconds)

    def log(self):
        return self.appliance.process.log().splitlines()

    def wait_log(self, since, *words, seconds=20):
        """Behind the first `since` lines. Every change of state is there, be it a short one."""
        wait_for(f"a log line with {words}",
                 lambda: any(all(word in line for word in words) for line in self.log()[since:]), seconds)


@pytest.fixture(scope="module")
def scene(make_lab, pki):
    return HealthScene(make_lab, pki)


def heartbeats_pass(scene, count=10):
    """So many more rounds come back; what was missed meanwhile."""

    def more(than, rounds):
        return wait_for("heartbeats", lambda: (row := scene.wait_state("up"))["heartbeats"] >= than + rounds and row)

    before = more(scene.tool()["heartbeats"], 2)  # those that were on their way without the tool are over
    return more(before["heartbeats"], count)["heartbeats_missed"] - before["heartbeats_missed"]


def test_heartbeats_pass_a_linux_bridge_both_ways(scene):
    bridge = LinuxBridge(scene.lab)
    try:
        bridge.count("ip saddr 198.51.100.1 ip daddr 203.0.113.1 udp dport 50443")
        bridge.count("ip saddr 203.0.113.1 ip daddr 198.51.100.1 udp dport 50443")
        assert heartbeats_pass(scene) == 0
        assert all(packets >= 10 for packets in bridge.counted())
    finally:
        bridge.close()


@suricata.installed
def test_heartbeats_pass_suricata(scene):
    ips = Suricata(scene.lab, bridge=("ta", "tb"))
    try:
        assert heartbeats_pass(scene) == 0
    finally:
        ips.close()


def test_a_tool_that_dies_is_down_and_up_again_after_its_recovery(scene):
    tool = PythonTool(scene.lab)
    scene.wait_state("up")
    failures = scene.tool()["failures"]
    lines = len(scene.log())
    tool.close()
    row = scene.wait_state("down", seconds=5)
    assert (row["cause"], row["failures"]) == ("tool_heartbeat_lost", failures + 1)
    scene.wait_log(lines, "tool ips: down", "tool_heartbeat_lost; both ways")
    lines = len(scene.log())
    tool = PythonTool(scene.lab)
    try:
        scene.wait_log(lines, "tool ips: recovering (before: down)", seconds=5)
        scene.wait_state("up", seconds=5)
        scene.wait_log(lines, "tool ips: up (before: recovering)")
    finally:
        tool.close()


def test_a_tool_that_swallows_one_direction_is_down(scene):
    tool = PythonTool(scene.lab)
    try:
        scene.wait_state("up")
        lines = len(scene.log())
        tool.handle = lambda side, frame: frame if side == "a" else None
        scene.wait_state("down", seconds=5)
        scene.wait_log(lines, "tool_heartbeat_lost; from side_b to side_a")
    finally:
        tool.close()


def test_a_tool_whose_link_goes_is_down_before_a_heartbeat_is_missed(make_lab, pki):
    slow = HealthScene(make_lab, pki, more="heartbeat: { interval: 30s, timeout: 30s }")
    tool = PythonTool(slow.lab)
    try:
        slow.wait_state("up")
        sh("ip", "-n", slow.lab.names["tool"], "link", "set", "tb", "down")
        row = slow.wait_state("down", seconds=5)
        assert (row["cause"], row["heartbeats_missed"]) == ("tool_link_down", 0)
    finally:
        tool.close()


def test_without_heartbeats_the_link_alone_makes_a_tool_down_and_up(make_lab, pki):
    off = HealthScene(make_lab, pki, more="heartbeat: off")
    sh("ip", "-n", off.lab.names["tool"], "link", "set", "ta", "down")
    assert off.wait_state("down", seconds=5)["heartbeats"] == 0
    sh("ip", "-n", off.lab.names["tool"], "link", "set", "ta", "up")
    off.wait_state("recovering", seconds=5)


def test_a_tool_that_lets_a_negative_heartbeat_through_is_down_until_it_stops_them(make_lab, pki):
    scene = HealthScene(make_lab, pki,
                        more=f"heartbeat: {{ {TIMES} }}, negative_heartbeat: {{ payload: {SECRET} }}")
    inspecting = [True]
    tool = PythonTool(scene.lab, lambda side, frame: None if inspecting[0] and SECRET.encode() in frame else frame)
    try:
        assert heartbeats_pass(scene) == 0
        inspecting[0] = False
        assert scene.wait_state("down", seconds=5)["cause"] == "tool_not_inspecting"
        inspecting[0] = True
        scene.wait_state("up", seconds=10)
    finally:
        tool.close()
