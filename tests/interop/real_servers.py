"""Servers and clients of Debian beside nginx, each started with a configuration of the test's own; and what limpid
recorded of their sessions."""
import os
import pwd
import shutil
from pathlib import Path

import pytest

from lab import CLIENT4, SERVER4, sh
from process import wait_for

HOST = "shop4.example"  # of the hosts' names the one that has no IPv6 address
CLIENT_HOST = "client.example"  # where the client's host is a server, too
ADDRESSES = {"client": CLIENT4, "server": SERVER4}


def program(name):
    found = shutil.which(name, path=os.environ["PATH"] + ":/usr/sbin")
    return found or pytest.skip(f"{name} is not installed")


def own_copy(source, folder, user):
    copy = folder / Path(source).name
    shutil.copy(source, copy)
    copy.chmod(0o600)
    shutil.chown(copy, user, user)
    return copy


def expect_session(scene, port, address=SERVER4, **fields):
    """A session of that port of the server has ended, and its row has these values."""
    if scene.appliance.is_wire:
        return
    seen = []

    def there():
        seen[:] = [{name: row[name] for name in (*fields, "finished")} for row in scene.appliance.sessions("--all")
                   if row["server"] == f"{address}:{port}"]
        return {**fields, "finished": True} in seen

    try:
        wait_for(f"a session of port {port} with {fields}", there)
    except AssertionError as error:
        raise AssertionError(f"{error}, but {seen}") from None


def folder_for(open_folder, name, user=None):
    folder = open_folder / name
    folder.mkdir()
    if user:
        shutil.chown(folder, user)
    return folder


# --- postfix ------------------------------------------------------------------------------------------------

POSTFIX_MASTER = """{listeners}
smtp unix - - n - - smtp
lmtp unix - - n - - lmtp
virtual unix - n n - - virtual
rewrite unix - - n - - trivial-rewrite
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
pickup unix n - n 1 1 pickup
tlsmgr unix - - n 1000? 1 tlsmgr
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
error unix - - n - - error
retry unix - - n - - error
proxymap unix - - n - - proxymap
postlog unix-dgram n - n - 1 postlogd
"""


def start_postfix(scene, open_folder, role, ports, settings):
    """An instance of its own in that host; returns the folder of its configuration."""
    home = folder_for(open_folder, f"postfix-{role}")
    folder_for(home, "data", "postfix")
    folder_for(home, "queue")
    usual = {"compatibility_level": "3.6", "queue_directory": home / "queue", "data_directory": home / "data",
             "maillog_file": home / "mail.log", "maillog_file_prefixes": home, "myhostname": f"{role}.example",
             "mydestination": "", "inet_protocols": "ipv4", "inet_interfaces": SERVER4 if ports else "loopback-only",
             "alias_maps": "", "alias_database": "", "smtp_host_lookup": "native", "lmtp_host_lookup": "native",
             "smtp_dns_support_level": "disabled", "biff": "no"}
    (home / "main.cf").write_text("".join(f"{name} = {value}\n" for name, value in {**usual, **settings}.items()))
    listeners = "\n".join(f"{port} inet n - n - - smtpd" for port in ports)
    (home / "master.cf").write_text(POSTFIX_MASTER.format(listeners=listeners))
    scene.lab.start(role, f"postfix-{role}", program("postfix"), "-c", str(home), "start-fg")
    for port in ports:
        scene.lab.wait_listening(port)
    wait_for("postfix", lambda: (home / "queue" / "public" / "pickup").exists())
    return home


def in_maildir(folder, text):
    return any(text in message.read_text(errors="replace") for message in folder.rglob("new/*"))


# --- dovecot ------------------------------------------------------------------------------------------------

DOVECOT = """base_dir = {folder}/run
state_dir = {folder}/state
log_path = {folder}/dovecot.log
protocols = {protocols}
listen = {address}
ssl = required
ssl_cert = <{certificate}
ssl_key = <{key}
mail_location = maildir:{folder}/mail
auth_mechanisms = plain
default_internal_user = dovecot
first_valid_uid = 1
postmaster_address = postmaster@shop.example
passdb {{
  driver = static
  args = password=secret
}}
userdb {{
  driver = static
  args = uid={uid} gid={gid} home={folder}/mail
}}
{more}
"""


