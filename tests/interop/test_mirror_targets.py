"""Copies that leave the box through an IP network: tshark on the collector's interface decodes the tunnels, and puts the
same bytes together that the client got."""
import socket
import subprocess

import pytest

import origins
import transfer
from capture_file import COMPLAINTS, CaptureFile
from conftest import Scene
from lab import BOX_ADDRESSES, COLLECTOR
from process import wait_for

pytestmark = pytest.mark.limpid_only

FILE_SIZE = 300_000  # many packets
VNI = 0x123456
FIN = 1  # among TCP's flags
SERVED = (BOX_ADDRESSES[0], 57012)
MTU = 1400  # of the tunnels; the interface would take more
BUFFER_MIB = 64  # all six copies at once, should a capture have to wait for its core: what it drops is not limpid's loss
TOOLS = f"""  - {{ name: vxlan4, mirror: {{ vxlan: {COLLECTOR[0]}, id: {VNI}, mtu: {MTU} }} }}
  - {{ name: vxlan6, mirror: {{ vxlan: "[{COLLECTOR[1]}]:8472", id: 6, mtu: {MTU} }} }}
  - {{ name: gre4, mirror: {{ gre: {COLLECTOR[0]}, id: 77, mtu: {MTU} }} }}
  - {{ name: gre6, mirror: {{ gre: "{COLLECTOR[1]}", mtu: {MTU} }} }}
  - {{ name: erspan4, mirror: {{ erspan: {COLLECTOR[0]}, id: 5, mtu: {MTU} }} }}
  - {{ name: erspan6, mirror: {{ erspan: "{COLLECTOR[1]}", id: 6, mtu: {MTU} }} }}
  - {{ name: live, mirror: {{ pcap_over_ip: "{SERVED[0]}:{SERVED[1]}", clients_max: 2 }} }}"""
RULES = f'    - {{ name: copied, when: {{ server_port: [{origins.TLS13}] }}, then: decrypt, tools: [TOOLS] }}'
# By tool: its packets, and what stands in all of them.
TUNNELS = {
    "vxlan4": (f"udp.dstport == 4789 && ip.dst == {COLLECTOR[0]}", {"vxlan.vni": str(VNI), "vxlan.flag_i": "1"}),
    "vxlan6": (f"udp.dstport == 8472 && ipv6.dst == {COLLECTOR[1]}", {"vxlan.vni": "6"}),
    "gre4": (f"gre.proto == 0x6558 && ip.dst == {COLLECTOR[0]}", {"gre.key": "0x0000004d"}),
    "gre6": (f"gre.proto == 0x6558 && ipv6.dst == {COLLECTOR[1]}", {"gre.key": ""}),
    "erspan4": (f"gre.proto == 0x88be && ip.dst == {COLLECTOR[0]}", {"erspan.version": "1", "erspan.spanid": "5"}),
    "erspan6": (f"gre.proto == 0x88be && ipv6.dst == {COLLECTOR[1]}", {"erspan.version": "1", "erspan.spanid": "6"}),
}


class Tshark:
    """Captures an interface of the collector, or a TCP stream, into a file."""

    def __init__(self, lab, name, interface="eth0"):
        path = lab.folder / f"{name}.pcapng"
        self.file = CaptureFile(path)
        self.process = lab.start("collector", f"tshark-{name}", "tshark", "-n", "-B", str(BUFFER_MIB), "-i", interface,
                                 "-w", str(path))
        # Its first line comes before its socket; its file, when the socket's large buffer is there.
        wait_for("tshark", lambda: "File:" in self.process.log())

    def stop_at(self, what, which, count):
        """When so many packets of a kind are in the file."""
        wait_for(what, lambda: len(self.file.rows(which, "frame.number", growing=True)) >= count)
        self.stop()

    def stop(self):
        self.process.stop()
        assert "dropped" not in self.process.log(), self.process.log()


