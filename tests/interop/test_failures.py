"""What goes wrong, goes wrong as it would without limpid, and says whose fault it was."""
import signal
import socket
import subprocess

import pytest

from lab import Lab, SERVER4, run, wait_for

pytestmark = pytest.mark.intercepts


@pytest.fixture(scope="module")
def lab():
    with Lab(policy="{ default: decrypt, rules: [{ name: nobody, when: { sni: [blocked.example] }, then: block }] }") as made:
        made.nginx()
        made.expired_certificate("expired")
        made.nginx(certificate="expired", port=8443)
        yield made


def last_line(lab, *parts):
    return wait_for(f"a log line with {parts}", lambda: [line for line in lab.session_lines() if all(p in line for p in parts)])[-1]


def test_an_expired_certificate_is_refused_by_the_client_and_mirrored_under_the_untrusted_ca(lab):
    refused = lab.client("curl", "-sS", "--cacert", lab.ca, "https://v4.example:8443/hello", check=False)
    assert refused.returncode == 60
    shown = lab.client("openssl", "s_client", "-connect", f"{SERVER4}:8443", "-servername", "v4.example", input="").stdout
    text = lab.client("openssl", "x509", "-noout", "-issuer", "-enddate", input=shown).stdout
    assert "Interop Untrusted CA" in text and "Feb  1 00:00:00 2024" in text
    rows = wait_for("the certificate", lambda: [row for row in lab.certificates() if row["server_port"] == 8443])
    assert rows[0]["outcome"] == "expired"


def test_a_client_that_rejects_the_forged_certificate_is_named_as_the_culprit(lab):
    lab.client("curl", "-sS", "--cacert", lab.path("origin-ca.pem"), "https://v4.example/hello", check=False)
    assert "culprit=client" in last_line(lab, "client_rejected_certificate")


def test_a_server_that_is_not_there_refuses_the_client_as_it_would_directly(lab):
    done = lab.client("curl", "-sS", "--max-time", "10", "https://v4.example:9/", check=False)
    assert done.returncode == 7 and "refused" in done.stderr.lower() or "connect" in done.stderr.lower()


def test_a_blocked_server_name_is_reset_and_named(lab):
    done = lab.client("curl", "-sS", "--max-time", "10", "--connect-to", "blocked.example:443:v4.example:443",
                      "https://blocked.example/", check=False)
    assert done.returncode == 35 and "reset" in done.stderr.lower()
    assert "rule=nobody" in last_line(lab, "blocked.example", "decision=block")


def test_what_is_not_tls_is_forwarded_untouched(lab):
    child = lab.spawn("server", "/usr/bin/python3", "-c", ECHO, "7007", log="echo.log")
    lab.listening(7007)
    shown = lab.client("/usr/bin/python3", "-c", TALK, SERVER4, "7007").stdout
    assert shown.strip() == "good"
    lab.stop(child)


ECHO = r"""
import socket, sys
listener = socket.create_server(("0.0.0.0", int(sys.argv[1])))
while True:
    link, _ = listener.accept()
    while True:
        data = link.recv(65536)
        if not data: break
        link.sendall(data)
    link.close()
"""
TALK = r"""
import socket, sys, hashlib
link = socket.create_connection((sys.argv[1], int(sys.argv[2])), 10)
sent, got = b"SSH-2.0-not-tls\r\n" + hashlib.shake_256(b"x").digest(200000), b""
link.sendall(sent[:17]); got += link.recv(17, socket.MSG_WAITALL)
link.sendall(sent[17:]); link.shutdown(socket.SHUT_WR)
while True:
    data = link.recv(65536)
    if not data: break
    got += data
print("good" if got == sent else "bad")
"""

# A TLS server that sends half a response and then ends the TCP stream without close_notify.
TRUNCATING = r"""
import socket, ssl, sys
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER); context.load_cert_chain(sys.argv[2], sys.argv[3])
listener = socket.create_server(("0.0.0.0", int(sys.argv[1])))
while True:
    link, _ = listener.accept()
    try:
        tls = context.wrap_socket(link)
        ask = tls.recv(4096)
        tls.sendall(b"HTTP/1.0 200 OK\r\n\r\nonly a part of the whole")
        if b"/clean" in ask: tls.unwrap().close()
        else:
            tls.shutdown(socket.SHUT_RDWR); socket.socket(fileno=tls.detach()).close()
    except (ssl.SSLError, OSError): pass
"""
READER = r"""
import socket, ssl, sys
context = ssl.create_default_context(cafile=sys.argv[3])
tls = context.wrap_socket(socket.create_connection((sys.argv[1], int(sys.argv[2])), 10), server_hostname="v4.example", suppress_ragged_eofs=False)
tls.sendall(b"GET " + sys.argv[4].encode() + b" HTTP/1.0\r\n\r\n")
got = b""
try:
    while True:
        data = tls.recv(65536)
        if not data: print("clean", len(got)); break
        got += data
except ssl.SSLEOFError: print("truncated", len(got))
except ConnectionResetError: print("reset", len(got))
"""


def test_a_truncated_stream_never_becomes_a_clean_end(lab):
    child = lab.spawn("server", "/usr/bin/python3", "-c", TRUNCATING, "7008", lab.path("server.pem"), lab.path("server.key"), log="trunc.log")
    lab.listening(7008)
    assert lab.client("/usr/bin/python3", "-c", READER, "v4.example", "7008", lab.ca, "/clean").stdout.split() == ["clean", "43"]
    assert lab.client("/usr/bin/python3", "-c", READER, "v4.example", "7008", lab.ca, "/cut").stdout.split()[0] in ("truncated", "reset")
    lab.stop(child)


