"""Clients that do not accept limpid's certificates: real curls that know the servers' own CA alone, from two addresses.
Their failures make a proposal, or a bypass, by which the next of them sees the server itself."""
import itertools
import os
import subprocess

import pytest

import origins
from conftest import Scene
from lab import CLIENT4, SERVER4, sh
from process import wait_for

pytestmark = pytest.mark.limpid_only

SECOND = "10.55.0.11"  # the client's other address
AUTO, PROPOSED, MUST = origins.ANY, origins.TLS12, origins.TLS13
RULES = f"""    - {{ name: proposed, when: {{ server_port: [{PROPOSED}] }}, then: decrypt, learning: propose }}
    - {{ name: must, when: {{ server_port: [{MUST}] }}, then: decrypt, learning: off }}"""
OWN_CA, SIGNING_CA = "internet.pem", "trusted.pem"


def scene_with(make_lab, pki, learning):
    lab = make_lab()
    sh("ip", "-n", lab.names["client"], "addr", "add", f"{SECOND}/24", "dev", "eth0")
    return Scene(lab, pki, rules=RULES, tls=f"  learning: {learning}")


@pytest.fixture(scope="module")
def scene(make_lab, pki):
    return scene_with(make_lab, pki, "{ mode: auto }")


def curl(scene, port, address=CLIENT4, trust=OWN_CA, options=(), host="shop.example"):
    """What it says, and whose certificate it was shown."""
    return scene.lab.run("client", "curl", "-sSv", "--max-time", "20", "--interface", address, "--cacert",
                         scene.pki.path(trust), *options, "--resolve", f"{host}:{port}:{SERVER4}",
                         f"https://{host}:{port}/index.html")


def sees_the_server(done):
    return origins.PAGE.encode() in done.stdout and b"CN=Internet CA" in done.stderr


def is_decrypted(done):
    return origins.PAGE.encode() in done.stdout and b"CN=Interception CA" in done.stderr


def refuses(done):
    return done.returncode == 60 and b"certificate problem" in done.stderr


def learnt(scene, port, *options):
    return [row for row in scene.appliance.ask("learnt", *options) if row["port"] == port]


def fail_enough(scene, port):
    for address in (CLIENT4, SECOND, CLIENT4):
        assert refuses(curl(scene, port, address))


def in_state(scene, port, state):
    """The only row of the port, as soon as it is in this state."""
    def row():
        rows = learnt(scene, port)
        assert len(rows) <= 1, rows
        return rows[0] if rows and rows[0]["state"] == state else None

    return wait_for(f"an entry in state {state}", row)


def test_one_client_alone_teaches_nothing_but_a_suspicion(scene):
    for _ in range(3):
        assert refuses(curl(scene, AUTO))
    row = in_state(scene, AUTO, "suspect")
    assert (row["server"], row["clients"], row["evidence"]) == (f"shop.example:{AUTO}", 1, "unknown_ca")
    assert row["ja4"].startswith("t13d")
    assert refuses(curl(scene, AUTO))


def test_a_second_client_makes_it_a_bypass_and_the_next_sees_the_server_itself(scene):
    assert refuses(curl(scene, AUTO, SECOND))
    assert in_state(scene, AUTO, "bypass")["mode"] == "auto"
    for address in (CLIENT4, SECOND):
        assert sees_the_server(curl(scene, AUTO, address))
    assert scene.line_with("host=shop.example", "reason=learnt_bypass", "decision=decrypt", "ja4=t13d")


def test_what_is_not_seen_because_of_it_is_counted(scene):
    row = wait_for("the passed flows' bytes", lambda: next((row for row in learnt(scene, AUTO) if row["bytes"]), None))
    assert row["sessions"] >= 2 and row["bytes"] > len(origins.PAGE)
    more = scene.appliance.stats()["more"]
    assert more["learnt entries: bypass"] == 1 and more["sessions passed for what was learnt"] >= 2
    assert more["bytes not seen because of that"] > len(origins.PAGE)


def test_another_kind_of_client_is_decrypted_as_before(scene):
    assert is_decrypted(curl(scene, AUTO, trust=SIGNING_CA, options=("--tls-max", "1.2")))
    assert len(learnt(scene, AUTO)) == 1


def test_where_the_rule_only_proposes_it_is_passed_when_the_operator_accepts(scene):
    fail_enough(scene, PROPOSED)
    row = in_state(scene, PROPOSED, "proposed")
    assert refuses(curl(scene, PROPOSED))
    assert scene.appliance.ask("learnt", "--accept", row["id"])["state"] == "accepted"
    assert sees_the_server(curl(scene, PROPOSED))
    assert learnt(scene, PROPOSED, "--state", "accepted")[0]["id"] == row["id"]


