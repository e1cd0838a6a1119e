"""Servers of one's own: the client sees exactly the server's own certificate, whoever the client and server are."""
import os
import re
import ssl
import subprocess

import pytest

import origins
from conftest import Scene
from lab import SERVER4, SERVER6
from pki import openssl
from process import wait_for

pytestmark = pytest.mark.limpid_only

BY_NAME, CHANGED, PARTNER = 9443, 9444, 9445
PASSPHRASE = "open sesame"

ENTRIES = """  inbound:
    - { name: shop, certificate: P/shop-chain.pem, key: P/shop-locked.key, passphrase: { file: P/passphrase },
        servers: [10.55.0.2], ports: [443, 4412, 4413] }
    - { name: six, certificate: P/server.pem, key: P/server.key, servers: ["fd55::2"] }
    - { name: bundle, pkcs12: P/rsa.p12, passphrase: { file: P/passphrase }, ports: [4491] }
    - { name: one-ec, certificate: P/one-ec.pem, key: P/one-ec.key, sni: [one.example] }
    - { name: one-rsa, certificate: P/one-rsa.pem, key: P/one-rsa.key, sni: [one.example] }
    - { name: two, certificate: P/two.pem, key: P/two.key, sni: ["*.two.example", two.example] }
    - { name: changed, certificate: P/before.pem, key: P/before.key, ports: [9444] }"""

RULES = '    - { name: partners, when: { server_port: [9445] }, then: decrypt, direction: outbound }'


def prepare(pki):
    """The files that the configuration names."""
    folder = pki.folder
    (folder / "passphrase").write_text(PASSPHRASE + "\n")
    (folder / "shop-chain.pem").write_text((folder / "server.pem").read_text() + (folder / "internet.pem").read_text())
    openssl(folder, "pkey", "-in", "server.key", "-aes256", "-passout", f"pass:{PASSPHRASE}", "-out", "shop-locked.key")
    openssl(folder, "pkcs12", "-export", "-in", "rsa.pem", "-inkey", "rsa.key", "-passout", f"pass:{PASSPHRASE}", "-out",
            "rsa.p12")
    pki.server("one-ec", ["one.example"], [])
    pki.server("one-rsa", ["one.example"], [], key=("rsa:2048",))
    pki.server("two", ["two.example"], [])
    pki.server("before", ["changed.example"], [])
    pki.server("after", ["changed.example"], [])
    for path in folder.glob("*.key"):
        path.chmod(0o600)


def start_by_name(lab, pki):
    """One port, two names; the first has two certificates."""
    def server(name, *files):
        keys = "".join(f"ssl_certificate {pki.path(file + '.pem')}; ssl_certificate_key {pki.path(file + '.key')}; "
                       for file in files)
        return f"server {{ listen {SERVER4}:{BY_NAME} ssl; server_name {name}; {keys} root {lab.path('www')}; }}\n"

    with open(lab.path("names.conf"), "w") as out:
        out.write(f"daemon off; user root; pid {lab.path('names.pid')}; error_log {lab.path('names.log')};\n"
                  f"events {{}}\nhttp {{ access_log off; client_body_temp_path {lab.path('names-body')};\n"
                  f"{server('one.example', 'one-ec', 'one-rsa')}{server('two.example', 'two')}}}\n")
    lab.start("server", "names", "nginx", "-p", str(lab.folder), "-c", lab.path("names.conf"))
    lab.wait_listening(BY_NAME)


@pytest.fixture(scope="module")
def scene(make_lab, pki):
    prepare(pki)
    scene = Scene(make_lab(), pki, rules=RULES, tls=ENTRIES.replace("P/", f"{pki.folder}/"))
    start_by_name(scene.lab, pki)
    return scene


def shown(scene, host, port, *options, address=SERVER4):
    """The certificates that a client is sent, in PEM, leaf first."""
    done = scene.lab.run("client", "openssl", "s_client", "-connect", f"{address}:{port}", "-servername", host,
                         "-showcerts", *options, input=b"Q\n", stdin=None)
    return re.findall(r"-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----\n", done.stdout.decode(), re.DOTALL)


def file(scene, name):
    return (scene.pki.folder / f"{name}.pem").read_text()


def fetch(scene, host, port, *options, trust="internet"):
    return scene.lab.run("client", "curl", "-sS", "--cacert", scene.pki.path(f"{trust}.pem"), "--connect-to",
                         f"::{SERVER4}:{port}", *options, f"https://{host}/index.html", text=True)


@pytest.mark.parametrize("version", ["1.2", "1.3"])
@pytest.mark.parametrize("host, port", [("shop.example", origins.ANY), ("rsa.example", origins.RSA)])
def test_a_client_that_knows_only_the_servers_own_ca_gets_the_page(scene, host, port, version):
    done = fetch(scene, host, port, f"--tlsv{version}", "--tls-max", version)
    assert (done.returncode, done.stdout) == (0, origins.PAGE), done.stderr
    key = "shop" if port == origins.ANY else "bundle"
    assert scene.line_with(f"host={host}", "direction=inbound", f"key={key}", f'client_version="TLS {version}"')


