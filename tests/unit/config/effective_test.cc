#include "config/effective.h"

#include <gtest/gtest.h>

#include "tests/unit/config/configurations.h"

namespace limpid::config {
namespace {

TEST(EffectiveConfiguration, ShowsEveryDefault) {
  EXPECT_EQ(render_effective(good_with("")),
            "dataplane:\n"
            "  cores: auto  # every core but the first\n"
            "  memory: 1GiB\n"
            "  stream_memory: 512MiB\n"
            "  idle: adaptive\n"
            "  flows_max: 262144\n"
            "  sessions_max: 16384\n"
            "  limits: { client_sessions_max: 4096, client_watched_max: 4096, at_limit: pass }\n"
            "  drain: 10s\n"
            "  ledger: /etc/limpid/limpid.ledger\n"
            "segments:\n"
            "  - name: edge\n"
            "    client_side: { interface: d0, driver: af_packet }\n"
            "    server_side: { interface: d1, driver: af_packet }\n"
            "tools: []\n"
            "tls:\n"
            "  signing:\n"
            "    trusted: { certificate: /etc/limpid/a, key: /etc/limpid/b }\n"
            "    untrusted: { certificate: /etc/limpid/c, key: /etc/limpid/d }\n"
            "  trust: /etc/ssl/certs/ca-certificates.crt\n"
            "  verification:\n"
            "    intermediates_max: 10\n"
            "    expired: decrypt-untrusted\n"
            "    not_yet_valid: decrypt-untrusted\n"
            "    name_mismatch: decrypt-untrusted\n"
            "    unknown_issuer: decrypt-untrusted\n"
            "    self_signed: decrypt-untrusted\n"
            "    wrong_usage: block\n"
            "    weak: block\n"
            "    bad_signature: block\n"
            "    other: decrypt-untrusted\n"
            "    revoked: block\n"
            "    revocation_unknown: block\n"
            "    incomplete: decrypt-untrusted\n"
            "    malformed: decrypt-untrusted\n"
            "  revocation: soft\n"
            "  revocation_fetch: off\n"
            "  revocation_ask: off\n"
            "  revocation_wait: 300ms\n"
            "  inbound: []\n"
            "  client_certificate: continue\n"
            "  client_certificates: []\n"
            "  versions: { min: tls1.2, max: tls1.3, below_minimum: block, ssl2_hello: pass }\n"
            "  resumption: { sessions_max: 16384, lifetime: 2h, ticket_key_period: 2h }\n"
            "  ech_fronts: [cloudflare-ech.com]\n"
            "  # key_log: none\n"
            "  learning: { mode: propose, failures: 3, clients: 2, within: 10min, bypass: 1h, bypass_max: "
            "12h, entries_max: 4096, file: /etc/limpid/learnt.json }\n"
            "  starttls_ports: []\n"
            "  starttls_ports_max: 20\n"
            "policy:\n"
            "  default: decrypt\n"
            "  not_decrypted: { tls: [], other_tcp: [], non_tcp: [] }\n"
            "  rules: []\n"
            "inventory:\n"
            "  database: /etc/limpid/inventory.db\n"
            "  # keep: for ever\n"
            "control: { socket: /etc/limpid/limpid.sock }\n"
            "logging:\n"
            "  level: info\n"
            "  # file: standard error\n");
}

TEST(EffectiveConfiguration, LoadsAsTheSameAgain) {
  const Configuration made = good_with(
      "dataplane: { cores: [2], drain: 1500ms }\n"
      "tools:\n- { name: ips, inline: { side_a: { interface: t0 }, side_b: { interface: t1 }, on_failure: "
      "bypass, open_timeout: 2s, heartbeat: { interval: 100ms, misses: 5, ethertype: 0x88b5 }, "
      "negative_heartbeat: "
      "{ payload: \"a b\\n\" } } }\n"
      "- { name: dlp, inline: { side_a: { interface: u0 }, side_b: { interface: u1 }, heartbeat: off } }\n"
      "- { name: tagged, inline: { side_a: { interface: w0 }, side_b: { interface: w1 }, segments: { edge: { "
      "vlan: 7, client_at: side_b } }, heartbeat: { ip: 6, vlan: 9 }, port_map: { 443: 80, 8443: 8080 } } }\n"
      "- { name: both, group: { members: [dlp], spares: [], on_failure: drop_network, open_sessions: reset } "
      "}\n"
      "- { name: a.b, mirror: { pci: \"3b:00.0\" } }\n- { name: rec, mirror: { pcapng: 'a \"b\\ "
      "#.pcapng', rotate: { size: 3MiB, every: 90s, keep: 7 } } }\n"
      "- { name: v, mirror: { vxlan: \"[2001:db8::7]:99\", id: 9 } }\n"
      "- { name: g, mirror: { gre: 10.9.0.7, mtu: 1400 } }\n- { name: e, mirror: { erspan: \"2001:db8::7\" } "
      "}\n"
      "- { name: s, mirror: { pcap_over_ip: \"[::1]:57012\", clients_max: 2, sample: 0.25%, port_map: { 1: 2 "
      "}, at: after_tools "
      "} }\n"
      "- { name: m, mirror: { interface: m0, mask: { headers: cookie, patterns: [card_numbers, "
      "\"a\\\\d{3}\"] } } }\n"
      "inventory: { keep: 90d }\n"
      "policy:\n  default: block\n  not_decrypted: { tls: [ips, both], other_tcp: [ips], non_tcp: [both] }\n"
      "  rules:\n  - { then: pass, tools: [both], when: { vlan: 9 } }\n"
      "  - { then: pass, tools: [], when: { vlan: 8 } }\n"
      "  - { then: decrypt, tools: [rec, { name: tagged, port_map: { 443: 81 } }, { name: both, port_map: {} "
      "}], when: { client: [\"2001:db8::/32\", 10.0.0.1], server: "
      "0.0.0.0/0, "
      "client_port: 1-65535, server_port: [443], vlan: [untagged, 5, 6-7], segment: [edge], sni: [\"*\", "
      "a.b] } }\n"
      "  - { name: \"null: [x]\\t\", then: pass, when: { sni: \"*.a\" } }\n"
      "logging: { level: debug, file: /tmp/l }\n");
  const std::string shown = render_effective(made);
  const auto again = loaded(shown);
  ASSERT_TRUE(again.ok()) << shown << text(again.error());
  EXPECT_EQ(*again, made) << shown;
}

TEST(EffectiveConfiguration, KeepsSharedMemory) {
  const Configuration made = good_with(
      "tools:\n- { name: a, inline: { side_a: { memif: s, role: client, id: 1 }, side_b: { memif: s, role: "
      "client "
      "} } }\n- { name: b, mirror: { memif: t, id: 3 } }\n");
  const auto again = loaded(render_effective(made));
  ASSERT_TRUE(again.ok()) << text(again.error());
  EXPECT_EQ(again->tools, made.tools);
}

TEST(EffectiveConfiguration, ShowsThePolicyByItself) {
  const Configuration made = good_with("policy: { rules: [ { then: pass, when: { vlan: 9 } } ] }\n");
  EXPECT_EQ(render_policy(made),
            "policy:\n  default: decrypt\n  not_decrypted: { tls: [], other_tcp: [], non_tcp: [] }\n"
            "  rules:\n    - name: \"rules[0]\"\n      when:\n        vlan: [9]\n      then: pass\n");
  EXPECT_NE(render_effective(made).find(render_policy(made)), std::string::npos);
}

TEST(EffectiveConfiguration, KeepsWhatARecordingHolds) {
  const Configuration made = good_with("tools: [ { name: r, mirror: { pcapng: p, content: both } } ]\n");
  const auto again = loaded(render_effective(made));
  ASSERT_TRUE(again.ok()) << text(again.error());
  EXPECT_EQ(again->tools, made.tools);
}

}  // namespace
}  // namespace limpid::config
