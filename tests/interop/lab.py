"""Three hosts and two wires, as network namespaces: client -- box -- server. The appliance runs in the box,
between the interfaces d0 (client side) and d1 (server side); each wire may have an impairing program in it."""
import contextlib
import ctypes
import itertools
import json
import os
import shutil
import signal
import socket
import struct
import subprocess

from process import Process, wait_for

CLIENT4, SERVER4 = "10.55.0.1", "10.55.0.2"
CLIENT6, SERVER6 = "fd55::1", "fd55::2"
HOSTS = f"""127.0.0.1 localhost
{SERVER4} shop.example www.shop.example shop4.example bank.example expired.example rsa.example plain.example
{SERVER6} shop.example www.shop.example shop6.example bank.example plain.example
"""
BOX_ADDRESSES, COLLECTOR = ("10.77.0.1", "fd77::1"), ("10.77.0.2", "fd77::2")  # of a collector's network
PREFIX = "limpid-it-"
PORTS = ("d0", "d1")  # the box's, towards the client and the server
# Client and server, this process with its own sockets among them, share core 0 with all that their kernel does for
# them: on two cores the order in which frames are sent and the order in which they are captured could differ.
BOX_CORES = os.sched_getaffinity(0)  # the appliance pins its workers itself, to core 1
HOST_CORES = {0}
os.sched_setaffinity(0, HOST_CORES)
_numbers = itertools.count()
_libc = ctypes.CDLL(None, use_errno=True)
_CLONE_NEWNET = 0x40000000


def sh(*command, check=True, **more):
    done = subprocess.run(command, capture_output=True, text=True, **more)
    assert not check or done.returncode == 0, f"{' '.join(command)}:\n{done.stdout}{done.stderr}"
    return done


def remove_leftovers():
    """Namespaces of runs that were killed before they could clean up: their names hold the process id."""
    names = {line.split()[0] for line in sh("ip", "netns", "list").stdout.splitlines() if line}
    for name in names:
        parts = name.removeprefix(PREFIX).split("-")
        if name.startswith(PREFIX) and parts[0].isdigit() and not os.path.exists(f"/proc/{parts[0]}"):
            sh("ip", "netns", "del", name, check=False)
            shutil.rmtree(f"/etc/netns/{name}", ignore_errors=True)


