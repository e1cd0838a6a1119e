"""Real tools in the plaintext's way: what they see, what they may do, and what becomes of sessions when they fail."""
import pytest

import inline_tools
import origins
import suricata
import transfer
from capture_file import COMPLAINTS, CaptureFile
from conftest import Scene
from inline_tools import LinuxBridge, PythonTool, replaced
from lab import CLIENT4, CLIENT6, SERVER4, SERVER6
from process import wait_for
from suricata import EICAR, Suricata
from tls_stream import TlsStream

pytestmark = pytest.mark.limpid_only

FILE_SIZE = 3_000_000
DELIVERED = "  - { name: delivered, mirror: { pcapng: delivered.pcapng, at: after_tools } }"


class ToolScene(Scene):
    """Without heartbeats: tools come and go here between tests, and sessions find out by themselves."""

    def __init__(self, make_lab, pki, more="", **options):
        lab = make_lab(**options)
        lab.add_tool()
        off = f"heartbeat: off{', ' + more if more else ''}"
        super().__init__(lab, pki, tools=f"{inline_tools.tool(more=off)}\n{DELIVERED}",
                         rules=inline_tools.RULES.replace("recorder", "recorder, delivered"))
        transfer.make_file(lab.folder / "www" / "some", FILE_SIZE)
        (lab.folder / "www" / "eicar.com").write_bytes(EICAR)

    def fetch(self, path="some", host="shop4.example", port=origins.ANY, seconds=60):
        """curl's exit code, and what came."""
        page = self.lab.folder / "page"
        page.unlink(missing_ok=True)
        done = self.lab.run("client", "curl", "-sS", "-f", "--http1.1", "--cacert", self.appliance.trust, "-m",
                            str(seconds), "-o", str(page), f"https://{host}:{port}/{path}", text=True)
        return done.returncode, page.read_bytes() if page.exists() else b""

    def fetch_page(self):
        """The client's port, of a session that ends."""
        done = self.lab.run("client", "curl", "-sSf", "--http1.1", "-H", "Connection: close", "--cacert",
                            self.appliance.trust, "-o", "/dev/null", "-w", "%{local_port}",
                            f"https://shop4.example:{origins.ANY}/index.html", text=True)
        assert done.returncode == 0, done.stderr
        return int(done.stdout)

    def expected(self, path="some"):
        return (self.lab.folder / "www" / path).read_bytes()


@pytest.fixture(scope="module")
def scene(make_lab, pki):
    return ToolScene(make_lab, pki)


@pytest.fixture
def bridge(scene):
    made = LinuxBridge(scene.lab)
    yield made
    made.close()


def test_a_download_through_a_linux_bridge_arrives_unchanged(scene, bridge):
    for family, host, client, server in (("ip", "shop4.example", CLIENT4, SERVER4),
                                         ("ip6", "shop6.example", CLIENT6, SERVER6)):
        bridge.count(f"{family} saddr {server} {family} daddr {client} tcp sport {origins.ANY}")
        assert scene.fetch(host=host) == (0, scene.expected())
    row = scene.tool_row()
    assert row["modified"] == 0
    assert 0 < row["transit_p50_us"] <= row["transit_p99_us"] and 0 < row["own_p50_us"] <= row["own_p99_us"]
    assert all(packets > 1000 for packets in bridge.counted()), "with the client's and the server's own addresses"
    scene.line_with("decision=decrypt", "rule=inspected", "host=shop6.example")


def test_the_tool_is_shown_plaintext(scene):
    seen = []

    def watch(side, frame):
        seen.append((side, frame))
        return frame

    tool = PythonTool(scene.lab, watch)
    try:
        assert scene.fetch("index.html")[0] == 0
    finally:
        tool.close()
    assert any(side == "a" and b"GET /index.html HTTP/1.1" in frame for side, frame in seen)
    assert any(side == "b" and b"HTTP/1.1 200 OK" in frame for side, frame in seen)
    assert any(side == "b" and origins.PAGE.encode() in frame for side, frame in seen)


def test_a_byte_that_the_tool_changes_is_changed_for_the_client(scene):
    before = scene.tool_row()["modified"]
    tool = PythonTool(scene.lab, lambda side, frame: replaced(frame, b"empty", b"EMPTY") if side == "b" else frame)
    try:
        code, page = scene.fetch("index.html")
    finally:
        tool.close()
    assert (code, page.decode()) == (0, origins.PAGE.replace("empty", "EMPTY"))
    assert scene.tool_row()["modified"] == before + 1, "and this session is counted"


