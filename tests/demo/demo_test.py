"""What `./run demo` shows is there: the page, the session, the certificate, the plaintext. Run by ctest, as root."""
import os
import re
import subprocess
from pathlib import Path

import pytest

SKIPPED = 77  # ctest then says "Skipped"
PAGE = "<html><body>Welcome to shop.example. Your basket is empty.</body></html>"


def namespaces_left():
    listed = subprocess.run(["ip", "netns", "list"], capture_output=True, text=True, check=True).stdout
    return {line.split()[0] for line in listed.splitlines() if line.startswith("limpid-demo-")}


@pytest.fixture(scope="module")
def shown(tmp_path_factory):
    """What the demo prints, by the number of its heading."""
    if os.geteuid() != 0:
        pytest.exit("root is needed to make network namespaces", returncode=SKIPPED)
    folder = tmp_path_factory.mktemp("demo")
    before = namespaces_left()
    done = subprocess.run([str(Path(__file__).with_name("demo.sh"))], capture_output=True, text=True, timeout=100,
                          env={**os.environ, "TMPDIR": str(folder)})
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stderr == ""
    assert namespaces_left() <= before and list(folder.iterdir()) == [], "the demo removes what it makes"
    parts = re.split(r"\n(\d)\. ", done.stdout)
    assert parts[1::2] == list("12345678")
    return dict(zip(map(int, parts[1::2]), parts[2::2]))


def row_of(text, number):
    """A row of a table of limpid's, by its headings; columns are at least two spaces apart."""
    heading, *rows = [re.split(r"\s{2,}", line.strip()) for line in text.splitlines() if line.startswith("    ")]
    return dict(zip(heading, rows[number]))


def test_curl_gets_the_page_over_tls13_under_the_interception_ca(shown):
    assert "SSL connection using TLSv1.3" in shown[4]
    assert "subject: CN=shop.example\n" in shown[4]
    assert "issuer: CN=Example Corp interception CA\n" in shown[4]
    assert f"    {PAGE}\n" in shown[4]


def test_the_servers_own_issuer_is_another(shown):
    assert "issuer=CN = The Internet's CA (demo)" in shown[2]


def test_the_decision_is_explained_before_any_packet(shown):
    assert 'decision: decrypt, by rule "shops", tools recorder' in shown[3]


def test_an_open_session_is_shown_with_its_endpoints_and_its_rule(shown):
    row = row_of(shown[5], 0)
    assert (row["HOST"], row["STATE"], row["DECISION/RULE"], row["VERSION"]) == \
        ("www.shop.example", "EST:EST:INIT:INIT", "decrypt/shops", "TLS 1.3")


def test_the_inventory_has_the_servers_certificate(shown):
    row = next(row for row in (row_of(shown[6], 0), row_of(shown[6], 1)) if row["HOST"] == "shop.example")
    assert (row["SUBJECT"], row["ISSUER"], row["OUTCOME"]) == \
        ("CN=shop.example", "CN=The Internet's CA (demo)", "trusted")


def test_the_log_has_a_line_for_each_session(shown):
    for host in ("shop.example", "www.shop.example"):
        line, = (line for line in shown[7].splitlines() if f" host={host} " in line)
        for word in ("decision=decrypt", "rule=shops", 'client_version="TLS 1.3"', 'server_version="TLS 1.3"',
                     "certificate=trusted"):
            assert word in line


def test_the_recorders_file_holds_the_plaintext_of_both_directions(shown):
    request, answer = shown[8].index("GET / HTTP/1.1\n    Host: shop.example\n"), shown[8].index("    HTTP/1.1 200 OK\n")
    assert request < answer < shown[8].index(f"    {PAGE}\n")
    packets = [line.split() for line in shown[8].splitlines() if " HTTP " in line and " → " in line]
    assert ["10.20.30.1", "→", "10.20.30.2", "HTTP"] in [packet[2:6] for packet in packets]
    assert ["10.20.30.2", "→", "10.20.30.1", "HTTP"] in [packet[2:6] for packet in packets]
