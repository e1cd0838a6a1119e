"""StartTLS between Debian's servers of XMPP, and with those of ManageSieve, IRC and RDP, each with a client of its own, and
a whole piece of business behind it: a message delivered, a script stored, a login asked for."""
import re
import subprocess

import pytest

import real_servers
from conftest import Scene
from lab import CLIENT4, SERVER4
from process import wait_for
from real_servers import CLIENT_HOST, HOST, expect_session, program

XMPP, XMPP_SERVERS, SIEVE, IRC, RDP = 5222, 5269, 4190, 6667, 3389


@pytest.fixture(scope="module")
def pki_of_both(pki):
    """With a certificate for the client's host as well."""
    pki.server("client", [CLIENT_HOST], [])
    return pki


@pytest.fixture(scope="module")
def scene(make_lab, pki_of_both):
    return Scene(make_lab(), pki_of_both, starttls=f"[{XMPP_SERVERS}, {SIEVE}, {IRC}, {RDP}]")


def decrypted(scene, port, upgrade, **more):
    expect_session(scene, port, upgrade=upgrade, decision="decrypt", rule="default", **more)


# --- XMPP, from server to server -----------------------------------------------------------------------------


def deliver(scene, folder, trust, **more):
    """A message of ann's, whose server is the client's host, to bob, whose is the server's: what both servers logged, hers
    first. `trust`: what hers trusts. Users' own connections stay within a host."""
    servers = {}
    for role, host, user, trusted in (("client", CLIENT_HOST, "ann", trust),
                                      ("server", HOST, "bob", scene.pki.path("internet.pem"))):
        others = real_servers.federation(folder, role, XMPP_SERVERS, trusted, **more)
        servers[role] = real_servers.start_prosody(scene, folder, XMPP, [user], role, host, role, others)
        scene.lab.wait_listening(XMPP_SERVERS, role)

    def as_user(user, host, address, *what):
        return ["env", f"SSL_CERT_FILE={scene.pki.path('internet.pem')}", "SSL_CERT_DIR=/nonexistent", f"HOME={folder}",
                program("go-sendxmpp"), "-u", f"{user}@{host}", "-p", user[::-1], "-j", f"{address}:{XMPP}", *what]

    def logs():
        return [server.log() for server in servers.values()]

    bob = scene.lab.start("server", "bob", *as_user("bob", HOST, SERVER4, "-l"))
    done = scene.lab.run("client", *as_user("ann", CLIENT_HOST, CLIENT4, f"bob@{HOST}"), input=b"Two sacks.\n", stdin=None)
    assert done.returncode == 0, done.stdout + done.stderr
    wait_for("the message", lambda: "Two sacks." in bob.log(), instead=lambda: "\n".join(logs()))
    bob.stop()
    for server in servers.values():  # they would keep their connections
        server.stop()
    return logs()


def test_a_message_goes_from_one_xmpp_server_to_another(scene, open_folder):
    folder = real_servers.folder_for(open_folder, "federation")
    anns, _ = deliver(scene, folder, scene.appliance.trust)
    assert re.search("s2sout.*certificate identity validation result: valid", anns)
    decrypted(scene, XMPP_SERVERS, "xmpp")
    decrypted(scene, XMPP_SERVERS, "xmpp", address=CLIENT4)  # by which bob's server asks whether it was ann's


def test_xmpp_servers_that_insist_on_certificates_see_each_others_where_these_are_passed(make_lab, pki_of_both, open_folder):
    # limpid has none to show for ann's server: what that has said in the clear is said to bob's once more.
    passing = Scene(make_lab(), pki_of_both, starttls=f"[{XMPP_SERVERS}]", tls="  client_certificate: pass")
    folder = real_servers.folder_for(open_folder, "strict")
    _, bobs = deliver(passing, folder, pki_of_both.path("internet.pem"), strict=True)
    assert re.search("s2sin.*certificate identity validation result: valid", bobs)
    decrypted(passing, XMPP_SERVERS, "xmpp", reason="server_wants_client_certificate")


# --- ManageSieve ---------------------------------------------------------------------------------------------

SCRIPT = 'require "fileinto";\nif header :contains "subject" "potatoes" {\n  fileinto "Shop";\n}\n'


@pytest.fixture(scope="module")
def sieve(scene, open_folder):
    """The folder of the scripts that are stored."""
    return real_servers.start_managesieve(scene, open_folder, SIEVE)