# Opens a connection, asks for a large file, and does not read.
SLOW = r"""
import socket, ssl, sys
context = ssl.create_default_context(cafile=sys.argv[2])
link = socket.socket(); link.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
link.connect((sys.argv[1], 443))
tls = context.wrap_socket(link, server_hostname="v4.example")
tls.sendall(b"GET /large HTTP/1.1\r\nHost: v4.example\r\n\r\n")
print("asked", flush=True)
sys.stdin.readline()
total = 0
while total < 200_000_000: total += len(tls.recv(1 << 20))
print("read", flush=True)
"""


def test_a_slow_reader_bounds_memory_and_loses_nothing(lab):
    with open(lab.path("www/large"), "wb") as out:
        out.truncate(201_000_000)
    child = lab.spawn("client", "/usr/bin/python3", "-c", SLOW, "v4.example", lab.ca, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert child.stdout.readline() == b"asked\n"

    def stalled():
        """The server is stopped by its window: its queue has not moved between two looks."""
        looks = [run("ip", "netns", "exec", lab.namespaces["server"], "ss", "-tnH", "state", "established", "sport = :443").stdout
                 for _ in range(2)]
        queues = [[line.split()[1] for line in look.splitlines()] for look in looks]
        return queues[0] == queues[1] and any(int(queue) > 100_000 for queue in queues[0])
    wait_for("the server to be held back", stalled, 60)
    held = sum(worker["stream_bytes"] for worker in lab.stats()["workers"])
    assert held < 4_000_000
    child.stdin.write(b"go\n")
    child.stdin.flush()
    assert child.stdout.readline() == b"read\n"


HOLD = r"""
import socket, ssl, sys
context = ssl.create_default_context(cafile=sys.argv[3])
tls = context.wrap_socket(socket.create_connection((sys.argv[1], int(sys.argv[2]))), server_hostname=sys.argv[1])
def ask():
    tls.sendall(b"GET /hello HTTP/1.1\r\nHost: x\r\n\r\n")
    got = b""
    while b"Hello from the origin." not in got:
        data = tls.recv(4096)
        if not data: raise EOFError
        got += data
ask()
print("open", flush=True)
for line in sys.stdin:
    try:
        tls.settimeout(30); ask(); print("alive", flush=True)
    except (ConnectionResetError, EOFError, ssl.SSLError) as error: print("broken", type(error).__name__, flush=True)
    except TimeoutError: print("hangs", flush=True)
"""


def hold(lab, host, ca):
    child = lab.spawn("client", "/usr/bin/python3", "-c", HOLD, host, "443", ca, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert child.stdout.readline() == b"open\n"
    return child


def ask(child):
    child.stdin.write(b"\n")
    child.stdin.flush()
    return child.stdout.readline().decode().split()


POLICY = "{ default: decrypt, rules: [{ name: passed, when: { sni: [shop.example] }, then: pass }] }"


def test_after_a_crash_passed_flows_go_on_and_intercepted_ones_are_reset():
    with Lab(policy=POLICY) as lab:
        lab.nginx()
        passed = hold(lab, "shop.example", lab.path("origin-ca.pem"))
        adopted = hold(lab, "v4.example", lab.ca)
        lab.stop_limpid(signal.SIGKILL)
        lab.start_limpid()
        assert ask(passed) == ["alive"]
        assert ask(adopted)[0] == "broken"


def test_after_a_stop_in_good_order_passed_flows_go_on():
    with Lab(policy=POLICY, dataplane=", drain: 1s") as lab:
        lab.nginx()
        passed = hold(lab, "shop.example", lab.path("origin-ca.pem"))
        adopted = hold(lab, "v4.example", lab.ca)
        assert lab.stop_limpid() == 0
        assert "stopped" in last_line(lab, "v4.example")
        lab.start_limpid()
        assert ask(passed) == ["alive"]
        assert ask(adopted)[0] == "broken"


def test_sigterm_lets_a_session_finish_and_loses_no_record():
    with Lab(dataplane=", drain: 30s") as lab:
        lab.nginx()
        adopted = hold(lab, "v4.example", lab.ca)
        lab.limpid.send_signal(signal.SIGTERM)
        wait_for("the drain to begin", lambda: "stopping" in lab.read("limpid.log"))
        assert ask(adopted) == ["alive"]
        lab.stop(adopted)
        lab.limpid.wait(60)
        assert lab.limpid.returncode == 0
        assert last_line(lab, "v4.example")
        rows = run("sqlite3", lab.path("inventory.db"), "select count(*) from sightings", check=False).stdout.strip()
        assert rows in ("1", "")


def test_two_workers_share_the_work_and_each_flow_stays_with_one():
    with Lab(cores=(0, 1)) as lab:
        lab.nginx()
        lab.write("curl.cfg", "\n".join(f'url = "https://{host}/hello?{i}"' for i in range(40) for host in ("v4.example", "v6.example")))
        shown = lab.client("curl", "-sS", "--http1.1", "--parallel", "--parallel-max", "20", "--cacert", lab.ca, "-K",
                           lab.path("curl.cfg"), timeout=120).stdout
        assert shown.count("Hello from the origin.") == 80
        adopted = [worker["flows_adopted"] for worker in lab.stats()["workers"]]
        assert len(adopted) == 2 and min(adopted) > 0
