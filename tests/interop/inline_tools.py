"""Inline tools between limpid's ports t0 and t1: a Linux bridge, and a small one of our own that does what a test wants
with each frame. Each runs in the lab's host `tool`, between its interfaces ta and tb."""
import json
import selectors
import struct
import threading

from lab import sh

PORTS = "inline: { side_a: { interface: t0 }, side_b: { interface: t1 }"
RULES = '    - { name: inspected, then: decrypt, tools: [ips, recorder] }'


def tool(name="ips", more=""):
    """The tool's line in the configuration."""
    return f"  - {{ name: {name}, {PORTS}{', ' + more if more else ''} }} }}"


class LinuxBridge:
    """The kernel's own bridge, with an nftables table that counts what passes. Without `learning` it passes every
    frame, whichever side its addresses were seen at before."""

    def __init__(self, lab, learning=True):
        self.lab = lab
        self._run("ip", "link", "add", "br0", "type", "bridge", "stp_state", "0", "mcast_snooping", "0",
                  "forward_delay", "0")
        for interface in ("ta", "tb"):
            self._run("ip", "link", "set", interface, "master", "br0")
            self._run("ip", "link", "set", interface, "type", "bridge_slave", "learning", "on" if learning else "off")
        self._run("ip", "link", "set", "br0", "up")
        self._run("nft", "add table bridge watch; add chain bridge watch pass { type filter hook forward priority 0; }")

    def count(self, rule):
        """Counts what matches the rule from now on."""
        self._run("nft", f"add rule bridge watch pass {rule} counter")

    def counted(self):
        listed = json.loads(self._run("nft", "-j", "list", "table", "bridge", "watch").stdout)
        rules = [entry["rule"] for entry in listed["nftables"] if "rule" in entry]
        return [part["counter"]["packets"] for rule in rules for part in rule["expr"] if "counter" in part]

    def close(self):
        self._run("ip", "link", "del", "br0")

    def _run(self, *command):
        return sh(*self.lab.inside("tool", *command))


class PythonTool:
    """`handle(side, frame)` returns what becomes of a frame that came in at "a" or "b": the frame for the other side,
    or None. It may also call send(side, frame)."""

    def __init__(self, lab, handle=lambda side, frame: frame):
        self.handle = handle
        self.sockets = {side: lab.frames("tool", interface="t" + side) for side in ("a", "b")}
        self.stopping = threading.Event()
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def send(self, side, frame):
        try:
            self.sockets[side].send(frame)
        except OSError:
            pass  # the queue is full: lost, as on a wire

    def close(self):
        self.stopping.set()
        self.thread.join()
        for each in self.sockets.values():
            each.close()

    def _run(self):
        poll = selectors.DefaultSelector()
        for side, each in self.sockets.items():
            poll.register(each, selectors.EVENT_READ, side)
        while not self.stopping.is_set():
            for key, _ in poll.select(timeout=0.1):
                try:
                    frame, address = key.fileobj.recvfrom(65536)
                except OSError:
                    continue  # the interface is down
                if address[2] == 4:  # PACKET_OUTGOING: our own
                    continue
                passed = self.handle(key.data, frame)
                if passed is not None:
                    self.send("b" if key.data == "a" else "a", passed)


def replaced(frame, old, new):
    """The untagged IPv4 frame with other bytes of the same number in its payload, and the TCP checksum put right."""
    assert len(old) == len(new)
    at = frame.find(old)
    if at < 0:
        return frame
    changed = bytearray(frame[:at] + new + frame[at + len(new):])
    start = 14 + (changed[14] & 15) * 4
    end = 14 + struct.unpack_from("!H", changed, 16)[0]
    changed[start + 16:start + 18] = b"\0\0"
    pseudo = bytes(changed[26:34]) + struct.pack("!HH", 6, end - start)
    data = pseudo + bytes(changed[start:end])
    total = sum(struct.unpack(f"!{(len(data) + 1) // 2}H", data + b"\0" * (len(data) % 2)))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    struct.pack_into("!H", changed, start + 16, ~total & 0xffff)
    return bytes(changed)
