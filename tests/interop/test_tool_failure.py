"""What becomes of two hundred sessions, and of new ones, where their inline tool fails: each way in which a tool fails
(its process is killed, its link goes, it swallows everything) with each thing that an operator may want then. Prints the
table of docs/operations/tools.md: pytest -s tests/interop/test_tool_failure.py"""
import os
import time
from datetime import datetime

import pytest

import inline_tools
import origins
from appliance import Appliance
from lab import sh
from many_sessions import ManySessions, context_for, one_new
from process import wait_for

pytestmark = pytest.mark.limpid_only

SESSIONS = 200
RECOVERY = 1.0
HEARTBEAT = f"heartbeat: {{ interval: 200ms, timeout: 200ms, misses: 3, recovery: {RECOVERY:g}s }}"
DOWN_WITHIN = 3.0  # three intervals and the judgement, on a machine that does everything else as well
FORGED, OWN = "Interception CA", "Internet CA"

# What the operator wants -> what a new session meets meanwhile.
ACTIONS = {
    "reset": "refused",
    "bypass": FORGED,
    "bypass_network": OWN,
    "drop_network": "no answer",
    "ports_down": "no answer",
}
WORDS = {FORGED: "intercepted, past the tool", OWN: "forwarded, not intercepted", "refused": "reset",
         "no answer": "no answer"}


class Tool:
    """A process that passes frames between ta and tb, and the ways in which it fails."""

    def __init__(self, lab):
        self.lab = lab
        self._start()

    def _start(self):
        self.process = self.lab.start("tool", "tool", os.environ["IMPAIR"], "--a", "ta", "--b", "tb")

    def fail(self, way):
        if way == "killed":
            self.process.kill()
        elif way == "link down":
            sh("ip", "-n", self.lab.names["tool"], "link", "set", "tb", "down")
        else:
            os.kill(self.process.pid, 19)  # SIGSTOP: it is there, and passes nothing

    def recover(self, way):
        if way == "killed":
            self._start()
        elif way == "link down":
            self.process.kill()  # its socket has lost its interface
            sh("ip", "-n", self.lab.names["tool"], "link", "set", "tb", "up")
            self._start()
        else:
            os.kill(self.process.pid, 18)  # SIGCONT


class FailureScene:
    def __init__(self, make_lab, pki, on_failure, open_sessions):
        self.lab = make_lab()
        self.lab.add_tool()
        self.tool = Tool(self.lab)
        more = f"{HEARTBEAT}, on_failure: {on_failure}, open_sessions: {open_sessions}"
        self.appliance = Appliance(self.lab, pki, tools=inline_tools.tool(more=more), rules=inline_tools.RULES)
        origins.start_nginx(self.lab, pki)
        self.context = context_for(self.appliance.trust, pki.path("internet.pem"))

    def state(self):
        return self.appliance.ask("tools")["inline_tools"][0]["state"]

    def wait_state(self, state, seconds=20):
        wait_for(f"the tool to be {state}", lambda: self.state() == state, seconds)

    def downs(self):
        """When the tool went down: as the log says it, to the millisecond."""
        return [datetime.fromisoformat(line.split()[0]).timestamp() for line in self.appliance.process.log().splitlines()
                if "tool ips: down (before: " in line]

    def new(self, expected=FORGED):
        return one_new(self.lab, self.context, **({"seconds": 1.5} if expected == "no answer" else {}))

    def wait_intercepted(self):
        wait_for("a new session through the tool", lambda: self.new() == FORGED, 20)


def row(*cells):
    print("| " + " | ".join(cells) + " |")


@pytest.fixture(scope="module", autouse=True)
def table():
    print()
    row("`on_failure`, `open_sessions`", "the tool", "down after", "200 open sessions", "new sessions meanwhile",
        "all is well again after")
    row(*["---"] * 6)


def seconds_text(seconds):
    return f"{seconds:.1f} s"


def fail_and_recover(scene, way, meanwhile):
    """The open sessions, when the tool failed, how long it took to be down, and to be as before."""
    scene.wait_state("up")
    sessions = ManySessions(scene.lab, scene.context, SESSIONS)
    downs = len(scene.downs())
    failed = time.time()
    scene.tool.fail(way)
    scene.wait_state("down")
    down = wait_for("the log to say so", lambda: scene.downs()[downs:])[0] - failed
    assert down < DOWN_WITHIN
    wait_for(f"new sessions to meet: {meanwhile}", lambda: scene.new(meanwhile) == meanwhile, 20)
    if meanwhile != "no answer":
        assert [scene.new() for _ in range(4)] == [meanwhile] * 4
    recovered = time.monotonic()
    scene.tool.recover(way)
    scene.wait_state("up")
    scene.wait_intercepted()
    return sessions, down, recovered, time.monotonic() - recovered


@pytest.mark.parametrize("on_failure", ACTIONS)
def test_all_sessions_of_a_failed_tool_are_reset_and_new_ones_meet_what_the_operator_wants(make_lab, pki, on_failure):
    scene = FailureScene(make_lab, pki, on_failure, "reset")
    meanwhile = ACTIONS[on_failure]
    for way in ("killed", "link down", "black hole"):
        sessions, down, _, again = fail_and_recover(scene, way, meanwhile)
        # Where nothing gets through, a client learns of the reset when something does again.
        wait_for(f"{way}: all sessions to be reset", lambda: len(sessions.ended("reset")) == SESSIONS, 20,
                 sessions.ends)
        sessions.close()
        row(f"`{on_failure}`, `reset`", way, seconds_text(down), f"{SESSIONS} reset", WORDS[meanwhile],
            seconds_text(again))


@pytest.mark.parametrize("way", ("killed", "link down", "black hole"))
def test_sessions_that_wait_go_on_where_the_tool_comes_back(make_lab, pki, way):
    scene = FailureScene(make_lab, pki, "bypass", "wait")
    sessions, down, recovered, again = fail_and_recover(scene, way, FORGED)
    wait_for("all sessions to go on", lambda: len(sessions.going_on(recovered)) == SESSIONS, 20, sessions.ends)
    sessions.close()
    row("`bypass`, `wait`", way, seconds_text(down), f"{SESSIONS} went on through the tool",
        WORDS[FORGED], seconds_text(again))
    shown = scene.appliance.ask("tools")["inline_tools"][0]
    assert shown["bypassed"] >= 5 and shown["resets"] == 0


def test_an_operator_takes_a_tool_out_of_service_and_no_session_is_lost(make_lab, pki):
    scene = FailureScene(make_lab, pki, "reset", "reset")
    scene.wait_state("up")
    sessions = ManySessions(scene.lab, scene.context, 20)

    def tool():
        return scene.appliance.ask("tools")["inline_tools"][0]

    before = tool()["sessions"]
    assert scene.appliance.ask("tools", "--out-of-service", "ips")["in_service"] is False
    assert [scene.new() for _ in range(5)] == [FORGED] * 5
    assert (tool()["sessions"], tool()["past"]) == (before, 5), "new ones go past it"
    moment = time.monotonic()
    wait_for("the open ones to go on", lambda: len(sessions.going_on(moment)) == 20)
    assert scene.appliance.ask("tools", "--in-service", "ips")["in_service"] is True
    assert scene.new() == FORGED
    assert tool()["sessions"] == before + 1
    sessions.close()
