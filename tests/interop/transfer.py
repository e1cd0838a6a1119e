"""Many flows at once, each moving its part of one file over TLS; hashes say whether every byte came."""
import hashlib
import random
import threading
from concurrent.futures import ThreadPoolExecutor

import origins
from lab import SERVER4, SERVER6

BLOCK = 1 << 16


def make_file(path, size):
    """Bytes without repetition, so that no lost, doubled or misplaced part can hide."""
    source = random.Random("limpid")
    with open(path, "wb") as out:
        for begin in range(0, size, 1 << 20):
            out.write(source.randbytes(min(1 << 20, size - begin)))


def parts(size, flows):
    edges = [size * i // flows for i in range(flows + 1)]
    return list(zip(edges, edges[1:]))


def hash_of_part(path, begin, end):
    digest = hashlib.sha256()
    with open(path, "rb") as source:
        source.seek(begin)
        while begin < end:
            block = source.read(min(BLOCK, end - begin))
            assert block, f"{path} is short"
            digest.update(block)
            begin += len(block)
    return digest.hexdigest()


def open_session(scene, context, number, port):
    """A TLS session from the client; every other one over IPv6."""
    raw = scene.lab.connect(port, SERVER6 if number % 2 else SERVER4, seconds=120)
    return context.wrap_socket(raw, server_hostname="shop.example", suppress_ragged_eofs=False)


def read_head(session):
    """The answer's status line and headers, and what came with them of its body."""
    seen = b""
    while b"\r\n\r\n" not in seen:
        part = session.recv(BLOCK)
        assert part, f"the answer ended in its head: {seen!r}"
        seen += part
    head, body = seen.split(b"\r\n\r\n", 1)
    return head.decode(), body


def run_flows(flows, one_flow):
    """All of them at once: none moves data before every one has shaken hands. Returns their results."""
    together = threading.Barrier(flows)
    with ThreadPoolExecutor(flows) as pool:
        waiting = [pool.submit(one_flow, number, together) for number in range(flows)]
        failures = [future.exception() for future in waiting if future.exception() is not None]
        real = [failure for failure in failures if not isinstance(failure, threading.BrokenBarrierError)]
        assert not failures, f"{len(real)} of {flows} flows failed; the first: {(real or failures)[0]!r}"
        return [future.result() for future in waiting]


def guarded(flow):
    """A flow that fails must not leave the others waiting for it."""
    def run(number, together):
        try:
            return flow(number, together)
        except BaseException:
            together.abort()
            raise
    return run


def download(scene, name, size, flows, port=origins.TLS13):
    """Fetches www/NAME by ranges; the hashes of the parts."""
    context = origins.client_context(scene.appliance)
    ranges = parts(size, flows)

    @guarded
    def one(number, together):
        begin, end = ranges[number]
        with open_session(scene, context, number, port) as session:
            together.wait(120)
            session.sendall(f"GET /{name} HTTP/1.1\r\nHost: shop.example\r\nConnection: close\r\n"
                            f"Range: bytes={begin}-{end - 1}\r\n\r\n".encode())
            head, body = read_head(session)
            assert head.startswith("HTTP/1.1 206"), head
            digest = hashlib.sha256(body)
            got = len(body)
            buffer = memoryview(bytearray(BLOCK))
            while count := session.recv_into(buffer):
                digest.update(buffer[:count])
                got += count
            assert got == end - begin, f"flow {number}: {got} bytes of {end - begin}"
            return digest.hexdigest()

    return run_flows(flows, one)


def upload(scene, path, size, flows, port=origins.TLS13):
    """Puts the parts of a file as in/NUMBER on the server."""
    context = origins.client_context(scene.appliance)
    ranges = parts(size, flows)

    @guarded
    def one(number, together):
        begin, end = ranges[number]
        with open_session(scene, context, number, port) as session, open(path, "rb") as source:
            together.wait(120)
            session.sendall(f"PUT /in/{number} HTTP/1.1\r\nHost: shop.example\r\nConnection: close\r\n"
                            f"Content-Length: {end - begin}\r\n\r\n".encode())
            source.seek(begin)
            while begin < end:
                block = source.read(min(BLOCK, end - begin))
                session.sendall(block)
                begin += len(block)
            head, _ = read_head(session)
            assert head.startswith("HTTP/1.1 201"), head

    run_flows(flows, one)
