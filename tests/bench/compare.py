#!/usr/bin/python3
"""limpid beside sslsplit, squid and HAProxy, on the same wires, in one run.

Three network namespaces on two cores: client and server (wrk, nginx) share core 0, the box has core 1. Each
subject takes its turn as the box:

  direct        the kernel routes; what the generators themselves can do
  testpmd       dpdk-testpmd forwards frames between the ports (io mode); what a poller on these ports can do
  limpid        a bump in the wire that decrypts everything
  limpid-quota  the same, held to a quarter of its core: the cross-check of its core time
  limpid-memif  limpid on ports without a kernel: shared memory (memif), as a network card's rings are, with hosts
                on core 0 that need no kernel either (memory_hosts): what it can do where nothing else is the limit
  limpid-pass   limpid with a policy that passes everything
  limpid-mirror the same as limpid, and everything that it decrypts is recorded in pcapng files
  limpid-tool   limpid with an inline tool, a Linux bridge that has core 0
  sslsplit, squid   transparent, behind an nftables redirect
  haproxy       terminates with one fixed certificate and encrypts again

Two figures a row: what arrives per second, and the box's own core time per operation: the time in which core 1 was not
idle, soft interrupts included, which the kernel spends on the wires for every subject. A poller never idles, so for
limpid the time that `limpid stats` calls busy, spent in polls that found work, stands in for its worker's; all of
core 1's soft interrupts are added, though those that interrupted such polls are in that time already, and so is the time of
its other threads, on whichever core. limpid-quota checks that from outside: a poller that is held to less than it
needs has no polls to waste, and there core 1 is idle when it says so. testpmd has no such figure. limpid-mirror's
errors are the copies that it lost.
"""
import argparse
import contextlib
import json
import os
import re
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time

ROWS = ["handshakes", "resumed", "requests", "latency", "bulk", "memory"]
SUBJECTS = ["direct", "testpmd", "limpid", "limpid-quota", "limpid-memif", "limpid-pass", "limpid-tool", "limpid-mirror", "sslsplit", "squid",
            "haproxy"]
CLIENT_CPU, BOX_CPU = 0, 1
QUOTA = 0.25  # of a core
MEMORY_CLIENTS = 32
QUOTA_PERIOD_US = 10_000


def sh(*command, check=True, **more):
    return subprocess.run(command, check=check, text=True, capture_output=True, **more)


