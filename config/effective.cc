#include "config/effective.h"

#include <iomanip>
#include <sstream>
#include <utility>

#include "config/units.h"
#include "config/versions.h"

namespace limpid::config {

namespace {

/// As a YAML scalar: plain where that is safe, else in double quotes.
std::string scalar(std::string_view text) {
  const auto plain = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '.' || c == '/' || c == '-';
  };
  bool safe = !text.empty() && text.front() != '-' && text != "null" && text != "Null" && text != "NULL";
  for (const char c : text) safe = safe && plain(c);
  if (safe) return std::string(text);
  static constexpr std::string_view kHex = "0123456789abcdef";
  std::string out = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20U || byte == 0x7fU) {
      out += std::string("\\x") + kHex[byte >> 4U] + kHex[byte & 15U];
      continue;
    }
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + "\"";
}

template <typename T, typename Text>
std::string flow_list(const std::vector<T>& list, const Text& text) {
  std::string out = "[";
  for (const T& element : list) out += (out.size() == 1 ? "" : ", ") + text(element);
  return out + "]";
}

std::string number_text(std::uint16_t number) { return std::to_string(number); }

std::string range_text(const policy::NumberRange& range) {
  const std::string first = std::to_string(range.first);
  return range.first == range.last ? first : first + "-" + std::to_string(range.last);
}

std::string vlan_text(const policy::NumberRange& range) {
  return range.first == 0 ? "untagged" : range_text(range);
}

std::string prefix_text(const IpPrefix& prefix) { return scalar(prefix.text()); }

std::string starttls_text(const StarttlsPort& port) {
  return "{ port: " + std::to_string(port.port) + ", protocol: " + std::string(policy::name(port.protocol)) +
         " }";
}

std::string port_text(const Port& port) {
  if (!port.pci.empty()) return "pci: " + scalar(port.pci);
  if (port.memif) {
    return "memif: " + scalar(port.memif->socket) + ", role: " + std::string(name(port.memif->role)) +
           ", id: " + std::to_string(port.memif->id);
  }
  return "interface: " + scalar(port.interface) + ", driver: " + std::string(name(port.driver));
}

/// Behind a file; nothing where it is not rotated.
std::string rotation_text(const Rotation& rotate) {
  if (rotate == Rotation{}) return "";
  std::string keys;
  const auto add = [&keys](std::string_view key, const std::string& value) {
    keys += (keys.empty() ? "" : ", ") + std::string(key) + ": " + value;
  };
  if (rotate.size_bytes != 0) add("size", size_text(rotate.size_bytes));
  if (rotate.every != Duration::zero()) add("every", duration_text(rotate.every));
  if (rotate.keep != 0) add("keep", std::to_string(rotate.keep));
  return ", rotate: { " + keys + " }";
}

std::string tunnel_text(const Tunnel& tunnel) {
  const SocketAddress& to = tunnel.collector;
  std::string out = std::string(name(tunnel.kind)) + ": " + scalar(to.port != 0 ? to.text() : to.ip.text());
  if (tunnel.id) out += ", id: " + std::to_string(*tunnel.id);
  return out + ", mtu: " + std::to_string(tunnel.mtu);
}

std::string target_text(const Mirror& mirror) {
  if (mirror.port) return port_text(*mirror.port);
  if (mirror.tunnel) return tunnel_text(*mirror.tunnel);
  if (mirror.server) {
    return "pcap_over_ip: " + scalar(mirror.server->listen.text()) +
           ", clients_max: " + std::to_string(mirror.server->clients_max);
  }
  return "pcapng: " + scalar(mirror.pcapng) + ", content: " + std::string(name(mirror.content)) +
         rotation_text(mirror.rotate);
}

std::string port_map_text(const PortMap& ports) {
  std::string out;
  for (const auto& [from, to] : ports.entries())
    out += (out.empty() ? "" : ", ") + std::to_string(from) + ": " + std::to_string(to);
  return out.empty() ? "{}" : "{ " + out + " }";
}

