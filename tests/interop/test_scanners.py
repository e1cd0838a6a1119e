"""Scanners (sslscan, testssl.sh) see the same server through limpid as without it: what differs is listed here with its
reason, and nothing is weaker. Outbound, with a forged certificate, and inbound, with the server's own."""
import concurrent.futures
import os
import re
import shutil

import pytest

import scanners
from conftest import Scene
from lab import SERVER4

pytestmark = pytest.mark.limpid_only

# The same two servers, each on a port that is outbound and on one that is inbound.
MODERN, WIDE, MODERN_OWN, WIDE_OWN = 8601, 8602, 8611, 8612
WAYS = {"modern, outbound": (MODERN, MODERN), "modern, inbound": (MODERN, MODERN_OWN), "wide, outbound": (WIDE, WIDE),
        "wide, inbound": (WIDE, WIDE_OWN)}  # the port without limpid, and the one through it
TESTSSL_WAYS, CHECKS = list(WAYS)[:2], ["-S"]
if os.environ.get("LIMPID_TEST_ALL"):
    TESTSSL_WAYS, CHECKS = list(WAYS), ["-p", "-s", "-f", "-P", "-S", "-E", "-R", "-C", "-U", "-g"]

WIDE_RULE = ("    - { name: wide, when: { server_port: [8602, 8612] }, then: decrypt, versions: { min: tls1.0 } }")
OWN_KEYS = """  inbound:
    - { name: own-ec, certificate: P/server.pem, key: P/server.key, ports: [8611, 8612] }
    - { name: own-rsa, certificate: P/shop-rsa.pem, key: P/shop-rsa.key, ports: [8611, 8612] }"""

# "-": without limpid alone; "+": through it alone. What is offered may be less, never more.
ANONYMOUS = "nothing is intercepted that authenticates no server (anonymous key exchange)"
SHORT_TAG = "a tag of 8 octets is less than the 112 bits that servers are held to unless a rule allows old versions"
FORGED = "the certificate is forged"
EXPLAINED = [
    (r"- cipher .*=AECDH-", ANONYMOUS),
    (r"- cipher .*-CCM8( |$)", SHORT_TAG),
    (r"[-+] certificate issuer (Internet|Interception) CA", FORGED),
]
EXPLAINED_OF_TESTSSL = [
    (r"- cipher-tls1\S+ .* AECDH-|- cipherlist_aNULL: offered|\+ cipherlist_aNULL: not offered"
     r"|- BEAST_CBC_TLS1: AECDH-", ANONYMOUS),
    (r"- cipher-tls1\S+ .*-CCM8 |- PFS_ciphers: .*-CCM8$", SHORT_TAG),
    (r"[-+] cert_caIssuers .*: (Internet|Interception) CA", FORGED),
    (r"[-+] certs_countServer .*: [12]$", "the signing CA's certificate goes behind a forged one"),
    (r"[-+] cert_keyUsage .*: Digital Signature(, Key Encipherment)?$", "an EC key enciphers no keys, whatever the "
                                                                         "server's certificate says"),
    (r"[-+] DROWN_hint: .*&q=[0-9A-F]{64}$", FORGED),
    (r"[-+] cert_serialNumberLen", "a forged certificate's serial number has 16 octets"),
]
MAY_NOT_BE_MORE = re.compile(r"\+ (cipher|group|connection-signature-algorithm|protocol .*enabled=1|heartbleed .*=1)")