def wait_for(what, probe, seconds=30.0):
    """Observes until probe() is true; the pause only keeps the observer from taking the core."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if probe():
            return
        time.sleep(0.02)
    raise RuntimeError(f"{what}: not within {seconds} s")


class Process:
    """A child of ours, ended by its own process id."""

    def __init__(self, command, log, cpu=None, namespace=None):
        self.log = open(log, "ab")
        full = (["ip", "netns", "exec", namespace] if namespace else []) + (
            ["taskset", "-c", str(cpu)] if cpu is not None else []) + command
        self.child = subprocess.Popen(full, stdout=self.log, stderr=self.log, stdin=subprocess.DEVNULL,
                                      start_new_session=True)

    def stop(self):
        if self.child.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.child.pid, signal.SIGTERM)
            try:
                self.child.wait(10)
            except subprocess.TimeoutExpired:
                os.killpg(self.child.pid, signal.SIGKILL)
                self.child.wait()
        self.log.close()

    def tree_rss_kb(self):
        total = 0
        for pid in self.pids():
            with contextlib.suppress(FileNotFoundError, ProcessLookupError):
                for line in open(f"/proc/{pid}/status"):
                    if line.startswith("VmRSS:"):
                        total += int(line.split()[1])
        return total

    def pids(self):
        """The child and all its descendants."""
        parents = {}
        for name in os.listdir("/proc"):
            with contextlib.suppress(FileNotFoundError, ProcessLookupError, ValueError):
                parents.setdefault(int(open(f"/proc/{int(name)}/stat").read().rsplit(")", 1)[1].split()[1]), []).append(int(name))
        found, todo = [], [self.child.pid]
        while todo:
            found.append(todo.pop())
            todo += parents.get(found[-1], [])
        return found


class Lab:
    """Namespaces, wires, a test PKI and the origin. Everything is removed by close()."""

    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix="limpid-bench-")
        self.tag = f"lb{os.getpid() % 100000}"
        self.ns = {role: f"{self.tag}-{role}" for role in ("client", "box", "server", "tool")}
        self.processes = []
        self._make_wires()
        self._make_pki()

    def path(self, name):
        return os.path.join(self.folder, name)

    def inside(self, role, *command, **more):
        return sh("ip", "netns", "exec", self.ns[role], *command, **more)

    def start(self, role, command, cpu, name):
        process = Process(command, self.path(name + ".log"), cpu, self.ns[role])
        self.processes.append(process)
        return process

    def stop(self, process):
        process.stop()
        self.processes.remove(process)

    def _make_wires(self):
        for name in self.ns.values():
            sh("ip", "netns", "add", name)
            os.makedirs(f"/etc/netns/{name}", exist_ok=True)
            with open(f"/etc/netns/{name}/hosts", "w") as out:
                out.write("127.0.0.1 localhost\n10.77.2.2 bench.example\n")
            sh("ip", "-n", name, "link", "set", "lo", "up")
        for role, device, end in (("client", "eth0", "d0"), ("server", "eth0", "d1"), ("tool", "ta", "t0"),
                                  ("tool", "tb", "t1")):
            sh("ip", "link", "add", "name", f"{self.tag}{end}", "netns", self.ns["box"], "type", "veth", "peer",
               "name", device, "netns", self.ns[role])
            sh("ip", "-n", self.ns["box"], "link", "set", f"{self.tag}{end}", "name", end)
            for namespace, device in ((self.ns["box"], end), (self.ns[role], device)):
                sh("ip", "netns", "exec", namespace, "ethtool", "-K", device, "tx", "off", "rx", "off", "tso",
                   "off", "gso", "off", "gro", "off", check=False)
                sh("ip", "-n", namespace, "link", "set", device, "up")
                cpu = BOX_CPU if device == end else CLIENT_CPU
                # What a side receives is that side's work: steer its soft interrupts to its core.
                sh("ip", "netns", "exec", namespace, "sh", "-c",
                   f"mount -t sysfs none /sys 2>/dev/null; echo {1 << cpu:x} > /sys/class/net/{device}/queues/rx-0/rps_cpus",
                   check=False)

        self.inside("tool", "sysctl", "-qw", "net.ipv6.conf.all.disable_ipv6=1")
        self.inside("tool", "ip", "link", "add", "br0", "type", "bridge", "stp_state", "0", "mcast_snooping", "0",
                    "forward_delay", "0")
        for device in ("ta", "tb"):
            self.inside("tool", "ip", "link", "set", device, "master", "br0")
        self.inside("tool", "ip", "link", "set", "br0", "up")

    def wire(self, routed):
        """Bridge addressing (client and server share a subnet) or routed addressing through the box."""
        for role in ("client", "server"):
            sh("ip", "-n", self.ns[role], "addr", "flush", "dev", "eth0")
        for end in ("d0", "d1"):
            sh("ip", "-n", self.ns["box"], "addr", "flush", "dev", end)
        if not routed:
            self.inside("box", "sysctl", "-qw", "net.ipv4.ip_forward=0")
            sh("ip", "-n", self.ns["client"], "addr", "add", "10.77.2.1/24", "dev", "eth0")
            sh("ip", "-n", self.ns["server"], "addr", "add", "10.77.2.2/24", "dev", "eth0")
            return
        self.inside("box", "sysctl", "-qw", "net.ipv4.ip_forward=1")
        for namespace, device, address in ((self.ns["client"], "eth0", "10.77.1.1/24"),
                                           (self.ns["box"], "d0", "10.77.1.254/24"),
                                           (self.ns["box"], "d1", "10.77.2.254/24"),
                                           (self.ns["server"], "eth0", "10.77.2.2/24")):
            sh("ip", "-n", namespace, "addr", "add", address, "dev", device)
        sh("ip", "-n", self.ns["client"], "route", "replace", "default", "via", "10.77.1.254")
        sh("ip", "-n", self.ns["server"], "route", "replace", "default", "via", "10.77.2.254")

    def _make_pki(self):
        def ca(name, subject):
            sh("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout",
               self.path(name + ".key"), "-out", self.path(name + ".pem"), "-days", "30", "-subj", subject,
               "-addext", "basicConstraints=critical,CA:true", "-addext", "keyUsage=critical,keyCertSign,cRLSign")
        ca("origin-ca", "/CN=Bench Origin CA")
        ca("ca", "/CN=Bench Interception CA")
        ca("untrusted-ca", "/CN=Bench Untrusted CA")
        sh("openssl", "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout",
           self.path("server.key"), "-out", self.path("server.csr"), "-subj", "/CN=bench.example")
        with open(self.path("server.ext"), "w") as out:
            out.write("subjectAltName=DNS:bench.example,IP:10.77.2.2\nextendedKeyUsage=serverAuth\n"
                      "keyUsage=digitalSignature\nbasicConstraints=CA:false\n"
                      "subjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid\n")
        sh("openssl", "x509", "-req", "-in", self.path("server.csr"), "-CA", self.path("origin-ca.pem"), "-CAkey",
           self.path("origin-ca.key"), "-CAcreateserial", "-days", "20", "-extfile", self.path("server.ext"), "-out",
           self.path("server.pem"))
        with open(self.path("combined.pem"), "w") as out:
            for part in ("server.pem", "server.key"):
                out.write(open(self.path(part)).read())
        with open(self.path("ca-combined.pem"), "w") as out:
            for part in ("ca.pem", "ca.key"):
                out.write(open(self.path(part)).read())

    def origin(self):
        os.makedirs(self.path("www"), exist_ok=True)
        with open(self.path("www/small"), "w") as out:
            out.write("x" * 100)
        with open(self.path("www/large"), "wb") as out:
            out.truncate(256 * 1024 * 1024)
        config = f"""
