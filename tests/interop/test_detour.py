"""What is not decrypted goes through an inline tool packet by packet: a Linux bridge, Suricata, and tools that fail.
The bridge's two sides are captured: what crosses it, and in which order, is compared with what the hosts saw."""
import socket
import struct
from collections import Counter

import pytest

import frames
import inline_tools
import origins
import suricata
import transfer
from conftest import Scene
from inline_tools import LinuxBridge, PythonTool
from lab import CLIENT4, SERVER4
from process import wait_for
from suricata import Suricata

pytestmark = pytest.mark.limpid_only

FIN, SYN, ACK = 0x01, 0x02, 0x10
SMTP = 25
SIZE = 1_000_000
# The usual rules pass bank.example by its name and the ports 7000-7999 at the SYN; neither names tools.
LISTS = "  not_decrypted: { tls: [ips], other_tcp: [ips], non_tcp: [ips] }"
TCP_ALONE = "  not_decrypted: { tls: [ips], other_tcp: [ips] }"


class DetourScene(Scene):
    """Heartbeats only where a test is about a tool that fails."""

    def __init__(self, make_lab, pki, more="heartbeat: off", rules="", lists=LISTS, **options):
        lab = make_lab()
        lab.add_tool()
        super().__init__(lab, pki, tools=inline_tools.tool(more=more), rules=f"{rules}\n{lists}", **options)
        transfer.make_file(lab.folder / "www" / "some", SIZE)

    def fetch_passed(self, port=origins.ANY, seconds=20):
        """curl's exit code for a TLS session with bank.example, which is passed by its name."""
        page = self.lab.folder / "page"
        page.unlink(missing_ok=True)
        done = self.lab.run("client", "curl", "-4sS", "-f", "--http1.1", "--cacert", self.pki.path("internet.pem"), "-m",
                            str(seconds), "-o", str(page), f"https://bank.example:{port}/some", text=True)
        whole = page.exists() and page.read_bytes() == (self.lab.folder / "www" / "some").read_bytes()
        assert (done.returncode == 0) == whole, done.stderr
        return done.returncode


def segments(captured, port):
    """The TCP segments of IPv4 flows with this port, each as (flags, its frame)."""
    found = []
    for frame in captured:
        if frame[12:14] != b"\x08\x00" or frame[23] != 6:
            continue
        start = 14 + (frame[14] & 15) * 4
        if port in struct.unpack_from("!HH", frame, start):
            found.append((frame[start + 13], frame))
    return found


def numbers_and_text(frame):
    """Of an IPv4 frame's TCP segment: (its number, what it acknowledges, its text)."""
    start = 14 + (frame[14] & 15) * 4
    text = frame[start + (frame[start + 12] >> 4) * 4:14 + struct.unpack_from("!H", frame, 16)[0]]
    return *struct.unpack_from("!II", frame, start + 4), text


def texts(captured, port):
    """Of the segments, those that carry text, each as its text; one that was sent again counts once."""
    found = {}
    for _, frame in segments(captured, port):
        number, _, text = numbers_and_text(frame)
        if text:
            found.setdefault(number, text)
    return list(found.values())


def datagrams(captured):
    """IPv4 packets that are not TCP."""
    return [frame for frame in captured if frame[12:14] == b"\x08\x00" and frame[23] != 6]


@pytest.fixture(scope="module")
def scene(make_lab, pki):
    return DetourScene(make_lab, pki, starttls=f"[{SMTP}]")


@pytest.fixture
def bridge(scene):
    made = LinuxBridge(scene.lab)
    yield made
    made.close()


@pytest.fixture
def captures(scene, bridge):
    """Of both hosts and of both sides of the tool: what arrives there is what limpid has put in."""
    made = {"client": frames.Capture(scene.lab, "client"), "server": frames.Capture(scene.lab, "server"),
            "a": frames.Capture(scene.lab, "tool", "ta"), "b": frames.Capture(scene.lab, "tool", "tb")}
    yield made
    for each in made.values():
        each.close()


WAYS = (("client", "server", "a"), ("server", "client", "b"))


def syns(flow):
    return {frame for flags, frame in flow if flags & SYN}


def behind_syns(flow):
    """A SYN whose answer is late is sent again, and so is that answer and its acknowledgement: of acknowledgements that
    say the same at the begin only the last, as in a replay."""
    behind = [one for one in flow if not one[0] & SYN]
    says = [(flags, *numbers_and_text(frame)) for flags, frame in behind]
    repeated = next((i for i in range(len(says) - 1) if says[i] != says[i + 1] or says[i][-1]), 0)
    return behind[repeated:]


