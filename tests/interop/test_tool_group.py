"""A group of equal inline tools: how they share the sessions, and what becomes of them where members fail."""
import os

import pytest

import origins
from appliance import Appliance
from lab import sh
from many_sessions import context_for, one_new
from process import wait_for

pytestmark = pytest.mark.limpid_only

FORGED = "Interception CA"
HEARTBEAT = "heartbeat: { interval: 100ms, timeout: 100ms, misses: 3, recovery: 500ms }"
NAMES = ("ips1", "ips2", "ips3", "spare")


class GroupScene:
    """Three members, of which two have to work, and a spare."""

    def __init__(self, make_lab, pki):
        self.lab = make_lab()
        lines = []
        for number, name in enumerate(NAMES):
            port_a, port_b = f"t{2 * number}", f"t{2 * number + 1}"
            self.lab.add_tool(port_a, port_b, ends=(f"{name}a", f"{name}b"))
            self.lab.start("tool", name, os.environ["IMPAIR"], "--a", f"{name}a", "--b", f"{name}b")
            lines.append(f"  - {{ name: {name}, inline: {{ side_a: {{ interface: {port_a} }}, "
                         f"side_b: {{ interface: {port_b} }}, {HEARTBEAT} }} }}")
        lines.append("  - { name: ips, group: { members: [ips1, ips2, ips3], spares: [spare], min_healthy: 2, "
                     "on_failure: reset, open_sessions: reset } }")
        self.appliance = Appliance(self.lab, pki, tools="\n".join(lines),
                                   rules="    - { name: inspected, then: decrypt, tools: [ips] }")
        origins.start_nginx(self.lab, pki)
        self.context = context_for(self.appliance.trust, pki.path("internet.pem"))
        wait_for("all tools to be up", lambda: set(self.states().values()) == {"up"})

    def tools(self):
        return {row["tool"]: row for row in self.appliance.ask("tools")["inline_tools"]}

    def states(self):
        return {name: row["state"] for name, row in self.tools().items()}

    def group(self):
        return self.appliance.ask("tools")["tool_groups"][0]

    def link(self, name, state):
        sh("ip", "-n", self.lab.names["tool"], "link", "set", f"{name}a", state)

    def used_by(self, count):
        """How many of so many new sessions each tool has had."""
        before = self.tools()
        met = [one_new(self.lab, self.context) for _ in range(count)]
        after = self.tools()
        return met, {name: after[name]["sessions"] - before[name]["sessions"] for name in NAMES}


@pytest.fixture(scope="module")
def scene(make_lab, pki):
    return GroupScene(make_lab, pki)


def test_members_share_the_sessions_and_the_spare_has_none(scene):
    met, used = scene.used_by(60)
    assert met == [FORGED] * 60
    assert sum(used.values()) == 60, "each session through one tool"
    assert all(used[name] >= 5 for name in NAMES[:3]) and used["spare"] == 0, used


def test_a_spare_takes_the_place_of_a_failed_member_until_too_few_work(scene):
    scene.link("ips2", "down")
    wait_for("the member to be down", lambda: scene.states()["ips2"] == "down")
    met, used = scene.used_by(40)
    assert met == [FORGED] * 40
    assert used["ips2"] == 0 and used["spare"] >= 3, used
    assert (scene.group()["state"], scene.group()["served"]) == ("up", 3)

    scene.link("ips1", "down")
    wait_for("a second one to be down", lambda: scene.states()["ips1"] == "down")
    assert (scene.group()["state"], scene.group()["served"]) == ("up", 2)
    assert one_new(scene.lab, scene.context) == FORGED

    scene.link("ips3", "down")
    wait_for("the group to have failed", lambda: scene.group()["state"] == "failed")
    assert one_new(scene.lab, scene.context) == "refused", "though the spare works"

    for name in NAMES[:3]:
        scene.link(name, "up")


def test_a_member_that_is_out_of_service_has_no_new_sessions_and_is_not_missed(make_lab, pki):
    scene = GroupScene(make_lab, pki)
    for name in ("ips1", "ips2", "spare"):
        scene.appliance.ask("tools", "--out-of-service", name)
    met, used = scene.used_by(10)
    assert met == [FORGED] * 10
    assert used == {"ips1": 0, "ips2": 0, "ips3": 10, "spare": 0}