daemon off; worker_processes 1; pid {self.path('nginx.pid')}; error_log {self.path('nginx-error.log')};
user root;
events {{ worker_connections 8000; }}
http {{
  access_log off; sendfile on; keepalive_requests 10000000; keepalive_timeout 3600s;
  server {{
    listen 10.77.2.2:443 ssl backlog=4096;
    ssl_certificate {self.path('server.pem')}; ssl_certificate_key {self.path('server.key')};
    ssl_protocols TLSv1.2 TLSv1.3; ssl_session_cache off; ssl_session_tickets off;
    root {self.path('www')};
  }}
  server {{  # where sessions may be resumed
    listen 10.77.2.2:444 ssl backlog=4096;
    ssl_certificate {self.path('server.pem')}; ssl_certificate_key {self.path('server.key')};
    ssl_protocols TLSv1.2; ssl_session_cache shared:resumed:10m; ssl_session_tickets on;
    root {self.path('www')};
  }}
}}"""
        with open(self.path("nginx.conf"), "w") as out:
            out.write(config)
        process = self.start("server", ["nginx", "-p", self.folder, "-c", self.path("nginx.conf")], CLIENT_CPU, "nginx")
        wait_for("nginx", lambda: ":443" in self.inside("server", "ss", "-ltn").stdout)
        return process

    def close(self):
        for process in reversed(list(self.processes)):
            process.stop()
        for name in self.ns.values():
            sh("ip", "netns", "del", name, check=False)
            shutil.rmtree(f"/etc/netns/{name}", ignore_errors=True)
        shutil.rmtree(self.folder, ignore_errors=True)


# --- The subjects -------------------------------------------------------------------------------------


class Subject:
    routed = True
    name = ""
    rows = set(ROWS)

    def __init__(self, lab, options):
        self.lab, self.options, self.process = lab, options, None

    def begin(self):
        self.lab.wire(self.routed)

    def end(self):
        if self.process:
            self.lab.stop(self.process)
            self.process = None
        self.lab.inside("box", "nft", "flush", "ruleset", check=False)

    def core_seconds(self, fields):
        """Of the box's core: these fields of /proc/stat, counted from user time on."""
        for line in open("/proc/stat"):
            if line.startswith(f"cpu{BOX_CPU} "):
                return sum(map(int, line.split()[1:][fields])) / os.sysconf("SC_CLK_TCK")
        raise RuntimeError("no such core")

    def interrupt_seconds(self):
        return self.core_seconds(slice(5, 7))

    def not_idle_seconds(self):
        """The kernel knows idle time to the microsecond, and all other time by what a tick happens to meet."""
        return time.monotonic() - self.core_seconds(slice(3, 5))

    def busy_seconds(self):
        return self.not_idle_seconds()

    def warm_up(self):
        wrk(self.lab, URL + "/small", 4, 1)

    def lost(self):
        return 0

    def rss_kb(self):
        return self.process.tree_rss_kb() if self.process else 0

    def redirect(self, port):
        for rule in ("add table ip bench", "add chain ip bench pre { type nat hook prerouting priority dstnat; }",
                     f"add rule ip bench pre iifname d0 tcp dport {{ 443, 444 }} redirect to :{port}"):
            self.lab.inside("box", "nft", rule)

    def listening(self, port):
        wait_for(f"{self.name} listening", lambda: f":{port} " in self.lab.inside("box", "ss", "-ltn").stdout)


