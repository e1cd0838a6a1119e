"""What a session's plaintext looks like to who records it: tshark reads it back from the recorder's file, and a
sensor on an interface is sent the same frames."""
import time

import pytest

import frames
import origins
import suricata
import transfer
from capture_file import COMPLAINTS, CaptureFile
from conftest import Scene
from lab import CLIENT4, CLIENT6, SERVER4, SERVER6
from process import wait_for

pytestmark = pytest.mark.limpid_only

FAMILIES = {4: ("shop4.example", CLIENT4, SERVER4), 6: ("shop6.example", CLIENT6, SERVER6)}
SLOW_PORT = 8446
FIN, SYN, RST, ACK = 0x01, 0x02, 0x04, 0x10
FILE_SIZE = 300_000  # many segments
# More than one TCP segment, so that it is told in pieces.
LONG_HEADER = "X-Filler: " + "filling " * 500

TOOLS = "  - { name: ids, mirror: { interface: m0 } }"
RULES = '    - { name: copied, when: { sni: ["*.example"] }, then: decrypt, tools: [recorder, ids] }'


@pytest.fixture(scope="module", params=[None, 42], ids=["untagged", "vlan42"])
def shop(request, make_lab, pki):
    lab = make_lab(vlan=request.param)
    lab.add_sensor("m0")
    scene = Scene(lab, pki, tools=TOOLS, rules=RULES)
    transfer.make_file(lab.folder / "www" / "some", FILE_SIZE)
    scene.file = CaptureFile(lab.folder / "plain.pcapng")
    return scene


def fetch(scene, host, port, *options):
    """(what came, the client's port)"""
    page = scene.lab.folder / "page"
    done = scene.lab.run("client", "curl", "-sSf", "--cacert", scene.appliance.trust, "-o", str(page), "-w",
                         "%{local_port}", *options, f"https://{host}:{port}/some", text=True)
    assert done.returncode == 0, done.stderr
    return page.read_bytes(), int(done.stdout)


def flags_of(scene, which, growing=False):
    return [int(row["tcp.flags"], 16) & (FIN | SYN | RST | ACK)
            for row in scene.file.rows(which, "tcp.flags", growing=growing)]


def told(scene, client_port, port):
    """The packets of a connection that is over, when the recorder has told it to its end."""
    which = f"tcp.port == {client_port} && tcp.port == {port}"

    def over():
        flags = flags_of(scene, which, growing=True)
        return flags.count(FIN | ACK) == 2 or RST | ACK in flags

    wait_for("the connection's end in the file", over)
    return which


def check_well_formed(scene, which):
    """Nothing that Wireshark complains of, from one handshake on."""
    assert scene.file.rows(f"({which}) && ({COMPLAINTS})", "frame.number", "_ws.expert.message") == []
    flags = flags_of(scene, which)
    assert flags[:3] == [SYN, SYN | ACK, ACK]
    assert not any(each & SYN for each in flags[3:])


def check_addresses(scene, which, family, client_port, port):
    """Each packet is the client's or the server's own, and stands in their VLAN."""
    _, client, server = FAMILIES[family]
    ip = "ip" if family == 4 else "ipv6"
    fields = (f"{ip}.src", "tcp.srcport", f"{ip}.dst", "tcp.dstport", "vlan.id")
    vlan = str(scene.lab.vlan or "")
    ways = {tuple(row.values()) for row in scene.file.rows(which, *fields)}
    here, there = (client, str(client_port)), (server, str(port))
    assert ways == {(*here, *there, vlan), (*there, *here, vlan)}


def check_times(scene, which, begun, ended):
    times = [float(row["frame.time_epoch"]) for row in scene.file.rows(which, "frame.time_epoch")]
    assert times == sorted(times)
    assert begun <= times[0] and times[-1] <= ended


@pytest.mark.parametrize("family", [4, 6], ids=["ipv4", "ipv6"])
@pytest.mark.parametrize("version", [2, 3], ids=["tls12", "tls13"])
def test_tshark_reads_an_http1_exchange_from_the_recorders_file(shop, version, family):
    host, port = FAMILIES[family][0], origins.TLS12 if version == 2 else origins.TLS13
    begun = time.time()
    got, client_port = fetch(shop, host, port, "--http1.1", "-H", LONG_HEADER, "-H", "Connection: close")
    which = told(shop, client_port, port)
    ended = time.time()
    check_well_formed(shop, which)
    assert flags_of(shop, which).count(FIN | ACK) == 2, "both ended it in good order"
    check_addresses(shop, which, family, client_port, port)
    check_times(shop, which, begun, ended)
    requests = shop.file.rows(f"{which} && http.request", "http.request.method", "http.request.uri", "http.host",
                              "tcp.stream", port=port)
    assert [list(row.values())[:3] for row in requests] == [["GET", "/some", f"{host}:{port}"]]
    answers = shop.file.rows(f"{which} && http.response", "http.response.code", "http.content_length", port=port)
    assert [list(row.values()) for row in answers] == [["200", str(FILE_SIZE)]]
    request, answer = shop.file.stream(requests[0]["tcp.stream"])
    assert request.startswith(b"GET /some HTTP/1.1\r\n") and LONG_HEADER.strip().encode() in request
    assert request.endswith(b"\r\n\r\n")
    head, body = answer.split(b"\r\n\r\n", 1)
    assert head.startswith(b"HTTP/1.1 200 OK\r\n")
    assert body == got == (shop.lab.folder / "www" / "some").read_bytes()


