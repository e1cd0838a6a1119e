"""Resumption on both legs, with real clients and servers, and early data that is refused."""
import pytest

import origins
from conftest import Scene
from lab import SERVER4
from process import wait_for

pytestmark = pytest.mark.limpid_only

# nginx with session tickets and with a session cache, or without: whether its legs can be resumed.
VARIANTS = {"both": (9601, "on", "shared:a:1m", True), "tickets": (9602, "on", "off", True),
            "cache": (9603, "off", "shared:b:1m", True), "neither": (9604, "off", "off", False)}
EARLY, EARLY_PASSED, S_SERVER = 9605, 9606, 9607
RULES = f"    - {{ name: early, when: {{ server_port: [{EARLY_PASSED}] }}, then: pass }}"
REQUEST = "GET /index.html HTTP/1.0\r\nHost: shop.example\r\n\r\n"


def nginx_configuration(lab, pki):
    def server(port, tickets, cache, more=""):
        return f"""
  server {{
    listen {SERVER4}:{port} ssl; root {lab.path('www')}; {more}
    ssl_certificate {pki.path('server.pem')}; ssl_certificate_key {pki.path('server.key')};
    ssl_protocols TLSv1.2 TLSv1.3; ssl_session_tickets {tickets}; ssl_session_cache {cache};
  }}"""

    servers = "".join(server(port, tickets, cache) for port, tickets, cache, _ in VARIANTS.values())
    early = "".join(server(port, "on", "shared:e:1m", "ssl_early_data on;") for port in (EARLY, EARLY_PASSED))
    return f"""
daemon off; user root; worker_processes 1; pid {lab.path('resuming.pid')}; error_log {lab.path('resuming-error.log')};
events {{ }}
http {{ access_log off; {servers} {early} }}
"""


@pytest.fixture(scope="module")
def scene(make_lab, pki):
    scene = Scene(make_lab(), pki, rules=RULES, cores="[0, 1]")
    with open(scene.lab.path("resuming.conf"), "w") as out:
        out.write(nginx_configuration(scene.lab, pki))
    scene.lab.start("server", "resuming", "nginx", "-p", str(scene.lab.folder), "-c", scene.lab.path("resuming.conf"))
    scene.lab.wait_listening(EARLY_PASSED)
    scene.lab.start("server", "s_server", "openssl", "s_server", "-accept", f"{SERVER4}:{S_SERVER}", "-WWW", "-cert",
                    pki.path("server.pem"), "-key", pki.path("server.key"), cwd=scene.lab.folder / "www")
    scene.lab.wait_listening(S_SERVER)
    return scene


def s_client(scene, port, *options, trust=None):
    return scene.lab.converse("shop.example", [
        "openssl", "s_client", "-connect", f"{SERVER4}:{port}", "-servername", "shop.example", "-CAfile",
        trust or scene.appliance.trust, "-verify_return_error", "-ign_eof", *options], until=b"</html>")


class Sessions:
    """The log's lines about the sessions with this port from now on. Two workers' lines may come in any order."""

    def __init__(self, scene, port):
        self.scene, self.port = scene, port
        self.before = len(self._lines())

    def _lines(self):
        return [line for line in self.scene.appliance.session_lines() if f":{self.port} " in line]

    def resumed_of(self, count):
        """Those of so many whose client leg was resumed."""
        lines = wait_for(f"{count} sessions with port {self.port}",
                         lambda: self._lines() if len(self._lines()) >= self.before + count else None)
        return [line for line in lines[self.before:] if "client_resumed=yes" in line]


@pytest.mark.parametrize("variant", list(VARIANTS))
@pytest.mark.parametrize("how", [("-tls1_2",), ("-tls1_2", "-no_ticket"), ("-tls1_3",)],
                         ids=["tls12-ticket", "tls12-identifier", "tls13"])
