"""What is not decrypted is not touched: each frame arrives as it was sent, bit for bit, whatever it is."""
import json
import subprocess

import pytest

from lab import Lab, SERVER4, run, wait_for

# Runs in a namespace: sends frames from standard input (hexadecimal, one a line) out of eth0.
SENDER = r"""
import socket, sys
link = socket.socket(socket.AF_PACKET, socket.SOCK_RAW); link.bind(("eth0", 0))
for line in sys.stdin: link.send(bytes.fromhex(line.strip()))
"""
# Runs in a namespace: prints every frame that eth0 sends ("out") or receives ("in"), tags put back, until it is ended.
RECORDER = r"""
import socket, struct, sys
link = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3)); link.bind(("eth0", 3))
link.setsockopt(263, 8, 1)
link.setsockopt(socket.SOL_SOCKET, 33, 64 << 20)
print("ready", flush=True)
while True:
    frame, control, _, where = link.recvmsg(65536, 256)
    for level, kind, data in control:
        status, _, _, _, _, tci, tpid = struct.unpack("IIIHHHH", data[:20])
        if level == 263 and kind == 8 and status & 0x10:
            frame = frame[:12] + struct.pack("!HH", tpid if status & 0x40 else 0x8100, tci) + frame[12:]
    print("out" if where[2] == 4 else "in", frame.hex(), flush=True)
"""
MAC_A, MAC_B = "02aabbccdd01", "02aabbccdd02"


def checksum(data):
    if len(data) % 2:
        data += b"\0"
    total = sum(int.from_bytes(data[i:i + 2], "big") for i in range(0, len(data), 2))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return (~total & 0xffff).to_bytes(2, "big")