def test_one_recorder_shows_what_the_server_said_and_another_what_the_client_got(scene):
    tool = PythonTool(scene.lab, lambda side, frame: replaced(frame, b"basket", b"BASKET") if side == "b" else frame)
    said, delivered = (CaptureFile(scene.lab.folder / name) for name in ("plain.pcapng", "delivered.pcapng"))
    try:
        which = f"tcp.port == {scene.fetch_page()}"
        for file in (said, delivered):  # the ends cross the tool, too
            wait_for("the end", lambda: len(file.rows(f"{which} && tcp.flags.fin == 1", "frame.number", growing=True)) == 2)
    finally:
        tool.close()
    for file, text in ((said, origins.PAGE), (delivered, origins.PAGE.replace("basket", "BASKET"))):
        _, answer = file.stream(file.rows(which, "tcp.stream")[0]["tcp.stream"])
        assert answer.decode().endswith(text)
        assert file.rows(f"{which} && ({COMPLAINTS})", "frame.number") == []


def test_open_sessions_are_shown_with_the_states_of_the_tools_side(scene, bridge):
    with origins.client_context(scene.appliance).wrap_socket(scene.lab.connect(origins.ANY),
                                                             server_hostname="shop.example") as session:
        session.sendall(b"GET / HTTP/1.1\r\nHost: shop.example\r\n\r\n")
        assert session.recv(100).startswith(b"HTTP/1.1 200")
        row = scene.appliance.sessions("--host", "shop.example")[0]
    assert row["state"] == "EST:EST:EST:EST"


@suricata.installed
def test_suricata_drops_a_test_virus_inside_https_and_lets_a_clean_download_pass(scene):
    ips = Suricata(scene.lab, bridge=("ta", "tb"))
    try:
        assert scene.fetch() == (0, scene.expected())
        code, came = scene.fetch("eicar.com", seconds=50)
        assert code != 0 and came == b"", "not a byte of it"
        drop = wait_for("Suricata's own word", lambda: ips.events("alert"))[0]
    finally:
        ips.close()
    assert drop["alert"]["action"] == "blocked"
    assert {drop["src_ip"], drop["dest_ip"]} == {CLIENT4, SERVER4}, "of the client and the server themselves"
    assert origins.ANY in (drop["src_port"], drop["dest_port"])
    scene.line_with("reason=tool_timeout", "culprit=tool", seconds=60)


def test_without_its_tool_no_byte_of_a_session_passes(scene):
    code, came = scene.fetch("index.html")  # nothing hangs between the tool's ports
    assert code != 0 and came == b""
    scene.line_with("reason=tool_unreachable", "culprit=tool")


def test_a_tool_that_comes_back_gets_new_sessions_at_once(scene, bridge):
    assert scene.fetch() == (0, scene.expected())


def test_without_its_tool_a_session_goes_on_where_the_operator_says_so(make_lab, pki):
    lenient = ToolScene(make_lab, pki, more="on_failure: bypass, open_timeout: 500ms")
    assert lenient.fetch() == (0, lenient.expected())
    assert {row["reason"]: row["count"] for row in lenient.appliance.stats()["reasons"]}["tool_bypassed"] == 1


def test_two_hundred_sessions_at_once_pass_a_tool_on_a_tagged_wire(make_lab, pki):
    tagged = ToolScene(make_lab, pki, vlan=42)
    bridge = LinuxBridge(tagged.lab)
    try:
        bridge.count("vlan id 42")
        urls = [f"https://shop4.example/some?{number}" for number in range(200)]
        command = ["curl", "-sS", "-f", "--http1.1", "--cacert", tagged.appliance.trust, "--parallel",
                   "--parallel-immediate", "--parallel-max", "200"]
        for number, url in enumerate(urls):
            command += ["-o", str(tagged.lab.folder / f"part{number}"), url]
        done = tagged.lab.run("client", *command, seconds=300, text=True)
        assert done.returncode == 0, done.stderr
        expected = tagged.expected()
        for number in range(200):
            assert (tagged.lab.folder / f"part{number}").read_bytes() == expected, number
        assert bridge.counted()[0] > 1000
    finally:
        bridge.close()


def test_a_tool_that_dies_in_mid_stream_resets_its_sessions(scene, origin):
    tool = PythonTool(scene.lab)
    ends = []

    def serve(connection):
        with TlsStream(connection, origins.server_context(scene.pki)).shake_hands() as stream:
            stream.write(stream.read_exactly(5))
            ends.append((stream.read_to_end(), stream.ended))

    port = 8448
    origin(port, serve)
    with TlsStream(scene.lab.connect(port, seconds=60), origins.client_context(scene.appliance),
                   "shop.example").shake_hands() as stream:
        stream.write(b"first")
        assert stream.read_exactly(5) == b"first"
        tool.close()
        stream.write(b"never")
        assert (stream.read_to_end(), stream.ended) == (b"", "reset")
    wait_for("the server's end", lambda: ends)
    assert ends == [(b"", "reset")]
    scene.line_with(f":{port}", "reason=tool_timeout", "culprit=tool")