class Direct(Subject):
    name = "direct"
    rows = set(ROWS) - {"memory"}


class Testpmd(Subject):
    name = "testpmd"
    routed = False
    rows = {"requests", "latency", "bulk"}

    def begin(self):
        super().begin()
        self.prefix = f"{self.lab.tag}-{time.monotonic_ns()}"
        devices = [word for i in (0, 1) for word in ("--vdev", f"net_af_packet{i},iface=d{i}")]
        self.process = self.lab.start("box", [
            "dpdk-testpmd", "--no-huge", "-m", "256", "--no-pci", "--no-shconf", "--file-prefix", self.prefix,
            "--no-telemetry", "--lcores", f"0@{CLIENT_CPU},1@{BOX_CPU}", *devices, "--", "--no-mlockall",
            "--total-num-mbufs=16384", "--forward-mode=io", "--auto-start", "--stats-period=1000"], None, "testpmd")
        wait_for("testpmd forwarding", lambda: "RX P=1/Q=0" in open(self.lab.path("testpmd.log")).read())

    def end(self):
        super().end()
        shutil.rmtree(f"/run/dpdk/{self.prefix}", ignore_errors=True)

    def busy_seconds(self):
        return None


class Limpid(Subject):
    name = "limpid"
    routed = False
    policy = "default: decrypt"
    more = ""  # lines of the configuration
    segments = [("{ interface: d0 }", "{ interface: d1 }")]  # ports

    def begin(self):
        super().begin()
        segments = ", ".join(f"{{ name: bench{number}, client_side: {ports[0]}, server_side: {ports[1]} }}"
                             for number, ports in enumerate(self.segments))
        config = f"""
dataplane: {{ cores: [{BOX_CPU}], memory: 512MiB }}
segments: [ {segments} ]
tls:
  signing:
    trusted:   {{ certificate: ca.pem, key: ca.key }}
    untrusted: {{ certificate: untrusted-ca.pem, key: untrusted-ca.key }}
  trust: origin-ca.pem
policy: {{ {self.policy} }}
inventory: {{ database: inventory.db }}
control: {{ socket: limpid.sock }}
{self.more}"""
        with open(self.lab.path("limpid.yaml"), "w") as out:
            out.write(config)
        self.process = self.lab.start("box", [self.options.limpid, "run", "-c", self.lab.path("limpid.yaml")], None,
                                      "limpid")
        wait_for("limpid's control socket", lambda: self.stats(check=False) is not None)

    def stats(self, check=True):
        done = sh(self.options.limpid, "stats", "--json", "--socket", self.lab.path("limpid.sock"), check=check)
        return json.loads(done.stdout) if done.returncode == 0 else None

    def busy_seconds(self):
        busy = sum(worker["busy_ns"] for worker in self.stats()["workers"]) / 1e9
        return busy + self.interrupt_seconds() + self.other_threads_seconds()

    def other_threads_seconds(self):
        """All but the worker's."""
        ticks, folder = 0, f"/proc/{self.pid()}/task"
        for thread in os.listdir(folder):
            with contextlib.suppress(FileNotFoundError, ProcessLookupError), open(f"{folder}/{thread}/stat") as stat:
                name, rest = stat.read().split("(", 1)[1].rsplit(")", 1)
                ticks += 0 if name == "limpid-0" else sum(map(int, rest.split()[11:13]))
        return ticks / os.sysconf("SC_CLK_TCK")

    def pid(self):
        return self.process.child.pid