def start_servers(lab, pki):
    def server(port, protocols, ciphers=""):
        keys = "".join(f"ssl_certificate {pki.path(file + '.pem')}; ssl_certificate_key {pki.path(file + '.key')}; "
                       for file in ("server", "shop-rsa"))
        return (f"server {{ listen {SERVER4}:{port} ssl http2; {keys} ssl_protocols {protocols}; {ciphers}\n"
                f"root {lab.path('www')}; }}\n")

    modern, wide = "TLSv1.2 TLSv1.3", "TLSv1 TLSv1.1 TLSv1.2 TLSv1.3"
    any_cipher = 'ssl_ciphers "ALL:@SECLEVEL=0";'
    with open(lab.path("scanned.conf"), "w") as out:
        out.write(f"daemon off; user root; pid {lab.path('scanned.pid')}; error_log {lab.path('scanned.log')};\n"
                  f"events {{}}\nhttp {{ access_log off; client_body_temp_path {lab.path('scanned-body')};\n"
                  f"{server(MODERN, modern)}{server(MODERN_OWN, modern)}"
                  f"{server(WIDE, wide, any_cipher)}{server(WIDE_OWN, wide, any_cipher)}}}\n")
    lab.start("server", "scanned", "nginx", "-p", str(lab.folder), "-c", lab.path("scanned.conf"))
    lab.wait_listening(WIDE_OWN)


@pytest.fixture(scope="module")
def scene(make_lab, pki):
    pki.server("shop-rsa", ["shop.example"], [SERVER4], key=("rsa:2048",))
    for path in pki.folder.glob("*.key"):
        path.chmod(0o600)
    scene = Scene(make_lab(), pki, rules=WIDE_RULE, tls=OWN_KEYS.replace("P/", f"{pki.folder}/"))
    start_servers(scene.lab, pki)
    return scene


def differences(without, through):
    return sorted(f"- {fact}" for fact in without - through) + sorted(f"+ {fact}" for fact in through - without)


def expect_explained(found, explained):
    unexplained = [line for line in found if not any(re.match(pattern, line) for pattern, _ in explained)]
    assert not unexplained, "\n".join(unexplained)


def need(program):
    return shutil.which(program) or pytest.skip(f"{program} is not installed")


@pytest.fixture(scope="module")
def seen_by_sslscan(scene):
    """Of each port, through limpid from the client and without it from the server's own host."""
    need("sslscan")
    ports = {("server", without) for without, _ in WAYS.values()} | {("client", through) for _, through in WAYS.values()}
    return {(role, port): scanners.sslscan(scene.lab, role, port) for role, port in ports}


@pytest.mark.parametrize("way", list(WAYS))
def test_sslscan_sees_the_same_server(seen_by_sslscan, way):
    without, through = WAYS[way]
    found = differences(seen_by_sslscan["server", without], seen_by_sslscan["client", through])
    assert not [line for line in found if MAY_NOT_BE_MORE.match(line)]
    expect_explained(found, EXPLAINED)


def test_sslscan_saw_what_there_is_to_compare(seen_by_sslscan):
    """The facts that the comparison is about are among those that are compared."""
    facts = seen_by_sslscan["client", WIDE]
    for wanted in (r"protocol version=1\.0 enabled=1", r"cipher status=preferred sslversion=TLSv1\.3", r"group .*x25519",
                   r"connection-signature-algorithm .*rsa_pkcs1_sha1", r"renegotiation", r"certificate issuer"):
        assert any(re.match(wanted, fact) for fact in facts), (wanted, sorted(facts))


def test_every_explanation_explains_something(seen_by_sslscan):
    found = [line for without, through in WAYS.values()
             for line in differences(seen_by_sslscan["server", without], seen_by_sslscan["client", through])]
    assert all(any(re.match(pattern, line) for line in found) for pattern, _ in EXPLAINED)


@pytest.fixture(scope="module")
def seen_by_testssl(scene):
    need("testssl")
    authorities = scene.lab.path("authorities.pem")
    with open(authorities, "w") as out:
        for name in ("internet", "trusted"):
            out.write((scene.pki.folder / f"{name}.pem").read_text())
    scans = sorted({("server", WAYS[way][0]) for way in TESTSSL_WAYS} | {("client", WAYS[way][1]) for way in TESTSSL_WAYS})
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        return dict(zip(scans, pool.map(lambda scan: scanners.testssl(scene.lab, *scan, authorities, *CHECKS), scans)))


@pytest.mark.parametrize("way", TESTSSL_WAYS)
def test_testssl_sees_the_same_server(seen_by_testssl, way):
    without, through = WAYS[way]
    expect_explained(differences(seen_by_testssl["server", without], seen_by_testssl["client", through]),
                     EXPLAINED_OF_TESTSSL)