def start_dovecot(scene, open_folder, protocols, ports, more=""):
    """Its mail is in the folder that is returned."""
    user = "nobody"
    home = folder_for(open_folder, f"dovecot-{protocols.split()[0]}")
    folder_for(home, "mail", user)
    entry = pwd.getpwnam(user)
    (home / "dovecot.conf").write_text(DOVECOT.format(
        folder=home, address=SERVER4, uid=entry.pw_uid, gid=entry.pw_gid, protocols=protocols, more=more,
        certificate=scene.pki.path("server.pem"), key=scene.pki.path("server.key")))
    scene.lab.start("server", home.name, program("dovecot"), "-F", "-c", str(home / "dovecot.conf"))
    for port in ports:
        scene.lab.wait_listening(port)
    return home / "mail"


def start_mailboxes(scene, open_folder, ports):
    """IMAP and POP3, for everybody with the password; `ports`: the usual ones."""
    logins = "".join(f"service {protocol}-login {{\n  chroot =\n}}\n" for protocol in ("imap", "pop3"))
    start_dovecot(scene, open_folder, "imap pop3", ports, logins)


def start_managesieve(scene, open_folder, port):
    """The scripts that mail is sorted by, for everybody with the password; they are in the folder that is returned."""
    login = f"service managesieve-login {{\n  chroot =\n  inet_listener sieve {{\n    port = {port}\n  }}\n}}\n"
    if not list(Path("/usr/lib/dovecot").glob("managesieve-login")):
        pytest.skip("dovecot-managesieved is not installed")
    return start_dovecot(scene, open_folder, "sieve", [port], login) / "sieve"


# --- FTP, LDAP, XMPP, MySQL ---------------------------------------------------------------------------------


def start_vsftpd(scene, open_folder, port, passive, reuse="NO"):
    """Serves ftp/list.txt to anybody, over TLS only; `passive`: the first and the last port of data connections."""
    home = folder_for(open_folder, f"vsftpd-{port}")
    folder_for(home, "ftp")
    folder_for(home, "empty")
    (home / "ftp" / "list.txt").write_text("potatoes\n")
    settings = {"listen": "YES", "listen_address": SERVER4, "listen_port": port, "background": "NO", "anonymous_enable": "YES",
                "no_anon_password": "YES", "anon_root": home / "ftp", "secure_chroot_dir": home / "empty",
                "pasv_min_port": passive[0], "pasv_max_port": passive[1], "ssl_enable": "YES", "allow_anon_ssl": "YES",
                "force_anon_logins_ssl": "YES", "force_anon_data_ssl": "YES", "require_ssl_reuse": reuse,
                "ssl_ciphers": "HIGH", "rsa_cert_file": scene.pki.path("server.pem"),
                "rsa_private_key_file": scene.pki.path("server.key")}
    (home / "vsftpd.conf").write_text("".join(f"{name}={value}\n" for name, value in settings.items()))
    scene.lab.start("server", home.name, program("vsftpd"), str(home / "vsftpd.conf"))
    scene.lab.wait_listening(port)


SLAPD = """include /etc/ldap/schema/core.schema
modulepath /usr/lib/ldap
moduleload back_mdb
pidfile {folder}/slapd.pid
TLSCertificateFile {certificate}
TLSCertificateKeyFile {key}
security tls=1
database mdb
suffix "dc=shop,dc=example"
directory {folder}/data
"""
ENTRIES = """dn: dc=shop,dc=example
objectClass: dcObject
objectClass: organization
o: shop
dc: shop

dn: ou=cheese,dc=shop,dc=example
objectClass: organizationalUnit
ou: cheese
description: third shelf
"""


def start_slapd(scene, open_folder, port):
    home = folder_for(open_folder, "slapd")
    folder_for(home, "data")
    configuration = home / "slapd.conf"
    configuration.write_text(SLAPD.format(folder=home, certificate=scene.pki.path("server.pem"),
                                          key=scene.pki.path("server.key")))
    (home / "entries.ldif").write_text(ENTRIES)
    slapd = program("slapd")
    sh(program("slapadd"), "-f", str(configuration), "-l", str(home / "entries.ldif"))
    scene.lab.start("server", "slapd", slapd, "-f", str(configuration), "-h", f"ldap://{SERVER4}:{port}", "-d", "0")
    scene.lab.wait_listening(port)


