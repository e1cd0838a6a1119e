"""A ClientHello of 1.8 KB, as browsers with post-quantum key shares send it, in one, two and ten segments that
come a second apart: intercepted or passed, the session is set up."""
import ssl
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

import origins
from conftest import Scene
from tls_stream import TlsStream

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


def send_in_pieces(raw, hello, pieces, pause_s=PAUSE_S):
    assert abs(len(hello) - HELLO_BYTES) <= 8, len(hello)
    edges = [len(hello) * i // pieces for i in range(pieces + 1)]
    for begin, end in zip(edges, edges[1:]):
        if begin:
            time.sleep(pause_s)  # the pause is what is tested, not a wait for something
        raw.sendall(hello[begin:end])


def fetch(scene, host, port, pieces, issuer, pause_s=PAUSE_S):
    raw = scene.lab.connect(port, seconds=60)
    with TlsStream(raw, big_context(scene, issuer == "Internet CA"), host) as stream:
        stream.shake_hands(lambda hello: send_in_pieces(raw, hello, pieces, pause_s))
        assert stream.issuer() == issuer
        stream.write(f"GET / HTTP/1.0\r\nHost: {host}\r\n\r\n".encode())
        assert stream.read_to_end().endswith(origins.PAGE.encode())


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


def test_the_hello_comes_byte_by_byte(scene):
    fetch(scene, "shop.example", origins.TLS13, HELLO_BYTES, scene.appliance.issuer, pause_s=0)
    fetch(scene, "bank.example", origins.TLS13, HELLO_BYTES, "Internet CA", pause_s=0)
