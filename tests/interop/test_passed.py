"""What is not decrypted crosses the box bit for bit: every frame that left one host arrives at the other as it
was, in the order of its flow, and nothing else arrives."""
import hashlib
import os
import socket
import struct
from collections import Counter

import pytest

import frames
import origins
import transfer
from conftest import Scene
from lab import CLIENT4, SERVER4, SERVER6
from process import wait_for


@pytest.fixture(scope="module")
def shop(make_lab, pki):
    scene = Scene(make_lab(), pki)
    transfer.make_file(scene.lab.folder / "www" / "some", 3_000_000)
    return scene


WAYS = (("client", "server"), ("server", "client"))


def mark(captures):
    """A frame each way, waited for; returns what was sent and received before it, and keeps what comes after.
    Hosts speak at any time (neighbour discovery, multicast reports): a frame that was already on its way when the
    captures began, or that left when one of them had ended, is not to be counted on one side alone."""
    before = {}
    for sender, receiver in WAYS:
        marker = frames.ethernet(frames.BROADCAST, mac(captures[sender].lab, sender), 0x88b6, os.urandom(46))
        captures[sender].send(marker)
        sent, received = captures[sender].sent, captures[receiver].received
        before[sender] = []
        for seen in (sent, received):
            wait_for(f"the marker of the {sender}", lambda m=marker, s=seen: m in s)
            at = seen.index(marker)
            before[sender].append(seen[:at])
            del seen[:at + 1]
    return before


@pytest.fixture
def both_sides(shop):
    """Captures of both hosts; compared at the end by compare()."""
    captures = {role: frames.Capture(shop.lab, role) for role in ("client", "server")}
    mark(captures)
    yield captures
    for capture in captures.values():
        capture.close()


def samples(counted):
    return [frame[:100].hex() for frame in list(counted)[:3]]


def compare(captures):
    """Compares all frames since the captures began; returns how many each side sent, and what each received."""
    seen = mark(captures)
    for sender, receiver in WAYS:
        sent, received = seen[sender]
        missing, surplus = Counter(sent) - Counter(received), Counter(received) - Counter(sent)
        assert not missing and not surplus, (
            f"{sender} to {receiver}: {sum(missing.values())} frames missing, {sum(surplus.values())} too many\n"
            f"missing: {samples(missing)}\nsurplus: {samples(surplus)}")
        for flow in {frames.flow_of(frame) for frame in sent}:
            assert [f for f in sent if frames.flow_of(f) == flow] == \
                [f for f in received if frames.flow_of(f) == flow], f"the order of a flow changed: {flow.hex()}"
    return {sender: set(received) for sender, (_, received) in seen.items()}, \
        {sender: len(sent) for sender, (sent, _) in seen.items()}


def test_passed_flows_of_real_programs(shop, both_sides):
    """TLS passed by its server name, plain HTTP, ping, over IPv4 and IPv6; ARP and neighbour discovery come
    with them."""
    wanted = transfer.hash_of_part(shop.lab.folder / "www" / "some", 0, 3_000_000)
    for namespace in ("client", "server"):
        shop.lab.run(namespace, "ip", "neigh", "flush", "dev", "eth0")
    for family in ("-4", "-6"):
        for url in (f"https://bank.example:{origins.TLS12}/some", f"https://bank.example:{origins.TLS13}/some",
                    f"http://plain.example:{origins.PLAIN}/some"):
            got = shop.lab.run("client", "curl", "-sS", family, "--cacert", shop.pki.path("internet.pem"), url)
            assert got.returncode == 0, got.stderr
            assert hashlib.sha256(got.stdout).hexdigest() == wanted
    for size in (8, 1400, 4000):  # the last in fragments
        shop.lab.ping(SERVER4, size)
        shop.lab.ping(SERVER6, size)
    _, counts = compare(both_sides)
    assert counts["client"] > 500 and counts["server"] > 6 * 3_000_000 // 1448


def mac(lab, role="client"):
    said = lab.run(role, "cat", "/sys/class/net/eth0/address", text=True)
    return bytes.fromhex(said.stdout.strip().replace(":", ""))


