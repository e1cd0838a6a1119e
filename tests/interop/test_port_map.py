"""Tools that go by port numbers see port 80 where the servers' is 443; the ends, and other tools, never do."""
import pytest

import inline_tools
import origins
import suricata
import transfer
from capture_file import CaptureFile
from conftest import Scene
from inline_tools import LinuxBridge
from process import wait_for
from suricata import EICAR, Suricata

pytestmark = pytest.mark.limpid_only

FILE_SIZE = 1_000_000
FLOWS = 20
PORTED = "  - { name: ported, mirror: { pcapng: ported.pcapng, port_map: { 443: 80 } } }"
RULES = """    - name: inspected
      then: decrypt
      tools: [{ name: ips, port_map: { 443: 80 } }, recorder, ported]"""
PORT_80_RULE = ('http any any -> any 80 (msg:"on port 80"; flow:established,to_server; http.uri; content:"/index.html"; '
                'sid:1000002; rev:1;)\n')


class MappedScene(Scene):
    """Two workers, whose ports have one queue each."""

    def __init__(self, make_lab, pki):
        lab = make_lab()
        lab.add_tool()
        self.bridge = LinuxBridge(lab)
        super().__init__(lab, pki, cores="[0, 1]", rules=RULES,
                         tools=f"{inline_tools.tool(more='heartbeat: off')}\n{PORTED}")
        transfer.make_file(lab.folder / "www" / "some", FILE_SIZE)
        (lab.folder / "www" / "eicar.com").write_bytes(EICAR)

    def fetch(self, path, *options, host="shop4.example"):
        """The client's port."""
        page = self.lab.folder / "page"
        done = self.lab.run("client", "curl", "-sSf", "--http1.1", "-H", "Connection: close", "--cacert",
                            self.appliance.trust, "-o", str(page), "-w", "%{local_port}", *options,
                            f"https://{host}:{origins.ANY}/{path}", text=True)
        assert done.returncode == 0, done.stderr
        assert page.read_bytes() == (self.lab.folder / "www" / path).read_bytes()
        return int(done.stdout)


@pytest.fixture(scope="module")
def scene(make_lab, pki):
    return MappedScene(make_lab, pki)


def test_with_two_workers_every_byte_comes_back_from_the_mapped_port(scene):
    for port in (80, 443):
        scene.bridge.count(f"tcp dport {port}")
    names = [(number, host) for number in range(FLOWS) for host in ("shop4.example", "shop6.example")]
    command = ["curl", "-sSf", "--http1.1", "--cacert", scene.appliance.trust, "--parallel", "--parallel-immediate"]
    for number, host in names:
        command += ["-o", str(scene.lab.folder / f"part-{number}-{host}"), f"https://{host}:{origins.ANY}/some?{number}"]
    done = scene.lab.run("client", *command, seconds=200, text=True)
    assert done.returncode == 0, done.stderr
    wanted = (scene.lab.folder / "www" / "some").read_bytes()
    for number, host in names:
        assert (scene.lab.folder / f"part-{number}-{host}").read_bytes() == wanted, (number, host)
    at_80, at_443 = scene.bridge.counted()
    assert at_80 > 1000 and at_443 == 0
    row = scene.appliance.ask("tools")["inline_tools"][0]
    assert (row["unreachable"], row["modified"], row["frames_foreign"]) == (0, 0, 0)
    adopted = [worker["flows_adopted"] for worker in scene.appliance.stats()["workers"]]
    assert len(adopted) == 2 and sum(adopted) == 2 * FLOWS
    assert all(flows % FLOWS == 0 for flows in adopted), "all flows of two addresses are one worker's"


@suricata.installed
def test_suricata_with_a_rule_for_port_80_finds_the_request(scene):
    ids = Suricata(scene.lab, interface="ta", rule=PORT_80_RULE)
    try:
        client_port = scene.fetch("index.html")
        alert = wait_for("the alert", lambda: ids.events("alert"))[0]
    finally:
        ids.close()
    assert (alert["src_port"], alert["dest_port"]) == (client_port, 80)


def test_mirrors_show_the_flows_own_port_unless_they_have_a_map(scene):
    client_port = scene.fetch("index.html")
    for name, port in (("plain.pcapng", 443), ("ported.pcapng", 80)):
        which = f"http.request && tcp.port == {client_port}"
        file = CaptureFile(scene.lab.folder / name)
        rows = wait_for("the request", lambda: file.rows(which, "tcp.dstport", "http.request.uri", growing=True))
        assert rows == [{"tcp.dstport": str(port), "http.request.uri": "/index.html"}]
