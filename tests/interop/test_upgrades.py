"""Connections that begin in the clear, with real programs: PostgreSQL's SSLRequest, StartTLS of IMAP and POP3
(dovecot) and of SMTP (curl), and HTTPS through explicit proxies: squid (CONNECT) and ssh (SOCKS)."""
import pwd
import shutil
from pathlib import Path

import pytest

import origins
import real_servers
from conftest import Scene
from lab import SERVER4, sh
from process import wait_for
from real_servers import expect_session, own_copy, program

POSTGRES, IMAP, POP3, SMTP, PROXY, PROXY_WITH_PASSWORD, SOCKS = 5432, 143, 110, 25, 3128, 3129, 1080


@pytest.fixture(scope="module")
def scene(make_lab, pki):
    return Scene(make_lab(), pki, starttls=f"[{POSTGRES}, {IMAP}, {POP3}, {SMTP}]")


# --- PostgreSQL ---------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def postgres(scene, open_folder):
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"))
    if not folders:
        pytest.skip("PostgreSQL is not installed")
    user = pwd.getpwnam("postgres").pw_name
    data = open_folder / "postgres"
    data.mkdir()
    shutil.chown(data, user, user)
    as_user = ["runuser", "-u", user, "--"]
    sh(*as_user, str(folders[-1].parent / "initdb"), "-A", "trust", "-D", str(data), cwd=open_folder)
    certificate = own_copy(scene.pki.path("server.pem"), data, user)
    key = own_copy(scene.pki.path("server.key"), data, user)
    (data / "pg_hba.conf").write_text("hostssl all all 0.0.0.0/0 trust\n")
    with open(data / "postgresql.conf", "a") as out:
        out.write(f"listen_addresses = '{SERVER4}'\nunix_socket_directories = ''\nssl = on\n"
                  f"ssl_cert_file = '{certificate}'\nssl_key_file = '{key}'\n")
    scene.lab.start("server", "postgres", *as_user, str(folders[-1]), "-D", str(data), cwd=open_folder)
    # It listens before its start-up is over, and refuses whoever comes meanwhile.
    ready = [str(folders[-1].parent / "pg_isready"), "-h", SERVER4, "-p", str(POSTGRES)]
    wait_for("PostgreSQL", lambda: scene.lab.run("server", *ready).returncode == 0)


def test_postgresql_is_upgraded_by_its_ssl_request(scene, postgres):
    where = (f"host=shop.example hostaddr={SERVER4} user=postgres dbname=postgres sslmode=verify-full "
             f"sslrootcert={scene.appliance.trust}")
    done = scene.lab.run("client", program("psql"), where, "-Atc",
                         "select ssl, version from pg_stat_ssl where pid = pg_backend_pid()")
    assert done.stdout.decode().strip() == "t|TLSv1.3", done.stderr.decode()
    expect_session(scene, POSTGRES, upgrade="postgresql", decision="decrypt", host="shop.example")


# --- dovecot ------------------------------------------------------------------------------------------------

@pytest.fixture(scope="module")
def dovecot(scene, open_folder):
    real_servers.start_mailboxes(scene, open_folder, [IMAP, POP3])


@pytest.mark.parametrize("protocol,port,sign", [("imap", IMAP, "INBOX"), ("pop3", POP3, "")])
def test_mail_is_upgraded_by_starttls(scene, dovecot, protocol, port, sign):
    done = scene.lab.run("client", "curl", "-sS", "--ssl-reqd", "--cacert", scene.appliance.trust, "-u", "ann:secret",
                         "--resolve", f"shop.example:{port}:{SERVER4}", f"{protocol}://shop.example:{port}/")
    assert done.returncode == 0, done.stderr.decode()
    assert sign in done.stdout.decode()
    expect_session(scene, port, upgrade=protocol, decision="decrypt")


# --- SMTP ---------------------------------------------------------------------------------------------------


def serve_smtp(context):
    """One mail server's words up to TLS; within it, it repeats each command."""

    def serve(connection):
        with connection.makefile("rwb", buffering=0) as plain:
            plain.write(b"220 shop.example ESMTP\r\n")
            while (line := plain.readline()) and not line.upper().startswith(b"STARTTLS"):
                hello = line.upper().startswith(b"EHLO")
                plain.write(b"250-shop.example\r\n250 STARTTLS\r\n" if hello else b"250 ok\r\n")
            plain.write(b"220 go ahead\r\n")
        with context.wrap_socket(connection, server_side=True) as protected:
            while heard := protected.recv(1000):
                protected.sendall(b"250 heard " + heard)
                if heard.startswith(b"QUIT"):
                    break

    return serve


