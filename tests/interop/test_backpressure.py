"""A reader that does not read stops the other side's writer, within bounded memory; and when it reads on, not a
byte is missing."""
import hashlib
import os
import socket
import threading
import time

import origins
from process import wait_for

PORT = 8444
CHUNK = os.urandom(1 << 16)
TOTAL = 64 << 20  # far beyond every buffer on the way
HELD_MAX = 24 << 20  # kernels' socket buffers on both hosts and what limpid may keep for one session
STREAM_MAX = 8 << 20  # limpid's stream memory, one session


def digest_of_all():
    digest = hashlib.sha256()
    for _ in range(TOTAL // len(CHUNK)):
        digest.update(CHUNK)
    return digest.hexdigest()


class Meter:
    """A writer of TOTAL bytes that can be watched."""

    def __init__(self):
        self.sent = 0

    def write(self, connection):
        while self.sent < TOTAL:
            connection.sendall(CHUNK)
            self.sent += len(CHUNK)


def wait_stalled(meter):
    """Until the writer has stood still in twenty looks, 0.1 s apart."""
    looks = []

    def stalled():
        looks.append(meter.sent)
        time.sleep(0.1)
        return meter.sent > 0 and len(looks) >= 20 and len(set(looks[-20:])) == 1

    wait_for("the writer to stand still", stalled, 60)


def read_all(connection, count):
    digest = hashlib.sha256()
    while count > 0:
        part = connection.recv(1 << 16)
        assert part, f"{count} bytes are missing"
        digest.update(part)
        count -= len(part)
    return digest.hexdigest()


def check_held(scene, meter, memory_before):
    assert meter.sent <= HELD_MAX, "nothing stopped the writer"
    if scene.appliance.is_wire:
        return
    stats = scene.appliance.stats()
    assert 0 < sum(worker["stream_bytes"] for worker in stats["workers"]) <= STREAM_MAX
    assert scene.appliance.memory_kb() - memory_before <= STREAM_MAX // 1024 + 4096


def memory(scene):
    return 0 if scene.appliance.is_wire else scene.appliance.memory_kb()


def check_returned(scene):
    if not scene.appliance.is_wire:
        wait_for("the stream memory to be given back",
                 lambda: sum(worker["stream_bytes"] for worker in scene.appliance.stats()["workers"]) == 0)


def open_session(scene):
    return origins.client_context(scene.appliance).wrap_socket(scene.lab.connect(PORT, seconds=60),
                                                               server_hostname="shop.example")


def test_a_client_that_does_not_read_stops_the_server(scene, origin):
    meter = Meter()
    before = memory(scene)

    def serve(connection):
        connection.recv(10)
        meter.write(connection)
        connection.unwrap()

    origin(PORT, serve, origins.server_context(scene.pki))
    with open_session(scene) as session:
        session.sendall(b"go")
        wait_stalled(meter)
        check_held(scene, meter, before)
        assert read_all(session, TOTAL) == digest_of_all()
    check_returned(scene)


def test_a_server_that_does_not_read_stops_the_client(scene, origin):
    meter = Meter()
    before = memory(scene)
    go, result = threading.Event(), []

    def serve(connection):
        assert go.wait(120)
        result.append(read_all(connection, TOTAL))
        connection.sendall(b"done")
        connection.recv(1)

    origin(PORT, serve, origins.server_context(scene.pki))
    with open_session(scene) as session:
        writer = threading.Thread(target=meter.write, args=(session,), daemon=True)
        writer.start()
        wait_stalled(meter)
        check_held(scene, meter, before)
        go.set()
        writer.join(60)
        assert session.recv(10) == b"done"
        session.shutdown(socket.SHUT_RDWR)
    assert result == [digest_of_all()]
    check_returned(scene)
