"""What becomes of servers whose certificates are revoked, incomplete, or not for servers."""
import ssl

import pytest

import origins
from conftest import Scene
from lab import SERVER4
from pki import openssl
from process import wait_for

pytestmark = pytest.mark.limpid_only

LISTED, STAPLED, PRELOADED, WHOLE, ALONE, CLIENTS, LENIENT, FETCHED, ASKED_GOOD, ASKED_REVOKED, SILENT = range(8501, 8512)
LISTS, RESPONDER, NOBODY = 8080, 8081, 8082  # of servers at the box itself

TLS = """  intermediates: {pki}/preloaded.pem
  revocation_lists: {pki}/lists
  revocation_fetch: on
  revocation_ask: on
  revocation_wait: 5s
"""
RULES = f"""    - name: lenient
      when: {{ server_port: {LENIENT} }}
      then: decrypt
      verification: {{ wrong_usage: decrypt-untrusted }}
"""


@pytest.fixture(scope="module")
def scene(make_lab, pki):
    for name in ("preloaded", "learnt"):
        pki.authority(name, f"{name.title()} Intermediate")
        pki.server(f"of-{name}", [f"{name}.example"], [], issuer=name)
    for name in ("listed", "stapled"):
        pki.server(name, [f"{name}.example"], [])
    pki.server("clients", ["clients.example"], [], usage="clientAuth")
    pki.server("fetched", ["fetched.example"], [],
               more=f"crlDistributionPoints=URI:http://127.0.0.1:{LISTS}/latest.crl\n")
    for name, port in (("asked-good", RESPONDER), ("asked-revoked", RESPONDER), ("silent", NOBODY)):
        pki.server(name, [f"{name}.example"], [], issuer="preloaded",
                   more=f"authorityInfoAccess=OCSP;URI:http://127.0.0.1:{port}\n")
    pki.revoke("listed")
    (pki.folder / "lists").mkdir()
    pki.revocation_list(pki.folder / "lists" / "internet.crl", age=3_600)
    for name in ("stapled", "fetched"):
        pki.revoke(name)  # this list does not know of them yet
    return Scene(make_lab(), pki, tls=TLS.format(pki=pki.folder), rules=RULES)


def serve(scene, origin, port, name, further=None):
    """An origin with this certificate and no other, or one more behind it."""
    context = origins.server_context(scene.pki, name)
    if further is not None:
        whole = scene.pki.folder / f"{name}-{further}.pem"
        whole.write_bytes(b"".join((scene.pki.folder / f"{part}.pem").read_bytes() for part in (name, further)))
        context.load_cert_chain(whole, scene.pki.path(f"{name}.key"))
    return origin(port, lambda connection: connection.recv(1), context)


def issuer_shown(scene, host, port):
    """The name of the CA under which a client is shown a certificate."""
    done = scene.lab.run("client", "openssl", "s_client", "-connect", f"{SERVER4}:{port}", "-servername", host,
                         input=b"Q\n", stdin=None)
    lines = [line for line in done.stdout.decode().splitlines() if line.startswith("issuer=")]
    return lines[0].split("CN = ")[1] if lines else None


def assert_blocked(scene, host, port, reason):
    with pytest.raises(ssl.SSLError, match="ACCESS_DENIED"):
        origins.client_context(scene.appliance).wrap_socket(scene.lab.connect(port), server_hostname=host)
    assert scene.line_with(f"host={host}", f"reason={reason}", "culprit=server")


def test_a_server_on_its_issuers_revocation_list_is_blocked(scene, origin):
    serve(scene, origin, LISTED, "listed")
    assert_blocked(scene, "listed.example", LISTED, "server_certificate_revoked")
    row = wait_for("its certificate", lambda: [row for row in scene.appliance.certificates()
                                               if row["sni"] == "listed.example"])[0]
    assert row["outcome"] == "revoked"


def test_a_server_that_staples_its_own_revocation_is_blocked(scene):
    scene.lab.start("server", "s_server-stapled", "openssl", "s_server", "-accept", f"{SERVER4}:{STAPLED}", "-www", "-cert",
                    scene.pki.path("stapled.pem"), "-key", scene.pki.path("stapled.key"), "-status_file",
                    scene.pki.ocsp_response("stapled"))
    scene.lab.wait_listening(STAPLED)
    assert_blocked(scene, "stapled.example", STAPLED, "server_certificate_revoked")