@pytest.fixture
def smtp(scene, origin):
    return origin(SMTP, serve_smtp(origins.server_context(scene.pki)))


def test_smtp_is_upgraded_by_starttls(scene, smtp):
    done = scene.lab.run("client", "curl", "-sS", "--ssl-reqd", "--cacert", scene.appliance.trust, "--resolve",
                         f"shop.example:{SMTP}:{SERVER4}", "-X", "NOOP", f"smtp://shop.example:{SMTP}/")
    assert b"250 heard NOOP" in done.stdout, done.stderr.decode()
    expect_session(scene, SMTP, upgrade="smtp", decision="decrypt", host="shop.example")


@pytest.mark.limpid_only
def test_commands_behind_starttls_are_refused_before_the_server_hears_them(scene, smtp):
    with scene.lab.connect(SMTP) as client, client.makefile("rb") as answers:
        assert answers.readline().startswith(b"220")
        client.sendall(b"STARTTLS\r\nRSET\r\n")
        with pytest.raises(ConnectionResetError):
            answers.readline()
    expect_session(scene, SMTP, upgrade="smtp", reason="upgrade_pipelined")


# --- squid --------------------------------------------------------------------------------------------------


BASIC = """auth_param basic program {helper} {passwords}
auth_param basic realm lab
acl known proxy_auth REQUIRED
http_access allow known
http_access deny all"""


@pytest.fixture(scope="module")
def squid(scene, open_folder):
    real_servers.start_squid(scene, open_folder, PROXY)


@pytest.fixture(scope="module")
def squid_with_password(scene, open_folder):
    passwords = open_folder / "passwords"
    passwords.write_text(f"ann:{sh('openssl', 'passwd', '-apr1', 'secret').stdout}")
    helper = "/usr/lib/squid/basic_ncsa_auth"
    real_servers.start_squid(scene, open_folder, PROXY_WITH_PASSWORD, BASIC.format(helper=helper, passwords=passwords))


def through_squid(scene, url, trust, port=PROXY, *options):
    return scene.lab.run("client", "curl", "-sS", "-x", f"http://{SERVER4}:{port}", "--cacert", trust, *options, url)


def test_https_through_a_proxy_is_intercepted_from_the_tunnel_on(scene, squid):
    done = through_squid(scene, "https://shop.example/", scene.appliance.trust)
    assert done.stdout.decode() == origins.PAGE, done.stderr.decode()
    expect_session(scene, PROXY, upgrade="connect", connect="shop.example:443", decision="decrypt",
                   host="shop.example")


def test_a_tunnel_that_policy_passes_is_untouched(scene, squid):
    done = through_squid(scene, "https://bank.example/", scene.pki.path("internet.pem"))
    assert done.stdout.decode() == origins.PAGE, done.stderr.decode()
    expect_session(scene, PROXY, upgrade="connect", connect="bank.example:443", decision="pass")


def test_plain_http_through_a_proxy_is_untouched(scene, squid):
    done = through_squid(scene, f"http://plain.example:{origins.PLAIN}/", scene.appliance.trust)
    assert done.stdout.decode() == origins.PAGE, done.stderr.decode()
    expect_session(scene, PROXY, upgrade="", reason="not_tls")


def test_https_through_a_proxy_that_asks_for_a_password_is_intercepted_behind_the_dialogue(scene, squid_with_password):
    # curl asks without the password first, and once more on the same connection after the answer 407.
    done = through_squid(scene, "https://shop.example/", scene.appliance.trust, PROXY_WITH_PASSWORD, "-v", "-U", "ann:secret",
                         "--proxy-anyauth")
    assert done.stdout.decode() == origins.PAGE, done.stderr.decode()
    assert b"407 Proxy Authentication Required" in done.stderr
    expect_session(scene, PROXY_WITH_PASSWORD, upgrade="connect", connect="shop.example:443", decision="decrypt",
                   host="shop.example")


