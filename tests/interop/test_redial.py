"""What only the server shows, and what passes the session then: real nginx and openssl s_server that ask for a client's
certificate, or insist on one, curl that has one, and nothing lost on the second connection; dovecot, which is passed by its
certificate behind STARTTLS."""
import pytest

import origins
import real_servers
from conftest import Scene
from lab import CLIENT4, SERVER4
from process import wait_for

pytestmark = pytest.mark.limpid_only

ON, OPTIONAL, OWN, INSISTS12, INSISTS13, EXPIRED_PASSED, OLD_PASSED, NAMED, STRANGER = range(8501, 8510)
IMAP, POP3 = 143, 110
RULES = f"""    - {{ name: named, when: {{ server_port: [{NAMED}, {STRANGER}, {IMAP}, {POP3}], certificate: {{ name: [shop.example] }} }}, then: pass }}
    - {{ name: theirs, when: {{ server_port: [{ON}] }}, then: decrypt, client_certificate: pass }}
    - {{ name: expired, when: {{ server_port: [{EXPIRED_PASSED}] }}, then: decrypt, verification: {{ expired: pass }} }}
    - {{ name: old, when: {{ server_port: [{OLD_PASSED}] }}, then: decrypt, versions: {{ below_minimum: pass }} }}"""
TLS = """  client_certificates:
    - { hosts: [www.shop.example], certificate: PKI/ours.pem, key: PKI/ours.key }
"""
# What nginx says of who came.
TELL = 'return 200 "$ssl_client_verify $ssl_client_s_dn from $remote_addr\\n";'


def nginx_server(pki, port, verify):
    return f"""  server {{
    listen {SERVER4}:{port} ssl; ssl_protocols TLSv1.2 TLSv1.3;
    ssl_certificate {pki.path('server.pem')}; ssl_certificate_key {pki.path('server.key')};
    ssl_client_certificate {pki.path('internet.pem')}; ssl_verify_client {verify};
    location / {{ default_type text/plain; {TELL} }}
  }}
"""


@pytest.fixture(scope="module")
def scene(make_lab, pki):
    for name in ("theirs", "ours"):
        pki.server(name, [f"{name}.example"], [], usage="clientAuth")
    pki.server("stranger", ["stranger.example"], [])
    scene = Scene(make_lab(), pki, rules=RULES, tls=TLS.replace("PKI", str(pki.folder)),
                  starttls=f"[{IMAP}, {POP3}]")
    lab = scene.lab
    servers = "".join(nginx_server(pki, *each) for each in ((ON, "on"), (OPTIONAL, "optional"), (OWN, "on")))
    configuration = f"""daemon off; user root; worker_processes 1; pid {lab.path('asking.pid')};
error_log {lab.path('asking-error.log')}; events {{ }}
http {{ access_log off; client_body_temp_path {lab.path('body')};
{servers}}}
"""
    (lab.folder / "asking.conf").write_text(configuration)
    lab.start("server", "asking", "nginx", "-p", str(lab.folder), "-c", lab.path("asking.conf"))
    for port, *options in ((INSISTS12, "-tls1_2", "-Verify", "1"), (INSISTS13, "-tls1_3", "-Verify", "1"),
                           (EXPIRED_PASSED,), (OLD_PASSED, "-tls1", "-cipher", "ALL:@SECLEVEL=0"), (NAMED,), (STRANGER,)):
        which = {EXPIRED_PASSED: "expired", STRANGER: "stranger"}.get(port, "server")
        lab.start("server", f"s_server-{port}", "openssl", "s_server", "-accept", f"{SERVER4}:{port}", "-WWW", "-cert",
                  pki.path(f"{which}.pem"), "-key", pki.path(f"{which}.key"), "-CAfile", pki.path("internet.pem"),
                  *options, cwd=lab.folder / "www")
    for port in range(ON, STRANGER + 1):
        lab.wait_listening(port)
    return scene


def curl(scene, port, *options, host="shop.example", trust="internet.pem", certificate="theirs"):
    shown = ["--cert", scene.pki.path(f"{certificate}.pem"), "--key", scene.pki.path(f"{certificate}.key")]
    done = scene.lab.run("client", "curl", "-sS", "--max-time", "20", "--resolve", f"{host}:{port}:{SERVER4}", "--cacert",
                         scene.pki.path(trust), *(shown if certificate else []), *options,
                         f"https://{host}:{port}/index.html")
    return done.stdout.decode() or done.stderr.decode()


