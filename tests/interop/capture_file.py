"""A capture file as Wireshark's programs read it: what limpid wrote is judged by a reader of others."""
import struct
import subprocess

# Plaintext stands on the ports of the flows, checksums are looked at, and 8472 is the VXLAN port of older Linux.
HABITS = ["-d", "udp.port==8472,vxlan", "-o", "tcp.check_checksum:TRUE", "-o", "ip.check_checksum:TRUE"]
# Whatever Wireshark has to say against a packet: lost, doubled or disordered segments, checksums, forms.
COMPLAINTS = ('tcp.analysis.flags || _ws.malformed || _ws.expert.severity == "Error" || '
              'tcp.checksum.status == "Bad" || ip.checksum.status == "Bad"')


class CaptureFile:
    """`keys`: a key log that opens its TLS."""

    def __init__(self, path, keys=None):
        self.path = str(path)
        self.keys = ["-o", f"tls.keylog_file:{keys}"] if keys else []

    def rows(self, which, *fields, protocol="http", port=443, growing=False):
        """The packets that a display filter names, each as a dictionary of these fields. `growing`: the file may
        just be written, and end in the middle of a packet."""
        wanted = [part for field in fields for part in ("-e", field)]
        text = self._tshark("-d", f"tcp.port=={port},{protocol}", "-Y", which, "-T", "fields", "-E", "separator=|",
                            *wanted, growing=growing)
        return [dict(zip(fields, line.split("|"))) for line in text.splitlines()]

    def stream(self, number):
        """(the client's bytes, the server's bytes) of a TCP stream."""
        text = self._tshark("-q", "-z", f"follow,tcp,raw,{number}")
        lines = text.split("Node 1: ", 1)[1].splitlines()[1:]
        data = [line for line in lines if not line.startswith("=")]
        return (bytes.fromhex("".join(line for line in data if not line.startswith("\t"))),
                bytes.fromhex("".join(line.strip() for line in data if line.startswith("\t"))))

    def frames(self, which):
        """The frames as bytes."""
        pcap = self._run("tshark", "-r", self.path, "-Y", which, "-F", "pcap", "-w", "-")
        frames, at = [], 24  # behind the file's header
        while at < len(pcap):
            (size,) = struct.unpack_from("I", pcap, at + 8)
            frames.append(pcap[at + 16:at + 16 + size])
            at += 16 + size
        return frames

    def excerpt(self, which, path):
        """Another file, with these packets only."""
        self._run("tshark", "-n", "-r", self.path, "-Y", which, "-w", str(path))
        return CaptureFile(path)

    def _tshark(self, *arguments, growing=False):
        return self._run("tshark", "-n", "-r", self.path, *HABITS, *self.keys, *arguments, growing=growing).decode()

    @staticmethod
    def _run(*command, growing=False):
        done = subprocess.run(command, capture_output=True, timeout=60)
        good = done.returncode == 0 or (growing and b"cut short" in done.stderr)
        assert good, f"{' '.join(command)}:\n{done.stderr.decode()}"
        return done.stdout