PROSODY = """run_as_root = true
pidfile = "{folder}/prosody.pid"
data_path = "{folder}/data"
log = {{ debug = "*console" }}
modules_enabled = {{ "roster", "saslauth", "tls", "disco", "offline", "dialback" }}
c2s_ports = {{ {port} }}
c2s_interfaces = {{ "{address}" }}
c2s_require_encryption = true
authentication = "internal_plain"
ssl = {{ certificate = "{certificate}.pem", key = "{certificate}.key" }}
{more}
VirtualHost "{host}"
"""
ALONE = 'modules_disabled = { "s2s", "dialback" }'


def start_prosody(scene, open_folder, port, users, role="server", host=HOST, certificate="server", more=ALONE):
    """The password is the user's name, backwards. `more`: how it gets on with other servers."""
    home = folder_for(open_folder, f"prosody-{role}")
    folder_for(home, "data")
    configuration = home / "prosody.cfg.lua"
    configuration.write_text(PROSODY.format(folder=home, port=port, address=ADDRESSES[role], host=host, more=more,
                                            certificate=scene.pki.path(certificate)))
    prosody = program("prosody")
    accounts = folder_for(folder_for(home / "data", host.replace(".", "%2e")), "accounts")
    for user in users:
        (accounts / f"{user}.dat").write_text(f'return {{ ["password"] = "{user[::-1]}"; }};\n')
    server = scene.lab.start(role, home.name, prosody, "-F", "--config", str(configuration))
    scene.lab.wait_listening(port, role)
    return server


FEDERATION = """s2s_ports = {{ {port} }}
s2s_interfaces = {{ "{address}" }}
s2s_require_encryption = true
s2s_secure_auth = {strict}
s2s_ssl = {{ cafile = "{trust}" }}
unbound = {{ resolvconf = false, hoststxt = "{hosts}", options = {{ ["local-zone:"] = "example. static" }} }}
"""


def federation(open_folder, role, port, trust, strict=False):
    """For start_prosody(): it speaks with the other host's server, which it knows by a list of its own, for lack of a name
    server. It verifies what the other shows, and logs the result; who connects has to show something only if it is
    `strict`, else whom he says he is from is asked (dialback)."""
    if not list(Path("/usr/lib").glob("*/lua/*/lunbound.so")):
        pytest.skip("lua-unbound is not installed")
    hosts = open_folder / f"hosts-{role}"
    hosts.write_text(f"{CLIENT4} {CLIENT_HOST}\n{SERVER4} {HOST}\n")
    return FEDERATION.format(port=port, address=ADDRESSES[role], trust=trust, hosts=hosts, strict=str(strict).lower())


def start_mariadb(scene, open_folder, port):
    """Anybody is let in, over TLS or not: what is asked here is what becomes of the connection."""
    home = folder_for(open_folder, "mariadb")
    server = program("mariadbd")
    sh(program("mariadb-install-db"), "--no-defaults", "--user=root", f"--datadir={home / 'data'}",
       "--auth-root-authentication-method=normal", "--skip-test-db")
    scene.lab.start("server", "mariadb", server, "--no-defaults", "--user=root", f"--datadir={home / 'data'}",
                    f"--bind-address={SERVER4}", f"--port={port}", f"--socket={home / 'socket'}", "--skip-grant-tables",
                    f"--ssl-cert={scene.pki.path('server.pem')}", f"--ssl-key={scene.pki.path('server.key')}")
    scene.lab.wait_listening(port)


# --- IRC, RDP ------------------------------------------------------------------------------------------------

INSPIRCD = """<config format="xml">
<server name="{host}" description="the shop" network="lab" id="1AA">
<admin name="ann" nick="ann" email="ann@shop.example">
<path datadir="{folder}" logdir="{folder}" runtimedir="{folder}">
<pid file="{folder}/inspircd.pid">
<bind address="{address}" port="{port}" type="clients">
<connect allow="*" resolvehostnames="no">
<log method="file" type="*" level="default" target="{folder}/inspircd.log">
<module name="ssl_gnutls">
<sslprofile name="shop" provider="gnutls" certfile="{certificate}" keyfile="{key}">
<module name="starttls">
<starttls provider="shop">
<module name="cap">
"""


