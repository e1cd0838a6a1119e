"""A browser through the box: no warning where the server is good and the CA installed, its own warning where not."""
import os
import shutil

import pytest

from lab import Lab, run, wait_for

pytestmark = [pytest.mark.intercepts, pytest.mark.skipif(shutil.which("chromium") is None, reason="chromium is not installed")]

PAGE = """<!doctype html><html><head><title>Shop</title><link rel="stylesheet" href="/style.css"><script src="/script.js" defer></script>
</head><body><h1 id="status">loading</h1><img id="picture" src="/picture.svg"></body></html>"""
SCRIPT = """addEventListener("load", () => {
  const styled = getComputedStyle(document.body).backgroundColor === "rgb(1, 2, 3)";
  const drawn = document.getElementById("picture").naturalWidth === 32;
  document.getElementById("status").textContent = "script ran, style " + styled + ", picture " + drawn;
});"""
PICTURE = '<svg xmlns="http://www.w3.org/2000/svg" width="32" height="32"><circle cx="16" cy="16" r="8"/></svg>'


@pytest.fixture(scope="module")
def lab():
    with Lab() as made:
        made.nginx()
        made.write("www/index.html", PAGE)
        made.write("www/style.css", "body { background-color: rgb(1, 2, 3); }")
        made.write("www/script.js", SCRIPT)
        made.write("www/picture.svg", PICTURE)
        made.expired_certificate("expired")
        made.nginx(certificate="expired", port=8443)
        database = made.path("home/.pki/nssdb")
        os.makedirs(database)
        run("certutil", "-N", "-d", f"sql:{database}", "--empty-password")
        run("certutil", "-A", "-d", f"sql:{database}", "-t", "C,,", "-n", "limpid", "-i", made.path("ca.pem"))
        yield made


def browse(lab, url):
    return lab.client("env", f"HOME={lab.path('home')}", "chromium", "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic",
                      "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync",
                      "--disable-dev-shm-usage", f"--user-data-dir={lab.path('profile')}", "--virtual-time-budget=20000",
                      "--timeout=30000", "--dump-dom", url, timeout=120, check=False).stdout


def test_a_page_with_subresources_loads_without_a_warning(lab):
    shown = browse(lab, "https://shop.example/")
    assert "script ran, style true, picture true" in shown
    rows = wait_for("the sessions", lambda: [row for row in lab.sessions("--all") if row["host"] == "shop.example"])
    assert all(row["decision"] == "decrypt" for row in rows)


def test_an_expired_server_certificate_gets_the_browsers_own_warning(lab):
    shown = browse(lab, "https://shop.example:8443/")
    assert "script ran" not in shown
    assert "ERR_CERT_DATE_INVALID" in shown or "ERR_CERT_AUTHORITY_INVALID" in shown
