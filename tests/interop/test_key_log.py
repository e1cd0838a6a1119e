"""The key log opens what is recorded on the wires of both sides, of the hosts that it was asked for."""
import os
import stat

import pytest

import origins
from capture_file import CaptureFile
from conftest import Scene
from process import wait_for

pytestmark = pytest.mark.limpid_only

TLS = '  key_log: { file: keys.log, hosts: ["shop4.example"] }\n'


@pytest.fixture(scope="module")
def shop(make_lab, pki):
    return Scene(make_lab(), pki, tls=TLS)


class Wire:
    """All of a host's frames with this port, in a file."""

    def __init__(self, lab, role, port):
        self.path = lab.folder / f"{role}-{port}.pcapng"
        self.process = lab.start(role, f"tshark-{role}-{port}", "tshark", "-n", "-i", "eth0", "-f", f"tcp port {port}", "-w",
                                 str(self.path))
        wait_for("tshark", lambda: "File:" in self.process.log())


def fetch(scene, host, port):
    done = scene.lab.run("client", "curl", "-sSf", "--http1.1", "--cacert", scene.appliance.trust, "-o", "/dev/null", "-w",
                         "%{local_port}", "-H", "Connection: close", f"https://{host}:{port}/index.html", text=True)
    assert done.returncode == 0, done.stderr
    return int(done.stdout)


@pytest.mark.parametrize("port", [origins.TLS12, origins.TLS13])
def test_tshark_decrypts_both_sides_wires_with_it(shop, port):
    wires = [Wire(shop.lab, role, port) for role in ("client", "server")]
    client_port = fetch(shop, "shop4.example", port)
    for wire in wires:
        def answers(wire=wire):
            file = CaptureFile(wire.path, keys=shop.lab.folder / "keys.log")
            return file.rows(f"http.response && tls && tcp.port == {client_port}", "http.response.code", protocol="tls",
                             port=port, growing=True)

        assert wait_for(f"the decrypted answer in {wire.path}", answers) == [{"http.response.code": "200"}]
        opened = CaptureFile(wire.path)
        assert opened.rows("http", "frame.number", protocol="tls", port=port, growing=True) == [], "without it nothing opens"
        wire.process.stop()


def test_nothing_of_other_hosts_is_in_it(shop):
    keys = shop.lab.folder / "keys.log"
    before = keys.stat().st_size
    fetch(shop, "shop.example", origins.ANY)
    fetch(shop, "shop4.example", origins.ANY)
    text = wait_for("the second session's secrets", lambda: keys.stat().st_size > before and keys.read_text())[before:]
    assert text.count("CLIENT_TRAFFIC_SECRET_0 ") <= 2, "both legs of one session"


def test_it_is_its_owners_alone_and_the_log_warns_of_it(shop):
    assert stat.S_IMODE(os.stat(shop.lab.folder / "keys.log").st_mode) == 0o600
    written = shop.lab.folder / "keys.log"
    wait_for("all that is written to be counted",
             lambda: shop.appliance.stats()["more"]["key log: bytes written"] == written.stat().st_size)
    assert shop.appliance.stats()["more"]["key log: entries lost"] == 0
    assert "tls.key_log.file: the secrets of decrypted sessions are appended to " in shop.appliance.process.log()
