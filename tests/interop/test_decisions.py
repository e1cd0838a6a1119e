"""What policy decides, and what a session that fails says about whose fault it was."""
import hashlib
import random
import socket

import pytest

import origins
from conftest import Scene
from lab import SERVER4
from process import wait_for

WEAK_PORT = 8450
NOT_TLS_PORT = 8446  # no rule is about it: its flows are watched until their first bytes are known


@pytest.fixture(scope="module")
def scene(make_lab, pki):
    return Scene(make_lab(), pki, rules='    - { name: forbidden, when: { sni: ["rsa.example"] }, then: block }')


def curl(scene, url, *options):
    return scene.lab.run("client", "curl", "-sS", "--cacert", scene.appliance.trust, *options, url, text=True)


def line_with(scene, *words):
    return wait_for(f"a session's line with {words}",
                    lambda: [line for line in scene.appliance.session_lines() if all(word in line for word in words)])


@pytest.mark.limpid_only
def test_a_blocked_name_is_reset_and_the_rule_named(scene):
    done = curl(scene, f"https://rsa.example:{origins.RSA}/")
    assert done.returncode == 35 and "reset" in done.stderr, done.stderr
    line_with(scene, "decision=block", "rule=forbidden", "host=rsa.example", "reason=blocked_by_rule")


@pytest.mark.limpid_only
def test_a_client_that_rejects_the_forged_certificate_is_the_culprit(scene):
    done = scene.lab.run("client", "curl", "-sS", "--cacert", scene.pki.path("internet.pem"),
                         "https://www.shop.example/", text=True)
    assert done.returncode == 60, done.stderr
    line_with(scene, "host=www.shop.example", "reason=client_rejected_certificate", "culprit=client")


@pytest.mark.limpid_only
def test_a_server_that_todays_clients_refuse_is_refused_and_is_the_culprit(scene):
    """A Diffie-Hellman group below 2048 bits; this client would take it, browsers would not."""
    group = scene.lab.path("dh1536.pem")
    made = scene.lab.run("server", "openssl", "genpkey", "-genparam", "-algorithm", "DH", "-pkeyopt", "group:modp_1536",
                         "-out", group)
    assert made.returncode == 0, made.stderr
    weak = "DHE-RSA-AES128-GCM-SHA256:@SECLEVEL=0"
    scene.lab.start("server", "weak", "openssl", "s_server", "-accept", f"{SERVER4}:{WEAK_PORT}", "-www", "-tls1_2",
                    "-cert", scene.pki.path("rsa.pem"), "-key", scene.pki.path("rsa.key"), "-dhparam", group, "-cipher",
                    weak)
    scene.lab.wait_listening(WEAK_PORT)
    passed = scene.lab.run("client", "openssl", "s_client", "-connect", f"{SERVER4}:{WEAK_PORT}", "-servername",
                           "bank.example", "-tls1_2", "-cipher", weak, text=True)
    assert "Server Temp Key: DH, 1536 bits" in passed.stdout, "the server is as weak as it should be"
    done = curl(scene, f"https://{SERVER4}:{WEAK_PORT}/", "--tls-max", "1.2", "--ciphers", weak)
    assert done.returncode == 35 and "handshake failure" in done.stderr, done.stderr
    line_with(scene, f":{WEAK_PORT} ", "decision=decrypt", "reason=server_too_weak", "culprit=server",
              'detail="the server: dh key too small (answered with the alert handshake_failure)"')


@pytest.mark.limpid_only
def test_open_sessions_are_shown_with_their_states(scene):
    with origins.client_context(scene.appliance).wrap_socket(scene.lab.connect(origins.ANY),
                                                             server_hostname="shop.example") as session:
        session.sendall(b"GET / HTTP/1.1\r\nHost: shop.example\r\n\r\n")
        assert session.recv(100).startswith(b"HTTP/1.1 200")
        row = scene.appliance.sessions("--host", "shop.example")[0]
    assert row["state"].startswith("EST:EST")
    assert (row["decision"], row["rule"], row["segment"]) == ("decrypt", "default", "lab")
    assert row["client_version"] == row["server_version"] == "TLS 1.3"


def test_what_is_not_tls_crosses_a_watched_port_unharmed(scene):
    def serve(connection):
        while data := connection.recv(65536):
            connection.sendall(data)
        connection.close()

    server = origins.PythonOrigin(scene.lab, NOT_TLS_PORT, serve)
    body = random.Random(5).randbytes(200_000)
    for first in (b"SSH-2.0-not-tls\r\n", b"\x16\x03\x01", b"\x16", b"\x16\x03\x01\x02\x00\x02", b"GET / HTTP/1.1\r\n"):
        with scene.lab.connect(NOT_TLS_PORT) as connection:
            connection.sendall(first)
            connection.sendall(body)
            connection.shutdown(socket.SHUT_WR)
            seen = b""
            while part := connection.recv(65536):
                seen += part
        assert hashlib.sha256(seen).digest() == hashlib.sha256(first + body).digest(), first
    server.close()


def test_a_server_that_speaks_first_is_heard(scene):
    server = origins.PythonOrigin(scene.lab, NOT_TLS_PORT + 1, lambda connection: connection.sendall(b"220 hello\r\n"))
    with scene.lab.connect(NOT_TLS_PORT + 1) as connection:
        assert connection.recv(100) == b"220 hello\r\n"
    server.close()