class LimpidPass(Limpid):
    name = "limpid-pass"
    policy = "default: pass"


class LimpidMemif(Limpid):
    name = "limpid-memif"
    rows = {"resumed"}
    segments = [("{ memif: near.memif, role: client }", "{ memif: far.memif, role: client }")]

    def warm_up(self):
        self.resume(1)

    def resume(self, seconds):
        child = self.lab.start("box", [self.options.memory_hosts, self.lab.path("near.memif"), self.lab.path("far.memif"),
                                       str(CLIENT_CPU), str(MEMORY_CLIENTS), str(seconds), self.lab.path("server.pem"),
                                       self.lab.path("server.key")], None, "memory_hosts")
        child.child.wait(seconds + 60)
        self.lab.stop(child)
        done = json.loads(open(self.lab.path("memory_hosts.log")).read().splitlines()[-1])
        fresh = 2 * done["connections"] - done["client_resumed"] - done["server_resumed"]
        return {"operations": done["connections"], "rate": done["connections"] / seconds, "p50_us": 0,
                "errors": done["failed"] + max(0, fresh - 2 * MEMORY_CLIENTS)}  # the first of each has nothing to offer


class LimpidTool(Limpid):
    name = "limpid-tool"
    more = "tools: [ { name: bridge, inline: { side_a: { interface: t0 }, side_b: { interface: t1 } } } ]\n"
    policy = "rules: [ { name: inspected, then: decrypt, tools: [bridge] } ]"


class LimpidMirror(Limpid):
    name = "limpid-mirror"
    rows = {"handshakes", "requests", "bulk"}
    policy = "rules: [ { name: all, then: decrypt, tools: [recorder] } ]"
    more = """tools:
  - { name: recorder, mirror: { pcapng: plain.pcapng, rotate: { size: 64MiB, keep: 2 } } }
"""

    def lost(self):
        return sum(row["lost_queue"] + row["lost_write"] for row in self.stats()["mirrors"])


class LimpidQuota(Limpid):
    name = "limpid-quota"
    rows = {"handshakes", "resumed", "requests", "bulk"}

    def begin(self):
        super().begin()
        version_1 = os.path.isdir("/sys/fs/cgroup/cpu")
        self.group = f"/sys/fs/cgroup/{'cpu/' if version_1 else ''}{self.lab.tag}"
        os.makedirs(self.group)
        limits = ({"cpu.cfs_period_us": QUOTA_PERIOD_US, "cpu.cfs_quota_us": int(QUOTA * QUOTA_PERIOD_US)} if version_1
                  else {"cpu.max": f"{int(QUOTA * QUOTA_PERIOD_US)} {QUOTA_PERIOD_US}"})
        for name, value in limits.items():
            self.write(name, value)
        for pid in self.process.pids():
            self.write("cgroup.procs", pid)

    def write(self, name, value):
        with open(os.path.join(self.group, name), "w") as out:
            out.write(str(value))

    def end(self):
        super().end()
        os.rmdir(self.group)

    def busy_seconds(self):
        return self.not_idle_seconds() + self.other_threads_seconds()


