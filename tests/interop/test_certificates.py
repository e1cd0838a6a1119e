"""What a client is shown instead of the server's certificate: never better than what the server has."""
import ssl

import pytest

import origins
from process import wait_for

pytestmark = pytest.mark.limpid_only


def shown(scene, host, port):
    """The certificate that a client gets, as openssl x509 prints it; nothing is verified."""
    done = scene.lab.run("client", "openssl", "s_client", "-connect", f"{host}:{port}", "-servername", host,
                         input=b"Q\n", stdin=None)
    text = scene.lab.run("client", "openssl", "x509", "-noout", "-text", input=done.stdout, stdin=None)
    assert text.returncode == 0, done.stdout + done.stderr
    return text.stdout.decode()


def test_a_good_certificate_is_forged_with_its_names_and_usages(scene):
    text = shown(scene, "shop.example", origins.ANY)
    assert "CN = Interception CA" in text
    assert "Subject: CN = shop.example" in text
    for name in ("DNS:shop.example", "DNS:www.shop.example", "DNS:bank.example", "IP Address:10.55.0.2"):
        assert name in text
    assert "TLS Web Server Authentication" in text
    assert "CA:FALSE" in text or "CA:TRUE" not in text


def test_every_certificate_of_one_server_has_one_serial_and_another_than_the_server(scene):
    serials = {next(line for line in shown(scene, "shop.example", origins.ANY).split("Signature Algorithm")[0].splitlines()
                    if ":" in line and len(line.strip()) > 40) for _ in range(2)}
    assert len(serials) == 1  # from the cache
    original = scene.lab.run("client", "openssl", "x509", "-noout", "-serial", "-in", scene.pki.path("server.pem"),
                             text=True).stdout.strip().removeprefix("serial=").lower()
    assert original not in serials.pop().replace(":", "").strip()


def test_an_expired_certificate_is_forged_expired_under_the_untrusted_ca(scene):
    text = shown(scene, "expired.example", origins.EXPIRED)
    assert "CN = Untrusted CA" in text
    assert "Not After : Feb  1 00:00:00 2024 GMT" in text
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
