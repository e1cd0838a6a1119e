"""1 GB down and 1 GB up over 200 flows at once, every byte compared by hash; on a clean wire and on one that
loses and reorders."""
import os

import pytest

import origins
import transfer
from conftest import Scene

FLOWS = 200
GIGABYTE = 1 << 30
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
    scene = Scene(make_lab(impair=request.param), pki)
    scene.impaired = request.param is not None
    os.link(big_file, scene.lab.folder / "www" / "big")
    return scene


def check_memory(scene):
    """Streams that are over have given their memory back."""
    if scene.appliance.is_wire:
        return
    for worker in scene.appliance.stats()["workers"]:
        assert worker["stream_bytes"] <= worker["stream_bytes_max"]


def test_a_gigabyte_comes_down_byte_identical(shop, big_file):
    hashes = transfer.download(shop, "big", GIGABYTE, FLOWS)
    wanted = [transfer.hash_of_part(big_file, *part) for part in transfer.parts(GIGABYTE, FLOWS)]
    assert hashes == wanted
    check_memory(shop)


def test_a_gigabyte_goes_up_byte_identical(shop, big_file):
    transfer.upload(shop, big_file, GIGABYTE, FLOWS)
    for number, (begin, end) in enumerate(transfer.parts(GIGABYTE, FLOWS)):
        received = shop.lab.folder / "in" / str(number)
        assert received.stat().st_size == end - begin
        assert transfer.hash_of_part(received, 0, end - begin) == transfer.hash_of_part(big_file, begin, end), number
        received.unlink()
    check_memory(shop)


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
