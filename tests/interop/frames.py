"""Frames as bytes: built, captured on the hosts' interfaces, and compared."""
import socket
import struct
import threading

SOL_PACKET, PACKET_ADD_MEMBERSHIP, PACKET_MR_PROMISC, PACKET_AUXDATA, PACKET_OUTGOING = 263, 1, 1, 8, 4
VLAN_VALID, TPID_VALID = 1 << 4, 1 << 6
BROADCAST = bytes([255] * 6)


def ethernet(destination, source, kind, payload):
    return (destination + source + struct.pack("!H", kind) + payload).ljust(60, b"\0")


def tagged(frame, vlan, kind=0x8100):
    return frame[:12] + struct.pack("!HH", kind, vlan) + frame[12:]


def checksum(data):
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    total = (total & 0xffff) + (total >> 16)
    return ~(total + (total >> 16)) & 0xffff


def ipv4(source, destination, protocol, payload, identification=1, flags=0, ttl=64):
    head = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(payload), identification, flags, ttl, protocol, 0,
                       socket.inet_aton(source), socket.inet_aton(destination))
    return head[:10] + struct.pack("!H", checksum(head)) + head[12:] + payload


def udp(source, destination, payload):
    return struct.pack("!HHHH", source, destination, 8 + len(payload), 0) + payload


class Capture:
    """Every frame that leaves and arrives at a host's interface while it is open, tags put back."""

    def __init__(self, lab, role, interface="eth0"):
        self.lab = lab
        self.raw = lab.frames(role, interface=interface)
        self.sender = lab.frames(role, protocol=0, interface=interface)  # hears nothing; the other hears what it sends
        self.raw.setsockopt(socket.SOL_SOCKET, 33, 64 << 20)  # SO_RCVBUFFORCE
        self.raw.setsockopt(SOL_PACKET, PACKET_AUXDATA, 1)
        with lab.within(role):
            index = socket.if_nametoindex(interface)
        self.raw.setsockopt(SOL_PACKET, PACKET_ADD_MEMBERSHIP, struct.pack("iHH8s", index, PACKET_MR_PROMISC, 0, b""))
        self.raw.settimeout(0.2)
        self.sent, self.received = [], []
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def send(self, frame):
        self.sender.send(frame)

    def close(self):
        self._stop.set()
        self._thread.join()
        self.raw.close()
        self.sender.close()

    def _run(self):
        while True:
            try:
                data, control, _, address = self.raw.recvmsg(20_000, 256)
            except TimeoutError:
                if self._stop.is_set():
                    return
                continue
            (self.sent if address[2] == PACKET_OUTGOING else self.received).append(self._with_tag(data, control))

    @staticmethod
    def _with_tag(data, control):
        for level, kind, value in control:
            if (level, kind) == (SOL_PACKET, PACKET_AUXDATA):
                status, _, _, _, _, tag, protocol = struct.unpack("IIIHHHH", value[:20])
                if status & VLAN_VALID:
                    return tagged(data, tag, protocol if status & TPID_VALID else 0x8100)
        return data


def flow_of(frame):
    """Frames with the same key must not overtake each other."""
    kind = frame[12:14]
    if kind == b"\x08\x00" and frame[20] & 0x3f == 0 and frame[21] == 0:
        return kind + frame[23:24] + frame[26:38]
    if kind == b"\x86\xdd":
        return kind + frame[20:21] + frame[22:58]
    return kind
