"""Many TLS sessions at once, each asking for a page again and again, and what became of each of them."""
import asyncio
import collections
import ssl
import threading
import time

import origins

REQUEST = b"GET / HTTP/1.1\r\nHost: shop.example\r\n\r\n"
PAUSE = 0.1  # between two requests of one session: the load is shared out evenly


class Session:
    def __init__(self):
        self.answers = 0
        self.answered_at = None
        self.ended_at = None
        self.end = None  # "reset", "closed" or another error's name; None while it goes on


class ManySessions:
    """All handshakes are done, and each session has had an answer, when this is made."""

    def __init__(self, lab, context, count):
        self.context = context
        self.sessions = [Session() for _ in range(count)]
        self.stopping = threading.Event()
        self.ready = threading.Event()
        self.loop = asyncio.new_event_loop()
        self.sockets = [lab.connect(origins.ANY, seconds=30) for _ in self.sessions]
        self.thread = threading.Thread(target=self.loop.run_until_complete, args=(self._run(),), daemon=True)
        self.thread.start()
        assert self.ready.wait(60), "sessions could not be opened"
        broken = [session.end for session in self.sessions if session.end]
        assert not broken, f"sessions that were not opened: {broken[:5]}"

    def going_on(self, since):
        """Those that have had an answer after that moment."""
        return [session for session in self.sessions if session.end is None and (session.answered_at or 0) > since]

    def ended(self, how):
        return [session for session in self.sessions if session.end == how]

    def ends(self):
        """How many sessions ended in which way; None is for those that go on."""
        return dict(collections.Counter(session.end for session in self.sessions))

    def close(self):
        self.stopping.set()
        self.thread.join(30)
        assert not self.thread.is_alive(), "a session hangs"

    async def _run(self):
        tasks = [asyncio.create_task(self._one(*both)) for both in zip(self.sessions, self.sockets)]
        while any(session.answers == 0 and session.end is None for session in self.sessions):
            await asyncio.sleep(0.01)
        self.ready.set()
        while not self.stopping.is_set() and any(session.end is None for session in self.sessions):
            await asyncio.sleep(0.02)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for each in self.sockets:
            each.close()

    async def _one(self, session, raw):
        try:
            reader, writer = await asyncio.open_connection(sock=raw, ssl=self.context, server_hostname="shop.example")
            while True:
                writer.write(REQUEST)
                await reader.readuntil(origins.PAGE.encode())
                session.answers += 1
                session.answered_at = time.monotonic()
                await asyncio.sleep(PAUSE)
        except ConnectionResetError:
            session.end = "reset"
        except (asyncio.IncompleteReadError, ssl.SSLError, OSError) as error:
            session.end = "closed" if isinstance(error, asyncio.IncompleteReadError) else type(error).__name__
        finally:
            session.ended_at = time.monotonic()


def context_for(*authorities):
    context = ssl.create_default_context(cafile=authorities[0])
    for further in authorities[1:]:
        context.load_verify_locations(further)
    return context


def one_new(lab, context, seconds=20):
    """What a new session meets: the issuer of the certificate that it is shown, "refused" or "no answer"."""
    try:
        with context.wrap_socket(lab.connect(origins.ANY, seconds=seconds), server_hostname="shop.example") as session:
            session.sendall(REQUEST)
            page = b""
            while not page.endswith(origins.PAGE.encode()):
                part = session.recv(4096)
                assert part, "the page ends early"
                page += part
            return dict(part[0] for part in session.getpeercert()["issuer"])["commonName"]
    except (ConnectionResetError, ConnectionRefusedError, ssl.SSLEOFError, BrokenPipeError):
        return "refused"
    except OSError:  # time-outs, and networks that cannot be reached
        return "no answer"