class Sslsplit(Subject):
    name = "sslsplit"

    def begin(self):
        super().begin()
        self.redirect(8443)
        self.process = self.lab.start("box", ["sslsplit", "-k", self.lab.path("ca.key"), "-c", self.lab.path("ca.pem"),
                                              "-l", "/dev/null", "-u", "root",
                                              "-e", "netfilter", "ssl", "0.0.0.0", "8443"], BOX_CPU, "sslsplit")
        self.listening(8443)


class Squid(Subject):
    name = "squid"

    def begin(self):
        super().begin()
        cache = self.lab.path("squid-certs")
        shutil.rmtree(cache, ignore_errors=True)
        sh("/usr/lib/squid/security_file_certgen", "-c", "-s", cache, "-M", "16MB")
        sh("chmod", "-R", "a+rwX", self.lab.folder)
        with open(self.lab.path("squid.conf"), "w") as out:
            out.write(f"""
http_port 3127
https_port 3129 intercept ssl-bump tls-cert={self.lab.path('ca-combined.pem')} generate-host-certificates=on dynamic_cert_mem_cache_size=16MB
sslcrtd_program /usr/lib/squid/security_file_certgen -s {cache} -M 16MB
tls_outgoing_options cafile={self.lab.path('origin-ca.pem')}
acl step1 at_step SslBump1
ssl_bump peek step1
ssl_bump bump all
http_access allow all
cache deny all
access_log {self.lab.path('squid-access.log')}
cache_log {self.lab.path('squid-cache.log')}
pid_filename {self.lab.path('squid.pid')}
coredump_dir {self.lab.folder}
max_filedescriptors 16000
host_verify_strict off
""")
        self.redirect(3129)
        self.process = self.lab.start("box", ["squid", "-N", "-f", self.lab.path("squid.conf")], BOX_CPU, "squid")
        self.listening(3129)


class Haproxy(Subject):
    name = "haproxy"

    def begin(self):
        super().begin()
        self.redirect(8444)
        with open(self.lab.path("haproxy.cfg"), "w") as out:
            out.write(f"""
global
  maxconn 9000
  nbthread 1
  tune.ssl.cachesize 0
  ssl-server-verify required
defaults
  mode tcp
  timeout connect 5s
  timeout client 3600s
  timeout server 3600s
frontend f
  bind 0.0.0.0:8444 ssl crt {self.lab.path('combined.pem')} no-tls-tickets
  default_backend b
backend b
  server s 10.77.2.2:443 ssl verify required ca-file {self.lab.path('origin-ca.pem')} sni str(bench.example) no-ssl-reuse
""")
        self.process = self.lab.start("box", ["haproxy", "-db", "-f", self.lab.path("haproxy.cfg")], BOX_CPU, "haproxy")
        self.listening(8444)


# --- The rows -----------------------------------------------------------------------------------------


def wrk(lab, url, connections, seconds, *more):
    done = lab.inside("client", "taskset", "-c", str(CLIENT_CPU), "wrk", "-t1", f"-c{connections}",
                      f"-d{seconds}s", "--latency", *more, url)
    text = done.stdout
    requests = int(re.search(r"(\d+) requests in", text).group(1))
    rate = float(re.search(r"Requests/sec:\s+([\d.]+)", text).group(1))
    p50 = re.search(r"50%\s+([\d.]+)(us|ms|s)", text)
    scale = {"us": 1.0, "ms": 1e3, "s": 1e6}
    errors = re.search(r"Non-2xx[^:]*: (\d+)", text)
    broken = re.search(r"Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)", text)
    return {"operations": requests, "rate": rate, "p50_us": float(p50.group(1)) * scale[p50.group(2)] if p50 else 0,
            "errors": (int(errors.group(1)) if errors else 0)
            + (sum(int(broken.group(i)) for i in (1, 3, 4)) if broken else 0)}


URL = "https://bench.example"


def with_busy(subject, work):
    before, lost = subject.busy_seconds(), subject.lost()
    result = work()
    result["errors"] += subject.lost() - lost
    result["core_us"] = 0.0
    if before is not None:
        result["core_us"] = (subject.busy_seconds() - before) * 1e6 / max(1, result["operations"])
    return result


