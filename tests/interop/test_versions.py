"""Versions of TLS from before 2008, with real programs; what is below the minimum; hellos in the format of SSL 2.0.
SSL 3.0 is compiled out of every distribution's programs: old_tls.cc speaks it."""
import os
import subprocess

import pytest

import origins
from conftest import Scene
from lab import SERVER4

pytestmark = pytest.mark.limpid_only

OLD, PASSED_OLD, SSL2, SSL2_BLOCKED, SSL3 = {"1.0": 8501, "1.1": 8502}, 8503, 8504, 8505, 8506
OLD_TLS = os.environ.get("OLD_TLS") or os.path.join(os.path.dirname(os.environ.get("IMPAIR", "")), "old_tls")
ANY_CIPHER = "ALL:@SECLEVEL=0"
OPTION = {"1.0": "-tls1", "1.1": "-tls1_1"}
RULES = f"""    - {{ name: old, when: {{ server_port: [8501, 8502] }}, then: decrypt, versions: {{ min: tls1.0 }} }}
    - {{ name: ssl3, when: {{ server_port: [{SSL3}] }}, then: decrypt, versions: {{ min: ssl3 }} }}
    - {{ name: passed, when: {{ server_port: [{PASSED_OLD}] }}, then: decrypt, versions: {{ below_minimum: pass }} }}
    - {{ name: ssl2, when: {{ server_port: [{SSL2_BLOCKED}] }}, then: decrypt, versions: {{ ssl2_hello: block }} }}"""
SSL2_HELLO = bytes.fromhex("802e0103010015000000100100800300800700c0060040020080040080000004feff0000") + bytes(16)


@pytest.fixture(scope="module")
def scene(make_lab, pki):
    scene = Scene(make_lab(), pki, rules=RULES)
    for version, port in [*OLD.items(), ("1.0", PASSED_OLD)]:
        scene.lab.start("server", f"s_server-{port}", "openssl", "s_server", "-accept", f"{SERVER4}:{port}", "-WWW",
                        "-cert", pki.path("server.pem"), "-key", pki.path("server.key"), OPTION[version], "-cipher",
                        ANY_CIPHER, cwd=scene.lab.folder / "www")
        scene.lab.wait_listening(port)
    return scene


def s_client(scene, port, version, trust):
    """What it says: it ends when the server has answered."""
    return scene.lab.run("client", "openssl", "s_client", "-connect", f"{SERVER4}:{port}", "-servername", "shop.example",
                         "-CAfile", trust, "-verify_return_error", OPTION[version], "-cipher", ANY_CIPHER, "-ign_eof",
                         "-quiet", input=b"GET /index.html HTTP/1.0\r\n\r\n", stdin=None)


@pytest.mark.parametrize("version", list(OLD))
def test_an_old_version_is_decrypted_on_both_legs_where_its_rule_allows_it(scene, version):
    done = s_client(scene, OLD[version], version, scene.appliance.trust)
    assert origins.PAGE.encode() in done.stdout, done.stderr
    assert scene.line_with("rule=old", f'client_version="TLS {version}"', f'server_version="TLS {version}"')


def test_gnutls_gets_the_page_with_an_old_version(scene):
    done = scene.lab.run("client", "gnutls-cli", "--x509cafile", scene.appliance.trust, "--priority",
                         "NORMAL:-VERS-ALL:+VERS-TLS1.1", "-p", str(OLD["1.1"]), "shop4.example",
                         input=b"GET /index.html HTTP/1.0\r\n\r\n", stdin=None)
    assert b"The certificate is trusted" in done.stdout, done.stdout + done.stderr


def test_ssl3_is_decrypted_on_both_legs_where_its_rule_allows_it(scene):
    scene.lab.start("server", "ssl3", OLD_TLS, "serve", SERVER4, str(SSL3), "ssl3", scene.pki.path("rsa.pem"),
                    scene.pki.path("rsa.key"))
    scene.lab.wait_listening(SSL3)
    done = scene.lab.run("client", OLD_TLS, "ask", SERVER4, str(SSL3), "ssl3", scene.appliance.trust, "rsa.example",
                         text=True)
    first, second = done.stdout.splitlines()
    assert first.startswith("SSLv3 ") and first.endswith(" new answer to question"), done.stderr
    assert second.startswith("SSLv3 ") and second.endswith(" resumed answer to question"), done.stderr
    assert scene.line_with("rule=ssl3", 'client_version="SSL 3.0"', 'server_version="SSL 3.0"')
    assert scene.line_with("rule=ssl3", "client_resumed=yes", "server_resumed=yes")


def test_a_client_below_the_minimum_is_refused_with_the_alert_that_says_so(scene):
    done = s_client(scene, origins.ANY, "1.1", scene.appliance.trust)
    assert b"alert protocol version" in done.stderr, done.stderr
    assert scene.line_with("reason=client_version_unsupported", "culprit=client")


def test_a_client_below_the_minimum_is_passed_where_its_rule_says_so(scene):
    done = s_client(scene, PASSED_OLD, "1.0", scene.pki.path("internet.pem"))
    assert origins.PAGE.encode() in done.stdout, done.stderr
    assert scene.line_with("rule=passed", "reason=client_version_unsupported")


def test_a_hello_in_the_format_of_ssl_2_arrives_untouched(scene, origin):
    heard = []
    origin(SSL2, lambda connection: (heard.append(connection.recv(4096)), connection.close()))
    with scene.lab.connect(SSL2) as connection:
        connection.sendall(SSL2_HELLO)
        assert connection.recv(1) == b""
    assert heard == [SSL2_HELLO]
    assert scene.line_with("reason=client_hello_ssl2", f"server={SERVER4}:{SSL2}")


def test_a_hello_in_the_format_of_ssl_2_is_reset_where_its_rule_says_so(scene, origin):
    origin(SSL2_BLOCKED, lambda connection: connection.recv(4096))
    with scene.lab.connect(SSL2_BLOCKED) as connection:
        connection.sendall(SSL2_HELLO)
        with pytest.raises(ConnectionResetError):
            connection.recv(1)
    assert scene.line_with("reason=client_hello_ssl2", "rule=ssl2")


def test_version_lists_what_the_build_can_do():
    said = subprocess.run([os.environ["LIMPID"], "version"], capture_output=True, text=True, check=True).stdout
    for word in ("SSL 3.0", "TLS 1.3", "X25519MLKEM768", "TLS_AES_128_GCM_SHA256"):
        assert word in said
