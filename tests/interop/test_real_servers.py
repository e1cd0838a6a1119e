"""Servers of Debian, each with a client of its own, and a whole piece of business through limpid: a file is fetched, an
entry found, a message handed over, a query answered. FTP, LDAP, XMPP and MySQL are upgraded from the clear."""
import pytest

import origins
import real_servers
from conftest import Scene
from lab import SERVER4
from process import wait_for
from real_servers import HOST, expect_session, program

FTP, FTP_PASSED, LDAP, XMPP, MYSQL = 21, 2121, 389, 5222, 3306
DATA, DATA_PASSED = (40100, 40109), (40110, 40119)  # of FTP in passive mode
HAPROXY, HAPROXY_BEHIND_PROXY, GNUTLS = 8443, 8444, 8445
RULES = f"    - {{ name: reuse, when: {{ server_port: [{FTP_PASSED}, {DATA_PASSED[0]}-{DATA_PASSED[1]}] }}, then: pass }}"


@pytest.fixture(scope="module")
def scene(make_lab, pki):
    return Scene(make_lab(), pki, rules=RULES, starttls=f"[{FTP}, {LDAP}, {XMPP}, {MYSQL}]")


def decrypted(scene, port, upgrade):
    expect_session(scene, port, upgrade=upgrade, decision="decrypt", rule="default")


# --- FTP ----------------------------------------------------------------------------------------------------


def fetch_by_ftp(scene, port, trust, *options):
    return scene.lab.run("client", "curl", "-sS", "--ssl-reqd", "--cacert", trust, *options,
                         f"ftp://{HOST}:{port}/list.txt", text=True)


@pytest.mark.parametrize("passive", ["--ftp-pasv", "--disable-epsv"])
def test_a_file_is_fetched_by_ftp_and_both_connections_are_decrypted(scene, vsftpd, passive):
    done = fetch_by_ftp(scene, FTP, scene.appliance.trust, passive)
    assert done.stdout == "potatoes\n", done.stderr
    decrypted(scene, FTP, "ftp")
    if not scene.appliance.is_wire:
        rows = wait_for("the data connection's session", lambda: [
            row for row in scene.appliance.sessions("--all") if row["finished"] and row["server"].split(":")[0] == SERVER4
            and DATA[0] <= int(row["server"].split(":")[1]) <= DATA[1]])
        assert {(row["decision"], row["upgrade"], row["reason"]) for row in rows} == {("decrypt", "", "")}


@pytest.fixture(scope="module")
def vsftpd(scene, open_folder):
    real_servers.start_vsftpd(scene, open_folder, FTP, DATA)


def test_ftp_works_with_a_server_that_demands_resumption_where_all_its_ports_are_passed(scene, open_folder):
    real_servers.start_vsftpd(scene, open_folder, FTP_PASSED, DATA_PASSED, reuse="YES")
    done = fetch_by_ftp(scene, FTP_PASSED, scene.pki.path("internet.pem"))
    assert done.stdout == "potatoes\n", done.stderr


# --- LDAP, XMPP, MySQL --------------------------------------------------------------------------------------


def test_an_entry_is_found_by_ldapsearch_after_start_tls(scene, open_folder):
    real_servers.start_slapd(scene, open_folder, LDAP)
    done = scene.lab.run("client", "env", f"LDAPTLS_CACERT={scene.appliance.trust}", "LDAPTLS_REQCERT=demand",
                         program("ldapsearch"), "-ZZ", "-x", "-LLL", "-H", f"ldap://{HOST}:{LDAP}", "-b",
                         "dc=shop,dc=example", "(ou=cheese)", "description", text=True)
    assert "description: third shelf" in done.stdout, done.stderr
    decrypted(scene, LDAP, "ldap")


def test_a_message_goes_from_one_xmpp_client_to_another(scene, open_folder):
    real_servers.start_prosody(scene, open_folder, XMPP, ["ann", "bob"])

    def as_user(user, *what):
        return ["env", f"SSL_CERT_FILE={scene.appliance.trust}", "SSL_CERT_DIR=/nonexistent", f"HOME={open_folder}",
                program("go-sendxmpp"), "-u", f"{user}@{HOST}", "-p", user[::-1], "-j", f"{HOST}:{XMPP}", *what]

    bob = scene.lab.start("client", "bob", *as_user("bob", "-l"))
    # The server keeps the message for whoever is not there yet.
    done = scene.lab.run("client", *as_user("ann", f"bob@{HOST}"), input=b"Two sacks.\n", stdin=None)
    assert done.returncode == 0, done.stdout + done.stderr
    wait_for("the message", lambda: "Two sacks." in bob.log(), instead=bob.log)
    bob.stop()
    decrypted(scene, XMPP, "xmpp")


