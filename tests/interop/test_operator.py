"""What an operator sees and does while limpid runs: statistics, mirrors, the log, the stop."""
import pytest

from conftest import Scene
from lab import sh

MIRROR_PORT = "m0"


@pytest.fixture(scope="module")
def scene(make_lab, pki):
    lab = make_lab()
    box = ("ip", "-n", lab.names["box"], "link")
    sh(*box, "add", MIRROR_PORT, "type", "veth", "peer", "name", "ids")
    for end in (MIRROR_PORT, "ids"):
        sh(*box, "set", end, "up")
    return Scene(lab, pki, tools=f"  - {{ name: ids, mirror: {{ interface: {MIRROR_PORT} }} }}",
                 rules="    - { name: watched, then: decrypt, tools: [recorder, ids] }")


def fetch(scene):
    done = scene.lab.run("client", "curl", "-sS", "--cacert", scene.appliance.trust, "https://shop.example/", text=True)
    assert done.returncode == 0, done.stderr


@pytest.mark.limpid_only
def test_both_kinds_of_mirror_show_what_they_did(scene):
    fetch(scene)
    rows = {row["tool"]: row for row in scene.appliance.stats()["mirrors"]}
    assert {name: row["kind"] for name, row in rows.items()} == {"recorder": "pcapng", "ids": "interface"}
    assert rows["ids"]["sessions"] == rows["recorder"]["sessions"] == 1
    assert rows["ids"]["packets"] > 0 and rows["ids"]["bytes"] > 0


@pytest.mark.limpid_only
def test_every_port_shows_what_it_refused(scene):
    more = scene.appliance.stats()["more"]
    for port in ("d0", "d1", MIRROR_PORT):
        assert {f"port {port} receive refused", f"port {port} transmit refused"} <= more.keys()
