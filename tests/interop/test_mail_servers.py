"""Mail between real servers: postfix delivers to postfix (SMTP with STARTTLS, on 25 and 587) and to dovecot (LMTP), and
curl submits. Each message arrives, and limpid has decrypted the connection that it came by."""
import pytest

import real_servers
from conftest import Scene
from lab import SERVER4
from process import wait_for

SMTP, SUBMISSION, LMTP = 25, 587, 24
ROUTES = {"transfer": (SMTP, "smtp"), "submission": (SUBMISSION, "smtp"), "local": (LMTP, "lmtp")}


@pytest.fixture(scope="module")
def scene(make_lab, pki):
    return Scene(make_lab(), pki, starttls=f"[{SMTP}, {SUBMISSION}, {LMTP}]")


@pytest.fixture(scope="module")
def receiver(scene, open_folder):
    """The folder where mail of postfix arrives."""
    mail = real_servers.folder_for(open_folder, "received", "nobody")
    real_servers.start_postfix(scene, open_folder, "server", [SMTP, SUBMISSION], {
        "virtual_mailbox_domains": "transfer.example, submission.example", "virtual_mailbox_base": mail,
        "virtual_mailbox_maps": "static:inbox/", "virtual_uid_maps": "static:65534", "virtual_gid_maps": "static:65534",
        "smtpd_tls_security_level": "encrypt", "smtpd_tls_cert_file": scene.pki.path("server.pem"),
        "smtpd_tls_key_file": scene.pki.path("server.key"), "smtpd_relay_restrictions": "reject_unauth_destination"})
    return mail


@pytest.fixture(scope="module")
def lmtp(scene, open_folder):
    """The folder where mail of dovecot's LMTP server arrives."""
    listener = f"service lmtp {{\n  inet_listener lmtp {{\n    address = {SERVER4}\n    port = {LMTP}\n  }}\n}}\n"
    return real_servers.start_dovecot(scene, open_folder, "lmtp", [LMTP], listener)


@pytest.fixture(scope="module")
def sender(scene, open_folder):
    """Verifies the servers that it delivers to, by the CA that a client behind limpid knows."""
    routes = ", ".join(f"{{ {name}.example = {protocol}:[{real_servers.HOST}]:{port} }}"
                       for name, (port, protocol) in ROUTES.items())
    tls = {f"{protocol}_tls_{name}": value for protocol in ("smtp", "lmtp")
           for name, value in (("security_level", "secure"), ("CAfile", scene.appliance.trust),
                               ("secure_cert_match", "hostname"))}
    return real_servers.start_postfix(scene, open_folder, "client", [], {"transport_maps": f"inline:{{ {routes} }}", **tls})


@pytest.mark.parametrize("route", list(ROUTES))
def test_postfix_delivers_over_a_connection_that_is_decrypted(scene, receiver, lmtp, sender, route):
    port, protocol = ROUTES[route]
    text = f"Two sacks by {route}."
    done = scene.lab.run("client", real_servers.program("sendmail"), "-C", str(sender), "-f", "ann@client.example",
                         f"bob@{route}.example", input=f"Subject: potatoes\n\n{text}\n".encode(), stdin=None)
    assert done.returncode == 0, done.stderr
    try:
        wait_for("the message", lambda: real_servers.in_maildir(lmtp if route == "local" else receiver, text))
    except AssertionError as error:
        raise AssertionError(f"{error}:\n{(sender / 'mail.log').read_text()[-2000:]}") from None
    real_servers.expect_session(scene, port, upgrade=protocol, decision="decrypt", rule="default")


def test_curl_submits_a_message(scene, receiver):
    text = "One sack by curl."
    message = scene.lab.folder / "message"
    message.write_text(f"Subject: potatoes\r\n\r\n{text}\r\n")
    done = scene.lab.run("client", "curl", "-sS", "--ssl-reqd", "--cacert", scene.appliance.trust, "--mail-from",
                         "ann@client.example", "--mail-rcpt", "bob@submission.example", "--upload-file", str(message),
                         f"smtp://{real_servers.HOST}:{SUBMISSION}/client.example")
    assert done.returncode == 0, done.stderr
    wait_for("the message", lambda: real_servers.in_maildir(receiver, text))
