"""Child processes that are ended by their own process id, and waiting by looking."""
import os
import signal
import subprocess
import time


def wait_for(what, probe, seconds=60.0, instead=None):
    """Looks until probe() is true, and returns what it returned. The pause only leaves the core to others. instead() says
    what there is where it does not become true."""
    end = time.monotonic() + seconds
    while True:
        found = probe()
        if found:
            return found
        if time.monotonic() > end:
            raise AssertionError(f"{what}: not within {seconds:g} s" + (f", but {instead()}" if instead else ""))
        time.sleep(0.02)


class Process:
    """A child in a process group of its own; what it prints goes to a log file."""

    def __init__(self, command, log, **more):
        self.command = command
        self.log_path = log
        with open(log, "ab") as out:
            self.child = subprocess.Popen(command, stdout=more.pop("stdout", out), stderr=out,
                                          stdin=more.pop("stdin", subprocess.DEVNULL), start_new_session=True, **more)

    @property
    def pid(self):
        return self.child.pid

    def running(self):
        return self.child.poll() is None

    def log(self):
        with open(self.log_path, errors="replace") as text:
            return text.read()

    def kill(self):
        """As a crash ends it."""
        self._signal(signal.SIGKILL)
        self.child.wait()

    def terminate(self):
        self._signal(signal.SIGTERM)

    def stop(self, seconds=15.0):
        """Ends it and returns its exit code; by force if it does not end in time."""
        self.terminate()
        try:
            return self.child.wait(seconds)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"{self.command}: did not end within {seconds:g} s of SIGTERM:\n{self.log()[-2000:]}")

    def _signal(self, number):
        if self.running():
            try:
                os.killpg(self.child.pid, number)
            except ProcessLookupError:
                pass