def test_where_the_rule_says_off_nothing_is_learnt(scene):
    fail_enough(scene, MUST)
    assert refuses(curl(scene, MUST))
    assert not learnt(scene, MUST)


def test_an_application_that_pins_its_servers_key_is_passed_though_it_knows_the_signing_ca(scene):
    key = scene.lab.folder / "pinned.pem"
    key.write_text(sh("openssl", "x509", "-in", scene.pki.path("rsa.pem"), "-noout", "-pubkey").stdout)
    both = scene.lab.folder / "both.pem"
    both.write_text("".join(open(scene.pki.path(ca)).read() for ca in (OWN_CA, SIGNING_CA)))

    def pinning(address):
        return curl(scene, origins.RSA, address, trust=str(both), options=("--pinnedpubkey", str(key)), host="rsa.example")

    def finished():
        return len([row for row in scene.appliance.sessions("--all", "--host", "rsa.example") if row["finished"]])

    # By its leaving alone a session teaches only where that comes within a second; one that was slower, a further one
    # makes up for. It is over before the next, so that none is passed yet that is expected to fail.
    addresses = itertools.cycle((CLIENT4, SECOND))
    visits = itertools.count(1)

    def bypassed_after_a_visit():
        assert pinning(next(addresses)).returncode == 90  # the server's key is not the pinned one
        visit = next(visits)
        wait_for("the session's end", lambda: finished() == visit)
        return visit >= 3 and learnt(scene, origins.RSA, "--state", "bypass")

    wait_for("enough of them", bypassed_after_a_visit)
    row = in_state(scene, origins.RSA, "bypass")
    assert (row["server"], row["evidence"]) == (f"rsa.example:{origins.RSA}", "silent")
    assert sees_the_server(pinning(SECOND))
    rows = [row for row in scene.appliance.sessions("--all", "--host", "rsa.example")]
    assert {row["ja4"] for row in rows} == {learnt(scene, origins.RSA)[0]["ja4"]}


def test_what_was_learnt_can_stand_in_the_configuration(scene):
    limpid = os.environ["LIMPID"]
    rules = subprocess.run([limpid, "learnt", "--export", "-c", scene.appliance.config], capture_output=True, text=True,
                           check=True, timeout=20).stdout
    config = scene.appliance.folder / "exported.yaml"
    text = open(scene.appliance.config).read()
    indented = "".join(f"    {line}\n" for line in rules.splitlines())
    config.write_text(text.replace("  rules:\n", f"  rules:\n{indented}", 1))
    sh(limpid, "check-config", str(config))
    explained = sh(limpid, "explain", "-c", str(config), "--client", CLIENT4, "--server", f"{SERVER4}:{AUTO}", "--sni",
                   "shop.example", "--json").stdout
    assert '"decision":"pass"' in explained.replace(" ", "")


def test_a_restart_forgets_neither_the_bypass_nor_what_was_accepted(scene):
    before = {row["id"]: row for row in scene.appliance.ask("learnt")}
    scene.appliance.process.stop()
    scene.appliance.start()
    after = {row["id"]: row for row in scene.appliance.ask("learnt")}
    assert {id: row["state"] for id, row in after.items()} == {id: row["state"] for id, row in before.items()}
    assert sees_the_server(curl(scene, AUTO)) and sees_the_server(curl(scene, PROPOSED))


def test_what_the_operator_forgets_is_decrypted_again(scene):
    row = in_state(scene, PROPOSED, "accepted")
    assert scene.appliance.ask("learnt", "--forget", row["id"])["state"] == "forgotten"
    assert is_decrypted(curl(scene, PROPOSED, trust=SIGNING_CA))


def test_a_client_that_accepts_the_certificate_again_ends_the_bypass(make_lab, pki):
    scene = scene_with(make_lab, pki, "{ mode: auto, bypass: 2s, bypass_max: 4s }")
    fail_enough(scene, AUTO)
    in_state(scene, AUTO, "bypass")
    # The CA is installed by now: while the bypass lasts the client cannot use it, then one session is tried.
    wait_for("a session that is decrypted", lambda: is_decrypted(curl(scene, AUTO, trust=SIGNING_CA)))
    assert not learnt(scene, AUTO)
    assert is_decrypted(curl(scene, AUTO, SECOND, trust=SIGNING_CA))