def row_handshakes(lab, subject, seconds):
    return with_busy(subject, lambda: wrk(lab, URL + "/small", 64, seconds, "-H", "Connection: close"))


def row_resumed(lab, subject, seconds):
    """Eight clients that offer their last session again and again; who does not resume makes a full handshake."""
    if isinstance(subject, LimpidMemif):
        return with_busy(subject, lambda: subject.resume(seconds))

    def work():
        begun = time.monotonic()
        children = [subprocess.Popen(
            ["ip", "netns", "exec", lab.ns["client"], "taskset", "-c", str(CLIENT_CPU), "openssl", "s_time", "-connect",
             "10.77.2.2:444", "-tls1_2", "-reuse", "-time", str(seconds)], stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True) for _ in range(8)]
        texts = [child.communicate()[0] for child in children]
        counts = [re.search(r"(\d+) connections in \d+ real seconds", text) for text in texts]
        total = sum(int(count.group(1)) for count in counts if count)
        # They count whole seconds, and take up to one more than they were given.
        return {"operations": total, "rate": total / (time.monotonic() - begun), "p50_us": 0, "errors": counts.count(None)}
    return with_busy(subject, work)


def row_requests(lab, subject, seconds):
    return with_busy(subject, lambda: wrk(lab, URL + "/small", 32, seconds))


def row_latency(lab, subject, seconds):
    return with_busy(subject, lambda: wrk(lab, URL + "/small", 1, seconds))


def row_bulk(lab, subject, seconds):
    def work():
        begun = time.monotonic()
        children = [subprocess.Popen(
            ["ip", "netns", "exec", lab.ns["client"], "taskset", "-c", str(CLIENT_CPU), "curl", "-sk", "-o", "/dev/null",
             "-w", "%{size_download}", URL + "/large"], stdout=subprocess.PIPE, text=True) for _ in range(4)]
        total = sum(int(child.communicate()[0]) for child in children)
        elapsed = time.monotonic() - begun
        wanted = 4 * 256 * 1024 * 1024
        return {"operations": total // 1_000_000, "rate": total / elapsed / 1e6, "p50_us": 0,
                "errors": 0 if total == wanted else 1}
    return with_busy(subject, work)


IDLE_CLIENT = r"""
import socket, ssl, sys
count = int(sys.argv[1])
context = ssl.create_default_context(); context.check_hostname = False; context.verify_mode = ssl.CERT_NONE
held = []
for _ in range(count):
    held.append(context.wrap_socket(socket.create_connection(("10.77.2.2", 443)), server_hostname="bench.example"))
    held[-1].sendall(b"GET /small HTTP/1.1\r\nHost: bench.example\r\n\r\n")
    while not held[-1].recv(4096).endswith(b"x" * 20): pass
print("open", flush=True)
sys.stdin.readline()
"""


def row_memory(lab, subject, _seconds):
    def hold(count):
        child = subprocess.Popen(["ip", "netns", "exec", lab.ns["client"], "taskset", "-c", str(CLIENT_CPU),
                                  "/usr/bin/python3", "-c", IDLE_CLIENT, str(count)], stdin=subprocess.PIPE,
                                 stdout=subprocess.PIPE, text=True)
        if child.stdout.readline().strip() != "open":
            raise RuntimeError("the idle client could not open its connections")
        return child

    def let_go(child):
        child.stdin.close()
        child.wait()
    few, many = 100, 2000
    let_go(hold(few))  # warms pools and caches, so that the difference is the sessions alone
    child = hold(few)
    low = subject.rss_kb()
    other = hold(many)
    high = subject.rss_kb()
    let_go(other)
    let_go(child)
    return {"operations": many, "rate": (high - low) / many, "p50_us": 0, "errors": 0, "core_us": 0}


TITLES = {
    "handshakes": ("full TLS 1.3 interceptions", "/s"),
    "resumed": ("TLS 1.2, the client's last session offered", "/s"),
    "requests": ("requests on 32 open connections", "/s"),
    "latency": ("one small request, p50", "us"),
    "bulk": ("bulk download, 4 connections", "MB/s"),
    "memory": ("memory per idle session", "KB"),
}