def test_a_client_without_the_password_gets_the_proxys_answer(scene, squid_with_password):
    done = through_squid(scene, "https://shop.example/", scene.appliance.trust, PROXY_WITH_PASSWORD, "-U", "ann:wrong")
    assert done.returncode == 56 and b"407" in done.stderr, done.stderr.decode()
    expect_session(scene, PROXY_WITH_PASSWORD, upgrade="connect", connect="shop.example:443", host="")


def test_starttls_inside_a_tunnel_is_passed_with_its_reason(scene, squid, smtp):
    # The server at the tunnel's end speaks first, and what it speaks nobody has said. Not s_client: it throws away what
    # arrives together with the proxy's answer, and waits for the greeting ever after.
    done = scene.lab.run("client", "curl", "-sS", "--proxytunnel", "-x", f"http://{SERVER4}:{PROXY}", "--ssl-reqd",
                         "--cacert", scene.pki.path("internet.pem"), "-X", "NOOP", f"smtp://shop.example:{SMTP}/")
    assert b"250 heard NOOP" in done.stdout, done.stderr.decode()
    expect_session(scene, PROXY, upgrade="connect", connect=f"shop.example:{SMTP}", reason="server_spoke_first")


@pytest.mark.limpid_only
@pytest.mark.parametrize("port", [PROXY, PROXY_WITH_PASSWORD])
def test_a_server_behind_a_proxy_that_insists_gets_the_clients_own_certificate(scene, squid, squid_with_password, port):
    # The proxy is asked a second time, with the same words, for the connection that the client's hello goes on.
    insisting = start_insisting(scene, 8601 + port - PROXY)  # a new one each time: limpid remembers it
    shown = ["--cert", scene.pki.path("theirs.pem"), "--key", scene.pki.path("theirs.key"), "--http0.9"]
    done = through_squid(scene, f"https://shop.example:{insisting}/index.html", scene.pki.path("internet.pem"), port,
                         "-U", "ann:secret", "--proxy-anyauth", *shown)
    assert origins.PAGE in done.stdout.decode(), done.stderr.decode()
    expect_session(scene, port, upgrade="connect", connect=f"shop.example:{insisting}", decision="decrypt",
                   reason="server_wants_client_certificate")


def start_insisting(scene, port):
    """An origin that goes on with no client without a certificate."""
    if not (scene.pki.folder / "theirs.pem").exists():
        scene.pki.server("theirs", ["theirs.example"], [], usage="clientAuth")
    scene.lab.start("server", f"insisting-{port}", "openssl", "s_server", "-accept", f"{SERVER4}:{port}", "-WWW", "-tls1_3",
                    "-Verify", "1", "-cert", scene.pki.path("server.pem"), "-key", scene.pki.path("server.key"), "-CAfile",
                    scene.pki.path("internet.pem"), cwd=scene.lab.folder / "www")
    scene.lab.wait_listening(port)
    return port


# --- ssh ----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def ssh_proxy(scene, open_folder):
    real_servers.start_ssh_proxy(scene, open_folder, SOCKS)


BY_NAME = [("--socks5-hostname", "socks5"), ("--socks4a", "socks4")]  # curl's option, limpid's word


def through_ssh(scene, option, url, trust, *options):
    return scene.lab.run("client", "curl", "-sS", option, f"{SERVER4}:{SOCKS}", "--cacert", trust, *options, url)


@pytest.mark.parametrize("option,spoken", BY_NAME)
def test_https_through_a_socks_proxy_is_intercepted_behind_the_dialogue(scene, ssh_proxy, option, spoken):
    done = through_ssh(scene, option, "https://shop.example/", scene.appliance.trust)
    assert done.stdout.decode() == origins.PAGE, done.stderr.decode()
    expect_session(scene, SOCKS, upgrade=spoken, connect="shop.example:443", decision="decrypt", host="shop.example")


@pytest.mark.parametrize("option,spoken", BY_NAME)
def test_whom_a_socks_proxy_is_asked_for_is_the_policys_host_where_the_hello_names_none(scene, ssh_proxy, option, spoken):
    # Of a URL with an address curl sends no server name; the proxy is asked for the bank, which a rule passes by its name.
    done = through_ssh(scene, option, f"https://{SERVER4}/", scene.pki.path("internet.pem"), "--connect-to",
                          "::bank.example:443")
    assert done.stdout.decode() == origins.PAGE, done.stderr.decode()
    expect_session(scene, SOCKS, upgrade=spoken, connect="bank.example:443", decision="pass", rule="banks",
                   host="bank.example")