def start_inspircd(scene, open_folder, port):
    home = folder_for(open_folder, "inspircd")
    configuration = home / "inspircd.conf"
    configuration.write_text(INSPIRCD.format(folder=home, host=HOST, address=SERVER4, port=port,
                                             certificate=scene.pki.path("server.pem"), key=scene.pki.path("server.key")))
    # In a folder of its own, for it crashes while it ends (3.15.0 does), and may leave a core.
    scene.lab.start("server", "inspircd", program("inspircd"), "--config", str(configuration), "--nofork", "--runasroot",
                    cwd=home)
    scene.lab.wait_listening(port)


XRDP = """[Globals]
fork=true
port={port}
security_layer=tls
certificate={certificate}
key_file={key}
ssl_protocols=TLSv1.2, TLSv1.3
allow_channels=true
[Logging]
LogFile={folder}/xrdp.log
LogLevel=DEBUG
EnableSyslog=false
[Channels]
rdpdr=true
rdpsnd=true
cliprdr=true
[Nobody]
name=Nobody
lib=libvnc.so
username=ask
password=ask
ip=127.0.0.1
port=-1
"""


def start_xrdp(scene, open_folder, port):
    """Whoever connects is asked to log in. Returns the file of what it logs."""
    home = folder_for(open_folder, "xrdp")
    configuration = home / "xrdp.ini"
    configuration.write_text(XRDP.format(folder=home, port=port, certificate=scene.pki.path("server.pem"),
                                         key=scene.pki.path("server.key")))
    scene.lab.start("server", "xrdp", program("xrdp"), "-n", "-c", str(configuration))
    scene.lab.wait_listening(port)
    return home / "xrdp.log"


# --- haproxy, squid, ssh -------------------------------------------------------------------------------------


def start_haproxy(scene, open_folder, role, name, sections):
    configuration = open_folder / f"haproxy-{name}.cfg"
    configuration.write_text("defaults\n  timeout connect 10s\n  timeout client 30s\n  timeout server 30s\n" + sections)
    scene.lab.start(role, f"haproxy-{name}", program("haproxy"), "-db", "-f", str(configuration))


def start_squid(scene, open_folder, port, more=""):
    """An explicit proxy that knows the hosts by name; `more`: who may use it, everybody if nothing is said."""
    configuration = open_folder / f"squid-{port}.conf"
    log = open_folder / f"squid-{port}.log"
    log.touch()
    log.chmod(0o666)
    hosts = open_folder / "hosts"
    hosts.write_text(f"{SERVER4} shop.example bank.example plain.example\n")
    configuration.write_text(
        f"http_port {SERVER4}:{port}\n{more or 'http_access allow all'}\ncache deny all\naccess_log none\n"
        f"acl SSL_ports port 1-65535\ncache_log stdio:{log}\npid_filename none\nhosts_file {hosts}\n"
        "dns_v4_first on\nshutdown_lifetime 0 seconds\nvisible_hostname lab\n")
    scene.lab.start("server", f"squid-{port}", program("squid"), "-N", "-f", str(configuration))
    scene.lab.wait_listening(port)


SSHD = """HostKey {folder}/key
AuthorizedKeysFile {folder}/key.pub
StrictModes no
UsePAM no
PidFile none
"""


def start_ssh_proxy(scene, open_folder, port):
    """What `ssh -D` is for others: a proxy that speaks SOCKS 4, 4a and 5. It logs in to a daemon of its own, and knows the
    hosts by name."""
    home = folder_for(open_folder, "ssh")
    configuration = home / "sshd.conf"
    configuration.write_text(SSHD.format(folder=home))
    sh("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(home / "key"))
    os.makedirs("/run/sshd", exist_ok=True)  # where Debian's sshd wants to confine itself
    options = {"ProxyCommand": f"{program('sshd')} -i -f {configuration}", "IdentityFile": home / "key", "BatchMode": "yes",
               "StrictHostKeyChecking": "no", "UserKnownHostsFile": "/dev/null", "ExitOnForwardFailure": "yes"}
    scene.lab.start("server", "ssh", program("ssh"), "-F", "none", "-N", "-D", f"{SERVER4}:{port}",
                    *(f"-o{name}={value}" for name, value in options.items()), "root@proxy")
    scene.lab.wait_listening(port)