/// A tool as a rule names it.
std::string rule_tool_text(const policy::Rule& rule, std::uint16_t tool, const std::string& name) {
  for (const policy::ToolPorts& each : rule.tool_ports) {
    if (each.tool == tool)
      return "{ name: " + scalar(name) + ", port_map: " + port_map_text(each.ports) + " }";
  }
  return scalar(name);
}

std::string share_text(std::uint32_t share) {
  constexpr std::uint32_t kPercent = kShareAll / 100;
  std::string decimals = std::to_string(kPercent + share % kPercent).substr(1);
  decimals.erase(decimals.find_last_not_of('0') + 1);
  return std::to_string(share / kPercent) + (decimals.empty() ? "" : "." + decimals) + "%";
}

/// Behind a target; nothing where nothing is masked.
std::string mask_text(const Mask& mask) {
  if (!mask.wanted()) return "";
  std::vector<std::string> patterns = mask.patterns;
  if (mask.card_numbers) patterns.insert(patterns.begin(), "card_numbers");
  std::string keys;
  if (!mask.headers.empty()) keys = "headers: " + flow_list(mask.headers, scalar);
  if (!patterns.empty()) keys += (keys.empty() ? "patterns: " : ", patterns: ") + flow_list(patterns, scalar);
  return ", mask: { " + keys + " }";
}

std::string heartbeat_text(const Heartbeat& made) {
  if (!made.on) return "off";
  std::ostringstream text;
  text << "{ interval: " << duration_text(made.interval) << ", timeout: " << duration_text(made.timeout)
       << ", misses: " << made.misses << ", recovery: " << duration_text(made.recovery)
       << ", address_a: " << scalar(made.address_a.text()) << ", address_b: " << scalar(made.address_b.text())
       << ", port: " << made.port << ", vlan: " << (made.vlan == 0 ? "untagged" : std::to_string(made.vlan))
       << ", ethertype: 0x" << std::hex << std::setw(4) << std::setfill('0') << made.ethertype << " }";
  return text.str();
}

class Renderer {
 public:
  explicit Renderer(const Configuration& configuration)
      : configuration_(configuration), names_(names(configuration)) {}

  std::string render() {
    dataplane();
    segments();
    tools();
    tls();
    policy();
    inventory();
    out_ += "control: { socket: " + scalar(configuration_.control.socket) + " }\n";
    logging();
    return std::move(out_);
  }
  std::string render_policy() {
    policy();
    return std::move(out_);
  }

 private:
  void dataplane() {
    const Dataplane& made = configuration_.dataplane;
    out_ += "dataplane:\n";
    out_ += made.cores.empty() ? "  cores: auto  # every core but the first\n"
                               : "  cores: " + flow_list(made.cores, number_text) + "\n";
    out_ += "  memory: " + size_text(made.memory_bytes) + "\n";
    out_ += "  stream_memory: " + size_text(made.stream_memory_bytes) + "\n";
    out_ += "  idle: " + std::string(name(made.idle)) + "\n";
    out_ += "  flows_max: " + std::to_string(made.flows_max) + "\n";
    out_ += "  sessions_max: " + std::to_string(made.sessions_max) + "\n";
    out_ += "  limits: { client_sessions_max: " + std::to_string(made.limits.client_sessions_max) +
            ", client_watched_max: " + std::to_string(made.limits.client_watched_max) +
            ", at_limit: " + std::string(name(made.limits.at_limit)) + " }\n";
    out_ += "  drain: " + duration_text(made.drain) + "\n";
    out_ += "  ledger: " + scalar(made.ledger) + "\n";
  }

  void segments() {
    out_ += "segments:\n";
    for (const Segment& segment : configuration_.segments) {
      out_ += "  - name: " + scalar(segment.name) + "\n";
      out_ += "    client_side: { " + port_text(segment.client_side) + " }\n";
      out_ += "    server_side: { " + port_text(segment.server_side) + " }\n";
    }
  }

