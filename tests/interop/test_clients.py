"""Real clients against real servers: every combination fetches the page, through a certificate of the
interception CA, which is the only one that the clients trust."""

import pytest

import origins
from conftest import Scene
from lab import SERVER4, SERVER6
from process import wait_for

CLIENTS = ["curl", "openssl", "gnutls", "wget"]
FAMILIES = {4: ("shop4.example", origins.S_SERVER), 6: ("shop6.example", origins.S_SERVER + 3)}


@pytest.fixture(scope="module", params=[None, 42], ids=["untagged", "vlan42"])
def shop(request, make_lab, pki):
    scene = Scene(make_lab(vlan=request.param), pki)
    origins.start_s_server(scene.lab, pki)
    return scene


def fetch(scene, client, host, port, version):
    """What the client said, the page included. It trusts the one CA only, and speaks the one version only."""
    trust = scene.appliance.trust
    url = f"https://{host}:{port}/index.html"
    if client == "curl":
        done = scene.lab.run("client", "curl", "-sSv", "--cacert", trust, f"--tlsv1.{version}", "--tls-max",
                             f"1.{version}", url, text=True)
        assert done.returncode == 0, done.stderr
        assert f"SSL connection using TLSv1.{version}" in done.stderr
        assert scene.appliance.issuer in done.stderr
        return done.stdout
    if client == "wget":
        done = scene.lab.run("client", "wget", "-nv", "-O", "-", "--ca-certificate", trust,
                             f"--secure-protocol=TLSv1_{version}", url, text=True)
        assert done.returncode == 0, done.stderr
        return done.stdout
    if client == "openssl":
        said = scene.lab.converse(host, [
            "openssl", "s_client", "-connect", f"{host}:{port}", "-servername", host, "-CAfile", trust,
            "-verify_return_error", f"-tls1_{version}", "-ign_eof"], until=b"</html>")
        assert f"TLSv1.{version}" in said
        assert f"CN = {scene.appliance.issuer}" in said
        return said
    said = scene.lab.converse(host, [
        "gnutls-cli", "-p", str(port), "--x509cafile", trust, "--priority",
        f"NORMAL:-VERS-ALL:+VERS-TLS1.{version}", host], until=b"</html>")
    assert f"TLS1.{version}" in said
    assert f"CN={scene.appliance.issuer}" in said
    return said


@pytest.mark.parametrize("version", [2, 3], ids=["tls12", "tls13"])
@pytest.mark.parametrize("family", [4, 6], ids=["ipv4", "ipv6"])
@pytest.mark.parametrize("server", ["nginx", "s_server"])
@pytest.mark.parametrize("client", CLIENTS)
def test_client_fetches_the_page(shop, client, server, family, version):
    host, s_server_port = FAMILIES[family]
    port = s_server_port if server == "s_server" else (origins.TLS12 if version == 2 else origins.TLS13)
    assert origins.PAGE.strip() in fetch(shop, client, host, port, version)


@pytest.mark.parametrize("version", [2, 3], ids=["tls12", "tls13"])
def test_http2_is_negotiated_across_the_box(shop, version):
    done = shop.lab.run("client", "curl", "-sS", "--http2", "--cacert", shop.appliance.trust, "--tls-max",
                        f"1.{version}", "-w", "%{http_version} %{num_connects}", "-o", "/dev/null",
                        f"https://shop.example:{origins.ANY}/index.html", text=True)
    assert (done.returncode, done.stdout) == (0, "2 1"), done.stderr


def test_a_client_without_a_server_name_is_served(shop):
    for address in (SERVER4, f"[{SERVER6}]"):
        done = shop.lab.run("client", "curl", "-sS", "--cacert", shop.appliance.trust, f"https://{address}/",
                            text=True)
        assert (done.returncode, done.stdout) == (0, origins.PAGE), done.stderr


def test_one_client_process_connects_again_and_again(shop):
    url = f"https://shop.example:{origins.TLS12}/index.html"
    done = shop.lab.run("client", "curl", "-sS", "--cacert", shop.appliance.trust, "-H", "Connection: close",
                        "--http1.1", url, url, url, text=True)
    assert (done.returncode, done.stdout) == (0, origins.PAGE * 3), done.stderr


def connect_with_session(scene, port, version, trust, *options):
    """What openssl s_client says of a connection with `-sess_in` or `-sess_out`."""
    return scene.lab.converse("shop.example", [
        "openssl", "s_client", "-connect", f"shop.example:{port}", "-servername", "shop.example", "-CAfile", trust,
        "-verify_return_error", f"-tls1_{version}", "-ign_eof", *options], until=b"</html>")


@pytest.mark.limpid_only
@pytest.mark.parametrize("version", [2, 3], ids=["tls12", "tls13"])
def test_a_client_that_offers_a_session_of_the_servers_own_is_served_by_a_full_handshake(shop, version):
    """As all clients do on the day on which limpid comes between: their sessions are of before. limpid resumes its own alone."""
    session = shop.lab.path(f"session-{version}.pem")
    direct = shop.pki.path("internet.pem")
    connect_with_session(shop, origins.PASSED, version, direct, "-sess_out", session)
    resumed = connect_with_session(shop, origins.PASSED, version, direct, "-sess_in", session)
    assert "\nReused, " in resumed, "otherwise there is nothing to offer"
    served = connect_with_session(shop, origins.TLS12 if version == 2 else origins.TLS13, version, shop.appliance.trust,
                                  "-sess_in", session)
    assert "\nNew, " in served and "\nReused, " not in served
    assert f"CN = {shop.appliance.issuer}" in served
    assert origins.PAGE.strip() in served


def test_an_rsa_certificate_is_forged_and_accepted(shop):
    done = shop.lab.run("client", "curl", "-sS", "--cacert", shop.appliance.trust,
                        f"https://rsa.example:{origins.RSA}/", text=True)
    assert (done.returncode, done.stdout) == (0, origins.PAGE), done.stderr


@pytest.mark.limpid_only
def test_the_inventory_and_the_log_know_what_was_seen(shop):
    done = shop.lab.run("client", "curl", "-sS", "--cacert", shop.appliance.trust, "https://www.shop.example/")
    assert done.returncode == 0
    row = wait_for("the certificate in the inventory",
                   lambda: [row for row in shop.appliance.certificates() if row["sni"] == "www.shop.example"])[0]
    assert row["intercepted"]
    assert row["outcome"] == "trusted"
    assert "www.shop.example" in row["names"]
    line = wait_for("the session's line",
                    lambda: [line for line in shop.appliance.session_lines() if "host=www.shop.example" in line])[0]
    assert "decision=decrypt rule=default" in line
    assert "certificate=trusted" in line
    assert 'client_version="TLS 1.3"' in line and 'server_version="TLS 1.3"' in line
    if shop.lab.vlan:
        assert f"vlan={shop.lab.vlan}" in line
