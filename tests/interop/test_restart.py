"""Stopping in good order, and dying: passed flows go on, intercepted ones end and do not hang."""
import fcntl
import struct
import termios

import pytest

import origins
from conftest import Scene
from lab import SERVER4, SERVER6
from process import wait_for
from tls_stream import TlsStream

TLS_PORT, PLAIN_PORT = 8445, 7002  # the second is passed by rule


def echo(connection):
    while data := connection.recv(65536):
        connection.sendall(data)


def tls_echo(pki, ends):
    """A server whose sessions say in `ends` how the client ended."""
    context = origins.server_context(pki)

    def serve(connection):
        stream = TlsStream(connection, context).shake_hands()
        while data := stream.read():
            stream.write(data)
        ends.append(stream.ended)
        if stream.ended == "clean":
            stream.end_clean()

    return serve


@pytest.fixture(params=["20s"])
def shop(make_lab, pki, request):
    """A lab of each test's own: it is left in pieces. The parameter is the time to drain."""
    scene = Scene(make_lab(), pki, drain=request.param)
    scene.ends = []
    servers = [origins.PythonOrigin(scene.lab, TLS_PORT, tls_echo(pki, scene.ends)),
               origins.PythonOrigin(scene.lab, PLAIN_PORT, echo)]
    yield scene
    for server in servers:
        server.close()
    scene.lab.close()


def open_tls(scene, host="shop.example", trust=None):
    context = origins.client_context(scene.appliance)
    if trust:
        context.load_verify_locations(trust)
    stream = TlsStream(scene.lab.connect(TLS_PORT), context, host).shake_hands()
    assert stream.issuer() == ("Internet CA" if trust else scene.appliance.issuer)
    return stream


def exchange(stream, text):
    stream.write(text)
    assert stream.read_exactly(len(text)) == text


def exchange_plain(connection, text):
    connection.sendall(text)
    seen = b""
    while len(seen) < len(text):
        part = connection.recv(len(text) - len(seen))
        assert part, "the connection ended"
        seen += part
    assert seen == text


@pytest.mark.limpid_only
def test_after_a_crash_passed_flows_go_on_and_intercepted_ones_are_reset(shop):
    intercepted = open_tls(shop)
    passed = open_tls(shop, "bank.example", shop.pki.path("internet.pem"))
    plain = shop.lab.connect(PLAIN_PORT)
    exchange(intercepted, b"before")
    exchange(passed, b"before")
    exchange_plain(plain, b"before")
    shop.appliance.process.kill()
    shop.appliance.start()
    exchange_plain(plain, b"after the crash")
    exchange(passed, b"after the crash")
    try:
        intercepted.write(b"is anybody there?")
    except ConnectionResetError:  # it was told before it asked: limpid resets both ends by itself, too
        intercepted.ended = "reset"
    assert intercepted.read_to_end() == b""
    assert intercepted.ended == "reset"
    wait_for("the server to be told", lambda: shop.ends)
    assert shop.ends == ["reset"]
    exchange(open_tls(shop), b"a new session is intercepted again")


def quiet(connection):
    """The kernel has nothing to send, and nothing of it is unacknowledged."""
    unsent = fcntl.ioctl(connection.fileno(), termios.TIOCOUTQ, bytes(4))
    return struct.unpack("i", unsent)[0] == 0


@pytest.mark.limpid_only
@pytest.mark.parametrize("address", [SERVER4, SERVER6], ids=["ipv4", "ipv6"])
def test_after_a_crash_intercepted_flows_are_reset_though_both_ends_are_silent(make_lab, pki, address):
    """Behind a VLAN tag, which limpid must remember, too."""
    scene = Scene(make_lab(vlan=42), pki, cores="[0, 1]")
    ends = []
    servers = [origins.PythonOrigin(scene.lab, TLS_PORT, tls_echo(pki, ends), address=address)]
    try:
        streams = [TlsStream(scene.lab.connect(TLS_PORT, address), origins.client_context(scene.appliance),
                             "shop.example").shake_hands() for _ in range(20)]
        for stream in streams:
            exchange(stream, b"before")
        for connection in [stream.raw for stream in streams] + servers[0].connections:
            wait_for("all to be acknowledged", lambda c=connection: quiet(c))
        scene.appliance.process.kill()
        scene.appliance.start()
        for stream in streams:  # nobody writes; the time-out of the socket is 20 s
            assert (stream.read_to_end(), stream.ended) == (b"", "reset")
        wait_for("the servers to be told", lambda: len(ends) == 20)
        assert set(ends) == {"reset"}
    finally:
        servers[0].close()
        scene.lab.close()


def test_passed_flows_outlive_a_stop_and_a_start(shop):
    plain = shop.lab.connect(PLAIN_PORT)
    exchange_plain(plain, b"before")
    assert shop.appliance.process.stop() == 0
    shop.appliance.start()
    exchange_plain(plain, b"after")


@pytest.mark.limpid_only
def test_a_stop_waits_for_intercepted_sessions(shop):
    stream = open_tls(shop)
    exchange(stream, b"before")
    shop.appliance.process.terminate()
    wait_for("limpid to be stopping", lambda: "stopping" in shop.appliance.process.log())
    exchange(stream, b"x" * 1_000_000)  # it may finish what it is about
    new = open_tls(shop, trust=shop.pki.path("internet.pem"))  # forwarded: the server's own certificate
    exchange(new, b"a session that begins now")
    assert shop.appliance.process.running()
    stream.close_notify()
    assert (stream.read_to_end(), stream.ended) == (b"", "clean")
    stream.raw.close()
    assert shop.appliance.process.child.wait(15) == 0
    assert not (shop.lab.folder / "limpid.ledger").exists()


@pytest.mark.limpid_only
@pytest.mark.parametrize("shop", ["500ms"], indirect=True)
def test_when_the_time_to_drain_is_over_sessions_are_reset(shop):
    stream = open_tls(shop)
    exchange(stream, b"before")
    assert shop.appliance.process.stop() == 0
    assert stream.read_to_end() == b""
    assert stream.ended == "reset"
    wait_for("the server to be told", lambda: shop.ends)
    assert shop.ends == ["reset"]
    lines = shop.appliance.session_lines()
    assert [line for line in lines if "reason=stopped" in line], lines


@pytest.mark.limpid_only
def test_nothing_is_lost_from_the_inventory_by_a_stop(shop):
    stream = open_tls(shop, "www.shop.example")
    exchange(stream, b"seen")
    stream.close_notify()
    assert (stream.read_to_end(), stream.ended) == (b"", "clean")
    stream.raw.close()
    assert shop.appliance.process.stop() == 0
    rows = shop.appliance.certificates("--database", shop.lab.path("inventory.db"))
    assert [row for row in rows if row["sni"] == "www.shop.example"]
    assert [line for line in shop.appliance.session_lines() if "host=www.shop.example" in line]
