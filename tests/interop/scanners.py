"""TLS scanners of Debian, and what they find, as a set of facts that two scans can be compared by."""
import json
import os
import re
import xml.etree.ElementTree as Xml

from lab import SERVER4

ALL_CORES = ",".join(map(str, range(os.cpu_count())))  # testssl.sh is a shell script: it computes, and nobody captures
# Another one each time, or of this scan; and how sessions are resumed, which limpid does by itself on each leg.
NOT_COMPARED = re.compile(r"cert_serialNumber|cert_fingerprint|cert <|cert$|scanTime|TLS_session_ticket|"
                          r"sessionresumption|SSL_sessionID|engine_problem")


def sslscan(lab, role, port):
    report = lab.path(f"sslscan-{role}-{port}.xml")
    done = lab.run(role, "sslscan", "--timeout=30", "--show-cert", "--show-sigs", f"--xml={report}",
                   "--sni-name=shop.example", f"{SERVER4}:{port}")
    assert done.returncode == 0, done.stdout + done.stderr
    facts = set()
    for element in Xml.parse(report).getroot().find("ssltest"):
        if element.tag == "certificates":
            facts |= {f"certificate {_words(part)}" for part in element.iter() if _words(part) != part.tag}
        else:
            facts.add(_words(element))
    return facts


def _words(element):
    """An element's name, attributes and text; not what only repeats another of them."""
    named = [f"{name}={value}" for name, value in element.items() if name not in ("id", "strength", "type")]
    return " ".join([element.tag, *named, *(element.text or "").split()])


def testssl(lab, role, port, authorities, *checks):
    report = lab.path(f"testssl-{role}-{port}.json")
    done = lab.run(role, "taskset", "-c", ALL_CORES, "testssl", "--color", "0", "--warnings", "off", "--nodns", "none",
                   "--quiet", "--add-ca", authorities, "--ip", SERVER4, "--jsonfile", report, *checks,
                   f"shop.example:{port}", seconds=1000)
    # Its exit code counts what it does not like of the server.
    assert os.path.exists(report), done.stdout + done.stderr
    with open(report) as text:
        found = {f"{row['id']}: {each}" for row in json.load(text) for each in _findings(row)}
    assert found, done.stdout + done.stderr
    return {fact for fact in found if not NOT_COMPARED.match(fact)}


def _findings(row):
    if row["id"] == "TLS_extensions":  # each by itself; tickets belong to resumption
        return [name for name in re.findall(r"'([^']*)'", row["finding"]) if not name.startswith("session ticket")]
    return row["finding"].split() if row["id"] in ("PFS_ciphers", "BEAST_CBC_TLS1") else [row["finding"]]