@pytest.mark.parametrize("family", [4, 6], ids=["ipv4", "ipv6"])
def test_tshark_reads_an_http2_exchange_from_the_recorders_file(shop, family):
    host, port = FAMILIES[family][0], origins.TLS13
    begun = time.time()
    got, client_port = fetch(shop, host, port, "--http2")
    which = told(shop, client_port, port)
    ended = time.time()
    check_well_formed(shop, which)
    check_addresses(shop, which, family, client_port, port)
    check_times(shop, which, begun, ended)
    rows = shop.file.rows(f"{which} && http2", "http2.headers.method", "http2.headers.path", "http2.headers.status",
                          "http2.data.data", protocol="http2", port=port)
    assert [row["http2.headers.method"] for row in rows if row["http2.headers.method"]] == ["GET"]
    assert [row["http2.headers.path"] for row in rows if row["http2.headers.path"]] == ["/some"]
    assert [row["http2.headers.status"] for row in rows if row["http2.headers.status"]] == ["200"]
    data = [bytes.fromhex(part) for row in rows for part in row["http2.data.data"].split(",") if part]
    # With its last frame tshark shows the body that it put together of all of them.
    assert data[-1] == got == (shop.lab.folder / "www" / "some").read_bytes()


def test_each_packet_has_the_time_at_which_its_bytes_came(shop, pki):
    """The server answers only when the box has carried a ping after the request: the request's time must be before
    that, the answer's after it."""
    heard = []

    def serve(connection):
        connection.recv(65536)
        heard.append(time.time())
        shop.lab.ping()
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nhi")

    server = origins.PythonOrigin(shop.lab, SLOW_PORT, serve, origins.server_context(pki))
    try:
        session = transfer.open_session(shop, origins.client_context(shop.appliance), 0, SLOW_PORT)
        with session:
            client_port = session.getsockname()[1]
            session.sendall(b"GET /slow HTTP/1.1\r\nHost: shop.example\r\n\r\n")
            assert transfer.read_head(session)[0].startswith("HTTP/1.1 200")
    finally:
        server.close()
    which = told(shop, client_port, SLOW_PORT)
    asked, answered = (float(row["frame.time_epoch"])
                       for message in ("http.request", "http.response")
                       for row in shop.file.rows(f"{which} && {message}", "frame.time_epoch", port=SLOW_PORT))
    assert asked < heard[0] < answered


@pytest.mark.parametrize("family", [4, 6], ids=["ipv4", "ipv6"])
def test_a_sensor_on_an_interface_is_sent_the_frames_that_the_recorder_writes(shop, family):
    sensor = frames.Capture(shop.lab, "sensor")
    try:
        _, client_port = fetch(shop, FAMILIES[family][0], origins.TLS13, "--http1.1")
        which = told(shop, client_port, origins.TLS13)
        written = shop.file.frames(which)
        assert len(written) > FILE_SIZE / 1460
        wait_for("the last frame at the sensor", lambda: written[-1] in sensor.received)
        assert [frame for frame in sensor.received if is_of(frame, client_port)] == written
    finally:
        sensor.close()


def is_of(frame, client_port):
    """A TCP frame from or to this port; limpid writes no IP options."""
    at = 18 if frame[12:14] == b"\x81\x00" else 14
    if frame[at - 2:at] not in (b"\x08\x00", b"\x86\xdd"):
        return False
    six = frame[at - 2:at] == b"\x86\xdd"
    tcp = at + (40 if six else 20)
    return frame[at + (6 if six else 9)] == 6 and client_port in (int.from_bytes(frame[tcp:tcp + 2], "big"),
                                                                  int.from_bytes(frame[tcp + 2:tcp + 4], "big"))


@suricata.installed
def test_suricata_alerts_on_what_a_mirrors_interface_shows(shop):
    (shop.lab.folder / "www" / "eicar.com").write_bytes(suricata.EICAR)
    ids = suricata.Suricata(shop.lab, role="sensor", interface="eth0")
    try:
        done = shop.lab.run("client", "curl", "-sSf", "--http1.1", "--cacert", shop.appliance.trust, "-o", "/dev/null",
                            f"https://shop4.example:{origins.ANY}/eicar.com", text=True)
        assert done.returncode == 0, done.stderr
        alert = wait_for("Suricata's alert", lambda: ids.events("alert"))[0]
    finally:
        ids.close()
    assert {alert["src_ip"], alert["dest_ip"]} == {CLIENT4, SERVER4}
    assert alert["http"]["url"] == "/eicar.com"
    assert ids.events("anomaly") == []


@suricata.installed
def test_suricata_follows_every_session_of_the_recorders_file(shop):
    (shop.lab.folder / "www" / "eicar.com").write_bytes(suricata.EICAR)
    ports = []
    for host in ("shop4.example", "shop6.example"):
        done = shop.lab.run("client", "curl", "-sSf", "--http1.1", "--cacert", shop.appliance.trust, "-o", "/dev/null", "-w",
                            "%{local_port}", f"https://{host}:{origins.ANY}/eicar.com", text=True)
        assert done.returncode == 0, done.stderr
        ports.append(int(done.stdout))
        told(shop, ports[-1], origins.ANY)
    reader = suricata.Suricata(shop.lab, recording=shop.lab.folder / "plain.pcapng", role="sensor")
    alerts = {alert["dest_port"] for alert in reader.events("alert")}
    assert set(ports) <= alerts
    assert reader.events("anomaly") == []
