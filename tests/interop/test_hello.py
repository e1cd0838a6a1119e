"""The ClientHello in pieces: however it is cut and however slowly it comes, the session is intercepted."""
import socket
import ssl
import subprocess
import sys

import pytest

from lab import Lab, SERVER4, wait_for

# Runs in the client's namespace: sends a ClientHello of about 1.8 KB in so many segments, a second apart (which is
# the case to be tried, not a wait), and then completes the handshake and the request.
CLIENT = r"""
import socket, ssl, sys, time
host, ca, pieces, pause, protocols = sys.argv[1], sys.argv[2], int(sys.argv[3]), float(sys.argv[4]), int(sys.argv[5])
context = ssl.create_default_context(cafile=ca)
context.set_alpn_protocols(["http/1.1"] + [f"limpid-test-protocol-{i:04d}" for i in range(protocols)])
come, go = ssl.MemoryBIO(), ssl.MemoryBIO()
tls = context.wrap_bio(come, go, server_hostname=host)
try: tls.do_handshake()
except ssl.SSLWantReadError: pass
hello = go.read()
assert protocols == 0 or len(hello) >= 1800, len(hello)
link = socket.create_connection((host, 443))
link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
step = -(-len(hello) // pieces)
for at in range(0, len(hello), step):
    if at: time.sleep(pause)
    link.sendall(hello[at:at + step])
def pump(work):
    while True:
        try: return work()
        except ssl.SSLWantReadError:
            link.sendall(go.read()) if go.pending else None
            got = link.recv(65536)
            come.write(got) if got else come.write_eof()
pump(tls.do_handshake)
tls.write(b"GET /hello HTTP/1.1\r\nHost: " + host.encode() + b"\r\nConnection: close\r\n\r\n")
link.sendall(go.read())
answer = b""
while b"Hello from the origin." not in answer: answer += pump(lambda: tls.read(65536))
print(len(hello), tls.getpeercert()["issuer"])
"""


@pytest.fixture(scope="module")
def lab():
    with Lab(policy="{ default: decrypt, rules: [{ name: passed, when: { sni: [shop.example] }, then: pass }] }") as made:
        made.nginx()
        yield made


@pytest.mark.parametrize("pieces", [1, 2, 10])
def test_a_hello_of_1800_bytes_in_segments_a_second_apart_is_intercepted(lab, pieces):
    shown = lab.client("/usr/bin/python3", "-c", CLIENT, "v4.example", lab.ca, pieces, 1.0, 45, timeout=60).stdout
    assert lab.is_wire or "Interop Trusted CA" in shown


def test_a_hello_byte_by_byte_without_pause_is_intercepted(lab):
    shown = lab.client("/usr/bin/python3", "-c", CLIENT, "v4.example", lab.ca, 10_000, 0.0, 45, timeout=60).stdout
    assert lab.is_wire or "Interop Trusted CA" in shown


@pytest.mark.parametrize("pieces", [1, 2, 10])
def test_a_hello_in_segments_a_second_apart_that_policy_passes_reaches_the_server_itself(lab, pieces):
    shown = lab.client("/usr/bin/python3", "-c", CLIENT, "shop.example", lab.path("origin-ca.pem"), pieces, 1.0, 45,
                       timeout=60).stdout
    assert "Interop Origin CA" in shown