def expect_the_same_in_the_tool(captures, port):
    """What the tool has seen of a flow, from its SYN on, is what the hosts got, frame by frame and bit by bit. Where
    its handshake was replayed, no host has seen that; it left limpid with a SYN that is edited, and nothing else is."""
    ways = []

    def ended_the_same():
        # Frames may still be under way, and captures behind: all of them as they are at one look.
        ways[:] = [[segments(list(frames), port) for frames in (
            captures[sender].sent, captures[receiver].received, captures[side].received)] for sender, receiver, side in WAYS]
        return all(any(flags & FIN for flags, _ in sent) and behind_syns(sent) == behind_syns(arrived) == behind_syns(tool)
                   and syns(tool) and syns(tool) <= syns(arrived) for sent, arrived, tool in ways)

    wait_for("the same from SYN to FIN at the sender, in the tool and beyond", ended_the_same,
             instead=lambda: f"segments (sent, arrived, in the tool): {[[len(flow) for flow in way] for way in ways]}")


def test_a_passed_tls_flow_crosses_the_tool_with_its_handshake_and_its_own_numbers(scene, captures):
    """Decided at the ClientHello: the handshake has gone past the tool."""
    assert scene.fetch_passed() == 0
    expect_the_same_in_the_tool(captures, origins.ANY)
    # A SYN that the tool does not return soon is shown to it again.
    assert list(dict.fromkeys(flags for flags, _ in segments(captures["a"].received, origins.ANY)))[:2] == [SYN, ACK]
    scene.line_with("decision=pass", "rule=banks", "tools=ips", "host=bank.example")


def test_a_flow_that_is_passed_at_its_syn_crosses_it_from_the_first_packet_on(scene, captures):
    port = 7002
    listener = scene.lab.listen(port)
    with listener, scene.lab.connect(port) as client:
        server, _ = listener.accept()
        with server:
            client.sendall(b"q" * 10_000)
            got = b""
            while len(got) < 10_000:
                got += server.recv(65536)
            server.sendall(b"r" * 10_000)
            while len(got) < 20_000:
                got += client.recv(65536)
            row = wait_for("the flow", lambda: [row for row in scene.appliance.sessions("--all")
                                                if row["server"].endswith(f":{port}") and not row["finished"]])[0]
            assert (row["decision"], row["tools"]) == ("pass", "ips")
    expect_the_same_in_the_tool(captures, port)
    assert segments(captures["client"].sent, port)[0] == segments(captures["a"].received, port)[0], "nor is its SYN"


def test_a_server_that_speaks_first_crosses_it_with_its_handshake(scene, captures):
    """As SSH does; a rule would decrypt it, were it TLS."""
    port = 2222
    listener = scene.lab.listen(port)
    with listener, scene.lab.connect(port) as client:
        server, _ = listener.accept()
        with server:
            server.sendall(b"SSH-2.0-Banner\r\n")
            assert client.recv(100) == b"SSH-2.0-Banner\r\n"
            client.sendall(b"SSH-2.0-Client\r\n")
            assert server.recv(100) == b"SSH-2.0-Client\r\n"
    expect_the_same_in_the_tool(captures, port)
    assert segments(captures["b"].received, port)[0][0] == SYN | ACK
    scene.line_with(f":{port}", "reason=server_spoke_first", "tools=ips")


def test_mail_that_stays_in_the_clear_crosses_it_from_its_greeting_on(scene, captures):
    """On a StartTLS port, where it is known late that nothing comes of it."""
    dialogue = [("server", b"220 mx ESMTP\r\n"), ("client", b"EHLO me\r\n"), ("server", b"250-mx\r\n250 HELP\r\n"),
                ("client", b"MAIL FROM:<a@b.example>\r\n"), ("server", b"250 ok\r\n"), ("client", b"QUIT\r\n"),
                ("server", b"221 bye\r\n")]
    listener = scene.lab.listen(SMTP)
    with listener, scene.lab.connect(SMTP) as client:
        server, _ = listener.accept()
        with server:
            for who, text in dialogue:
                say, hear = (server, client) if who == "server" else (client, server)
                say.sendall(text)
                assert hear.recv(100) == text
    for sender, receiver, side in WAYS:
        said = [text for who, text in dialogue if who == sender]
        wait_for("all of it beyond", lambda r=receiver: texts(captures[r].received, SMTP) == said)
        wait_for("all of it in the tool", lambda s=side: texts(captures[s].received, SMTP) == said)
    assert segments(captures["a"].received, SMTP)[0][0] == SYN
    assert segments(captures["b"].received, SMTP)[0][0] == SYN | ACK
    scene.line_with(f":{SMTP}", "upgrade=smtp", "tools=ips")