def test_a_sieve_script_is_stored_and_listed(scene, open_folder, sieve):
    (open_folder / "script").write_text(SCRIPT)

    def sieve_connect(*what):
        return scene.lab.run("client", program("sieve-connect"), "--nosrv", "--server", HOST, "--port", str(SIEVE),
                             "--tlscafile", scene.appliance.trust, "--user", "ann", "--passwordfd", "0", *what,
                             input=b"secret\n", stdin=None)

    stored = sieve_connect("--upload", "--localsieve", str(open_folder / "script"), "--remotesieve", "shop")
    assert stored.returncode == 0, stored.stdout + stored.stderr
    assert (sieve / "shop.sieve").read_text() == SCRIPT
    listed = sieve_connect("--list")
    assert b'"shop"' in listed.stdout, listed.stdout + listed.stderr
    decrypted(scene, SIEVE, "managesieve")


# --- IRC -----------------------------------------------------------------------------------------------------

IRSSI = """servers = ({{ address = "{host}"; port = "{port}"; chatnet = "lab"; starttls = "yes"; tls_verify = "yes";
  tls_cafile = "{trust}"; autoconnect = "yes"; }});
chatnets = {{ lab = {{ type = "IRC"; nick = "{nick}"; autosendcmd = "{commands}"; }}; }};
settings = {{
  core = {{ real_name = "{nick}"; user_name = "{nick}"; }};
  "irc/core" = {{ cmd_queue_speed = "1msec"; }};
}};
"""


class Irssi:
    """A user at a terminal; `commands`: what irssi does by itself once it is in. It begins with JOIN before STARTTLS, to
    which inspircd objects before it agrees to the other."""

    def __init__(self, scene, open_folder, nick, commands):
        home = real_servers.folder_for(open_folder, f"irssi-{nick}")
        (home / "config").write_text(IRSSI.format(host=HOST, port=IRC, trust=scene.appliance.trust, nick=nick,
                                                  commands=commands))
        self.terminal = scene.lab.start("client", home.name, "env", "TERM=xterm", program("script"), "-qefc",
                                        f"{program('irssi')} --home={home}", "/dev/null", stdin=subprocess.PIPE)

    def expect(self, text):
        wait_for(text, lambda: text in self.terminal.log(), instead=self.terminal.log)

    def quit(self):
        self.terminal.child.communicate(b"/quit\n", timeout=20)


@pytest.fixture(scope="module")
def inspircd(scene, open_folder):
    real_servers.start_inspircd(scene, open_folder, IRC)


def test_a_message_goes_from_one_irc_client_to_another(scene, open_folder, inspircd):
    bob = Irssi(scene, open_folder, "bob", "/join #shop")
    bob.expect(" has joined ")
    ann = Irssi(scene, open_folder, "ann", "/join #shop;/msg #shop Two sacks.")
    bob.expect("Two sacks.")
    for user in (ann, bob):
        user.quit()
    decrypted(scene, IRC, "irc")


# --- RDP -----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def xrdp(scene, open_folder):
    """The file of what it logs."""
    return real_servers.start_xrdp(scene, open_folder, RDP)


@pytest.fixture(scope="module")
def display(scene):
    """The number of a screen that nobody looks at, in the client's host."""
    server = scene.lab.start("client", "Xvfb", program("Xvfb"), "-displayfd", "1", "-nolisten", "tcp")
    return wait_for("a display", lambda: re.search(r"^(\d+)\n", server.log(), re.MULTILINE), instead=server.log)[1]


def test_a_remote_desktop_asks_for_a_login(scene, open_folder, xrdp, display):
    home = real_servers.folder_for(open_folder, "rdesktop")
    # It trusts whom the system trusts, which is for this program alone: `ip netns exec` gives it mounts of its own. Whom
    # it does not trust it asks about, and nobody answers.
    trusting = 'mount --bind "$0" /etc/ssl/certs/ca-certificates.crt && exec "$@"'
    desktop = scene.lab.start("client", "rdesktop", "sh", "-c", trusting, scene.appliance.trust, "env", f"HOME={home}",
                              f"DISPLAY=:{display}", program("rdesktop"), "-v", "-n", "till", f"{HOST}:{RDP}")

    def logged(text):
        wait_for(text, lambda: text in xrdp.read_text(), instead=lambda: desktop.log() + xrdp.read_text())

    logged("Connected client computer name: till")
    logged("draw login window")
    wait_for("the client", lambda: "Connection successful" in desktop.log(), instead=desktop.log)
    desktop.stop()
    decrypted(scene, RDP, "rdp")