class Copies:
    """A lab with a collector, and what it got of one download."""

    def __init__(self, lab, pki):
        lab.add_collector()
        self.lab = lab
        self.has_vxlan = all(lab.run("collector", "ip", "link", *change.split()).returncode == 0 for change in (
            f"add vx0 type vxlan id {VNI} dev eth0 dstport 4789", "set vx0 up"))
        self.scene = Scene(lab, pki, tools=TOOLS, rules=RULES.replace("TOOLS", ", ".join([*TUNNELS, "live"])))
        transfer.make_file(lab.folder / "www" / "some", FILE_SIZE)
        self.served = (lab.folder / "www" / "some").read_bytes()
        self.outside = Tshark(lab, "outside")
        self.inside = Tshark(lab, "inside", "vx0") if self.has_vxlan else None
        self.fetch()
        for tool in TUNNELS:
            wait_for(f"all copies in {tool}", lambda: self.all_there(tool))
        self.outside.stop()
        if self.has_vxlan:
            self.inside.stop_at("the ends of the connection", "tcp.flags.fin == 1", 2)

    def fetch(self, name="some"):
        page = self.lab.folder / "page"
        done = self.lab.run("client", "curl", "-sSf", "--http1.1", "--cacert", self.scene.appliance.trust, "-o", str(page),
                            "-H", "Connection: close", f"https://shop4.example:{origins.TLS13}/{name}", text=True)
        assert done.returncode == 0, done.stderr
        assert page.read_bytes() == (self.lab.folder / "www" / name).read_bytes()

    def counted(self, tool):
        return next(row for row in self.scene.appliance.ask("tools")["mirrors"] if row["tool"] == tool)

    @staticmethod
    def which(tool):
        """The packets of one tunnel alone; the collector's kernel, which has no such tunnel, refuses some with ICMP, and
        quotes them."""
        return f"{TUNNELS[tool][0]} && !icmp && !icmpv6"

    def all_there(self, tool):
        """The FIN of both, the acknowledgement behind them, and as many packets as limpid has counted."""
        rows = self.outside.file.rows(f"{self.which(tool)} && tcp", "tcp.flags", growing=True)
        fins = [int(row["tcp.flags"], 16) & FIN for row in rows]
        return sum(fins) == 2 and not fins[-1] and len(fins) == self.counted(tool)["packets"]

    def of(self, tool):
        return self.outside.file.excerpt(self.which(tool), self.lab.folder / f"{tool}.pcapng")


@pytest.fixture(scope="module", params=[None, 42], ids=["untagged", "vlan42"])
def copies(request, make_lab, pki):
    return Copies(make_lab(vlan=request.param), pki)


def check_stream(file, served):
    """From one handshake to two FINs, without a complaint of Wireshark's, and byte for byte what was served."""
    complaints = file.rows(COMPLAINTS, "frame.number", "tcp.seq", "tcp.len", "_ws.expert.message")
    assert not complaints, complaints
    assert len(file.rows("tcp.flags.syn == 1 && tcp.flags.ack == 0", "frame.number")) == 1
    assert len(file.rows("tcp.flags.fin == 1", "frame.number")) == 2
    request, answer = file.stream(0)
    assert request.startswith(b"GET /some HTTP/1.1\r\n")
    head, body = answer.split(b"\r\n\r\n", 1)
    assert head.startswith(b"HTTP/1.1 200 OK\r\n")
    assert body == served


@pytest.mark.parametrize("tool", TUNNELS)
def test_tshark_at_the_collector_decodes_the_tunnel_and_follows_the_stream(copies, tool):
    file = copies.of(tool)
    check_stream(file, copies.served)
    _, fields = TUNNELS[tool]
    assert {tuple(row.values()) for row in file.rows("tcp", *fields)} == {tuple(fields.values())}
    vlan = str(copies.lab.vlan or "")
    assert {row["vlan.id"] for row in file.rows("tcp", "vlan.id")} == {vlan}
    row = copies.counted(tool)
    assert row["kind"] == tool[:-1] and row["lost_queue"] == row["lost_write"] == 0
    assert row["packets"] == len(file.rows("tcp", "frame.number"))


