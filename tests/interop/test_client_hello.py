"""A ClientHello of 1.8 KB, as browsers with post-quantum key shares send it, in one, two and ten segments that
come a second apart: intercepted or passed, the session is set up."""
import ssl
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

import origins
from conftest import Scene

HELLO_BYTES = 1800
PAUSE_S = 1.0


def big_context(scene, passed):
    context = origins.client_context(scene.appliance)
    if passed:
        context.load_verify_locations(scene.pki.path("internet.pem"))
    # Protocol names that no server knows fill the hello up to the wanted size.
    names = ["http/1.1"] + ["x" * 200] * 3  # beyond 511 bytes, where OpenSSL pads by itself
    context.set_alpn_protocols(names)
    missing = HELLO_BYTES - len(first_flight(context, "shop.example"))
    while missing > 1:
        names.append("y" * (min(missing, 200) - 1))
        missing -= len(names[-1]) + 1
    context.set_alpn_protocols(names)
    return context


def first_flight(context, host):
    """The ClientHello as it goes onto the wire."""
    outgoing = ssl.MemoryBIO()
    with pytest.raises(ssl.SSLWantReadError):
        context.wrap_bio(ssl.MemoryBIO(), outgoing, server_hostname=host).do_handshake()
    return outgoing.read()


class BioClient:
    """A TLS client whose first flight is sent in pieces."""

    def __init__(self, scene, context, host, port):
        self.socket = scene.lab.connect(port, seconds=60)
        self.incoming, self.outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = context.wrap_bio(self.incoming, self.outgoing, server_hostname=host)

    def shake_hands(self, pieces):
        first = True
        while True:
            try:
                self.tls.do_handshake()
                self._send_all()
                return
            except ssl.SSLWantReadError:
                if first:
                    self._send_in_pieces(self.outgoing.read(), pieces)
                    first = False
                self._send_all()
                self._receive()

    def request(self, text):
        self.tls.write(text)
        self._send_all()
        seen = b""
        while b"</html>" not in seen:
            try:
                seen += self.tls.read(65536)
            except ssl.SSLWantReadError:
                self._receive()
        return seen

    def _send_in_pieces(self, hello, pieces):
        assert abs(len(hello) - HELLO_BYTES) <= 8, len(hello)
        edges = [len(hello) * i // pieces for i in range(pieces + 1)]
        for begin, end in zip(edges, edges[1:]):
            if begin:
                time.sleep(PAUSE_S)  # the pause is what is tested, not a wait for something
            self.socket.sendall(hello[begin:end])

    def _send_all(self):
        if self.outgoing.pending:
            self.socket.sendall(self.outgoing.read())

    def _receive(self):
        data = self.socket.recv(65536)
        assert data, "the connection was closed in the handshake"
        self.incoming.write(data)


def issuer_of(tls):
    return dict(pair[0] for pair in tls.getpeercert()["issuer"])["commonName"]


def fetch(scene, host, port, pieces, issuer):
    client = BioClient(scene, big_context(scene, issuer == "Internet CA"), host, port)
    client.shake_hands(pieces)
    assert issuer_of(client.tls) == issuer
    assert origins.PAGE.encode() in client.request(f"GET / HTTP/1.0\r\nHost: {host}\r\n\r\n".encode())


def test_the_hello_comes_in_one_two_and_ten_segments(scene):
    """Intercepted and passed, TLS 1.2 and 1.3: all side by side, because ten segments take nine seconds."""
    cases = [(host, port, pieces, issuer) for pieces in (1, 2, 10) for port in (origins.TLS12, origins.TLS13)
             for host, issuer in (("shop.example", scene.appliance.issuer), ("bank.example", "Internet CA"))]
    with ThreadPoolExecutor(len(cases)) as pool:
        waiting = {case: pool.submit(fetch, scene, *case) for case in cases}
    failed = {case: future.exception() for case, future in waiting.items() if future.exception() is not None}
    assert not failed, "\n".join(f"{case}: {failure!r}" for case, failure in failed.items())


def test_the_hello_comes_in_one_frame_where_the_wire_takes_it(make_lab, pki):
    scene = Scene(make_lab(mtu=1900), pki)
    fetch(scene, "shop.example", origins.TLS13, 1, scene.appliance.issuer)
    fetch(scene, "bank.example", origins.TLS13, 1, "Internet CA")
