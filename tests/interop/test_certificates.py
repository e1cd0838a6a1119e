"""What a client is shown instead of the server's certificate: never better than what the server has."""
import ssl
import subprocess
import time

import pytest

import origins
import pki
from lab import SERVER4
from process import wait_for

pytestmark = pytest.mark.limpid_only

LONG_PORT = 8447


class Certificate:
    """What openssl x509 says of a certificate."""

    def __init__(self, pem):
        self.pem = pem

    @classmethod
    def of_file(cls, scene, name):
        with open(scene.pki.path(f"{name}.pem"), "rb") as file:
            return cls(file.read())

    def say(self, *options):
        done = subprocess.run(["openssl", "x509", "-noout", *options], input=self.pem, capture_output=True)
        assert done.returncode == 0, done.stderr
        return done.stdout.decode().strip()

    def extension(self, name):
        """(its lines without the heading, whether it is critical)"""
        heading, *lines = self.say("-ext", name).splitlines()
        return ", ".join(line.strip() for line in lines), heading.endswith(": critical")

    @property
    def serial(self):
        return int(self.say("-serial").removeprefix("serial="), 16)

    @property
    def valid(self):
        """(from, until), in seconds of the epoch"""
        return tuple(ssl.cert_time_to_seconds(self.say(option).split("=", 1)[1]) for option in ("-startdate", "-enddate"))


def shown(scene, host, port, address=None):
    """The certificate that a client gets; nothing is verified."""
    done = scene.lab.run("client", "openssl", "s_client", "-connect", f"{address or host}:{port}", "-servername", host,
                         input=b"Q\n", stdin=None)
    assert b"BEGIN CERTIFICATE" in done.stdout, done.stdout + done.stderr
    return Certificate(done.stdout)


def test_a_good_certificate_is_forged_with_exactly_its_names_and_usages(scene):
    forged, own = shown(scene, "shop.example", origins.ANY), Certificate.of_file(scene, "server")
    assert forged.say("-issuer") == "issuer=O = limpid interop, CN = Interception CA"
    assert forged.say("-subject") == own.say("-subject") == "subject=CN = shop.example"
    assert forged.extension("subjectAltName") == own.extension("subjectAltName")
    names = {f"DNS:{name}" for name in pki.NAMES} | {"IP Address:10.55.0.1", "IP Address:10.55.0.2",
                                                     "IP Address:FD55:0:0:0:0:0:0:1", "IP Address:FD55:0:0:0:0:0:0:2"}
    assert set(forged.extension("subjectAltName")[0].split(", ")) == names
    assert forged.extension("extendedKeyUsage") == own.extension("extendedKeyUsage")
    assert forged.extension("keyUsage") == ("Digital Signature", True)


def test_a_forged_certificate_is_no_ca(scene):
    forged = shown(scene, "shop.example", origins.ANY)
    assert forged.extension("basicConstraints") == ("CA:FALSE", True)
    assert "Certificate Sign" not in forged.extension("keyUsage")[0]


def test_a_forged_certificate_names_the_key_of_its_ca_and_its_own(scene):
    forged, own = shown(scene, "shop.example", origins.ANY), Certificate.of_file(scene, "server")
    ca = Certificate.of_file(scene, "trusted")
    assert forged.extension("authorityKeyIdentifier") == ca.extension("subjectKeyIdentifier")
    assert forged.extension("subjectKeyIdentifier") not in (ca.extension("subjectKeyIdentifier"),
                                                            own.extension("subjectKeyIdentifier"))
    assert forged.say("-pubkey") not in (ca.say("-pubkey"), own.say("-pubkey")), "the CA's key signs, and nothing else"


def test_every_certificate_of_one_server_has_one_serial_and_another_than_the_server(scene):
    first, again = (shown(scene, "shop.example", origins.ANY) for _ in range(2))
    other = shown(scene, "rsa.example", origins.RSA)
    assert first.serial == again.serial  # from the cache
    own = [Certificate.of_file(scene, name).serial for name in ("server", "rsa", "internet", "trusted")]
    assert len({first.serial, other.serial, *own}) == 6
    assert 0 < first.serial < 1 << 159, "RFC 5280, 4.1.2.2: positive, and at most 20 bytes"


def test_a_forged_certificate_is_valid_within_the_dates_of_the_server_and_of_the_ca(scene):
    ca_from, ca_until = Certificate.of_file(scene, "trusted").valid
    own_from, own_until = Certificate.of_file(scene, "server").valid
    began, ends = shown(scene, "shop.example", origins.ANY).valid
    assert max(own_from, ca_from) <= began < ends <= min(own_until, ca_until)


def test_where_the_server_outlives_the_ca_the_dates_are_the_cas(scene, origin):
    now = time.time()
    dates = [time.strftime("%Y%m%d%H%M%SZ", time.gmtime(now + days * 86_400)) for days in (-100, 400)]
    scene.pki.server("long", ["long.example"], [], dates=dates)
    origin(LONG_PORT, lambda connection: connection.recv(1), origins.server_context(scene.pki, "long"))
    ca_from, ca_until = Certificate.of_file(scene, "trusted").valid
    own_from, own_until = Certificate.of_file(scene, "long").valid
    began, ends = shown(scene, "long.example", LONG_PORT, address=SERVER4).valid
    assert own_from < ca_from == began < ends <= ca_until < own_until


def test_an_expired_certificate_is_forged_expired_under_the_untrusted_ca(scene):
    forged = shown(scene, "expired.example", origins.EXPIRED)
    assert forged.say("-issuer") == "issuer=O = limpid interop, CN = Untrusted CA"
    assert forged.extension("authorityKeyIdentifier") == \
        Certificate.of_file(scene, "untrusted").extension("subjectKeyIdentifier")
    assert forged.valid == Certificate.of_file(scene, "expired").valid
    done = scene.lab.run("client", "curl", "-sS", "--cacert", scene.appliance.trust,
                         f"https://expired.example:{origins.EXPIRED}/", text=True)
    assert done.returncode == 60, "curl trusts only the trusted CA, and must not get a page"
    context = ssl.create_default_context(cafile=scene.pki.path("untrusted.pem"))
    with pytest.raises(ssl.SSLCertVerificationError, match="expired"):
        context.wrap_socket(scene.lab.connect(origins.EXPIRED), server_hostname="expired.example")


def test_the_wrong_name_stays_the_wrong_name(scene):
    done = scene.lab.run("client", "curl", "-sS", "--cacert", scene.appliance.trust, "--connect-to",
                         f"::shop.example:{origins.ANY}", "https://elsewhere.example/", text=True)
    assert done.returncode == 60, done.stdout + done.stderr


def test_the_inventory_says_what_is_wrong(scene):
    shown(scene, "expired.example", origins.EXPIRED)
    row = wait_for("the expired certificate", lambda: [row for row in scene.appliance.certificates()
                                                       if row["sni"] == "expired.example"])[0]
    assert row["outcome"] == "expired"


def test_a_passed_tls12_server_is_in_the_inventory(scene):
    done = scene.lab.run("client", "curl", "-sS", "--cacert", scene.pki.path("internet.pem"),
                         f"https://bank.example:{origins.TLS12}/", text=True)
    assert (done.returncode, done.stdout) == (0, origins.PAGE), done.stderr
    row = wait_for("the passed server's certificate", lambda: [row for row in scene.appliance.certificates()
                                                               if row["sni"] == "bank.example"])[0]
    assert not row["intercepted"]
    assert row["server_port"] == origins.TLS12
