"""Two workers share the traffic of ports that have one queue: each flow stays with one, and every byte comes."""
import pytest

import transfer
from conftest import Scene

SIZE = 64 << 20
FLOWS = 40


@pytest.fixture(scope="module")
def shop(make_lab, pki):
    scene = Scene(make_lab(), pki, cores="[0, 1]")
    transfer.make_file(scene.lab.folder / "www" / "big", SIZE)
    return scene


def test_bytes_are_identical_with_two_workers(shop):
    file = shop.lab.folder / "www" / "big"
    wanted = [transfer.hash_of_part(file, *part) for part in transfer.parts(SIZE, FLOWS)]
    assert transfer.download(shop, "big", SIZE, FLOWS) == wanted
    transfer.upload(shop, file, SIZE, FLOWS)
    for number, digest in enumerate(wanted):
        received = shop.lab.folder / "in" / str(number)
        assert transfer.hash_of_part(received, 0, received.stat().st_size) == digest


@pytest.mark.limpid_only
def test_both_workers_had_flows(shop):
    workers = shop.appliance.stats()["workers"]
    assert len(workers) == 2
    for worker in workers:
        # 80 flows fall on one side of a fair coin less than once in 10^12 runs fewer than ten times.
        assert worker["flows_adopted"] >= 10, workers
        assert worker["packets"] > 1000
