#!/usr/bin/python3
"""Forwarding rate of limpid's worker beside dpdk-testpmd, on the same kind of wires, in turns, in one run.

    forwarding.py PATH_OF_forwarding_bench [--rounds N] [--seconds S]

Frames are blasted into one end of a veth pair by a packet socket on core 0; the forwarder runs on core 1 between
two pairs; what arrives behind it is counted by the kernel. Needs root, ethtool, and dpdk-testpmd (dpdk-dev).
"""
import argparse
import os
import shutil
import signal
import statistics
import subprocess
import time

NAMESPACE = f"nicbench{os.getpid()}"


def run(*words):
    subprocess.run(["ip", "netns", "exec", NAMESPACE, *words], check=True, stdout=subprocess.DEVNULL,
                   stderr=subprocess.DEVNULL)


def start(*words, ready):
    """Starts a forwarder and waits for the line that says that it runs."""
    process = subprocess.Popen(["ip", "netns", "exec", NAMESPACE, *words], stdin=subprocess.DEVNULL,
                               stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    said = []
    for line in process.stdout:
        said.append(line)
        if ready in line:
            return process
    raise SystemExit("the forwarder did not start:\n" + "".join(said))


def make_wires():
    subprocess.run(["ip", "netns", "add", NAMESPACE], check=True)
    run("sysctl", "-qw", "net.ipv6.conf.default.disable_ipv6=1")
    for near, far in (("d0", "f0"), ("d1", "f1")):
        run("ip", "link", "add", near, "type", "veth", "peer", "name", far)
        for name in (near, far):
            run("ethtool", "-K", name, "tx", "off", "rx", "off", "tso", "off", "gso", "off", "gro", "off")
            run("ip", "link", "set", name, "up")


def received():
    text = subprocess.run(["ip", "netns", "exec", NAMESPACE, "cat", "/sys/class/net/f1/statistics/rx_packets"],
                          check=True, capture_output=True, text=True).stdout
    return int(text)


def rate(bench, forwarder, size, seconds):
    """Frames a second that arrive behind the forwarder."""
    if forwarder == "testpmd":
        prefix = f"nicbench{time.monotonic_ns()}"
        devices = [word for i in (0, 1) for word in ("--vdev", f"net_af_packet{i},iface=d{i}")]
        process = start("dpdk-testpmd", "--no-huge", "-m", "256", "--no-pci", "--no-shconf", "--file-prefix", prefix,
                        "--no-telemetry", "--lcores", "0@0,1@1", *devices, "--", "--no-mlockall",
                        "--total-num-mbufs=16384", "--forward-mode=io", "--auto-start", "--stats-period=100",
                        ready="RX P=1/Q=0")
    else:
        process = start(bench, "forward", "1", "d0", "d1", forwarder, ready="ready")
    blaster = subprocess.Popen(["ip", "netns", "exec", NAMESPACE, bench, "blast", "0", "f0", str(size),
                                str(seconds + 2)])
    time.sleep(1)
    before, began = received(), time.monotonic()
    time.sleep(seconds)
    after, ended = received(), time.monotonic()
    blaster.wait()
    process.send_signal(signal.SIGINT if forwarder == "testpmd" else signal.SIGTERM)
    process.communicate()
    if forwarder == "testpmd" and os.path.isdir(f"/run/dpdk/{prefix}"):
        shutil.rmtree(f"/run/dpdk/{prefix}")
    return (after - before) / (ended - began)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("bench")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=3)
    arguments = parser.parse_args()
    bench = os.path.abspath(arguments.bench)
    make_wires()
    try:
        print(f"{'frame bytes':>12} {'testpmd io':>14} {'limpid':>14} {'ratio':>7}")
        for size in (64, 512, 1514):
            rates = {"testpmd": [], "af_packet": []}
            for _ in range(arguments.rounds):
                for forwarder, list_of_rates in rates.items():
                    list_of_rates.append(rate(bench, forwarder, size, arguments.seconds))
            pmd, ours = (statistics.median(rates[name]) for name in ("testpmd", "af_packet"))
            print(f"{size:>12} {pmd:>12,.0f}/s {ours:>12,.0f}/s {ours / pmd:>7.2f}", flush=True)
    finally:
        subprocess.run(["ip", "netns", "del", NAMESPACE], check=False)


if __name__ == "__main__":
    main()
