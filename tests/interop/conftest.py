"""Fixtures: a lab, the PKI, the appliance and its origins, each made once for a test file."""
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest

import origins
from appliance import Appliance, is_wire
from lab import CLIENT4, CLIENT6, SERVER4, SERVER6, Lab, remove_leftovers
from pki import Pki
from process import wait_for

SKIPPED = 77  # ctest then says "Skipped"


def missing():
    if os.geteuid() != 0:
        return "root is needed to make network namespaces"
    for variable in ("LIMPID", "IMPAIR"):
        program = os.environ.get(variable, "")
        if not (variable == "LIMPID" and is_wire()) and not os.access(program, os.X_OK):
            return f"{variable} does not name a program: {program!r}"
    if subprocess.run(["ip", "netns", "list"], capture_output=True).returncode != 0:
        return "this kernel has no network namespaces"
    return None


def pytest_collection_modifyitems(items):
    reason = missing()
    for item in items:
        if reason:
            item.add_marker(pytest.mark.skip(reason=reason))
        elif is_wire() and item.get_closest_marker("limpid_only"):
            item.add_marker(pytest.mark.skip(reason="a plain wire does not do this"))


def pytest_sessionfinish(session, exitstatus):
    """A file that showed nothing does not count as one that passed."""
    outcomes = session.config.pluginmanager.get_plugin("terminalreporter").stats
    if exitstatus == 0 and outcomes.get("skipped") and not any(outcomes.get(shown) for shown in ("passed", "xfailed")):
        session.exitstatus = SKIPPED


def pytest_configure(config):
    config.addinivalue_line("markers", "limpid_only: a plain wire in limpid's place would not pass")
    if not missing():
        remove_leftovers()


@pytest.fixture(scope="session")
def pki(tmp_path_factory):
    return Pki(tmp_path_factory.mktemp("pki"), [SERVER4, SERVER6, CLIENT4, CLIENT6])


@pytest.fixture(scope="module")
def make_lab(tmp_path_factory, request):
    """make_lab(…) as Lab(folder, …); removed with all its processes when the file is done."""
    labs = []

    def make(**options):
        labs.append(Lab(tmp_path_factory.mktemp("lab"), **options))
        return labs[-1]

    yield make
    for lab in labs:
        lab.close()
        if not request.session.testsfailed:
            shutil.rmtree(lab.folder, ignore_errors=True)


@pytest.fixture(scope="module")
def open_folder():
    """Where servers that give up root's rights can read: a test's own folder is root's alone."""
    folder = Path(tempfile.mkdtemp(prefix="limpid-servers-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


class Scene:
    """A lab with an appliance and the usual origins."""

    def __init__(self, lab, pki, **options):
        self.lab = lab
        self.pki = pki
        self.appliance = Appliance(lab, pki, **options)
        self.nginx = origins.start_nginx(lab, pki)

    def tool_row(self):
        """What limpid says of its only inline tool."""
        return self.appliance.ask("tools")["inline_tools"][0]

    def line_with(self, *words, seconds=20):
        """Those of the log's lines about a session that hold all these words, once there are any."""
        return wait_for(f"a session's line with {words}",
                        lambda: [line for line in self.appliance.session_lines() if all(word in line for word in words)],
                        seconds)


@pytest.fixture(scope="module")
def scene(make_lab, pki):
    return Scene(make_lab(), pki)


@pytest.fixture
def origin(scene):
    """origin(port, serve, context) as PythonOrigin, in the lab of `scene`; closed when the test is done."""
    made = []

    def make(port, serve, context=None):
        made.append(origins.PythonOrigin(scene.lab, port, serve, context))
        return made[-1]

    yield make
    for server in made:
        server.close()


def pytest_runtest_logreport(report):
    # What limpid said belongs to the report of a failure; the files stay for a look.
    if report.failed:
        report.sections.append(("files", "of this run: see the temporary folders named above"))