def made_frames(lab):
    """One of everything that is not a TCP connection; the hosts' kernels drop most of it, silently."""
    client = mac(lab)
    quiet = bytes.fromhex("02005e000042")  # nobody has it, so nobody answers
    payload = os.urandom(1472)

    def ip(body, **more):
        return frames.ethernet(quiet, client, 0x0800, frames.ipv4(CLIENT4, "10.55.0.77", 17, body, **more))

    datagram = frames.udp(4444, 4444, payload)
    fragmented = frames.udp(4445, 4445, os.urandom(3000))
    tcp_fragment = struct.pack("!HHIIBBHHH", 5555, 443, 1, 0, 0x50, 2, 1024, 0, 0)
    lldp = bytes.fromhex("0180c200000e")
    made = {
        "the smallest UDP": ip(frames.udp(1, 2, b"")),
        "the largest UDP": ip(datagram),
        "no UDP checksum, TTL 1": ip(datagram[:100], ttl=1),
        "first fragment": ip(fragmented[:1480], flags=0x2000, identification=7),
        "second fragment": ip(fragmented[1480:2960], flags=0x2000 | 185, identification=7),
        "last fragment": ip(fragmented[2960:], flags=370, identification=7),
        "a fragment with a TCP header": frames.ethernet(
            quiet, client, 0x0800, frames.ipv4(CLIENT4, "10.55.0.77", 6, tcp_fragment, flags=0x2000)),
        "IP in IP": frames.ethernet(quiet, client, 0x0800, frames.ipv4(CLIENT4, "10.55.0.77", 4, b"\x45" * 40)),
        "ESP": frames.ethernet(quiet, client, 0x0800, frames.ipv4(CLIENT4, "10.55.0.77", 50, os.urandom(100))),
        "IPv4 with a wrong header checksum": frames.ethernet(
            quiet, client, 0x0800, frames.ipv4(CLIENT4, "10.55.0.77", 17, b"x" * 30)[:10] + b"\xde\xad" + b"y" * 40),
        "IPv4 that is cut off": frames.ethernet(quiet, client, 0x0800, b"\x45\x00\xff\xff"),
        "an Ethernet padding of other bytes": frames.ethernet(
            quiet, client, 0x0800, frames.ipv4(CLIENT4, "10.55.0.77", 17, frames.udp(1, 2, b"a")) + b"padding here!"),
        "ARP": frames.ethernet(frames.BROADCAST, client, 0x0806, bytes.fromhex("0001080006040001") + client +
                               socket.inet_aton(CLIENT4) + bytes(6) + socket.inet_aton("10.55.0.99")),
        "LLDP": frames.ethernet(lldp, client, 0x88cc, bytes.fromhex("020704") + client + os.urandom(30)),
        "spanning tree (802.3 length)": frames.ethernet(bytes.fromhex("0180c2000000"), client, 38, b"\x42\x42\x03" +
                                                        bytes(35)),
        "an unknown EtherType": frames.ethernet(quiet, client, 0x88b5, os.urandom(1500)),
        "IPv6 multicast, unknown next header": frames.ethernet(
            bytes.fromhex("333300000099"), client, 0x86dd, struct.pack("!IHBB", 0x60000000, 40, 253, 3) +
            socket.inet_pton(socket.AF_INET6, "fe80::1") + socket.inet_pton(socket.AF_INET6, "ff02::99") + bytes(40)),
        "a frame of zeros": bytes(60),
    }
    made["tagged, 802.1Q with priority"] = frames.tagged(made["the largest UDP"][:1300], 0xa000 | 99)
    made["tagged twice, 802.1ad"] = frames.tagged(frames.tagged(made["ESP"], 7), 8, 0x88a8)
    made["a priority tag (VLAN 0)"] = frames.tagged(made["LLDP"], 0x6000)
    return made


def test_frames_of_every_kind(shop, both_sides):
    made = made_frames(shop.lab)
    for role in ("client", "server"):  # the same from either side
        for frame in made.values():
            both_sides[role].send(frame)
    arrived, _ = compare(both_sides)
    for sender, _ in WAYS:
        absent = [name for name, frame in made.items() if frame not in arrived[sender]]
        assert not absent, f"from the {sender} did not arrive: {absent}"


def test_a_flow_that_began_before_limpid_goes_on(shop, both_sides):
    """A TCP segment of a connection whose SYN limpid never saw."""
    client = mac(shop.lab)
    segment = struct.pack("!HHIIBBHHH", 5556, 443, 77, 99, 0x50, 0x18, 1024, 0, 0) + b"\x16\x03\x01\x02\x00\x01"
    frame = frames.ethernet(bytes.fromhex("02005e000042"), client, 0x0800,
                            frames.ipv4(CLIENT4, "10.55.0.77", 6, segment))
    both_sides["client"].send(frame)
    arrived, _ = compare(both_sides)
    assert frame in arrived["client"]


def test_the_largest_and_the_smallest_segments_of_a_passed_flow(shop, both_sides):
    """One byte at a time, then as much as fits, on a port whose traffic is passed whatever it is."""
    port = 7001
    listener = shop.lab.listen(port)
    with shop.lab.connect(port) as client:
        server, _ = listener.accept()
        with server, listener:
            for byte in b"\x16\x03\x01\x00\x05not TLS after all":
                client.send(bytes([byte]))
            client.sendall(b"x" * 100_000)
            got = 0
            while got < 100_022:
                got += len(server.recv(65536))
            server.sendall(b"y" * 50_000)
            while got < 150_022:
                got += len(client.recv(65536))
    assert got == 150_022
    compare(both_sides)
