"""One tool for two segments, told apart by VLAN tags. The segments are in a row, so that each flow is in both at once, with
the same addresses, ports and MAC addresses."""
import pytest

import origins
import suricata
import transfer
from conftest import Scene
from inline_tools import LinuxBridge
from lab import PORTS
from process import wait_for
from suricata import Suricata

pytestmark = pytest.mark.limpid_only

EDGE, DMZ = 101, 102  # edge's clients are at the tool's side A, those of the DMZ at side B
FILE_SIZE = 3_000_000
SEGMENTS = f"""  - {{ name: edge, client_side: {{ interface: {PORTS[0]} }}, server_side: {{ interface: e0 }} }}
  - {{ name: dmz, client_side: {{ interface: e1 }}, server_side: {{ interface: {PORTS[1]} }} }}"""
TOOL = f"""  - name: ips
    inline:
      side_a: {{ interface: t0 }}
      side_b: {{ interface: t1 }}
      heartbeat: {{ interval: 500ms, recovery: 1s, ip: 6 }}
      segments: {{ edge: {{ vlan: {EDGE} }}, dmz: {{ vlan: {DMZ}, client_at: side_b }} }}"""
RULES = "    - { name: inspected, then: decrypt, tools: [ips] }"


class SegmentsScene(Scene):
    def __init__(self, make_lab, pki, tool=TOOL, rules=RULES, **options):
        lab = make_lab()
        lab.add_segment_behind()
        lab.add_tool()
        self.bridge = LinuxBridge(lab, learning=False)  # the same addresses are at both sides, each in its VLAN
        both = lab.folder / "both.pem"  # the edge's servers are shown what the DMZ has forged
        both.write_text(open(pki.path("internet.pem")).read() + open(pki.path("trusted.pem")).read())
        super().__init__(lab, pki, tools=tool, rules=rules, segments=SEGMENTS, trusted=str(both), **options)
        transfer.make_file(lab.folder / "www" / "some", FILE_SIZE)
        wait_for("the tool", lambda: self.tool_row()["state"] == "up")

    def fetch(self, path="some"):
        page = self.lab.folder / "page"
        done = self.lab.run("client", "curl", "-sSf", "--http1.1", "--cacert", self.appliance.trust, "-o", str(page),
                            f"https://shop4.example:{origins.ANY}/{path}", text=True)
        assert done.returncode == 0, done.stderr
        return page.read_bytes()

    def tool_row(self):
        return self.appliance.ask("tools")["inline_tools"][0]


@pytest.fixture(scope="module")
def scene(make_lab, pki):
    return SegmentsScene(make_lab, pki)


def test_two_segments_that_carry_the_same_flow_use_one_tool_at_the_same_time(scene):
    before = scene.tool_row()
    assert scene.fetch() == (scene.lab.folder / "www" / "some").read_bytes()
    row = scene.tool_row()
    assert row["sessions"] - before["sessions"] == 2
    assert row["bytes_out"] - before["bytes_out"] > 2 * FILE_SIZE
    assert (row["unreachable"], row["modified"], row["frames_foreign"]) == (0, 0, 0)
    assert row["state"] == "up", "heartbeats come back with their tag, too"


def test_each_segments_clients_are_at_their_side_of_the_tool(scene):
    for side in ("ta", "tb"):
        for vlan in (EDGE, DMZ):
            scene.bridge.count(f"iifname {side} vlan id {vlan} tcp dport {origins.ANY}")
    scene.fetch("index.html")
    edge_at_a, dmz_at_a, edge_at_b, dmz_at_b = scene.bridge.counted()[:4]
    assert edge_at_a > 2 and dmz_at_b > 2
    assert (edge_at_b, dmz_at_a) == (0, 0)


def test_heartbeats_of_ipv6_pass_with_the_first_segments_tag(scene):
    scene.bridge.count(f"vlan id {EDGE} ip6 saddr 2001:db8:a::1 ip6 daddr 2001:db8:b::1 udp dport 50443")
    before = scene.tool_row()

    def some_came_back():
        row = scene.tool_row()
        return row["heartbeats"] - row["heartbeats_missed"] >= before["heartbeats"] - before["heartbeats_missed"] + 3

    wait_for("heartbeats that come back", some_came_back)
    assert scene.bridge.counted()[-1] >= 3


@suricata.installed
def test_suricata_tells_the_segments_apart_by_their_vlan(scene):
    ids = Suricata(scene.lab, interface="ta")
    try:
        scene.fetch("index.html")
        seen = wait_for("both requests", lambda: (found := ids.events("http")) and len(found) >= 2 and found)
    finally:
        ids.close()
    assert sorted(event["vlan"] for event in seen) == [[EDGE], [DMZ]]
    assert {event["http"]["url"] for event in seen} == {"/index.html"}