class Lab:
    """`impair`: options of the impairing program, on both wires. `vlan`: the tag that the appliance sees."""

    def __init__(self, folder, impair=None, vlan=None, mtu=1500):
        self.folder = folder
        self.mtu = mtu
        self.vlan = vlan
        self.names = {}
        self.processes = []
        self.impairs = []
        tag = f"{PREFIX}{os.getpid()}-{next(_numbers)}"
        try:
            for role in ("client", "box", "server"):
                self._host(role, f"{tag}-{role}")
            for role, port, addresses in zip(("client", "server"), PORTS, ((CLIENT4, CLIENT6), (SERVER4, SERVER6))):
                self._wire(role, port, addresses, impair)
        except BaseException:
            self.close()
            raise

    # --- what tests use ---

    def path(self, name):
        return str(self.folder / name)

    def run(self, role, *command, seconds=120, **more):
        """Runs a program in a host to its end."""
        more.setdefault("stdin", subprocess.DEVNULL)
        return subprocess.run(self.inside(role, *command), capture_output=True, timeout=seconds, **more)

    def start(self, role, name, *command, **more):
        process = Process(self.inside(role, *command), self.path(f"{name}.log"), **more)
        self.processes.append(process)
        return process

    def converse(self, host, command, until):
        """Talks to a client that is a terminal: it is closed only after the answer is there."""
        child = subprocess.Popen(self.inside("client", *command), stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                 stderr=subprocess.STDOUT)
        try:
            child.stdin.write(f"GET /index.html HTTP/1.0\r\nHost: {host}\r\n\r\n".encode())
            child.stdin.flush()
            seen = b""
            while until not in seen:
                part = child.stdout.read1(65536)
                assert part, f"{command[0]} ended without the page:\n{seen.decode(errors='replace')}"
                seen += part
            child.stdin.close()
            seen += child.stdout.read()
            assert child.wait(20) == 0, seen.decode(errors="replace")
            return seen.decode(errors="replace")
        finally:
            child.kill()
            child.wait()

    def inside(self, role, *command):
        pinned = BOX_CORES if role == "box" else HOST_CORES
        return ["taskset", "-c", ",".join(map(str, sorted(pinned))), "ip", "netns", "exec", self.names[role], *command]

    @contextlib.contextmanager
    def within(self, role):
        """Sockets that this thread makes meanwhile belong to the host, for as long as they live."""
        own = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
        other = os.open(f"/run/netns/{self.names[role]}", os.O_RDONLY)
        try:
            self._enter(other)
            yield
        finally:
            self._enter(own)
            os.close(own)
            os.close(other)

    def sysctl(self, role, setting):
        sh(*self.inside(role, "sysctl", "-qw", setting))

    def connect(self, port, address=SERVER4, source_port=0, seconds=20, congestion=None):
        """A TCP connection from the client to the server."""
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        with self.within("client"):
            connection = socket.socket(family, socket.SOCK_STREAM)
        connection.settimeout(seconds)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if congestion:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_CONGESTION, congestion.encode())
        if source_port:
            connection.bind((CLIENT6 if ":" in address else CLIENT4, source_port))
        connection.connect((address, port))
        return connection

    def listen(self, port, address=SERVER4):
        """A listening socket of the server."""
        with self.within("server"):
            listener = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.settimeout(20)
        listener.bind((address, port))
        listener.listen(512)
        return listener

    def frames(self, role, protocol=3, interface="eth0"):
        """A raw socket on the host's interface; protocol 3 is every frame, 0 none (for sending)."""
        with self.within(role):
            raw = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
            raw.bind((interface, protocol))
        return raw

    def add_sensor(self, port):
        """A fourth host, `sensor`, that hangs on a further port of the box."""
        self._host("sensor", self.names["box"].removesuffix("box") + "sensor")
        self._pair("sensor", "eth0", "box", port)

    def add_collector(self, port="c0", mtu=1500):
        """A fourth host, `collector`, that the box reaches as any host reaches another."""
        self._host("collector", self.names["box"].removesuffix("box") + "collector")
        self._pair("collector", "eth0", "box", port)
        self.sysctl("box", f"net.ipv6.conf.{port}.disable_ipv6=0")
        for role, interface, addresses in (("box", port, BOX_ADDRESSES), ("collector", "eth0", COLLECTOR)):
            for address, bits in zip(addresses, (24, 64)):
                sh("ip", "-n", self.names[role], "addr", "add", f"{address}/{bits}", "dev", interface,
                   *(["nodad"] if ":" in address else []))
            sh("ip", "-n", self.names[role], "link", "set", interface, "mtu", str(mtu))

    def add_segment_behind(self, client_side="e0", server_side="e1"):
        """Two further ports of the box, cabled to each other: d0 with the one and the other with d1 are two segments in
        a row, so that every flow is in both."""
        self._pair("box", client_side, "box", server_side)

    def add_tool(self, port_a="t0", port_b="t1", ends=("ta", "tb")):
        """A fourth host, `tool`, whose interfaces ta and tb hang on two further ports of the box. Once more, with
        other names: two more interfaces of the same host."""
        if "tool" not in self.names:
            self._host("tool", self.names["box"].removesuffix("box") + "tool")
        for interface, port in zip(ends, (port_a, port_b)):
            self._pair("tool", interface, "box", port)

    def ping(self, address=SERVER4, size=56):
        """From the client to the server and back, with random bytes."""
        six = ":" in address
        with self.within("client"):
            echo = socket.socket(socket.AF_INET6 if six else socket.AF_INET, socket.SOCK_DGRAM,
                                 socket.IPPROTO_ICMPV6 if six else socket.IPPROTO_ICMP)
        with echo:
            echo.settimeout(5)
            body = os.urandom(size)
            echo.sendto(struct.pack("!BBHHH", 128 if six else 8, 0, 0, 1, 1) + body, (address, 0))
            assert echo.recv(65536)[8:] == body

    def wait_listening(self, port, role="server"):
        wait_for(f"a server on port {port}",
                 lambda: f":{port} " in sh(*self.inside(role, "ss", "-Hltn")).stdout, instead=self._ended)

    def _ended(self):
        """What the programs that have ended by themselves said last."""
        return "; ".join(f"{' '.join(process.command)} has ended: {process.log()[-500:]}" for process in self.processes
                         if not process.running()) or "every program runs"

    def set_impair(self, options, wires=PORTS, seed=0):
        """Other faults from now on, on these wires, and none on the rest; for a lab that was made with `impair`."""
        self.impair_counters()
        for port in PORTS:
            self._impair(port, options if port in wires else [], seed)

    def impair_counters(self):
        """Ends the impairing programs and returns what they counted."""
        counters = []
        for impair in self.impairs:
            impair.stop()
            counters.append(json.loads(impair.log().splitlines()[-1]))
        self.impairs = []
        return counters

    def close(self):
        for process in reversed(self.processes):
            with contextlib.suppress(AssertionError):
                process.stop()
        for name in self.names.values():
            # Daemons (postfix's master) leave the group that they were started in, and would keep the host alive.
            for pid in sh("ip", "netns", "pids", name, check=False).stdout.split():
                with contextlib.suppress(ProcessLookupError):
                    os.kill(int(pid), signal.SIGKILL)
            sh("ip", "netns", "del", name, check=False)
            shutil.rmtree(f"/etc/netns/{name}", ignore_errors=True)

    # --- how it is made ---

    @staticmethod
    def _enter(descriptor):
        if _libc.setns(descriptor, _CLONE_NEWNET) != 0:
            raise OSError(ctypes.get_errno(), "setns")

    def _host(self, role, name):
        sh("ip", "netns", "add", name)
        self.names[role] = name
        os.makedirs(f"/etc/netns/{name}")
        with open(f"/etc/netns/{name}/hosts", "w") as hosts:
            hosts.write(HOSTS)
        sh("ip", "-n", name, "link", "set", "lo", "up")
        if role in ("box", "tool"):  # a wire has no addresses, and says nothing of its own
            self.sysctl(role, "net.ipv6.conf.default.disable_ipv6=1")
        else:
            self.sysctl(role, "net.ipv6.conf.default.accept_dad=0")
            self.sysctl(role, "net.ipv6.conf.default.router_solicitations=0")  # frames are compared
            self.sysctl(role, "net.ipv4.ping_group_range=0 2147483647")

    def _pair(self, one_role, one, other_role, other):
        sh("ip", "link", "add", "name", one, "netns", self.names[one_role], "type", "veth", "peer", "name", other,
           "netns", self.names[other_role])
        for role, interface in ((one_role, one), (other_role, other)):
            # Offloads leave checksums unfinished and frames of 64 KB on a veth; a real wire has neither.
            sh(*self.inside(role, "ethtool", "-K", interface, "tx", "off", "rx", "off", "tso", "off", "gso", "off",
                            "gro", "off", "rxvlan", "off", "txvlan", "off"), check=False)
            room = 4 if self.vlan and role in ("box", "tool") else 0  # for the tag
            sh("ip", "-n", self.names[role], "link", "set", interface, "mtu", str(self.mtu + room), "up")

    def _wire(self, role, port, addresses, impair):
        if impair is None and self.vlan is None:
            self._pair(role, "eth0", "box", port)
        else:
            self._pair(role, "eth0", "box", f"{port}a")
            self._pair("box", f"{port}b", "box", port)
            self._impair(port, impair or [], seed=0)
        sh("ip", "netns", "exec", self.names[role], "sh", "-c", "echo 1 > /sys/class/net/eth0/queues/rx-0/rps_cpus")
        for address, bits in zip(addresses, (24, 64)):
            sh("ip", "-n", self.names[role], "addr", "add", f"{address}/{bits}", "dev", "eth0", "nodad"
               if ":" in address else "scope", *([] if ":" in address else ["global"]))

    def _impair(self, port, options, seed):
        tag = ["--tag", str(self.vlan)] if self.vlan else []
        program = self.start("box", f"impair-{port}-{next(_numbers)}", os.environ["IMPAIR"], "--a", f"{port}a", "--b",
                             f"{port}b", "--seed", str(1000 * (1 + PORTS.index(port)) + 10 * seed), *options, *tag)
        wait_for("the impairing program", lambda: "forwarding" in program.log() or not program.running())
        assert program.running(), program.log()
        self.impairs.append(program)