  void tools() {
    out_ += configuration_.tools.empty() ? "tools: []\n" : "tools:\n";
    for (const Tool& tool : configuration_.tools) {
      out_ += "  - name: " + scalar(tool.name) + "\n";
      if (tool.inline_tool) {
        inline_tool(*tool.inline_tool);
        continue;
      }
      if (tool.group) {
        group(*tool.group);
        continue;
      }
      out_ += "    mirror: { " + target_text(tool.mirror) + ", sample: \"" + share_text(tool.mirror.share) +
              "\", at: " + std::string(name(tool.mirror.at)) + mask_text(tool.mirror.mask) +
              ", port_map: " + port_map_text(tool.mirror.port_map) + " }\n";
    }
  }

  void inline_tool(const InlineTool& made) {
    out_ += "    inline:\n";
    out_ += "      side_a: { " + port_text(made.side_a) + " }\n";
    out_ += "      side_b: { " + port_text(made.side_b) + " }\n";
    if (!made.segments.empty()) tool_segments(made.segments);
    out_ += "      port_map: " + port_map_text(made.port_map) + "\n";
    failure(made.failure);
    out_ += "      open_timeout: " + duration_text(made.open_timeout) + "\n";
    out_ += "      heartbeat: " + heartbeat_text(made.heartbeat) + "\n";
    if (!made.negative_heartbeat.empty())
      out_ += "      negative_heartbeat: { payload: " + scalar(made.negative_heartbeat) + " }\n";
  }

  void tool_segments(const std::vector<ToolSegment>& made) {
    out_ += "      segments:\n";
    for (std::size_t i = 0; i < made.size(); ++i) {
      out_ += "        " + scalar(names_.segments[i]) +
              ": { client_at: " + (made[i].client_at_side_b ? "side_b" : "side_a") +
              (made[i].vlan == 0 ? "" : ", vlan: " + std::to_string(made[i].vlan)) + " }\n";
    }
  }

  void failure(const FailureAction& made) {
    out_ += "      on_failure: " + std::string(name(made.on_failure)) + "\n";
    out_ += "      open_sessions: " + std::string(name(made.open_sessions)) + "\n";
  }

  std::string tool_list(const std::vector<std::uint16_t>& tools) const {
    return flow_list(tools, [this](std::uint16_t index) { return scalar(names_.tools[index]); });
  }

  void group(const ToolGroup& made) {
    out_ += "    group:\n      members: " + tool_list(made.members) + "\n";
    out_ += "      spares: " + tool_list(made.spares) + "\n";
    out_ += "      min_healthy: " + std::to_string(made.min_healthy) + "\n";
    failure(made.failure);
  }

  void key_pair(std::string_view key, const std::optional<KeyPair>& pair) {
    if (!pair) return;
    out_ += "    " + std::string(key) + ": { certificate: " + scalar(pair->certificate) +
            ", key: " + scalar(pair->key) + " }\n";
  }

  /// A key of an element of a list of tls.
  void line(std::string_view key, const std::string& text) {
    out_ += "      " + std::string(key) + ": " + text + "\n";
  }

  void own_key(const OwnKey& made) {
    if (made.pkcs12.empty()) {
      line("certificate", scalar(made.pair.certificate));
      line("key", scalar(made.pair.key));
    } else {
      line("pkcs12", scalar(made.pkcs12));
    }
    if (!made.passphrase.file.empty()) line("passphrase", "{ file: " + scalar(made.passphrase.file) + " }");
    if (!made.passphrase.env.empty()) line("passphrase", "{ env: " + scalar(made.passphrase.env) + " }");
  }

  void inbound(const InboundKey& made) {
    out_ += "    - name: " + scalar(made.server.name) + "\n";
    own_key(made);
    if (!made.server.servers.empty()) line("servers", flow_list(made.server.servers, prefix_text));
    if (!made.server.ports.empty()) line("ports", flow_list(made.server.ports, range_text));
    if (!made.server.sni.empty()) line("sni", flow_list(made.server.sni, scalar));
    line("changed_certificate", std::string(policy::name(made.server.on_change)));
  }

