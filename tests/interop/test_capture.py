"""`limpid capture`: the handshakes of both legs in a file that tshark reads, decrypted where that was asked for."""
import json
import os
import signal
import stat
import subprocess

import pytest

import origins
from capture_file import COMPLAINTS, CaptureFile
from conftest import Scene
from lab import CLIENT4, SERVER4
from process import Process, wait_for

pytestmark = pytest.mark.limpid_only

CLIENT_LEG, SERVER_LEG = 'frame.interface_name == "client leg"', 'frame.interface_name == "server leg"'


@pytest.fixture(scope="module")
def scene(make_lab, pki):
    return Scene(make_lab(), pki, tls="  resumption: off\n")  # a resumed leg has no certificates to be read


@pytest.fixture
def capture(scene, request):
    """capture(*options): a running `limpid capture`, and its file."""
    running = []

    def start(*options):
        name = f"{request.node.name.strip(']').replace('[', '-')}-{len(running)}"
        file = scene.lab.folder / f"{name}.pcapng"
        command = [os.environ["LIMPID"], "capture", "-c", scene.appliance.config, "-o", str(file), *options]
        process = Process(command, str(scene.lab.folder / f"{name}.log"))
        running.append(process)
        wait_for("the capture", lambda: "recording" in process.log() or not process.running())
        assert process.running(), process.log()
        return process, file

    yield start
    for process in running:
        process.stop()


def fetch(scene, host="shop4.example", port=origins.ANY, trust=None):
    return scene.lab.run("client", "curl", "-sSf", "--http1.1", "--cacert", trust or scene.appliance.trust, "-o", "/dev/null",
                         "-w", "%{local_port}", f"https://{host}:{port}/index.html", text=True)


def ended(process):
    """What it said, once it has ended by itself, and well."""
    wait_for("its end", lambda: not process.running())
    assert process.child.wait() == 0, process.log()
    return process.log()


def types(file, leg):
    """The types of the messages of a leg's handshake that are in the clear, in their order."""
    rows = file.rows(f"{leg} && tls.handshake.type", "tls.handshake.type", protocol="tls")
    return [int(each) for row in rows for each in row["tls.handshake.type"].split(",")]


@pytest.mark.parametrize("port", [origins.TLS12, origins.TLS13])
def test_tshark_reads_both_legs_of_a_session_that_matches(scene, capture, port):
    process, path = capture("--host", "shop4", "--server", f"{SERVER4}:{port}", "--client", f"{CLIENT4}/32", "--count", "1")
    assert fetch(scene, "shop.example", port).returncode == 0, "it is served while a capture runs, and not recorded"
    done = fetch(scene, port=port)
    assert done.returncode == 0, done.stderr
    assert "1 sessions, 0 of them failed (all sessions recorded)" in ended(process)
    file = CaptureFile(path)
    assert stat.S_IMODE(os.stat(path).st_mode) == 0o600
    hellos = file.rows("tls.handshake.type == 1", "frame.interface_name", "ip.src", "ip.dst", "tcp.srcport", "tcp.dstport",
                       "tls.handshake.extensions_server_name", protocol="tls", port=port)
    assert [row["frame.interface_name"] for row in hellos] == ["client leg", "server leg"]
    for row in hellos:
        assert (row["ip.src"], row["ip.dst"], row["tcp.dstport"]) == (CLIENT4, SERVER4, str(port))
        assert row["tls.handshake.extensions_server_name"] == "shop4.example"
    own = int(done.stdout)
    assert [int(row["tcp.srcport"]) for row in hellos] == [own, own + 10000 if own <= 55535 else own - 10000]
    expected = [1, 2, 11] if port == origins.TLS12 else [1, 2]
    for leg in (CLIENT_LEG, SERVER_LEG):
        assert types(file, leg)[:len(expected)] == expected
    assert file.rows("http", "frame.number", protocol="tls", port=port) == []
    assert file.rows(COMPLAINTS, "frame.number", protocol="tls", port=port) == []


def issuers(file, leg):
    rows = file.rows(f"{leg} && tls.handshake.type == 11", "x509sat.uTF8String", protocol="tls")
    return ",".join(row["x509sat.uTF8String"] for row in rows)


def test_with_secrets_tshark_shows_the_certificates_of_both_legs(scene, capture):
    process, path = capture("--count", "1", "--with-secrets")
    assert fetch(scene, port=origins.TLS13).returncode == 0
    ended(process)
    file = CaptureFile(path)
    assert "Interception CA" in issuers(file, CLIENT_LEG)
    assert "Internet CA" in issuers(file, SERVER_LEG)
    assert "Interception CA" not in issuers(file, SERVER_LEG)
    for leg in (CLIENT_LEG, SERVER_LEG):
        assert 20 in types(file, leg), "Finished can be read"


def test_without_secrets_a_reader_sees_none(scene, capture):
    process, path = capture("--count", "1")
    assert fetch(scene, port=origins.TLS13).returncode == 0
    ended(process)
    assert issuers(CaptureFile(path), CLIENT_LEG) == ""
    assert b"TRAFFIC_SECRET" not in path.read_bytes()


def test_of_failures_the_file_says_why_and_holds_the_alert(scene, capture):
    process, path = capture("--failed", "--count", "1", "--with-secrets")
    assert fetch(scene).returncode == 0, "a good one, which is not wanted"
    assert fetch(scene, "www.shop.example", trust=scene.pki.path("internet.pem")).returncode != 0
    assert "1 sessions, 1 of them failed" in ended(process)
    file = CaptureFile(path)
    comments = file.rows("frame.comment", "frame.interface_name", "frame.comment", protocol="tls")
    assert [row["frame.interface_name"] for row in comments] == ["client leg", "server leg"]
    assert "www.shop.example; client_rejected_certificate: " in comments[0]["frame.comment"]
    assert "likely cause: the client refuses what it is shown (unknown_ca)" in comments[0]["frame.comment"]
    assert file.rows(f"{CLIENT_LEG} && tls.alert_message.desc == 48", "frame.number", protocol="tls")


def test_ctrl_c_ends_it_and_a_second_one_is_refused_meanwhile(scene, capture):
    process, path = capture("--count", "100", "--seconds", "600")
    second = subprocess.run([os.environ["LIMPID"], "capture", "-c", scene.appliance.config, "-o", str(path) + "2"],
                            capture_output=True, text=True, timeout=20)
    assert second.returncode == 1 and "another capture is running" in second.stderr, second.stderr
    assert not os.path.exists(str(path) + "2")
    assert fetch(scene).returncode == 0
    wait_for("the session", lambda: "1 sessions" in process.log())
    process.child.send_signal(signal.SIGINT)
    assert "1 sessions, 0 of them failed (stopped)" in ended(process)
    assert types(CaptureFile(path), CLIENT_LEG)[:2] == [1, 2]


def test_machines_get_the_end_of_it_as_json(scene):
    path = scene.lab.folder / "json.pcapng"
    done = subprocess.run([os.environ["LIMPID"], "capture", "-c", scene.appliance.config, "-o", str(path), "--json",
                           "--seconds", "1"], capture_output=True, text=True, timeout=20)
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    assert (answer["sessions"], answer["over"], answer["file"]) == (0, "its time is over", str(path))
    assert CaptureFile(path).rows("tcp", "frame.number") == []
