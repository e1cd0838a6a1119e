"""Chromium, headless: a page with subresources loads without a warning where the interception CA is installed,
and an expired server certificate brings the browser's own warning."""
import shutil

import pytest

import origins
from conftest import Scene

PAGE = """<!doctype html><html><head><meta charset="utf-8"><title>shop</title>
<link rel="stylesheet" href="style.css"></head><body><p id="said">nothing yet</p>
<img id="picture" src="picture.svg"><script src="script.js"></script></body></html>
"""
SCRIPT = """
window.addEventListener("load", async () => {
  const colour = getComputedStyle(document.getElementById("said")).color;
  const data = await (await fetch("data.json")).json();
  const width = document.getElementById("picture").naturalWidth;
  document.getElementById("said").textContent = [colour, data.word, width].join(" | ");
});
"""
WHOLE = "rgb(1, 2, 3) | fetched | 37"


@pytest.fixture(scope="module")
def shop(make_lab, pki):
    if shutil.which("chromium") is None or shutil.which("certutil") is None:
        pytest.skip("chromium and certutil (libnss3-tools) are needed")
    scene = Scene(make_lab(), pki)
    www = scene.lab.folder / "www"
    (www / "page.html").write_text(PAGE)
    (www / "style.css").write_text("#said { color: rgb(1, 2, 3) }")
    (www / "script.js").write_text(SCRIPT)
    (www / "data.json").write_text('{"word": "fetched"}')
    (www / "picture.svg").write_text('<svg xmlns="http://www.w3.org/2000/svg" width="37" height="11"/>')
    return scene


def home_trusting(scene, *authorities):
    """A home folder whose browser trusts these CAs beside its own."""
    home = scene.lab.folder / "-".join(["home", *authorities])
    database = home / ".pki" / "nssdb"
    database.mkdir(parents=True)
    # Behind a plain wire it is the Internet's CA whom the browser has to trust.
    files = ["internet.pem"] if scene.appliance.is_wire else [f"{authority}.pem" for authority in authorities]
    for command in (["-N", "--empty-password"], *(["-A", "-t", "C,,", "-n", file, "-i", scene.pki.path(file)]
                                                  for file in files)):
        done = scene.lab.run("client", "certutil", "-d", f"sql:{database}", *command, text=True)
        assert done.returncode == 0, done.stderr
    return home


def browse(scene, home, url):
    """The page's document as it is after its scripts."""
    done = scene.lab.run("client", "env", f"HOME={home}", "chromium", "--headless", "--no-sandbox",
                         "--disable-gpu", "--disable-dev-shm-usage", "--disable-background-networking", "--no-first-run",
                         f"--user-data-dir={home}/profile", "--virtual-time-budget=5000", "--dump-dom", url,
                         text=True, seconds=120)
    return done.stdout + done.stderr


def test_a_page_with_subresources_loads_without_a_warning(shop):
    said = browse(shop, home_trusting(shop, "trusted"), "https://shop.example/page.html")
    assert WHOLE in said, said[-3000:]
    with open(shop.lab.path("access.log")) as log:
        fetched = log.read()
    for name in ("page.html", "style.css", "script.js", "data.json", "picture.svg"):
        assert f"GET /{name} HTTP/2.0" in fetched


def test_an_expired_certificate_brings_the_browsers_warning_of_its_date(shop):
    """Under a CA that this browser trusts: it is the defect itself that it complains of."""
    said = browse(shop, home_trusting(shop, "trusted", "untrusted"), f"https://expired.example:{origins.EXPIRED}/")
    assert "ERR_CERT_DATE_INVALID" in said, said[-3000:]
    assert origins.PAGE.strip() not in said


@pytest.mark.limpid_only
def test_a_good_server_is_never_shown_under_the_untrusted_ca(shop):
    """A browser that trusts the untrusted CA alone complains of the authority."""
    said = browse(shop, home_trusting(shop, "untrusted"), "https://shop.example/page.html")
    assert "ERR_CERT_AUTHORITY_INVALID" in said, said[-3000:]
    assert WHOLE not in said
