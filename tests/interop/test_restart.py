"""Stopping in good order, and dying: passed flows go on, intercepted ones end and do not hang."""
import ssl

import pytest

import origins
from conftest import Scene
from process import wait_for

TLS_PORT, PLAIN_PORT = 8445, 7002  # the second is passed by rule


def echo(connection):
    while data := connection.recv(65536):
        connection.sendall(data)


@pytest.fixture
def shop(make_lab, pki):
    """A lab of each test's own: it is left in pieces."""
    scene = Scene(make_lab(), pki, drain="20s")
    servers = [origins.PythonOrigin(scene.lab, TLS_PORT, echo, origins.server_context(pki)),
               origins.PythonOrigin(scene.lab, PLAIN_PORT, echo)]
    yield scene
    for server in servers:
        server.close()
    scene.lab.close()


def open_tls(scene, host="shop.example", trust=None):
    context = ssl.create_default_context(cafile=trust or scene.appliance.trust)
    return context.wrap_socket(scene.lab.connect(TLS_PORT), server_hostname=host, suppress_ragged_eofs=False)


def exchange(session, text):
    session.sendall(text)
    seen = b""
    while len(seen) < len(text):
        part = session.recv(len(text) - len(seen))
        assert part, "the connection ended"
        seen += part
    assert seen == text


@pytest.mark.limpid_only
def test_after_a_crash_passed_flows_go_on_and_intercepted_ones_are_reset(shop):
    intercepted = open_tls(shop)
    passed_tls = open_tls(shop, "bank.example", shop.pki.path("internet.pem"))
    plain = shop.lab.connect(PLAIN_PORT)
    for session in (intercepted, passed_tls, plain):
        exchange(session, b"before")
    shop.appliance.process.kill()
    shop.appliance.start()
    exchange(plain, b"after the crash")
    exchange(passed_tls, b"after the crash")
    with pytest.raises((ConnectionResetError, BrokenPipeError)):
        intercepted.settimeout(20)
        exchange(intercepted, b"after the crash")
    with open_tls(shop) as again:
        exchange(again, b"a new session is intercepted again")


def test_passed_flows_outlive_a_stop_and_a_start(shop):
    plain = shop.lab.connect(PLAIN_PORT)
    exchange(plain, b"before")
    assert shop.appliance.process.stop() == 0
    shop.appliance.start()
    exchange(plain, b"after")


@pytest.mark.limpid_only
def test_a_stop_waits_for_intercepted_sessions(shop):
    session = open_tls(shop)
    exchange(session, b"before")
    shop.appliance.process.terminate()
    wait_for("limpid to be stopping", lambda: "stopping" in shop.appliance.process.log())
    exchange(session, b"x" * 1_000_000)  # it may finish what it is about
    with open_tls(shop, trust=shop.pki.path("internet.pem")) as new:
        exchange(new, b"a session that begins now is forwarded: the server's own certificate")
    assert shop.appliance.process.running()
    session.unwrap()
    session.close()
    assert shop.appliance.process.child.wait(15) == 0
    assert not (shop.lab.folder / "limpid.ledger").exists()


@pytest.mark.limpid_only
def test_when_the_time_to_drain_is_over_sessions_are_reset(make_lab, pki):
    scene = Scene(make_lab(), pki, drain="500ms")
    server = origins.PythonOrigin(scene.lab, TLS_PORT, echo, origins.server_context(pki))
    session = open_tls(scene)
    exchange(session, b"before")
    assert scene.appliance.process.stop() == 0
    with pytest.raises(ConnectionResetError):
        session.recv(1)
    wait_for("the server to be told", lambda: server.errors)
    assert isinstance(server.errors[0], ConnectionResetError), server.errors
    line = [line for line in scene.appliance.session_lines() if "reason=stopped" in line]
    assert line, scene.appliance.process.log()[-2000:]
    server.close()


@pytest.mark.limpid_only
def test_nothing_is_lost_from_the_inventory_by_a_stop(shop):
    with open_tls(shop, "www.shop.example") as session:
        exchange(session, b"seen")
        session.unwrap()
    assert shop.appliance.process.stop() == 0
    rows = shop.appliance.ask("certificates", "--database", shop.lab.path("inventory.db"))
    rows = rows["certificates"] if isinstance(rows, dict) else rows
    assert [row for row in rows if row["sni"] == "www.shop.example"]
