"""Every kind of Linux TCP on every kind of wire: what is intercepted arrives byte for byte in both directions and ends
cleanly, and both hosts use the options that they would have used with each other. A row of the matrix sets the hosts and
the wires; in each row six flows run at once, IPv4 and IPv6 with each congestion control that the kernel has. `./run
test` takes rows in which every pair of values occurs, `./run test --all` takes all."""
import hashlib
import itertools
import os
import socket
import threading

import pytest

import origins
from appliance import Appliance
from lab import SERVER4, SERVER6
from process import wait_for
from tls_stream import TlsStream

PORT = 8443
SIZE = 96 << 10
SECONDS = 120  # a flow on the worst of these wires takes 10

FAULTS = {"clean": [],
          "loss0.1": ["--loss", "0.001"],
          "loss1": ["--loss", "0.01"],
          "loss5": ["--loss", "0.05"],
          "reorder": ["--reorder", "0.05", "--reorder-ms", "4"],
          "duplicate": ["--duplicate", "0.05"]}
FACTORS = {"mtu": [1280, 1500, 9000],
           "fault": list(FAULTS),
           "rtt_ms": [1, 20, 100],
           "timestamps": [1, 0],
           "sack": [1, 0],
           "window_scaling": [1, 0],
           "ecn": [0, 1]}
# tcpi_options of tcp_info (linux/tcp.h); an ECN bit says that it was agreed on.
OPTION_BITS = {"timestamps": 1, "sack": 2, "window_scaling": 4, "ecn": 8}


def pairwise(factors):
    """Rows in which every pair of values of two factors occurs: greedily the row with the most new pairs."""
    names = list(factors)
    rows = [dict(zip(names, values)) for values in itertools.product(*factors.values())]

    def pairs(row):
        return {(a, row[a], b, row[b]) for a, b in itertools.combinations(names, 2)}

    rows_with_pairs = [(row, pairs(row)) for row in rows]
    wanted = set().union(*(found for _, found in rows_with_pairs))
    while wanted:
        row, found = max(rows_with_pairs, key=lambda item: len(item[1] & wanted))
        wanted -= found
        yield row


def rows():
    if os.environ.get("LIMPID_TEST_ALL"):
        chosen = [dict(zip(FACTORS, values)) for values in itertools.product(*FACTORS.values())]
    else:
        chosen = list(pairwise(FACTORS))
    # A lab for each MTU, one after the other.
    return sorted(chosen, key=lambda row: row["mtu"])


def row_id(row):
    switches = "".join(letter if row[name] else "-" for letter, name in
                       (("T", "timestamps"), ("S", "sack"), ("W", "window_scaling"), ("E", "ecn")))
    return f"{row['mtu']}-{row['fault']}-{row['rtt_ms']}ms-{switches}"


def congestion_controls():
    with open("/proc/sys/net/ipv4/tcp_available_congestion_control") as names:
        available = names.read().split()
    return [name for name in ("cubic", "reno", "bbr") if name in available]


class Site:
    """A lab of one MTU with an appliance, and a server for each address and congestion control."""

    def __init__(self, lab, pki):
        self.lab = lab
        self.appliance = Appliance(lab, pki)
        self.sent = os.urandom(SIZE)
        self.answer = os.urandom(SIZE)
        self.client = origins.client_context(self.appliance)
        self.server = origins.server_context(pki)
        self.agreed = {}  # the server's view of the options, by the client's address
        self.origins = []
        self.flows = []  # (name, address, port, congestion control)
        for number, congestion in enumerate(congestion_controls()):
            for family, address in (("IPv4", SERVER4), ("IPv6", SERVER6)):
                origin = origins.PythonOrigin(lab, PORT + number, self._serve, address=address)
                origin.listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_CONGESTION, congestion.encode())
                self.origins.append(origin)
                self.flows.append((f"{family} {congestion}", address, PORT + number, congestion))

    def set(self, row):
        for role in ("client", "server"):
            for name in ("timestamps", "sack", "window_scaling", "ecn"):
                self.lab.sysctl(role, f"net.ipv4.tcp_{name}={row[name]}")
            self.lab.sysctl(role, "net.ipv4.tcp_ecn_fallback=0")  # a SYN that was lost offers ECN again
        self.lab.set_impair([*FAULTS[row["fault"]], "--delay-ms", str(row["rtt_ms"] / 2)])

    def _serve(self, connection):
        with TlsStream(connection, self.server).shake_hands() as stream:
            seen = stream.read_exactly(SIZE)
            stream.write(hashlib.sha256(seen).digest() + self.answer)
            self.agreed[connection.getpeername()[:2]] = options_of(connection)
            stream.close_notify()
            stream.read_to_end()

    def flow(self, address, port, congestion):
        """One flow's story, to be compared."""
        connection = self.lab.connect(port, address, seconds=SECONDS, congestion=congestion)
        with TlsStream(connection, self.client, "shop.example").shake_hands() as stream:
            stream.write(self.sent)
            seen = stream.read_to_end()
            ours = options_of(connection)
            own_address = connection.getsockname()[:2]
            ended = stream.ended
            stream.close_notify()
        return {"server read": seen[:32] == hashlib.sha256(self.sent).digest(),
                "client read": seen[32:] == self.answer, "ended": ended,
                "client's options": ours, "server's options": self.agreed.get(own_address)}

    def wait_until_nothing_is_left(self):
        """Before the wires are cut: what they lose of the ends is sent again."""
        def empty():
            workers = self.appliance.stats()["workers"]
            return all(worker["now_adopted"] == 0 and worker["stream_bytes"] == 0 for worker in workers)

        if not self.appliance.is_wire:
            wait_for("the last flow to end", empty, seconds=SECONDS)


def options_of(connection):
    bits = connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 8)[5]
    return {name: bool(bits & bit) for name, bit in OPTION_BITS.items()}


@pytest.fixture(scope="module")
def site(make_lab, pki):
    """site(mtu), made when the first row of that MTU comes."""
    made = {}

    def get(mtu):
        if mtu not in made:
            made[mtu] = Site(make_lab(impair=[], mtu=mtu), pki)
        return made[mtu]

    yield get
    for each in made.values():
        for origin in each.origins:
            origin.close()


@pytest.mark.parametrize("row", rows(), ids=row_id)
def test_bytes_options_and_ends_are_those_of_a_plain_wire(site, row):
    here = site(row["mtu"])
    here.set(row)
    told = {}

    def run(name, *flow):
        try:
            told[name] = here.flow(*flow)
        except (OSError, AssertionError) as error:
            told[name] = repr(error)

    threads = [threading.Thread(target=run, args=flow) for flow in here.flows]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    options = {name: bool(row[name]) for name in OPTION_BITS}
    expected = {"server read": True, "client read": True, "ended": "clean", "client's options": options,
                "server's options": options}
    assert told == {name: expected for name, *_ in here.flows}
    here.wait_until_nothing_is_left()
    counted = [direction for counters in here.lab.impair_counters() for direction in counters.values()]
    for fault, counter in (("loss1", "lost"), ("loss5", "lost"), ("reorder", "reordered"), ("duplicate", "duplicated")):
        if row["fault"] == fault:
            assert sum(direction[counter] for direction in counted) > 0

