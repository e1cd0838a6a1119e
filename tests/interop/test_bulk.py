"""1 GB down and 1 GB up over 200 flows at once, every byte compared by hash, within bounded memory; on a clean wire
and on one that loses and reorders."""
import os
import threading

import pytest

import origins
import transfer
from conftest import Scene
from process import wait_for

FLOWS = 200
GIGABYTE = 1 << 30
STREAM_MAX = 128 << 20  # limpid's stream memory: less than these flows take where they can
SESSION_MAX = 100_000  # what else a session may take, two TLS engines and a flow record
LOOSE_MAX = 8 << 20  # allocators', records' and logs'
LOSSY = ["--loss", "0.01", "--reorder", "0.01", "--reorder-ms", "2", "--duplicate", "0.001"]

long_run = pytest.mark.skipif(not os.environ.get("LIMPID_TEST_ALL"), reason="long: with ./run test --all")


@pytest.fixture(scope="module")
def big_file(tmp_path_factory):
    path = tmp_path_factory.mktemp("big") / "big"
    transfer.make_file(path, GIGABYTE)
    yield path
    path.unlink()


@pytest.fixture(scope="module", params=[None, LOSSY], ids=["clean", "lossy"])
def shop(request, make_lab, pki, big_file):
    scene = Scene(make_lab(impair=request.param), pki, stream_memory=f"{STREAM_MAX >> 20}MiB")
    scene.memory = MemoryWatch(scene.appliance)
    scene.impaired = request.param is not None
    os.link(big_file, scene.lab.folder / "www" / "big")
    return scene


class MemoryWatch:
    """limpid's memory while flows run: what it counts itself, and the kernel's mark of the most that it had."""

    def __init__(self, appliance):
        self.appliance = appliance
        self.at_start_kb = 0 if appliance.is_wire else appliance.memory_kb()
        self.most_stream_bytes = 0
        self.levels = set()

    def __enter__(self):
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look)
        self.most_stream_bytes = 0
        if not self.appliance.is_wire:
            self._thread.start()

    def __exit__(self, *failure):
        if self.appliance.is_wire:
            return
        self._over.set()
        self._thread.join()
        if failure == (None, None, None):
            self._check()

    def _check(self):
        assert 0 < self.most_stream_bytes <= STREAM_MAX
        assert "red" not in self.levels, "what streams share leaves something free"
        # Of all flows since the start: what they do not give back counts, too.
        grown = 1024 * (self.appliance.memory_kb("VmHWM") - self.at_start_kb)
        assert grown <= STREAM_MAX + FLOWS * SESSION_MAX + LOOSE_MAX
        wait_for("the stream memory to be given back", lambda: self._stream_bytes() == 0)

    def _look(self):
        while not self._over.wait(0.3):
            workers = self.appliance.stats()["workers"]
            self.most_stream_bytes = max(self.most_stream_bytes, sum(worker["stream_bytes"] for worker in workers))
            self.levels.update(worker["level"] for worker in workers)

    def _stream_bytes(self):
        return sum(worker["stream_bytes"] for worker in self.appliance.stats()["workers"])


def test_a_gigabyte_comes_down_byte_identical(shop, big_file):
    with shop.memory:
        hashes = transfer.download(shop, "big", GIGABYTE, FLOWS)
    wanted = [transfer.hash_of_part(big_file, *part) for part in transfer.parts(GIGABYTE, FLOWS)]
    assert hashes == wanted


def test_a_gigabyte_goes_up_byte_identical(shop, big_file):
    with shop.memory:
        transfer.upload(shop, big_file, GIGABYTE, FLOWS)
    for number, (begin, end) in enumerate(transfer.parts(GIGABYTE, FLOWS)):
        received = shop.lab.folder / "in" / str(number)
        assert received.stat().st_size == end - begin
        assert transfer.hash_of_part(received, 0, end - begin) == transfer.hash_of_part(big_file, begin, end), number
        received.unlink()


@long_run
def test_a_gigabyte_comes_down_over_one_flow(shop, big_file):
    got = shop.lab.run("client", "sh", "-c", f"curl -sS --cacert {shop.appliance.trust} "
                       f"https://shop.example:{origins.TLS13}/big | sha256sum", seconds=600, text=True)
    assert got.stdout.split()[0] == transfer.hash_of_part(big_file, 0, GIGABYTE), got.stderr


@long_run
def test_a_gigabyte_goes_up_over_one_flow(shop, big_file):
    done = shop.lab.run("client", "curl", "-sSf", "--cacert", shop.appliance.trust, "-T", str(big_file),
                        f"https://shop.example:{origins.TLS13}/in/one", seconds=600, text=True)
    assert done.returncode == 0, done.stderr
    assert transfer.hash_of_part(shop.lab.folder / "in" / "one", 0, GIGABYTE) == \
        transfer.hash_of_part(big_file, 0, GIGABYTE)


def test_the_wires_were_as_bad_as_they_should_be(shop):
    """Runs last: without losses the tests above would have shown nothing."""
    if not shop.impaired:
        pytest.skip("the clean wire has no impairing program")
    for counters in shop.lab.impair_counters():
        for direction in counters.values():
            assert direction["received"] > 10_000
            assert 0.005 < direction["lost"] / direction["received"] < 0.02
            assert direction["reordered"] > 0
            assert direction["duplicated"] > 0