def test_an_intermediate_that_a_server_leaves_out_may_be_in_the_configuration(scene, origin):
    serve(scene, origin, PRELOADED, "of-preloaded")
    assert issuer_shown(scene, "preloaded.example", PRELOADED) == scene.appliance.issuer


def test_an_intermediate_that_a_server_leaves_out_is_learnt_from_another(scene, origin):
    serve(scene, origin, ALONE, "of-learnt")
    assert issuer_shown(scene, "learnt.example", ALONE) == "Untrusted CA"
    serve(scene, origin, WHOLE, "of-learnt", further="learnt")
    assert issuer_shown(scene, "learnt.example", WHOLE) == scene.appliance.issuer
    wait_for("the intermediate to be known",
             lambda: issuer_shown(scene, "learnt.example", ALONE) == scene.appliance.issuer, seconds=60)


def test_a_certificate_that_is_not_for_servers_is_blocked_unless_the_rule_says_otherwise(scene, origin):
    serve(scene, origin, CLIENTS, "clients")
    assert_blocked(scene, "clients.example", CLIENTS, "server_certificate_wrong_usage")
    serve(scene, origin, LENIENT, "clients")
    assert issuer_shown(scene, "clients.example", LENIENT) == "Untrusted CA"


def test_a_list_is_fetched_from_where_a_verified_certificate_says_it_is(scene, origin):
    web = scene.pki.folder / "web"
    web.mkdir()
    scene.pki.revocation_list(web / "latest.crl")
    scene.lab.run("box", "ip", "link", "set", "lo", "up")
    scene.lab.start("box", "lists", "python3", "-m", "http.server", "--bind", "127.0.0.1", str(LISTS), cwd=web)
    wait_for("the web server", lambda: scene.lab.run("box", "curl", "-sf", f"http://127.0.0.1:{LISTS}/latest.crl").returncode == 0)
    serve(scene, origin, FETCHED, "fetched")
    assert issuer_shown(scene, "fetched.example", FETCHED) == scene.appliance.issuer, "nobody knows yet"
    wait_for("its list", lambda: issuer_shown(scene, "fetched.example", FETCHED) is None, seconds=60)
    assert_blocked(scene, "fetched.example", FETCHED, "server_certificate_revoked")


# --- The issuer is asked ------------------------------------------------------------------------------------


@pytest.fixture
def responder(scene):
    """OpenSSL's own, which knows two certificates of the Preloaded Intermediate."""
    def entry(state, name):
        serial = openssl(scene.pki.folder, "x509", "-in", f"{name}.pem", "-noout", "-serial").split("=")[1].strip()
        return f"{state}\t351231235959Z\t{'260101000000Z' if state == 'R' else ''}\t{serial}\tunknown\t/CN={name}\n"

    index = scene.pki.folder / "asked.index"
    index.write_text(entry("V", "asked-good") + entry("R", "asked-revoked"))
    scene.lab.run("box", "ip", "link", "set", "lo", "up")
    scene.lab.start("box", "responder", "openssl", "ocsp", "-port", str(RESPONDER), "-index", str(index), "-CA",
                    scene.pki.path("preloaded.pem"), "-rsigner", scene.pki.path("preloaded.pem"), "-rkey",
                    scene.pki.path("preloaded.key"), "-ndays", "1")
    wait_for("the responder", lambda: f":{RESPONDER} " in scene.lab.run("box", "ss", "-ltn", text=True).stdout)


def count(scene, what):
    return scene.appliance.stats()["more"][what]


def test_the_issuer_is_asked_before_the_first_session_goes_on(scene, origin, responder):
    serve(scene, origin, ASKED_REVOKED, "asked-revoked")
    assert_blocked(scene, "asked-revoked.example", ASKED_REVOKED, "server_certificate_revoked")
    serve(scene, origin, ASKED_GOOD, "asked-good")
    assert issuer_shown(scene, "asked-good.example", ASKED_GOOD) == scene.appliance.issuer
    assert count(scene, "of these, without an answer in time") == 0


def test_a_session_goes_on_without_an_issuer_that_does_not_answer(scene, origin):
    serve(scene, origin, SILENT, "silent")
    for _ in range(2):
        assert issuer_shown(scene, "silent.example", SILENT) == scene.appliance.issuer
    assert count(scene, "of these, without an answer in time") == 2
