"""limpid under test, started from a configuration of the test's own, and asked through its control socket.
Where LIMPID is "wire", a plain wire takes its place: what passes then proves the harness, not the product."""
import json
import os
import subprocess

from process import wait_for


def is_wire():
    return os.environ.get("LIMPID") == "wire"


CONFIGURATION = """dataplane:
  memory: 256MiB
  cores: {cores}
  drain: {drain}
  stream_memory: {stream_memory}
segments:
{segments}
tools:
  - name: recorder
    mirror: {{ pcapng: plain.pcapng }}
{tools}
tls:
  signing:
    trusted:   {{ certificate: {pki}/trusted.pem, key: {pki}/trusted.key }}
    untrusted: {{ certificate: {pki}/untrusted.pem, key: {pki}/untrusted.key }}
  trust: {trusted}
  starttls_ports: {starttls}
{tls}
policy:
  default: decrypt
  rules:
    - {{ name: banks, when: {{ sni: ["bank.example"] }}, then: pass }}
    - {{ name: plain ports, when: {{ server_port: [7000-7999] }}, then: pass }}
{rules}
"""
SEGMENT = "  - { name: lab, client_side: { interface: d0 }, server_side: { interface: d1 } }"


class Appliance:
    """`rules`, `tools`, `tls`: lines of YAML added to the policy, to the tools, and to tls; `segments`: those in place of the one.
    `trusted`: a file of CAs that servers' chains may lead to. `folder`: where it keeps its files, the lab's if not
    said. `name`: of its log among the lab's, where there are several."""

    def __init__(self, lab, pki, cores="[1]", drain="10s", rules="", tools="", stream_memory="512MiB",
                 folder=None, segments=SEGMENT, trusted=None, starttls="[]", tls="",
                 name="limpid"):
        self.lab = lab
        self.pki = pki
        self.process = None
        self.name = name
        self.folder = folder or lab.folder
        self.config = str(self.folder / "limpid.yaml")
        with open(self.config, "w") as out:
            out.write(CONFIGURATION.format(cores=cores, drain=drain, pki=pki.folder, rules=rules,
                                           tools=tools, stream_memory=stream_memory, segments=segments,
                                           trusted=trusted or pki.path("internet.pem"), starttls=starttls, tls=tls))
        self.start()

    def start(self):
        self.process = self.lab.start("box", self.name, *self._command(), cwd=self.folder)
        wait_for("limpid", self._answers, seconds=180)

    @property
    def is_wire(self):
        return is_wire()

    @property
    def trust(self):
        """The CA file that a client behind it needs, and no other."""
        return self.pki.path("internet.pem" if is_wire() else "trusted.pem")

    @property
    def issuer(self):
        """The common name of the issuer that a client sees."""
        return "Internet CA" if is_wire() else "Interception CA"

    def ask(self, *command):
        """`limpid COMMAND --json`, as values."""
        done = subprocess.run([os.environ["LIMPID"], *command, "-c", self.config, "--json"], capture_output=True,
                              text=True, timeout=20)
        assert done.returncode == 0, f"limpid {' '.join(command)}:\n{done.stdout}{done.stderr}"
        return json.loads(done.stdout)

    def stats(self):
        return self.ask("stats")

    def sessions(self, *options):
        """Rows of `limpid sessions`."""
        answer = self.ask("sessions", *options)
        return answer["sessions"] if isinstance(answer, dict) else answer

    def certificates(self, *options):
        answer = self.ask("certificates", *options)
        return answer["certificates"] if isinstance(answer, dict) else answer

    def memory_kb(self, what="VmRSS"):
        """Resident now, or with "VmHWM" the most since its start."""
        with open(f"/proc/{self._real_pid()}/status") as status:
            return next(int(line.split()[1]) for line in status if line.startswith(f"{what}:"))

    def session_lines(self):
        return [line for line in self.process.log().splitlines() if " session " in line]

    def _real_pid(self):
        return self.process.pid  # `ip netns exec` becomes the program that it runs

    def _command(self):
        if is_wire():
            return [os.environ["IMPAIR"], "--a", "d0", "--b", "d1"]
        return [os.environ["LIMPID"], "run", "-c", self.config]

    def _answers(self):
        assert self.process.running(), f"limpid ended:\n{self.process.log()[-4000:]}"
        if is_wire():
            return "forwarding" in self.process.log()
        done = subprocess.run([os.environ["LIMPID"], "stats", "-c", self.config, "--json"], capture_output=True)
        return done.returncode == 0 and b'"workers"' in done.stdout
