"""Recordings of what the clients saw, TLS and all, which a reader decrypts with nothing but the file."""
import os
import stat

import pytest

import origins
from capture_file import COMPLAINTS, CaptureFile
from conftest import Scene
from process import wait_for

pytestmark = pytest.mark.limpid_only

TOOLS = """  - { name: sealed, mirror: { pcapng: sealed.pcapng, content: ciphertext } }
  - { name: both, mirror: { pcapng: both.pcapng, content: both } }"""
RULES = "    - { name: recorded, then: decrypt, tools: [sealed, both] }"


@pytest.fixture(scope="module")
def shop(make_lab, pki):
    return Scene(make_lab(), pki, tools=TOOLS, rules=RULES)


def fetch(scene, port, *options):
    """The client's port, of a session that ends."""
    done = scene.lab.run("client", "curl", "-sSf", "--cacert", scene.appliance.trust, "-o", "/dev/null", "-w",
                         "%{local_port}", *options, f"https://shop4.example:{port}/index.html", text=True)
    assert done.returncode == 0, done.stderr
    return int(done.stdout)


def decrypted(file, client_port, *fields, protocol="http", answer="http.response"):
    """What tshark finds inside the TLS of this connection, once the answer is there."""
    which = f"{protocol} && tls && tcp.port == {client_port}"
    return wait_for("a decrypted answer", lambda: file.rows(f"{which} && ({answer})", *fields, protocol="tls", growing=True))


@pytest.mark.parametrize("port, version", [(origins.TLS12, "0x0303"), (origins.TLS13, "0x0304")])
def test_tshark_decrypts_http_from_the_file_alone(shop, port, version):
    client_port = fetch(shop, port, "--http1.1", "-H", "Connection: close")
    file = CaptureFile(shop.lab.folder / "sealed.pcapng")
    rows = decrypted(file, client_port, "tcp.srcport", "http.response.code", "http.file_data")
    assert [(row["tcp.srcport"], row["http.response.code"]) for row in rows] == [(str(port), "200")]
    which = f"tcp.port == {client_port}"
    request = file.rows(f"{which} && http.request", "http.request.uri", protocol="tls", growing=True)
    assert request == [{"http.request.uri": "/index.html"}]
    hello = file.rows(f"{which} && tls.handshake.type == 2", "tls.handshake.extensions.supported_version",
                      "tls.handshake.version", protocol="tls", growing=True)[0]
    assert version in hello.values()
    assert file.rows(f"{which} && ({COMPLAINTS})", "frame.number", protocol="tls", growing=True) == []


def test_tshark_decrypts_http2(shop):
    client_port = fetch(shop, origins.ANY, "--http2")
    file = CaptureFile(shop.lab.folder / "sealed.pcapng")
    rows = decrypted(file, client_port, "http2.headers.status", protocol="http2", answer="http2.headers.status")
    assert rows[0]["http2.headers.status"] == "200"


def test_a_file_with_both_shows_each_session_twice_and_does_not_mix_them(shop):
    client_port = fetch(shop, origins.ANY, "--http1.1", "-H", "Connection: close")
    file = CaptureFile(shop.lab.folder / "both.pcapng")
    assert len(decrypted(file, client_port, "frame.number")) == 1
    plain = wait_for("the plaintext", lambda: file.rows(
        f"http.response && !tls && tcp.port == {client_port}", "tcp.srcport", port=origins.ANY + 10000, growing=True))
    assert plain == [{"tcp.srcport": str(origins.ANY + 10000)}]
    for port in (origins.ANY, origins.ANY + 10000):
        assert file.rows(f"tcp.port == {port} && tcp.port == {client_port} && ({COMPLAINTS})", "frame.number",
                         protocol="tls", growing=True) == []


def test_nobody_but_its_owner_reads_the_file(shop):
    assert stat.S_IMODE(os.stat(shop.lab.folder / "sealed.pcapng").st_mode) == 0o600