  void verification(const Tls& made) {
    out_ += "  verification:\n    intermediates_max: " + std::to_string(made.intermediates_max) + "\n";
    const std::vector<std::string>& defects = policy::certificate_defect_words();
    for (std::size_t i = 0; i < defects.size(); ++i)
      out_ += "    " + defects[i] + ": " + std::string(policy::name(made.verification[i])) + "\n";
    if (!made.intermediates.empty()) out_ += "  intermediates: " + scalar(made.intermediates) + "\n";
    out_ += "  revocation: " + std::string(name(made.revocation)) + "\n";
    if (!made.revocation_lists.empty()) out_ += "  revocation_lists: " + scalar(made.revocation_lists) + "\n";
    out_ += std::string("  revocation_fetch: ") + (made.revocation_fetch ? "on" : "off") + "\n";
    out_ += std::string("  revocation_ask: ") + (made.revocation_ask ? "on" : "off") + "\n";
    out_ += "  revocation_wait: " + duration_text(made.revocation_wait) + "\n";
  }

  void resumption(const Resumption& made) {
    if (!made.on) {
      out_ += "  resumption: off\n";
      return;
    }
    out_ += "  resumption: { sessions_max: " + std::to_string(made.sessions_max) +
            ", lifetime: " + duration_text(made.lifetime) +
            ", ticket_key_period: " + duration_text(made.ticket_key_period) + " }\n";
  }

  void key_log(const KeyLog& made) {
    if (made.file.empty()) {
      out_ += "  # key_log: none\n";
      return;
    }
    out_ += "  key_log: { file: " + scalar(made.file) + ", hosts: " + flow_list(made.hosts, scalar) + " }\n";
  }

  void learning(const Learning& made) {
    out_ += "  learning: { mode: " + std::string(policy::name(made.mode)) +
            ", failures: " + std::to_string(made.failures) + ", clients: " + std::to_string(made.clients) +
            ", within: " + duration_text(made.within) + ", bypass: " + duration_text(made.bypass) +
            ", bypass_max: " + duration_text(made.bypass_max) +
            ", entries_max: " + std::to_string(made.entries_max) + ", file: " + scalar(made.file) + " }\n";
  }

  void tls() {
    const Tls& made = configuration_.tls;
    out_ += "tls:\n";
    if (made.trusted || made.untrusted) out_ += "  signing:\n";
    key_pair("trusted", made.trusted);
    key_pair("untrusted", made.untrusted);
    out_ += "  trust: " + scalar(made.trust) + "\n";
    verification(made);
    out_ += made.inbound.empty() ? "  inbound: []\n" : "  inbound:\n";
    for (const InboundKey& each : made.inbound) inbound(each);
    out_ += "  client_certificate: " + std::string(policy::name(made.client_certificate)) + "\n";
    out_ += made.client_certificates.empty() ? "  client_certificates: []\n" : "  client_certificates:\n";
    for (const ClientKey& each : made.client_certificates) {
      out_ += "    - hosts: " + flow_list(each.hosts, scalar) + "\n";
      own_key(each);
    }
    out_ += "  versions: " + versions_text(made.versions) + "\n";
    resumption(made.resumption);
    out_ += "  ech_fronts: " + flow_list(made.ech_fronts, scalar) + "\n";
    key_log(made.key_log);
    learning(made.learning);
    out_ += "  starttls_ports: " + flow_list(made.starttls_ports, starttls_text) + "\n";
    out_ += "  starttls_ports_max: " + std::to_string(made.starttls_ports_max) + "\n";
  }

  template <typename T, typename Text>
  void condition(std::string_view key, const std::vector<T>& list, const Text& text) {
    if (!list.empty()) out_ += "        " + std::string(key) + ": " + flow_list(list, text) + "\n";
  }

  void conditions(const policy::Conditions& when) {
    if (when == policy::Conditions{}) return;
    out_ += "      when:\n";
    condition("client", when.client, prefix_text);
    condition("server", when.server, prefix_text);
    condition("client_port", when.client_port, range_text);
    condition("server_port", when.server_port, range_text);
    condition("vlan", when.vlan, vlan_text);
    condition("segment", when.segment,
              [this](std::uint16_t index) { return scalar(names_.segments[index]); });
    condition("sni", when.sni, scalar);
    condition("upgrade", when.upgrade, scalar);
    condition("connect_host", when.connect_host, scalar);
    condition("connect_port", when.connect_port, range_text);
    if (when.certificate.any()) certificate(when.certificate);
  }

