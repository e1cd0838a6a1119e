"""Why sessions failed, as an operator asks for it: whose fault, how far both legs came, and the likely cause."""
import os
import socket
import struct
import subprocess

import pytest

import origins
from conftest import Scene
from lab import SERVER4
from process import wait_for

pytestmark = pytest.mark.limpid_only

INSISTS = {"-tls1_2": 8460, "-tls1_3": 8461}
MODERN, RESETS = 8462, 8463
RULES = """    - { name: strict, when: { server_port: [8460, 8461] }, then: decrypt, client_certificate: block }
    - { name: dated, when: { sni: ["expired.example"] }, then: decrypt, verification: { expired: block } }"""


@pytest.fixture(scope="module")
def scene(make_lab, pki):
    return Scene(make_lab(), pki, rules=RULES)


def curl(scene, host, port=origins.ANY, *options, trust=None):
    done = scene.lab.run("client", "curl", "-sS", "--cacert", trust or scene.appliance.trust, "--resolve",
                         f"{host}:{port}:{SERVER4}", *options, f"https://{host}:{port}/index.html", text=True)
    assert done.returncode != 0, "it was to fail"
    return done


def failed(scene, port, **wanted):
    """The row of the one session with this port of the server that has these values."""
    def rows():
        return [row for row in scene.appliance.sessions("--failed") if row["server"].endswith(f":{port}")
                and all(row[key] == value for key, value in wanted.items())]

    return wait_for(f"a failed session at port {port} with {wanted}", rows)[0]


def s_server(scene, name, port, certificate, *options):
    scene.lab.start("server", name, "openssl", "s_server", "-accept", f"{SERVER4}:{port}", "-www", "-cert",
                    scene.pki.path(f"{certificate}.pem"), "-key", scene.pki.path(f"{certificate}.key"), *options)
    scene.lab.wait_listening(port)


def test_a_client_without_the_ca_is_told_which_one_to_install(scene):
    curl(scene, "www.shop.example", trust=scene.pki.path("internet.pem"))
    row = failed(scene, origins.ANY, host="www.shop.example")
    assert (row["reason"], row["culprit"]) == ("client_rejected_certificate", "client")
    assert row["cause"].startswith("the client refuses what it is shown (unknown_ca): the CA ")
    assert "CN=Interception CA" in row["cause"] and "is not installed there" in row["cause"]
    assert (row["client_last_received"], row["client_alert_received"]) == ("ClientHello", "unknown_ca")
    assert row["client_last_sent"] == row["server_last_received"] == row["server_last_sent"] == "Finished"


def test_a_certificate_for_another_name_is_the_servers_fault_and_both_names_are_said(scene):
    curl(scene, "wrong.example")
    row = failed(scene, origins.ANY, host="wrong.example")
    assert (row["certificate"], row["culprit"]) == ("name_mismatch", "server")
    assert "the server's certificate is not valid: " in row["cause"]
    assert "it is for shop.example" in row["cause"] and 'the client asked for "wrong.example"' in row["cause"]
    assert "CN=Untrusted CA" in row["cause"]


def test_a_certificate_that_has_expired_is_named_with_its_date(scene):
    curl(scene, "expired.example", origins.EXPIRED)
    row = failed(scene, origins.EXPIRED)
    assert (row["reason"], row["culprit"]) == ("server_certificate_expired", "server")
    assert "certificate has expired (2024-02-01" in row["cause"]
    assert (row["client_last_received"], row["client_last_sent"]) == ("ClientHello", "")
    assert row["client_alert_sent"] == "access_denied"


@pytest.mark.parametrize("version", ["-tls1_2", "-tls1_3"])
def test_a_server_that_demands_a_certificate_is_named_with_the_cas_that_it_takes(scene, version):
    port = INSISTS[version]
    s_server(scene, f"insists{version}", port, "server", version, "-Verify", "2", "-CAfile", scene.pki.path("internet.pem"),
             "-verify_return_error")
    curl(scene, "shop.example", port)
    row = failed(scene, port)
    assert row["cause"].startswith("the server asked for a certificate of its client, and was shown none; it takes those of")
    assert "CN=Internet CA" in row["cause"]
    assert row["reason"] == "server_wants_client_certificate"


def test_ends_without_a_version_in_common_are_told_what_each_has(scene):
    s_server(scene, "modern", MODERN, "server", "-tls1_3")
    curl(scene, "shop.example", MODERN, "--tls-max", "1.2")
    row = failed(scene, MODERN)
    assert (row["reason"], row["culprit"]) == ("server_handshake_failed", "server")
    assert row["cause"].startswith("no version in common with the server: the client offers TLS 1.2 at most")
    assert (row["server_last_received"], row["server_alert_received"]) == ("", "protocol_version")


def test_a_server_that_resets_says_behind_which_message(scene):
    def serve(connection):
        connection.recv(1)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.close()

    server = origins.PythonOrigin(scene.lab, RESETS, serve)
    curl(scene, "shop.example", RESETS)
    row = failed(scene, RESETS)
    assert (row["reason"], row["server_last_sent"]) == ("server_reset", "ClientHello")
    assert row["cause"].startswith("the server reset the connection behind the ClientHello: it, or a firewall before it")
    server.close()


def test_people_read_the_same_and_the_log_has_it_too(scene):
    done = subprocess.run([os.environ["LIMPID"], "sessions", "--failed", "--host", "wrong", "-c", scene.appliance.config],
                          capture_output=True, text=True, timeout=20)
    assert done.returncode == 0, done.stderr
    assert "  reason       client_rejected_certificate (culprit: server): " in done.stdout
    assert '  cause        the client refuses what it is shown (unknown_ca), as it would without limpid' in done.stdout
    assert "  client leg   from it ClientHello, the alert unknown_ca; to it Finished" in done.stdout
    scene.line_with("host=wrong.example", "client_last_sent=Finished", 'cause="the client refuses what it is shown')


def test_good_sessions_are_not_among_them(scene):
    done = scene.lab.run("client", "curl", "-sSf", "--cacert", scene.appliance.trust, "https://shop4.example/index.html",
                         text=True)
    assert done.returncode == 0, done.stderr
    wait_for("the good session", lambda: [row for row in scene.appliance.sessions("--all") if row["finished"]
                                          and row["host"] == "shop4.example"])
    assert [row for row in scene.appliance.sessions("--failed") if row["host"] == "shop4.example"] == []