@pytest.mark.parametrize("version", ["1.2", "1.3"])
def test_a_client_shows_nginx_its_own_certificate_where_its_rule_says_so(scene, version):
    said = curl(scene, ON, f"--tlsv{version}", "--tls-max", version, host="shop4.example" if version == "1.2" else
                "shop.example")
    assert said == f"SUCCESS CN=theirs.example from {CLIENT4}\n"
    assert scene.line_with("rule=theirs", "reason=server_wants_client_certificate", "by a second connection")


def test_the_next_connection_is_passed_at_its_hello(scene):
    first, again = (curl(scene, ON, host="shop6.example") for _ in range(2))
    assert first == again == f"SUCCESS CN=theirs.example from {CLIENT4}\n"
    lines = wait_for("both records", lambda: two(scene.line_with("host=shop6.example", "rule=theirs")))
    assert ["by a second connection" in line for line in lines] == [True, False]
    assert all("reason=server_wants_client_certificate" in line for line in lines)


def two(lines):
    return lines if len(lines) == 2 else None


def test_a_server_that_only_asks_is_decrypted_and_the_log_says_that_it_asked(scene):
    assert curl(scene, OPTIONAL, trust="trusted.pem") == f"NONE  from {CLIENT4}\n"
    assert scene.line_with(f"{SERVER4}:{OPTIONAL}", "was shown none")


def test_a_server_is_shown_the_certificate_that_limpid_has_for_it(scene):
    said = curl(scene, OWN, host="www.shop.example", trust="trusted.pem", certificate=None)
    assert said == f"SUCCESS CN=ours.example from {CLIENT4}\n"


@pytest.mark.parametrize("port", [INSISTS12, INSISTS13])
def test_a_server_that_insists_gets_the_clients_own_certificate(scene, port):
    assert origins.PAGE in curl(scene, port, "--http0.9")
    assert scene.line_with(f"{SERVER4}:{port}", "reason=server_wants_client_certificate", "by a second connection")


def test_a_client_sees_an_expired_certificate_itself_where_its_rule_says_so(scene):
    said = curl(scene, EXPIRED_PASSED, host="expired.example", certificate=None)
    assert "certificate has expired" in said
    assert scene.line_with("rule=expired", "reason=server_certificate_expired", "by a second connection")


def test_a_server_below_the_minimum_is_passed_where_its_rule_says_so(scene):
    said = curl(scene, OLD_PASSED, "--http0.9", "--tlsv1.0", "--ciphers", "ALL:@SECLEVEL=0", certificate=None)
    assert origins.PAGE in said
    assert scene.line_with("rule=old", "reason=server_version_unsupported", "by a second connection")


def test_a_rule_passes_a_server_for_the_names_in_its_certificate(scene):
    assert origins.PAGE in curl(scene, NAMED, "--http0.9", certificate=None)
    assert scene.line_with("rule=named", f"{SERVER4}:{NAMED}", "reason=passed_by_certificate", "by a second connection")


def test_a_server_with_another_certificate_is_decrypted(scene):
    assert origins.PAGE in curl(scene, STRANGER, "--http0.9", host="stranger.example", trust="trusted.pem", certificate=None)
    assert scene.line_with(f"{SERVER4}:{STRANGER}", "rule=default")


@pytest.fixture(scope="module")
def dovecot(scene, open_folder):
    real_servers.start_mailboxes(scene, open_folder, [IMAP, POP3])


@pytest.mark.parametrize("protocol,port,sign", [("imap", IMAP, "INBOX"), ("pop3", POP3, "")])
def test_behind_starttls_the_client_sees_its_servers_own_certificate_on_the_first_connection(scene, dovecot, protocol, port,
                                                                                             sign):
    # STARTTLS is said once more on the second connection, and what dovecot answers there is kept from curl.
    host = real_servers.HOST
    done = scene.lab.run("client", "curl", "-sSv", "--ssl-reqd", "--cacert", scene.pki.path("internet.pem"), "-u", "ann:secret",
                         f"{protocol}://{host}:{port}/")
    said = done.stderr.decode()
    assert done.returncode == 0 and "CN=Internet CA" in said, said
    assert sign in done.stdout.decode()
    lines = scene.line_with("rule=named", f"upgrade={protocol}")
    assert len(lines) == 1 and "reason=passed_by_certificate" in lines[0] and "by a second connection" in lines[0], lines
