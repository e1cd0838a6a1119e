"""Bulk through 200 interceptions at once: every byte arrives, in both directions, on good wires and on bad ones."""
import hashlib
import os

import pytest

from lab import Lab, wait_for

FLOWS = 200
GIGABYTE = 1_000_000_000


def make_file(path, size, seed):
    """Bytes that do not repeat and are quick to make."""
    block = hashlib.shake_256(seed.encode()).digest(1 << 20)
    with open(path, "wb") as out:
        left, number = size, 0
        while left > 0:
            piece = (number.to_bytes(8, "big") + block[8:])[:left]
            out.write(piece)
            left, number = left - len(piece), number + 1
    return file_hash(path)


def file_hash(path):
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def curl_many(lab, lines, seconds):
    """One curl, FLOWS connections at once (HTTP/1.1, so that each transfer has a connection of its own)."""
    lab.write("curl.cfg", "\n".join(lines))
    lab.client("curl", "-sS", "--fail", "--http1.1", "--parallel", "--parallel-immediate", "--parallel-max", FLOWS, "--cacert",
               lab.ca, "--max-time", seconds, "-K", lab.path("curl.cfg"), timeout=seconds + 30)


def download(lab, total, seconds):
    wanted = make_file(lab.path("www/file"), total // FLOWS, "download")
    curl_many(lab, [f'url = "https://v4.example/file?{i}"\noutput = "{lab.path(f"got{i}")}"' for i in range(FLOWS)], seconds)
    for i in range(FLOWS):
        assert file_hash(lab.path(f"got{i}")) == wanted, f"download {i} differs"
        os.unlink(lab.path(f"got{i}"))


def upload(lab, total, seconds):
    wanted = make_file(lab.path("send"), total // FLOWS, "upload")
    curl_many(lab, [f'url = "https://v4.example/uploads/u{i}"\nupload-file = "{lab.path("send")}"\noutput = "/dev/null"'
                    for i in range(FLOWS)], seconds)
    for i in range(FLOWS):
        assert file_hash(lab.path(f"uploads/u{i}")) == wanted, f"upload {i} differs"
        os.unlink(lab.path(f"uploads/u{i}"))


@pytest.fixture(scope="module")
def good():
    with Lab() as made:
        made.nginx()
        yield made


@pytest.fixture(scope="module")
def bad():
    with Lab(impair=("--loss", "1", "--reorder", "2")) as made:
        made.nginx()
        yield made


def test_a_gigabyte_comes_down_in_200_flows_byte_for_byte(good):
    download(good, GIGABYTE, 180)


def test_a_gigabyte_goes_up_in_200_flows_byte_for_byte(good):
    upload(good, GIGABYTE, 180)


def test_a_gigabyte_comes_down_under_loss_and_reordering(bad):
    download(bad, GIGABYTE, 400)


def test_a_gigabyte_goes_up_under_loss_and_reordering(bad):
    upload(bad, GIGABYTE, 400)


@pytest.mark.intercepts
def test_nothing_is_left_behind_after_the_transfers(good):
    def idle():
        workers = good.stats()["workers"]
        return all(worker["now_adopted"] == 0 and worker["stream_bytes"] == 0 for worker in workers)
    wait_for("every session to end and give its memory back", idle, 30)
