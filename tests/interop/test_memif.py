"""Two limpids in a row, joined by shared memory: the first passes everything to the second, which decrypts. Either may
end, in good order or not, and come back, and the other has to carry on with it."""
import pytest

import origins
import transfer
from appliance import Appliance
from lab import SERVER4
from process import wait_for

pytestmark = pytest.mark.limpid_only

SIZE = 8 << 20
FRONT = "  - {{ name: front, client_side: {{ interface: d0 }}, server_side: {{ memif: {socket}, role: server, id: 3 }} }}"
BACK = "  - {{ name: back, client_side: {{ memif: {socket}, role: client, id: 3 }}, server_side: {{ interface: d1 }} }}"
PASS_ALL = "    - { name: everything, then: pass }"


class Row:
    """client -- first == second -- server. `cores`: of the second's workers."""

    def __init__(self, lab, pki, cores):
        self.lab = lab
        self.pki = pki
        (lab.folder / "first").mkdir()
        # Relative in the one, absolute in the other: the same socket.
        self.first = Appliance(lab, pki, cores="[0]", folder=lab.folder / "first", name="first", rules=PASS_ALL,
                               segments=FRONT.format(socket="joint.sock"))
        self.second = Appliance(lab, pki, cores=cores, drain="1s",
                                segments=BACK.format(socket=lab.folder / "first" / "joint.sock"))
        self.appliance = self.second
        self.nginx = origins.start_nginx(lab, pki)
        transfer.make_file(lab.folder / "www" / "some", SIZE)
        self.wait_for_page()

    def curl(self, patience=20, host="shop.example", trust=None):
        """`patience`: seconds for the connection and its TLS handshake."""
        return self.lab.run("client", "curl", "-sSv", "--connect-timeout", str(patience), "--cacert",
                            trust or self.second.trust, f"https://{host}:{origins.TLS13}/index.html", text=True)

    def page(self, **more):
        done = self.curl(**more)
        return done.returncode == 0 and origins.PAGE.strip() in done.stdout

    def wait_for_page(self):
        wait_for("a page through both", lambda: self.page(patience=2), seconds=30)


@pytest.fixture(scope="module", params=["[1]", "[0, 1]"], ids=["one worker", "two workers"])
def row(make_lab, pki, request):
    return Row(make_lab(), pki, request.param)


def test_the_second_decrypts_what_the_first_passes(row):
    done = row.curl()
    assert done.returncode == 0, done.stderr
    assert origins.PAGE.strip() in done.stdout
    assert row.second.issuer in done.stderr
    line = wait_for("the session", lambda: [each for each in row.second.session_lines() if "host=shop.example" in each])[0]
    assert "decision=decrypt rule=default" in line
    assert not [each for each in row.first.session_lines() if "decision=decrypt" in each]
    assert row.page(host="bank.example", trust=row.pki.path("internet.pem"))  # the second passes it, too


def test_bytes_are_identical(row):
    wanted = [transfer.hash_of_part(row.lab.folder / "www" / "some", *part) for part in transfer.parts(SIZE, 4)]
    assert transfer.download(row, "some", SIZE, 4) == wanted
    row.lab.ping(SERVER4, 1400)


def test_ports_are_named_by_their_sockets(row):
    name = f"{row.lab.folder}/first/joint.sock#3"
    for limpid in (row.first, row.second):
        assert name in str(limpid.stats())


@pytest.mark.parametrize("crash", [False, True], ids=["stopped", "killed"])
@pytest.mark.parametrize("which", ["second", "first"])
def test_either_may_be_started_again(row, which, crash):
    """The first is the server: a socket that it has left behind must not be in its way."""
    again, other = (row.second, row.first) if which == "second" else (row.first, row.second)
    pid = other.process.pid
    with row.lab.connect(origins.PLAIN):  # something is on its way
        if crash:
            again.process.kill()
        else:
            again.process.stop()
        assert not row.page(patience=2)
        again.start()
        row.wait_for_page()
    assert other.process.running() and other.process.pid == pid


def test_a_peer_that_dies_under_load_takes_nobody_along(row):
    """DPDK's driver unmaps the rings when a peer goes, whoever is reading in them."""
    for _ in range(5):
        load = row.lab.start("client", "load", "sh", "-c", f"while true; do curl -sk --connect-timeout 1 -m 3 -o /dev/null "
                             f"https://shop.example:{origins.TLS13}/some; done")
        try:
            before = row.first.stats()["workers"][0]["packets"]
            wait_for("the load", lambda: row.first.stats()["workers"][0]["packets"] > before + 500)
            row.second.process.kill()
        finally:
            load.stop()
        row.second.start()
        row.wait_for_page()
        assert row.first.process.running(), row.first.process.log()[-2000:]
