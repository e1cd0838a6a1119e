"""How streams end keeps its meaning across the box: a clean end stays clean, a truncation a truncation, a reset
a reset, and a half-closed session still carries the other direction."""
import ssl
import threading

import pytest

import inline_tools
import origins
from appliance import is_wire
from conftest import Scene
from process import wait_for
from tls_stream import TlsStream

PORT = 8443
ENDS = {"clean": TlsStream.end_clean, "truncated": TlsStream.end_truncated, "reset": TlsStream.end_reset}
versions = pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3],
                                   ids=["tls12", "tls13"])


@pytest.fixture(scope="module", params=["direct", "through a tool"])
def scene(request, make_lab, pki):
    if request.param == "direct":
        return Scene(make_lab(), pki)
    if is_wire():
        pytest.skip("a plain wire has no tools")
    lab = make_lab()
    lab.add_tool()
    inline_tools.LinuxBridge(lab)
    return Scene(lab, pki, tools=inline_tools.tool(), rules=inline_tools.RULES)


@pytest.fixture
def tls_origin(scene, origin):
    """tls_origin(serve): a server whose `serve(TlsStream)` runs on a thread for each connection."""
    def make(serve):
        context = origins.server_context(scene.pki)
        return origin(PORT, lambda connection: serve(TlsStream(connection, context).shake_hands()))
    return make


def connect(scene, version):
    context = origins.client_context(scene.appliance, version)
    return TlsStream(scene.lab.connect(PORT), context, "shop.example").shake_hands()


@versions
@pytest.mark.parametrize("end", ENDS)
def test_what_the_server_ends_ends_so_for_the_client(scene, tls_origin, version, end):
    body = b"half of what was promised" * 4000
    received = threading.Event()

    def serve(stream):
        stream.read()
        stream.write(body)
        assert received.wait(20)  # a reset would take data with it that is still on its way
        ENDS[end](stream)

    tls_origin(serve)
    with connect(scene, version) as stream:
        stream.write(b"please")
        seen = stream.read_exactly(len(body))
        received.set()
        assert seen + stream.read_to_end() == body
        assert stream.ended == end


@versions
@pytest.mark.parametrize("end", ENDS)
def test_what_the_client_ends_ends_so_for_the_server(scene, tls_origin, version, end):
    body = b"an upload that may be cut short" * 4000
    result = []

    def serve(stream):
        seen = stream.read_exactly(len(body))
        stream.write(b"!")
        seen += stream.read_to_end()
        result.append((seen == body, stream.ended))
        stream.end_clean()

    tls_origin(serve)
    stream = connect(scene, version)
    stream.write(body)
    assert stream.read_exactly(1) == b"!"
    ENDS[end](stream)
    wait_for("the server to see the end", lambda: result)
    assert result == [(True, end)]


@versions
def test_a_half_closed_session_carries_the_other_direction(scene, tls_origin, version):
    """The client says close_notify and goes on reading; the server answers only then."""
    body = b"the answer to what you asked" * 10_000
    result = []

    def serve(stream):
        result.append((stream.read_to_end(), stream.ended))
        stream.write(body)
        stream.end_clean()

    tls_origin(serve)
    with connect(scene, version) as stream:
        stream.write(b"a question")
        stream.close_notify()
        assert (stream.read_to_end(), stream.ended) == (body, "clean")
        port = stream.raw.getsockname()[1]
    assert result == [(b"a question", "clean")]
    if not scene.appliance.is_wire:  # which is a good end: nobody is at fault
        line = wait_for("the session's line", lambda: [line for line in scene.appliance.session_lines()
                                                       if f":{port} " in line])[0]
        assert "reason=" not in line, line


def test_a_refused_connection_is_refused(scene):
    with pytest.raises(ConnectionRefusedError):
        scene.lab.connect(9)


def test_a_server_that_does_not_speak_tls_is_reported(scene, origin):
    def serve(connection):
        connection.recv(1000)
        connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    origin(PORT, serve)
    with pytest.raises((ssl.SSLError, AssertionError)):
        connect(scene, ssl.TLSVersion.TLSv1_3)
    if not scene.appliance.is_wire:
        wait_for("the session's line", lambda: [line for line in scene.appliance.session_lines()
                                                if "reason=server_not_tls" in line and "culprit=server" in line])
