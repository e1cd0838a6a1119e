"""TLS over a socket with every step in the test's hand: the first flight can go out in pieces, each direction is
closed by itself, and how the peer ended is told exactly."""
import socket
import ssl
import struct

BLOCK = 1 << 16


class TlsStream:
    """`host` for a client, None for a server."""

    def __init__(self, raw, context, host=None):
        self.raw = raw
        self.incoming, self.outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = context.wrap_bio(self.incoming, self.outgoing, server_side=host is None, server_hostname=host)
        self.ended = None  # "clean" (close_notify), "truncated" (FIN without one) or "reset"

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.raw.close()

    def shake_hands(self, send_first=None):
        """`send_first(bytes)` sends the first flight in place of the socket."""
        while True:
            try:
                self.tls.do_handshake()
                self._flush()
                return self
            except ssl.SSLWantReadError:
                if send_first is not None:
                    send_first(self.outgoing.read())
                    send_first = None
                self._flush()
                assert self._receive(), f"the connection ended in the handshake: {self.ended}"

    def write(self, data):
        self.tls.write(data)
        self._flush()

    def read(self):
        """What has come; nothing once the peer has ended, and then `ended` says how."""
        while self.ended is None:
            try:
                if part := self.tls.read(BLOCK):
                    return part
                self.ended = "clean"
            except ssl.SSLZeroReturnError:
                self.ended = "clean"
            except ssl.SSLWantReadError:
                self._flush()
                self._receive()
        return b""

    def read_exactly(self, count):
        seen = b""
        while len(seen) < count:
            part = self.read()
            assert part, f"ended ({self.ended}) after {len(seen)} bytes of {count}"
            seen += part
        return seen

    def read_to_end(self):
        seen = b""
        while part := self.read():
            seen += part
        return seen

    def issuer(self):
        return dict(pair[0] for pair in self.tls.getpeercert()["issuer"])["commonName"]

    # --- ends ---

    def close_notify(self):
        """Ends our direction; the other goes on."""
        try:
            self.tls.unwrap()
        except ssl.SSLWantReadError:
            pass  # the peer's has not come yet
        self._flush()

    def end_clean(self):
        self.close_notify()
        self.raw.close()

    def end_truncated(self):
        """A FIN without a close_notify."""
        self.raw.shutdown(socket.SHUT_WR)
        self.raw.close()

    def end_reset(self):
        self.raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.raw.close()

    # --- wire ---

    def _flush(self):
        if self.outgoing.pending:
            self.raw.sendall(self.outgoing.read())

    def _receive(self):
        try:
            data = self.raw.recv(BLOCK)
        except ConnectionResetError:
            self.ended = "reset"
            return False
        if not data:
            self.ended = "truncated"
            return False
        self.incoming.write(data)
        return True