@pytest.mark.parametrize("tool", TUNNELS)
def test_outer_packets_are_as_large_as_the_path_takes_and_never_fragments(copies, tool):
    file = copies.of(tool)
    room = 4 if copies.lab.vlan is None else 0  # is kept for a tag
    assert max(int(row["frame.len"]) for row in file.rows("tcp", "frame.len")) == 14 + MTU - room
    assert file.rows("ip.flags.mf == 1 || ip.frag_offset > 0 || ipv6.fraghdr", "frame.number") == []
    if tool.endswith("4"):
        assert {row["ip.flags.df"].split(",")[0] for row in file.rows("tcp", "ip.flags.df")} <= {"1", "True"}


def test_the_vxlan_device_of_a_linux_collector_unpacks_the_frames(copies):
    if not copies.has_vxlan:
        pytest.skip("this kernel has no VXLAN device")
    check_stream(copies.inside.file, copies.served)


def reader(lab):
    """A client of the served capture, which has got the beginning of it."""
    with lab.within("collector"):
        connection = socket.create_connection(SERVED, timeout=20)
    assert connection.recv(4, socket.MSG_PEEK) == bytes.fromhex("0a0d0d0a"), "a section header"
    return connection


def test_tshark_reads_a_session_from_the_served_capture(copies):
    live = Tshark(copies.lab, "live", f"TCP@{SERVED[0]}:{SERVED[1]}")
    # It says so before it has connected; that the capture began shows in its file.
    wait_for("the connection", lambda: f":{SERVED[1]}" in copies.lab.run("collector", "ss", "-Htn", text=True).stdout)
    copies.fetch()
    live.stop_at("the ends of the connection", "tcp.flags.fin == 1", 2)
    check_stream(live.file, copies.served)


def test_a_client_that_does_not_read_loses_copies_and_neither_the_session_nor_other_clients_anything(copies):
    large = copies.lab.folder / "www" / "large"
    transfer.make_file(large, 40_000_000)
    before = copies.counted("live")["lost_write"]
    path = copies.lab.folder / "read.pcapng"
    with reader(copies.lab):
        copies.fetch("large")
        wait_for("losses", lambda: copies.counted("live")["lost_write"] > before)
        with reader(copies.lab) as good, open(path, "wb") as out:
            good.setblocking(True)  # cat expects that
            saving = subprocess.Popen(["cat"], stdin=good, stdout=out)
            copies.fetch()
            file, begun = CaptureFile(path), "tcp.flags.syn == 1 && tcp.flags.ack == 0"
            # Copies of the large one may still have been waiting when this client came: it gets their rest first.
            wait_for("the session's begin", lambda: file.rows(begun, "tcp.stream", growing=True))
            own = f"tcp.stream == {file.rows(begun, 'tcp.stream', growing=True)[-1]['tcp.stream']}"
            wait_for("the session's end", lambda: len(file.rows(f"tcp.flags.fin == 1 && {own}", "frame.number",
                                                                growing=True)) >= 2)
            good.shutdown(socket.SHUT_WR)  # which is the end to limpid
            assert saving.wait(20) == 0
    check_stream(file.excerpt(own, copies.lab.folder / "own.pcapng"), copies.served)


def test_so_many_clients_there_may_be_and_one_that_is_gone_makes_room(copies):
    with reader(copies.lab), reader(copies.lab) as second:
        with copies.lab.within("collector"), socket.create_connection(SERVED, timeout=20) as third:
            assert third.recv(1) == b"", "turned away"
        second.close()

        def taken_in():
            with copies.lab.within("collector"), socket.create_connection(SERVED, timeout=20) as next_one:
                return next_one.recv(1) != b""

        wait_for("room", taken_in)


def test_a_collector_that_is_gone_costs_no_session_anything(copies):
    assert copies.lab.run("collector", "ip", "link", "set", "eth0", "down").returncode == 0
    copies.fetch()