def test_gnutls_gets_the_page(scene):
    done = scene.lab.run("client", "gnutls-cli", "--x509cafile", scene.pki.path("internet.pem"), "-p", str(origins.ANY),
                         "shop4.example", input=b"GET /index.html HTTP/1.0\r\nHost: shop4.example\r\n\r\n", stdin=None)
    assert b"The certificate is trusted" in done.stdout, done.stdout + done.stderr


def test_the_chain_is_the_configured_one_exactly(scene):
    assert shown(scene, "shop.example", origins.ANY) == [file(scene, "server"), file(scene, "internet")]


def test_the_clients_signature_algorithms_choose_between_two_certificates(scene):
    assert shown(scene, "one.example", BY_NAME, "-sigalgs", "ECDSA+SHA256") == [file(scene, "one-ec")]
    assert shown(scene, "one.example", BY_NAME, "-sigalgs", "RSA-PSS+SHA256") == [file(scene, "one-rsa")]


def test_the_name_chooses_between_two_servers_of_one_address(scene):
    assert shown(scene, "two.example", BY_NAME) == [file(scene, "two")]
    assert fetch(scene, "two.example", BY_NAME).returncode == 0
    assert scene.line_with("host=two.example", "direction=inbound", "key=two")


def test_the_address_chooses_between_two_entries(scene):
    assert shown(scene, "shop.example", origins.ANY, address=f"[{SERVER6}]") == [file(scene, "server")]
    assert scene.line_with(f"server=[{SERVER6}]:{origins.ANY}", "direction=inbound", "key=six")


def test_a_rule_makes_the_same_server_outbound_on_the_same_segment(scene, origin):
    origin(PARTNER, lambda connection: (connection.recv(1), connection.close()), origins.server_context(scene.pki, "two"))
    done = scene.lab.run("client", "openssl", "s_client", "-connect", f"{SERVER4}:{PARTNER}", "-servername",
                         "two.example", input=b"Q\n", stdin=None)
    assert b"issuer=O = limpid interop, CN = Interception CA" in done.stdout
    assert scene.line_with("host=two.example", f"server={SERVER4}:{PARTNER}", "direction=outbound", "rule=partners")


def test_a_server_that_changed_its_certificate_is_refused_with_one_warning(scene, origin):
    origin(CHANGED, lambda connection: connection.recv(1), origins.server_context(scene.pki, "after"))
    for _ in range(2):
        with pytest.raises((ssl.SSLError, ConnectionError)):
            context = ssl.create_default_context(cafile=scene.pki.path("internet.pem"))
            context.wrap_socket(scene.lab.connect(CHANGED), server_hostname="changed.example")
    wait_for("both sessions", lambda: len(scene.line_with("reason=inbound_certificate_changed", "culprit=server")) == 2)
    warnings = [line for line in scene.appliance.process.log().splitlines() if 'tls.inbound "changed"' in line]
    assert len(warnings) == 1 and "with another key: the session is refused" in warnings[0]


def test_it_is_intercepted_again_once_it_has_the_configured_certificate(scene, origin):
    origin(CHANGED, lambda connection: connection.recv(1), origins.server_context(scene.pki, "before"))
    assert shown(scene, "changed.example", CHANGED) == [file(scene, "before")]


def test_sessions_say_their_direction_and_key(scene):
    fetch(scene, "shop.example", origins.ANY)
    row = wait_for("the session's row", lambda: [row for row in scene.appliance.sessions("--all")
                                                 if row["host"] == "shop.example"])[0]
    assert (row["direction"], row["key"]) == ("inbound", "shop")


def test_explain_says_which_keys_are_meant(scene):
    said = scene.appliance.ask("explain", "--client", "10.55.0.1", "--server", f"{SERVER4}:{BY_NAME}", "--sni", "one.example")
    assert (said["direction"], said["keys"]) == ("inbound", ["one-ec", "one-rsa"])


def test_check_config_tells_a_wrong_passphrase_with_its_place(scene):
    wrong = scene.lab.folder / "wrong.yaml"
    (scene.pki.folder / "wrong").write_text("open barley\n")
    with open(scene.appliance.config) as good:
        wrong.write_text(good.read().replace("/passphrase }", "/wrong }"))
    done = subprocess.run([os.environ["LIMPID"], "check-config", str(wrong)], capture_output=True, text=True)
    assert done.returncode == 2
    assert re.search(r"wrong.yaml:\d+:\d+: tls.inbound\[0\].key: .*the passphrase does not open the private key",
                     done.stderr), done.stderr
    assert "tls.inbound[2].pkcs12" in done.stderr