def test_both_legs_are_resumed_as_far_as_the_server_resumes(scene, variant, how):
    port, _, _, resumes = VARIANTS[variant]
    sessions = Sessions(scene, port)
    session = scene.lab.path(f"session-{variant}{''.join(how)}.pem")
    first = s_client(scene, port, *how, "-sess_out", session)
    assert "\nNew, " in first and f"CN = {scene.appliance.issuer}" in first
    assert "\nReused, " in s_client(scene, port, *how, "-sess_in", session)
    resumed, = sessions.resumed_of(2)
    assert ("server_resumed=yes" in resumed) == resumes
    assert "certificate=trusted" in resumed, "the certificate of the session's first handshake"


@pytest.mark.parametrize("port", [VARIANTS["both"][0], S_SERVER], ids=["nginx", "s_server"])
def test_s_client_reconnects_with_one_session_again_and_again(scene, port):
    done = scene.lab.run("client", "openssl", "s_client", "-connect", f"{SERVER4}:{port}", "-servername",
                         "shop.example", "-CAfile", scene.appliance.trust, "-verify_return_error", "-tls1_2",
                         "-reconnect", input="Q\n", stdin=None, text=True)
    assert done.stdout.count("\nReused, ") == 5, done.stdout + done.stderr


@pytest.mark.parametrize("version", ["1.2", "1.3"])
def test_gnutls_resumes(scene, version):
    done = scene.lab.run("client", "gnutls-cli", "--resume", "--waitresumption", "--x509cafile", scene.appliance.trust,
                         "--priority", f"NORMAL:-VERS-ALL:+VERS-TLS{version}", "-p", str(VARIANTS["both"][0]),
                         "shop4.example", input=REQUEST, stdin=None, text=True)
    assert "*** This is a resumed session" in done.stdout, done.stdout + done.stderr


@pytest.mark.parametrize("version", ["1.2", "1.3"])
def test_curl_resumes_on_its_next_connection(scene, version):
    port = origins.TLS12 if version == "1.2" else origins.TLS13
    sessions = Sessions(scene, port)
    url = f"https://shop.example:{port}/index.html"
    done = scene.lab.run("client", "curl", "-sS", "--cacert", scene.appliance.trust, "-H", "Connection: close",
                         "--http1.1", url, url, text=True)
    assert (done.returncode, done.stdout) == (0, origins.PAGE * 2), done.stderr
    assert len(sessions.resumed_of(2)) == 1


def test_early_data_is_refused_and_the_session_goes_on(scene):
    """It is offered with a session that the client has with the server itself, from before limpid came between."""
    session = scene.lab.path("session-early.pem")
    direct = scene.pki.path("internet.pem")
    s_client(scene, EARLY_PASSED, "-tls1_3", "-sess_out", session, trust=direct)
    with open(scene.lab.path("early-data"), "w") as out:
        out.write(REQUEST)
    early = ("-tls1_3", "-sess_in", session, "-early_data", scene.lab.path("early-data"))
    accepted = s_client(scene, EARLY_PASSED, *early, trust=direct)
    assert "Early data was accepted" in accepted, "otherwise there is nothing to refuse"
    s_client(scene, EARLY_PASSED, "-tls1_3", "-sess_out", session, trust=direct)
    refused = s_client(scene, EARLY, *early)
    assert "Early data was rejected" in refused and "\nNew, " in refused
    assert origins.PAGE.strip() in refused


def test_tickets_of_limpid_are_not_good_for_early_data(scene):
    session = scene.lab.path("session-late.pem")
    said = s_client(scene, EARLY, "-tls1_3", "-sess_out", session)
    assert "Max Early Data: 0" in said
    done = scene.lab.run("client", "gnutls-cli", "--resume", "--waitresumption", "--earlydata",
                         scene.lab.path("session-late.pem"), "--x509cafile", scene.appliance.trust, "--priority",
                         "NORMAL:-VERS-ALL:+VERS-TLS1.3", "-p", str(EARLY), "shop4.example", input=REQUEST, stdin=None,
                         text=True)
    assert "*** This is a resumed session" in done.stdout, done.stdout + done.stderr