def test_udp_icmp_arp_and_unknown_frames_cross_it(scene, captures):
    for role in ("client", "server"):
        scene.lab.run(role, "ip", "neigh", "flush", "dev", "eth0")
    scene.lab.ping(SERVER4)
    scene.lab.ping(SERVER4, 4000)  # in fragments
    with scene.lab.within("server"):
        server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    with scene.lab.within("client"):
        client = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    with server, client:
        server.settimeout(5)
        server.bind((SERVER4, 5353))
        client.sendto(b"which way?", (SERVER4, 5353))
        assert server.recv(100) == b"which way?"
    unknown = frames.ethernet(frames.BROADCAST, bytes.fromhex("02005e000001"), 0x88b7, b"?" * 46)
    captures["client"].send(unknown)
    for where in (captures["client"].sent, captures["a"].received, captures["server"].received):
        wait_for("the unknown frame", lambda w=where: unknown in w)  # the last of its way
    for sender, receiver, side in WAYS:
        wait_for("all datagrams", lambda s=sender, r=receiver, t=side: Counter(datagrams(captures[s].sent)) ==
                 Counter(datagrams(captures[r].received)) == Counter(datagrams(captures[t].received)))
        wait_for("ARP", lambda t=side: any(frame[12:14] == b"\x08\x06" for frame in captures[t].received))
    assert len(datagrams(captures["a"].received)) == 1 + 3 + 1, "pings, one of them in three fragments, and UDP"
    row = scene.tool_row()
    assert row["flow_frames_in"] >= row["flow_frames_out"] > 0


@suricata.installed
def test_suricata_drops_a_passed_tls_flow_by_its_server_name(scene):
    rule = 'tls any any -> any any (msg:"a bank"; tls.sni; content:"bank.example"; sid:1000002; rev:1;)\n'
    ips = Suricata(scene.lab, bridge=("ta", "tb"), rule=rule)
    try:
        assert scene.fetch_passed(seconds=5) != 0
        alert = wait_for("Suricata's own word", lambda: ips.events("alert"))[0]
    finally:
        ips.close()
    assert alert["alert"]["action"] == "blocked"
    assert {alert["src_ip"], alert["dest_ip"]} == {CLIENT4, SERVER4}


def test_a_tool_that_lets_no_connection_through_ends_a_flow_for_both_ends_and_no_other(make_lab, pki):
    """Nothing hangs between its ports: reset after open_timeout, but for the rule that names no tools."""
    dead = DetourScene(make_lab, pki, more="heartbeat: off, open_timeout: 500ms", lists=TCP_ALONE,
                       rules="    - { name: trusted, when: { server_port: 8999 }, then: pass, tools: [] }")
    for port, through in ((2223, True), (8999, False)):
        listener = dead.lab.listen(port)
        with listener, dead.lab.connect(port) as client:
            server, _ = listener.accept()
            with server:
                server.settimeout(20)
                server.sendall(b"banner")
                if not through:
                    assert client.recv(100) == b"banner"
                    continue
                for end in (client, server):
                    with pytest.raises(ConnectionResetError):
                        end.recv(100)
        dead.line_with(f":{port}", "reason=tool_unreachable", "culprit=tool")


def test_two_workers_share_the_flows_of_one_tool(make_lab, pki):
    """Whichever worker a frame comes to, out of a segment or out of the tool, it goes on with its flow."""
    shared = DetourScene(make_lab, pki, cores="[0, 1]")
    bridge = LinuxBridge(shared.lab)
    try:
        shared.lab.ping(SERVER4)
        urls = [f"https://bank.example/some?{number}" for number in range(40)]
        command = ["curl", "-4sSf", "--http1.1", "--cacert", pki.path("internet.pem"), "--parallel", "--parallel-immediate"]
        for number, url in enumerate(urls):
            command += ["-o", str(shared.lab.folder / f"part{number}"), url]
        done = shared.lab.run("client", *command, text=True)
        assert done.returncode == 0, done.stderr
        expected = (shared.lab.folder / "www" / "some").read_bytes()
        assert all((shared.lab.folder / f"part{number}").read_bytes() == expected for number in range(40))
    finally:
        bridge.close()
    row = shared.tool_row()
    assert (row["flows"], row["frames_foreign"], row["sessions"]) == (40, 0, 0)
    assert all(worker["flows_forwarded"] > 0 for worker in shared.appliance.stats()["workers"])


@pytest.mark.parametrize("on_failure, reaches", [("reset", False), ("bypass", True)])
def test_when_the_tool_has_died_new_flows_are_reset_or_go_past_it(make_lab, pki, on_failure, reaches):
    quick = ("heartbeat: { interval: 300ms, timeout: 300ms, misses: 5, recovery: 1s }, "
             f"on_failure: {on_failure}, open_sessions: reset")
    failing = DetourScene(make_lab, pki, more=quick, lists=LISTS if reaches else TCP_ALONE)
    tool = PythonTool(failing.lab)
    wait_for("the tool", lambda: failing.tool_row()["state"] == "up", seconds=30)
    assert failing.fetch_passed() == 0
    port = 7003
    listener = failing.lab.listen(port)
    with listener, failing.lab.connect(port) as client:
        server, _ = listener.accept()
        with server:
            client.sendall(b"through")
            assert server.recv(100) == b"through"
            tool.close()
            wait_for("its end", lambda: failing.tool_row()["state"] == "down", seconds=30)
            client.sendall(b"never past it in mid-stream")
            with pytest.raises(ConnectionResetError):
                client.recv(100)
            failing.line_with(f":{port}", "reason=tool_down")
    assert (failing.fetch_passed() == 0) == reaches
    if reaches:
        failing.lab.ping(SERVER4)