def ipv4(protocol, payload, flags=0x4000, options=b"", number=1, source=(10, 88, 0, 1), target=(10, 88, 0, 2)):
    head = bytes([0x45 + len(options) // 4, 0]) + (20 + len(options) + len(payload)).to_bytes(2, "big") \
        + number.to_bytes(2, "big") + flags.to_bytes(2, "big") + bytes([61, protocol]) + b"\0\0" + bytes(source) + bytes(target) + options
    return head[:10] + checksum(head) + head[12:] + payload


def ipv6(next_header, payload):
    source, target = bytes.fromhex("fd88" + "0" * 27 + "1"), bytes.fromhex("fd88" + "0" * 27 + "2")
    return bytes.fromhex("6000abcd") + len(payload).to_bytes(2, "big") + bytes([next_header, 60]) + source + target + payload


def ethernet(kind, payload, destination=MAC_B, tags=b""):
    return bytes.fromhex(destination + MAC_A) + tags + kind.to_bytes(2, "big") + payload


def udp(payload):
    return (40000).to_bytes(2, "big") + (9).to_bytes(2, "big") + (8 + len(payload)).to_bytes(2, "big") + b"\0\0" + payload


def tcp(flags, payload=b"", options=b"", port=50000):
    return port.to_bytes(2, "big") + (443).to_bytes(2, "big") + b"\1\2\3\4" + b"\5\6\7\x08" \
        + bytes([(5 + len(options) // 4) << 4, flags]) + b"\x10\0\xab\xcd\0\0" + options + payload


TAG = bytes.fromhex("8100602a")
FRAMES = {
    "ARP request": ethernet(0x0806, bytes.fromhex("0001080006040001" + MAC_A + "0a580009" + "000000000000" + "0a58000a").ljust(46, b"\0"),
                            "ffffffffffff"),
    "LLDP": ethernet(0x88cc, b"\x02\x07\x04" + b"x" * 40, "0180c200000e"),
    "spanning tree (802.3 length)": ethernet(38, b"\x42\x42\x03" + b"s" * 43, "0180c2000000"),
    "unknown EtherType": ethernet(0x88b5, b"experimental" * 5),
    "EtherType with jumbo-like value": ethernet(0xfffe, b"\xff" * 46),
    "UDP over IPv4": ethernet(0x0800, ipv4(17, udp(b"datagram" * 20))),
    "UDP of the largest size": ethernet(0x0800, ipv4(17, udp(b"d" * 1472))),
    "UDP over IPv6": ethernet(0x86dd, ipv6(17, udp(b"datagram" * 20))),
    "ICMP echo": ethernet(0x0800, ipv4(1, bytes.fromhex("0800f7ff00000000") + b"ping" * 14)),
    "ICMPv6 neighbour solicitation": ethernet(0x86dd, ipv6(58, bytes.fromhex("8700000000000000") + b"\xfd\x88" + b"\0" * 14 + b"\1\1" + b"m" * 6)),
    "IPv4 fragment, first": ethernet(0x0800, ipv4(17, udp(b"f" * 800), flags=0x2000, number=7)),
    "IPv4 fragment, last": ethernet(0x0800, ipv4(17, b"g" * 800, flags=0x0065, number=7)),
    "TCP fragment": ethernet(0x0800, ipv4(6, b"t" * 256, flags=0x2001, number=8)),
    "IPv4 with options": ethernet(0x0800, ipv4(17, udp(b"options"), options=b"\x94\4\0\0").ljust(46, b"\0")),
    "IPv4 with a wrong header checksum": ethernet(0x0800, (lambda p: p[:10] + b"\0\1" + p[12:])(ipv4(17, udp(b"bad sum" * 8)))),
    "ESP": ethernet(0x0800, ipv4(50, b"\0\0\0\1" * 20)),
    "GRE": ethernet(0x0800, ipv4(47, b"\0\0\x08\0" + b"inner" * 20)),
    "SCTP": ethernet(0x0800, ipv4(132, b"\0\1\0\2" * 12)),
    "truncated IPv4": ethernet(0x0800, b"\x45\0\x05\0" + b"\0" * 42),
    "TCP, mid-stream": ethernet(0x0800, ipv4(6, tcp(0x18, b"nobody saw my SYN" * 4))),
    "TCP with a bad data offset": ethernet(0x0800, ipv4(6, (lambda s: s[:12] + b"\x10" + s[13:])(tcp(0x18, b"bad" * 10)))),
    "TCP without flags": ethernet(0x0800, ipv4(6, tcp(0)).ljust(46, b"\0")),
    "TCP RST of nothing": ethernet(0x0800, ipv4(6, tcp(0x14)).ljust(46, b"\0")),
    "SYN with TCP-MD5": ethernet(0x0800, ipv4(6, tcp(2, options=b"\x13\x12" + b"m" * 16 + b"\1\1", port=50001))),
    "tagged UDP": ethernet(0x0800, ipv4(17, udp(b"tagged" * 20)), tags=TAG),
    "tagged, priority only": ethernet(0x0800, ipv4(17, udp(b"priority" * 10)), tags=bytes.fromhex("8100e000")),
    "tagged unknown EtherType": ethernet(0x88b5, b"tagged" * 20, tags=TAG),
    "two tags": ethernet(0x0800, ipv4(17, udp(b"q-in-q" * 20)), tags=TAG + bytes.fromhex("81000007")),
    "the smallest frame": ethernet(0x88b5, b"\1" * 46),
}


class Recorder:
    def __init__(self, lab, role):
        self.lab, self.name = lab, f"recorder-{role}.txt"
        self.child = lab.spawn(role, "/usr/bin/python3", "-u", "-c", RECORDER, log=self.name)
        wait_for("the recorder", lambda: self.lab.read(self.name).startswith("ready"))

    def frames(self, way):
        text = self.lab.read(self.name)
        complete = text[:text.rfind("\n") + 1].splitlines()[1:]
        return [line.split()[1] for line in complete if line.startswith(way + " ")]


@pytest.fixture(scope="module")
def lab():
    with Lab(policy="{ default: pass }") as made:
        made.nginx()
        yield made


@pytest.mark.parametrize("sender,receiver", [("client", "server"), ("server", "client")])
def test_frames_of_every_kind_arrive_as_they_were_sent(lab, sender, receiver):
    recorder = Recorder(lab, receiver)
    sent = {name: frame.hex() for name, frame in FRAMES.items()}
    lab.inside(sender, "/usr/bin/python3", "-c", SENDER, input="\n".join(sent.values()) + "\n")
    last = list(sent.values())[-1]
    wait_for("the last frame", lambda: last in recorder.frames("in"))
    arrived = recorder.frames("in")
    assert [name for name, frame in sent.items() if frame not in arrived] == []
    assert [arrived.count(frame) for frame in sent.values()] == [1] * len(sent)
    order = [frame for frame in arrived if frame in sent.values()]
    assert order == list(sent.values())
    lab.stop(recorder.child)


@pytest.mark.parametrize("version", ["1.2", "1.3"])
@pytest.mark.parametrize("host", ["v4.example", "v6.example"])
def test_every_frame_of_a_passed_tls_connection_is_identical_on_both_sides(lab, host, version):
    at_client, at_server = Recorder(lab, "client"), Recorder(lab, "server")
    lab.write("www/bulk", "0123456789abcdef" * 40_000)
    shown = lab.client("curl", "-sS", "--http1.1", "--max-time", "20", "--tls-max", version, "--cacert",
                       lab.path("origin-ca.pem"), f"https://{host}/bulk").stdout
    assert len(shown) == 640_000

    def closed():
        """Both FINs are acknowledged, so nothing more of the connection is under way."""
        done = lab.inside("server", "ss", "-tnH", "state", "established", "state", "last-ack", "state", "closing").stdout
        return ":443" not in done
    wait_for("the connection's end", closed)
    wait_for("the same number of frames on both sides", lambda:
             len(at_client.frames("out")) == len(at_server.frames("in")) and len(at_server.frames("out")) == len(at_client.frames("in")))
    assert len(at_client.frames("out")) > 20
    assert at_server.frames("in") == at_client.frames("out")
    assert at_client.frames("in") == at_server.frames("out")
    lab.stop(at_client.child)
    lab.stop(at_server.child)


def test_ping_of_many_sizes_is_answered(lab):
    for size in (8, 56, 1000, 1472, 4000):
        lab.client("/usr/bin/python3", "-c", PING, SERVER4, str(size))


# ping(8) is not everywhere; raw sockets are.
PING = r"""
import socket, struct, sys, os
target, size = sys.argv[1], int(sys.argv[2])
link = socket.socket(socket.AF_INET, socket.SOCK_RAW, 1); link.settimeout(10)
payload = os.urandom(size)
head = struct.pack("!BBHHH", 8, 0, 0, os.getpid() & 0xffff, 1)
data = head + payload + (b"\0" if size % 2 else b"")
total = sum(struct.unpack(f"!{len(data) // 2}H", data))
while total >> 16: total = (total & 0xffff) + (total >> 16)
link.sendto(head[:2] + struct.pack("!H", ~total & 0xffff) + head[4:] + payload, (target, 0))
while True:
    got = link.recv(65536)
    if got[20] == 0 and got[28:] == payload: break
"""


@pytest.mark.intercepts
def test_a_passed_tls12_handshake_still_reaches_the_inventory(lab):
    lab.client("curl", "-sS", "--tls-max", "1.2", "--cacert", lab.path("origin-ca.pem"), "https://shop.example/hello")
    rows = wait_for("the certificate", lambda: [row for row in lab.certificates() if row["sni"] == "shop.example"])
    assert not rows[0]["intercepted"] and rows[0]["server_port"] == 443
