#!/usr/bin/python3
"""One bulk TLS flow on bad wires: through limpid, and between the same two Linux hosts with a plain wire in limpid's
place, in turns. The faults are on one of the two wires, so that both cases have the same losses on the way: on the
client's wire limpid sends through them, on the server's it receives through them. The hosts use CUBIC, as limpid does."""
import argparse
import os
import pathlib
import statistics
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "interop"))
import origins  # noqa: E402  (the interop lab is beside this folder)
from appliance import Appliance  # noqa: E402
from lab import CLIENT4, CLIENT6, SERVER4, SERVER6, Lab, sh  # noqa: E402
from pki import Pki  # noqa: E402

DELAY = ["--delay-ms", "10"]  # each way: 20 ms a round trip
FAULTS = {"20 ms": DELAY,
          "1 % loss, 20 ms": [*DELAY, "--loss", "0.01"],
          "1 % reordered by 5 ms, 20 ms": [*DELAY, "--reorder", "0.01", "--reorder-ms", "5"],
          "5 % reordered by 2 ms, 20 ms": [*DELAY, "--reorder", "0.05", "--reorder-ms", "2"]}
NETWORK4 = "10.55.0.0/24"  # of the lab
WIRES = {"client's": "d0", "server's": "d1"}
FILE_BYTES = 4 << 30  # sparse; more than any flow takes in its time


def measure(lab, pki, program, seconds):
    """Mbit/s of one download."""
    os.environ["LIMPID"] = program
    appliance = Appliance(lab, pki)
    done = lab.run("client", "curl", "-sS", "-o", "/dev/null", "--max-time", str(seconds), "-w", "%{speed_download}",
                   "--cacert", appliance.trust, f"https://shop4.example:{origins.TLS13}/big", seconds=seconds + 60,
                   text=True)
    assert done.returncode == 28 and float(done.stdout) > 0, done.stderr  # 28: its time was over
    appliance.process.stop()
    return float(done.stdout) * 8 / 1e6


def run(folder, limpid, seconds, rounds, only):
    pki_folder = folder / "pki"
    pki_folder.mkdir()
    pki = Pki(pki_folder, [SERVER4, SERVER6, CLIENT4, CLIENT6])
    lab = Lab(folder, impair=[])
    try:
        for role, address in (("client", CLIENT4), ("server", SERVER4)):
            # By route: a namespace may not choose what its machine has not allowed to everybody.
            sh(*lab.inside(role, "ip", "route", "replace", NETWORK4, "dev", "eth0", "src", address, "congctl", "cubic"))
        origins.start_nginx(lab, pki)
        with open(folder / "www" / "big", "wb") as big:
            big.truncate(FILE_BYTES)
        print("| faults | on which wire | direct, Mbit/s | limpid, Mbit/s | ratio |\n|---|---|---|---|---|")
        for faults, options in FAULTS.items():
            for wire, port in WIRES.items():
                if only not in f"{faults}, {wire}":
                    continue
                rates = {"wire": [], limpid: []}
                for number in range(rounds):
                    for program, seen in rates.items():
                        lab.set_impair(options, wires=[port], seed=number)
                        seen.append(measure(lab, pki, program, seconds))
                direct, through = (statistics.median(seen) for seen in rates.values())
                print(f"| {faults} | {wire} | {direct:.1f} | {through:.1f} | {through / direct:.2f} |", flush=True)
    finally:
        lab.close()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--limpid", required=True)
    parser.add_argument("--impair", required=True, help="the impairing program of tests/interop")
    parser.add_argument("--seconds", type=int, default=10, help="length of one measurement")
    parser.add_argument("--rounds", type=int, default=3, help="medians are printed")
    parser.add_argument("--only", default="", help="rows that contain this, as \"5 %% reordered by 2 ms, 20 ms, server\"")
    arguments = parser.parse_args()
    os.environ["IMPAIR"] = os.path.abspath(arguments.impair)
    with tempfile.TemporaryDirectory(prefix="limpid-goodput-") as folder:
        run(pathlib.Path(folder), os.path.abspath(arguments.limpid), arguments.seconds, arguments.rounds,
            arguments.only)


if __name__ == "__main__":
    main()