def figure(row, result):
    return result["p50_us"] if row == "latency" else result["rate"]


def table(results):
    lines = ["| work | subject | arrives | core time per operation | arrives, of sslsplit's | core time, of sslsplit's | errors |",
             "|---|---|---|---|---|---|---|"]
    for row in results:
        reference = results[row].get("sslsplit")
        direct = results[row].get("direct")
        for subject, result in results[row].items():
            title, unit = TITLES[row]
            arrives = f"{figure(row, result):,.0f} {unit}"
            if row == "latency" and direct and subject != "direct":
                arrives += f" (+{figure(row, result) - figure(row, direct):,.0f})"
            core = f"{result['core_us']:,.1f} us" if result["core_us"] else "-"
            ratio = f"{figure(row, result) / figure(row, reference):.2f}" if reference and figure(row, reference) else "-"
            core_ratio = (f"{result['core_us'] / reference['core_us']:.2f}"
                          if reference and reference["core_us"] and result["core_us"] else "-")
            lines.append(f"| {title} | {subject} | {arrives} | {core} | {ratio} | {core_ratio} | {result['errors']} |")
    return "\n".join(lines)


def machine():
    model = next((line.split(":")[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")), "?")
    return f"{model}, {os.cpu_count()} cores, Linux {os.uname().release}"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--limpid", default=os.environ.get("LIMPID", "build/release/control/limpid"))
    parser.add_argument("--memory-hosts", default=os.environ.get("MEMORY_HOSTS", "build/release/tests/bench/memory_hosts"))
    parser.add_argument("--seconds", type=int, default=5, help="length of one measurement")
    parser.add_argument("--rounds", type=int, default=3, help="turns of each subject; medians are printed")
    parser.add_argument("--subjects", default=",".join(SUBJECTS))
    parser.add_argument("--rows", default=",".join(ROWS))
    parser.add_argument("--json", metavar="FILE", help="the figures once more")
    options = parser.parse_args()
    if os.geteuid() != 0:
        sys.exit("compare.py makes network namespaces: run it as root")
    options.limpid = os.path.abspath(options.limpid)
    options.memory_hosts = os.path.abspath(options.memory_hosts)
    kinds = {kind.name: kind for kind in (Direct, Testpmd, Limpid, LimpidQuota, LimpidMemif, LimpidPass, LimpidTool, LimpidMirror, Sslsplit, Squid,
                                          Haproxy)}
    rows = {"handshakes": row_handshakes, "resumed": row_resumed, "requests": row_requests, "latency": row_latency,
            "bulk": row_bulk, "memory": row_memory}
    samples = {}
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that the lab is taken down then too
    lab = Lab()
    try:
        lab.wire(False)
        lab.origin()
        for turn in range(options.rounds):
            for name in options.subjects.split(","):
                subject = kinds[name](lab, options)
                try:
                    subject.begin()
                    subject.warm_up()
                    for row in options.rows.split(","):
                        if row not in subject.rows or (row == "memory" and turn > 0):
                            continue
                        print(f"round {turn + 1}/{options.rounds}: {name}: {row}", file=sys.stderr, flush=True)
                        samples.setdefault(row, {}).setdefault(name, []).append(rows[row](lab, subject, options.seconds))
                finally:
                    subject.end()
        results = {}
        for row, by_name in samples.items():
            for name, runs in by_name.items():
                median = {key: statistics.median(run[key] for run in runs) for key in runs[0]}
                median["errors"] = sum(run["errors"] for run in runs)
                results.setdefault(row, {})[name] = median
        print(f"machine: {machine()}; {options.rounds} rounds of {options.seconds} s, medians\n")
        print(table(results))
        if options.json:
            with open(options.json, "w") as out:
                json.dump({"machine": machine(), "results": results}, out, indent=2)
    finally:
        lab.close()


if __name__ == "__main__":
    main()
