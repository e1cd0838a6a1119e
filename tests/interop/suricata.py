"""Suricata as Debian packages it, with a configuration for what a test needs: between two ports as an IPS, at one port
as an IDS, or over a recording."""
import json
import shutil

import pytest

from process import wait_for

installed = pytest.mark.skipif(shutil.which("suricata") is None, reason="Suricata is not installed")

EICAR = rb"X5O!P%@AP[4\PZX54(P^)7CC)7}$EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"
RULE = ('http any any -> any any (msg:"EICAR in a download"; flow:established,to_client; file_data; '
        'content:"EICAR-STANDARD-ANTIVIRUS-TEST-FILE"; sid:1000001; rev:1;)\n')
CONFIGURATION = """%YAML 1.1
---
vars:
  address-groups: {{ HOME_NET: any, EXTERNAL_NET: any }}
  port-groups: {{ HTTP_PORTS: any }}
default-log-dir: {folder}
default-rule-path: {folder}
rule-files: [ test.rules ]
classification-file: /etc/suricata/classification.config
reference-config-file: /etc/suricata/reference.config
outputs:
  - eve-log: {{ enabled: yes, filetype: regular, filename: eve.json, types: [ alert, drop, http, anomaly, flow ] }}
logging:
  default-log-level: notice
  outputs: [ {{ console: {{ enabled: yes }} }} ]
af-packet:
{ports}
app-layer:
  protocols:
    tls: {{ enabled: yes }}
    http: {{ enabled: yes, libhtp: {{ default-config: {{ personality: IDS, request-body-limit: 1mb,
                                                       response-body-limit: 1mb }} }} }}
stream: {{ inline: {inline}, memcap: 64mb, checksum-validation: yes, reassembly: {{ memcap: 64mb, depth: 1mb }} }}
"""
PORT = """  - {{ interface: {own}, threads: 1, cluster-id: {number}, cluster-type: cluster_flow, use-mmap: yes,
      tpacket-v3: no, defrag: no{more} }}
"""


class Suricata:
    """`role`: the host of the lab that it runs on. `bridge`: two interfaces, as an IPS that drops what carries the EICAR
    test file, or what `rule` says. `interface`: one, as an IDS that alerts by `rule`. `recording`: a file that it reads to its end."""

    def __init__(self, lab, role="tool", bridge=None, interface=None, recording=None, rule=RULE):
        self.folder = lab.folder / f"suricata-{len(lab.processes)}"
        self.folder.mkdir()
        (self.folder / "test.rules").write_text(("drop " if bridge else "alert ") + rule)
        ports = PORT.format(own=interface or "lo", number=98, more="")
        if bridge:
            ports = "".join(PORT.format(own=own, number=98 + number, more=f", copy-mode: ips, copy-iface: {other}")
                            for number, (own, other) in enumerate((bridge, bridge[::-1])))
        config = str(self.folder / "suricata.yaml")
        with open(config, "w") as out:
            out.write(CONFIGURATION.format(folder=self.folder, ports=ports, inline="yes" if bridge else "no"))
        source = ["-r", str(recording)] if recording else ["--af-packet"]
        self.process = lab.start(role, self.folder.name, "suricata", "-c", config, *source, "-l", str(self.folder),
                                 "--pidfile", str(self.folder / "pid"))
        if recording:
            assert self.process.child.wait(90) == 0, self.process.log()
            return
        wait_for("Suricata", lambda: "Engine started" in self.process.log() or not self.process.running(), seconds=90)
        assert self.process.running(), self.process.log()

    def events(self, kind):
        with open(self.folder / "eve.json") as log:
            return [event for line in log if line.endswith("\n")
                    and (event := json.loads(line))["event_type"] == kind]

    def close(self):
        self.process.stop(30)