def test_a_query_is_answered_by_mariadb_over_tls(scene, open_folder):
    real_servers.start_mariadb(scene, open_folder, MYSQL)
    done = scene.lab.run("client", program("mariadb"), "--no-defaults", f"--ssl-ca={scene.appliance.trust}",
                         "--ssl-verify-server-cert", "-h", HOST, "-P", str(MYSQL), "--protocol=tcp", "-BN", "-e",
                         "show status like 'Ssl_version'", text=True)
    assert done.stdout.split() == ["Ssl_version", "TLSv1.3"], done.stderr
    decrypted(scene, MYSQL, "mysql")


# --- TLS from the first byte --------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def haproxy(scene, open_folder):
    """A server that speaks TLS; another that wants a PROXY header before it; and, at the client's, who says that."""
    bundle = open_folder / "haproxy.pem"
    bundle.write_text("".join((scene.pki.folder / f"server.{kind}").read_text() for kind in ("pem", "key")))
    site = f"  mode http\n  server nginx {SERVER4}:{origins.PLAIN}\n"
    real_servers.start_haproxy(
        scene, open_folder, "server", "server",
        f"listen tls\n  bind {SERVER4}:{HAPROXY} ssl crt {bundle}\n{site}"
        f"listen behind\n  bind {SERVER4}:{HAPROXY_BEHIND_PROXY} accept-proxy ssl crt {bundle}\n{site}")
    balancers = [f"listen version{version}\n  mode tcp\n  bind 127.0.0.1:{9000 + version}\n"
                 f"  server behind {SERVER4}:{HAPROXY_BEHIND_PROXY} send-proxy{'-v2' if version == 2 else ''}\n"
                 for version in (1, 2)]
    real_servers.start_haproxy(scene, open_folder, "client", "client", "".join(balancers))
    scene.lab.wait_listening(HAPROXY_BEHIND_PROXY)


def fetch(scene, *options):
    return scene.lab.run("client", "curl", "-sS", "--cacert", scene.appliance.trust, "--retry", "5", "--retry-connrefused",
                         *options, text=True)


def test_a_page_of_haproxy_is_fetched(scene, haproxy):
    done = fetch(scene, f"https://{HOST}:{HAPROXY}/")
    assert done.stdout == origins.PAGE, done.stderr
    decrypted(scene, HAPROXY, "")


@pytest.mark.parametrize("version", [1, 2])
def test_tls_behind_a_proxy_header_of_haproxy_is_decrypted(scene, haproxy, version):
    done = fetch(scene, "--connect-to", f"::127.0.0.1:{9000 + version}", f"https://{HOST}/")
    assert done.stdout == origins.PAGE, done.stderr
    decrypted(scene, HAPROXY_BEHIND_PROXY, "proxy")


@pytest.mark.parametrize("client", ["curl", "gnutls-cli"])
def test_a_page_of_gnutls_serv_is_fetched(scene, gnutls_serv, client):
    if client == "curl":
        done = fetch(scene, f"https://{HOST}:{GNUTLS}/")
        page = done.stdout + done.stderr
    else:
        page = scene.lab.converse(HOST, [program("gnutls-cli"), "--x509cafile", scene.appliance.trust, "-p", str(GNUTLS),
                                         HOST], until=b"</HTML>")
    assert "This is" in page and "GnuTLS" in page, page
    decrypted(scene, GNUTLS, "")


@pytest.fixture(scope="module")
def gnutls_serv(scene):
    scene.lab.start("server", "gnutls-serv", program("gnutls-serv"), "--http", "--port", str(GNUTLS), "--x509certfile",
                    scene.pki.path("server.pem"), "--x509keyfile", scene.pki.path("server.key"))
    scene.lab.wait_listening(GNUTLS)
