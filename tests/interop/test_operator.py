"""What an operator sees and does while limpid runs: statistics, mirrors, the log, the stop."""
import os
import signal
import subprocess

import pytest

from conftest import Scene
from lab import SERVER4, sh
from process import wait_for

MIRROR_PORT = "m0"
FILE_BYTES, FILES = 64 << 10, 3  # of the rotated recording
PAGE_BYTES = 100_000
TOOLS = f"""  - {{ name: ids, mirror: {{ interface: {MIRROR_PORT} }} }}
  - {{ name: rotated, mirror: {{ pcapng: row.pcapng, rotate: {{ size: {FILE_BYTES >> 10}KiB, keep: {FILES} }} }} }}"""
RULES = """    - { name: watched, then: decrypt, tools: [recorder, ids, rotated] }
logging: { file: operator.log }"""


@pytest.fixture(scope="module")
def scene(make_lab, pki):
    lab = make_lab()
    box = ("ip", "-n", lab.names["box"], "link")
    sh(*box, "add", MIRROR_PORT, "type", "veth", "peer", "name", "ids")
    for end in (MIRROR_PORT, "ids"):
        sh(*box, "set", end, "up")
    scene = Scene(lab, pki, tools=TOOLS, rules=RULES)
    (lab.folder / "www" / "page").write_bytes(os.urandom(PAGE_BYTES))
    return scene


def fetch(scene):
    done = scene.lab.run("client", "curl", "-sS", "--cacert", scene.appliance.trust, "https://shop.example/page")
    assert len(done.stdout) == PAGE_BYTES, done.stderr


@pytest.mark.limpid_only
def test_both_kinds_of_mirror_show_what_they_did(scene):
    fetch(scene)
    rows = {row["tool"]: row for row in scene.appliance.stats()["mirrors"]}
    assert {name: row["kind"] for name, row in rows.items()} == {"recorder": "pcapng", "ids": "interface",
                                                                     "rotated": "pcapng"}
    assert rows["ids"]["sessions"] == rows["recorder"]["sessions"] > 0
    assert rows["ids"]["packets"] > 0 and rows["ids"]["bytes"] > 0


@pytest.mark.limpid_only
def test_every_port_shows_what_it_refused(scene):
    more = scene.appliance.stats()["more"]
    for port in ("d0", "d1", MIRROR_PORT):
        assert {f"port {port} receive refused", f"port {port} transmit refused"} <= more.keys()


@pytest.mark.limpid_only
def test_a_certificate_is_counted_exactly_when_asked_and_after_the_stop(scene):
    def count(*options):
        return sum(row["count"] for row in scene.appliance.certificates(*options))

    def count_written():
        # Who asks waits for what is being written, a second at most; what a slow disk has not taken by then is shown later.
        count()
        wait_for("all of it to be written", lambda: scene.appliance.stats()["inventory"]["waiting"] == 0)
        return count()

    before = count_written()
    for _ in range(3):
        fetch(scene)
    assert count_written() == before + 3
    for _ in range(2):
        fetch(scene)
    assert scene.appliance.process.stop() == 0
    assert count() == before + 5, "read from the database"
    scene.appliance.start()


@pytest.mark.limpid_only
def test_a_session_whose_client_names_no_server_is_found_by_the_servers_certificate(scene):
    def found(*options):
        return [row for row in scene.appliance.sessions("--host", "www.shop.EXAMPLE", *options) if row["host"] == ""]

    client = scene.lab.start("client", "nameless", "openssl", "s_client", "-noservername", "-connect",
                             f"{SERVER4}:443", stdin=subprocess.PIPE)
    row = wait_for("the session", lambda: found())[0]
    assert row["certificate_subject"] == "CN=shop.example" and "www.shop.example" in row["certificate_names"]
    client.stop()
    wait_for("its end", lambda: [row for row in found("--all") if row["finished"]])
    lines = wait_for("its line", lambda: [line for line in open(scene.lab.path("operator.log")) if "certificate_subject=" in line])
    assert "certificate_names=shop.example," in lines[0] and " host=" not in lines[0]


@pytest.mark.limpid_only
def test_the_log_goes_on_in_a_new_file_after_a_hangup(scene):
    log, moved = scene.lab.path("operator.log"), scene.lab.path("operator.log.1")
    os.rename(log, moved)
    os.kill(scene.appliance.process.pid, signal.SIGHUP)
    wait_for("the new log", lambda: os.path.exists(log))
    fetch(scene)
    wait_for("a session's line", lambda: " session " in open(log).read())
    assert "is running" in open(moved).read() and "is running" not in open(log).read()


@pytest.mark.limpid_only
def test_a_rotated_recording_keeps_the_latest_files_each_readable_by_itself(scene):
    for _ in range(5):
        fetch(scene)
    assert scene.appliance.process.stop() == 0  # then everything is written
    files = sorted(scene.lab.folder.glob("row*.pcapng"))
    numbers = [int(file.name.split("_")[1]) for file in files]
    assert numbers == list(range(numbers[0], numbers[0] + FILES)) and numbers[0] > 1
    for file in files:
        assert file.stat().st_size <= FILE_BYTES
        done = scene.lab.run("box", "tshark", "-n", "-r", str(file), "-T", "fields", "-e", "frame.number", text=True)
        assert done.returncode == 0 and "cut short" not in done.stderr, done.stderr
