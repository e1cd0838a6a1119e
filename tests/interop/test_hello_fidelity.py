"""What each end's hello says reaches the other: record sizes with GnuTLS, which tells what was agreed, and the
OCSP response of a server of one's own with nginx."""
import re

import pytest

import origins
from conftest import Scene
from lab import SERVER4
from real_servers import program

pytestmark = pytest.mark.limpid_only

SIZES, STAPLED = 8446, 8447
ENTRIES = "  inbound:\n    - { name: shop, certificate: P/server.pem, key: P/server.key, ports: [8447] }"


@pytest.fixture(scope="module")
def scene(make_lab, pki):
    for name in ("server.key", "internet.key"):
        (pki.folder / name).chmod(0o600)
    return Scene(make_lab(), pki, tls=ENTRIES.replace("P/", f"{pki.folder}/"))


@pytest.fixture(scope="module")
def echo(scene):
    """GnuTLS as a server that names 2,000 bytes, and its log."""
    server = scene.lab.start("server", "gnutls-echo", program("gnutls-serv"), "--echo", "--port", str(SIZES), "-d", "4",
                             "--recordsize", "2000", "--x509certfile", scene.pki.path("server.pem"), "--x509keyfile",
                             scene.pki.path("server.key"))
    scene.lab.wait_listening(SIZES)
    return server


@pytest.mark.parametrize("version, more", [("1.2", 0), ("1.3", 1)])  # TLS 1.3 counts the content's type, too
def test_both_ends_agree_on_the_record_sizes_that_they_have_named(scene, echo, version, more):
    before = len(agreed(echo.log()))
    said = scene.lab.converse("shop.example", [
        "gnutls-cli", "--x509cafile", scene.appliance.trust, "--recordsize", "1000", "-d", "4", "-p", str(SIZES),
        "--priority", f"NORMAL:-VERS-ALL:+VERS-TLS{version}", "shop.example"], until=b"Host: shop.example")
    assert agreed(said) == [2000 + more], said
    assert agreed(echo.log())[before:] == [1000 + more], echo.log()
    assert scene.line_with(f":{SIZES}", f'client_version="TLS {version}"', f'server_version="TLS {version}"')


def agreed(log):
    return [int(size) for size in re.findall(r"record_size_limit (\d+) negotiated", log)]


@pytest.fixture(scope="module")
def stapling(scene):
    lab, pki = scene.lab, scene.pki
    with open(lab.path("stapled.conf"), "w") as out:
        out.write(f"daemon off; user root; pid {lab.path('stapled.pid')}; error_log {lab.path('stapled.log')};\n"
                  f"events {{}}\nhttp {{ access_log off; client_body_temp_path {lab.path('stapled-body')};\n"
                  f"server {{ listen {SERVER4}:{STAPLED} ssl; ssl_protocols TLSv1.2 TLSv1.3; ssl_stapling on;\n"
                  f"ssl_stapling_file {pki.ocsp_response('server')}; ssl_certificate {pki.path('server.pem')};\n"
                  f"ssl_certificate_key {pki.path('server.key')}; }} }}\n")
    lab.start("server", "stapled", "nginx", "-p", str(lab.folder), "-c", lab.path("stapled.conf"))
    lab.wait_listening(STAPLED)


@pytest.mark.parametrize("version", ["-tls1_2", "-tls1_3"])
def test_clients_of_ones_own_server_get_its_ocsp_response(scene, stapling, version):
    for asks in (True, False):
        done = scene.lab.run("client", "openssl", "s_client", "-connect", f"{SERVER4}:{STAPLED}", "-servername",
                             "shop.example", "-CAfile", scene.pki.path("internet.pem"), version,
                             *(["-status"] if asks else []), input=b"Q\n", stdin=None)
        assert b"Verify return code: 0 (ok)" in done.stdout
        assert (b"Cert Status: good" in done.stdout) == asks, done.stdout.decode()
    assert scene.line_with(f"server={SERVER4}:{STAPLED}", "direction=inbound", "key=shop")