  void certificate(const policy::CertificateConditions& when) {
    std::string made;
    const auto add = [&made](std::string_view key, const std::string& text) {
      made += (made.empty() ? "" : ", ") + std::string(key) + ": " + text;
    };
    const auto list = [&add](std::string_view key, const std::vector<std::string>& texts) {
      if (!texts.empty()) add(key, flow_list(texts, scalar));
    };
    const auto days = [&add](std::string_view key, Duration time) {
      if (time != Duration{}) add(key, duration_text(time));
    };
    list("name", when.name);
    list("subject", when.subject);
    list("issuer", when.issuer);
    list("fingerprint", when.fingerprint);
    list("key", when.key);
    if (!when.key_bits.empty()) add("key_bits", flow_list(when.key_bits, range_text));
    days("expires_within", when.expires_within);
    days("issued_within", when.issued_within);
    days("valid_for_more_than", when.valid_for_more_than);
    list("outcome", when.outcome);
    out_ += "        certificate: { " + made + " }\n";
  }

  void rule_verification(const policy::Rule& rule) {
    if (rule.verification.empty()) return;
    const std::vector<std::string>& defects = policy::certificate_defect_words();
    out_ += "      verification: { ";
    for (const policy::TreatmentOverride& each : rule.verification) {
      if (&each != &rule.verification.front()) out_ += ", ";
      out_ +=
          defects[static_cast<std::size_t>(each.defect)] + ": " + std::string(policy::name(each.treatment));
    }
    out_ += " }\n";
  }

  void policy() {
    const policy::Policy& made = configuration_.policy;
    out_ += "policy:\n  default: " + std::string(policy::name(made.default_action)) + "\n";
    out_ += "  not_decrypted: { tls: " + tool_list(made.not_decrypted.tls) +
            ", other_tcp: " + tool_list(made.not_decrypted.other_tcp) +
            ", non_tcp: " + tool_list(made.not_decrypted.non_tcp) + " }\n";
    out_ += made.rules.empty() ? "  rules: []\n" : "  rules:\n";
    for (const policy::Rule& rule : made.rules) {
      out_ += "    - name: " + scalar(rule.name) + "\n";
      conditions(rule.when);
      out_ += "      then: " + std::string(policy::name(rule.then)) + "\n";
      if (rule.then == policy::Action::kDecrypt)
        out_ += "      direction: " + std::string(policy::name(rule.direction)) + "\n";
      if (rule.versions != policy::VersionChanges{})
        out_ += "      versions: " + versions_text(rule.versions) + "\n";
      rule_verification(rule);
      if (rule.client_certificate)
        out_ += "      client_certificate: " + std::string(policy::name(*rule.client_certificate)) + "\n";
      if (rule.learning) out_ += "      learning: " + std::string(policy::name(*rule.learning)) + "\n";
      if (!rule.names_tools) continue;
      out_ += "      tools: " +
              flow_list(rule.tools,
                        [&](std::uint16_t tool) { return rule_tool_text(rule, tool, names_.tools[tool]); }) +
              "\n";
    }
  }

  void inventory() {
    const Inventory& made = configuration_.inventory;
    out_ += "inventory:\n  database: " + scalar(made.database) + "\n";
    out_ +=
        made.keep == Duration::zero() ? "  # keep: for ever\n" : "  keep: " + duration_text(made.keep) + "\n";
  }

  void logging() {
    const Logging& made = configuration_.logging;
    out_ += "logging:\n  level: " + std::string(name(made.level)) + "\n";
    out_ += made.file.empty() ? "  # file: standard error\n" : "  file: " + scalar(made.file) + "\n";
  }

  const Configuration& configuration_;
  policy::Names names_;
  std::string out_;
};

}  // namespace

std::string render_effective(const Configuration& configuration) { return Renderer(configuration).render(); }

std::string render_policy(const Configuration& configuration) {
  return Renderer(configuration).render_policy();
}

}  // namespace limpid::config
