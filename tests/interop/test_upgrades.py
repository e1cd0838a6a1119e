"""Connections that begin in the clear, with real programs: PostgreSQL's SSLRequest, StartTLS of IMAP and POP3
(dovecot) and of SMTP (openssl s_client), and HTTPS through squid as an explicit proxy (CONNECT)."""
import os
import pwd
import shutil
import tempfile
from pathlib import Path

import pytest

import origins
from conftest import Scene
from lab import SERVER4, sh
from process import wait_for

POSTGRES, IMAP, POP3, SMTP, PROXY = 5432, 143, 110, 25, 3128


@pytest.fixture(scope="module")
def scene(make_lab, pki):
    return Scene(make_lab(), pki, starttls=f"[{POSTGRES}, {IMAP}, {POP3}, {SMTP}]")


@pytest.fixture(scope="module")
def open_folder():
    """Where servers that give up root's rights can read: a test's own folder is root's alone."""
    folder = Path(tempfile.mkdtemp(prefix="limpid-servers-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


def program(name):
    found = shutil.which(name, path=os.environ["PATH"] + ":/usr/sbin")
    return found or pytest.skip(f"{name} is not installed")


def own_copy(source, folder, user):
    copy = folder / Path(source).name
    shutil.copy(source, copy)
    copy.chmod(0o600)
    shutil.chown(copy, user, user)
    return copy


def expect_session(scene, port, **fields):
    """A session of that port of the server has ended, and its row has these values."""
    if scene.appliance.is_wire:
        return
    seen = []

    def there():
        seen[:] = [{name: row[name] for name in (*fields, "finished")} for row in scene.appliance.sessions("--all")
                   if row["server"] == f"{SERVER4}:{port}"]
        return {**fields, "finished": True} in seen

    try:
        wait_for(f"a session of port {port} with {fields}", there)
    except AssertionError as error:
        raise AssertionError(f"{error}, but {seen}") from None


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
    scene.lab.wait_listening(POSTGRES)


def test_postgresql_is_upgraded_by_its_ssl_request(scene, postgres):
    where = (f"host=shop.example hostaddr={SERVER4} user=postgres dbname=postgres sslmode=verify-full "
             f"sslrootcert={scene.appliance.trust}")
    done = scene.lab.run("client", program("psql"), where, "-Atc",
                         "select ssl, version from pg_stat_ssl where pid = pg_backend_pid()")
    assert done.stdout.decode().strip() == "t|TLSv1.3", done.stderr.decode()
    expect_session(scene, POSTGRES, upgrade="postgresql", decision="decrypt", host="shop.example")


# --- dovecot ------------------------------------------------------------------------------------------------

DOVECOT = """base_dir = {folder}/run
state_dir = {folder}/state
log_path = {folder}/dovecot.log
protocols = imap pop3
listen = {address}
ssl = required
ssl_cert = <{certificate}
ssl_key = <{key}
mail_location = maildir:{folder}/mail
auth_mechanisms = plain
default_internal_user = dovecot
passdb {{
  driver = static
  args = password=secret
}}
userdb {{
  driver = static
  args = uid={uid} gid={gid} home={folder}/mail
}}
service imap-login {{
  chroot =
}}
service pop3-login {{
  chroot =
}}
"""


@pytest.fixture(scope="module")
def dovecot(scene, open_folder):
    user = "nobody"
    home = open_folder / "dovecot"
    (home / "mail").mkdir(parents=True)
    shutil.chown(home / "mail", user)
    binary = program("dovecot")
    entry = pwd.getpwnam(user)
    configuration = DOVECOT.format(folder=home, address=SERVER4, uid=entry.pw_uid, gid=entry.pw_gid,
                                   certificate=scene.pki.path("server.pem"), key=scene.pki.path("server.key"))
    (home / "dovecot.conf").write_text(configuration + "first_valid_uid = 1\n")
    scene.lab.start("server", "dovecot", binary, "-F", "-c", str(home / "dovecot.conf"))
    for port in (IMAP, POP3):
        scene.lab.wait_listening(port)


@pytest.mark.parametrize("protocol,port,sign", [("imap", IMAP, "INBOX"), ("pop3", POP3, "")])
def test_mail_is_upgraded_by_starttls(scene, dovecot, protocol, port, sign):
    done = scene.lab.run("client", "curl", "-sS", "--ssl-reqd", "--cacert", scene.appliance.trust, "-u", "ann:secret",
                         "--resolve", f"shop.example:{port}:{SERVER4}", f"{protocol}://shop.example:{port}/")
    assert done.returncode == 0, done.stderr.decode()
    assert sign in done.stdout.decode()
    expect_session(scene, port, upgrade=protocol, decision="decrypt")


# --- SMTP ---------------------------------------------------------------------------------------------------


def serve_smtp(context):
    """One mail server's words up to the first command within TLS, which it repeats."""

    def serve(connection):
        with connection.makefile("rwb", buffering=0) as plain:
            plain.write(b"220 shop.example ESMTP\r\n")
            while (line := plain.readline()) and not line.upper().startswith(b"STARTTLS"):
                hello = line.upper().startswith(b"EHLO")
                plain.write(b"250-shop.example\r\n250 STARTTLS\r\n" if hello else b"250 ok\r\n")
            plain.write(b"220 go ahead\r\n")
        with context.wrap_socket(connection, server_side=True) as protected:
            protected.sendall(b"250 heard " + protected.recv(1000))

    return serve


@pytest.fixture
def smtp(scene, origin):
    return origin(SMTP, serve_smtp(origins.server_context(scene.pki)))


def test_smtp_is_upgraded_by_starttls(scene, smtp):
    done = scene.lab.run("client", "openssl", "s_client", "-starttls", "smtp", "-connect", f"{SERVER4}:{SMTP}",
                         "-servername", "shop.example", "-CAfile", scene.appliance.trust, "-verify_return_error",
                         "-quiet", input=b"EHLO within\r\n", stdin=None)
    assert b"250 heard EHLO within" in done.stdout, done.stderr.decode()
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


@pytest.fixture(scope="module")
def squid(scene, open_folder):
    configuration = open_folder / "squid.conf"
    configuration.write_text(
        f"http_port {SERVER4}:{PROXY}\nhttp_access allow all\ncache deny all\naccess_log none\n"
        f"cache_log stdio:{open_folder}/squid.log\npid_filename none\nhosts_file {open_folder}/hosts\n"
        "dns_v4_first on\nvisible_hostname lab\n")
    (open_folder / "hosts").write_text(f"{SERVER4} shop.example bank.example plain.example\n")
    (open_folder / "squid.log").touch()
    (open_folder / "squid.log").chmod(0o666)
    scene.lab.start("server", "squid", program("squid"), "-N", "-f", str(configuration))
    scene.lab.wait_listening(PROXY)


def through_squid(scene, url, trust):
    return scene.lab.run("client", "curl", "-sS", "-x", f"http://{SERVER4}:{PROXY}", "--cacert", trust, url)


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
