"""A full disk stops no traffic and is reported; what waits in memory meanwhile is written when there is room again."""
import os

import pytest

import origins
from appliance import Appliance
from lab import sh
from process import wait_for

VISITS, PAGE_BYTES = 20, 100_000
DISK_BYTES = 8 << 20  # the ledger and the empty files take 1 MB of it


@pytest.fixture(scope="module")
def disk(tmp_path_factory):
    folder = tmp_path_factory.mktemp("disk")
    sh("mount", "-t", "tmpfs", "-o", f"size={DISK_BYTES}", "limpid-test", str(folder))
    yield folder
    sh("umount", "-l", str(folder))


@pytest.fixture(scope="module")
def shop(make_lab, pki, disk):
    lab = make_lab()
    origins.start_nginx(lab, pki)
    (lab.folder / "www" / "page").write_bytes(os.urandom(PAGE_BYTES))
    return Appliance(lab, pki, rules="    - { name: recorded, then: decrypt, tools: [recorder] }", folder=disk)


def fetch(shop, host):
    done = shop.lab.run("client", "curl", "-sS", "--cacert", shop.trust, f"https://{host}/page")
    assert done.stdout == (shop.lab.folder / "www" / "page").read_bytes(), done.stderr


def fill(folder):
    """Takes every free byte."""
    with open(folder / "filler", "wb", buffering=0) as filler:
        piece = b"x" * 4096
        try:
            while True:
                filler.write(piece)
        except OSError:
            return


def mirror(shop):
    return shop.stats()["mirrors"][0]


@pytest.mark.limpid_only
def test_a_full_disk_stops_no_traffic_and_what_waited_is_written_when_there_is_room(shop, disk):
    fetch(shop, "shop.example")
    wait_for("the first certificate", shop.certificates)
    fill(disk)
    for _ in range(VISITS):
        fetch(shop, "www.shop.example")
    for file in ("plain.pcapng", "inventory.db"):
        wait_for("a warning", lambda name=file: [line for line in shop.process.log().splitlines()
                                                 if " warning " in line and name in line])
    assert shop.stats()["inventory"]["waiting"] > 0
    assert "inventory_write_failed" in {row["reason"] for row in shop.stats()["reasons"]}
    assert (disk / "plain.pcapng").stat().st_size < PAGE_BYTES * VISITS

    (disk / "filler").unlink()
    wait_for("the inventory", lambda: shop.stats()["inventory"]["waiting"] == 0)
    assert {row["sni"] for row in shop.certificates()} == {"shop.example", "www.shop.example"}
    wait_for("the recorder", lambda: (disk / "plain.pcapng").stat().st_size > PAGE_BYTES * VISITS)
    stats = shop.stats()
    assert (stats["inventory"]["lost"], stats["mirrors"][0]["lost_queue"], stats["mirrors"][0]["lost_write"]) == (0, 0, 0)
