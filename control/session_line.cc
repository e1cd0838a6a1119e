#include "control/session_line.h"

#include <algorithm>
#include <chrono>
#include <cstdint>

#include "control/printable.h"
#include "dataplane/base/reasons.h"
#include "tls_proxy/session_record.h"

namespace limpid::control {

namespace {

bool plain(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
         std::string_view("-_.:/[]*+,@%").find(c) != std::string_view::npos;
}

std::int64_t milliseconds(Duration duration) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(duration).count();
}

class Line {
 public:
  explicit Line(std::string_view first) : text_(first) {}
  void add(std::string_view key, std::string_view value) {
    if (value.empty()) return;
    text_ += ' ';
    text_ += key;
    text_ += '=';
    text_ += quoted(value);
  }
  void add(std::string_view key, std::uint64_t value) { add(key, std::to_string(value)); }
  void add_ms(std::string_view key, Duration value) {
    if (value > Duration::zero()) add(key, std::to_string(milliseconds(value)));
  }
  std::string take() { return std::move(text_); }

 private:
  std::string text_;
};

void add_leg(Line& line, const std::string& leg, const tls::LegRecord& record) {
  line.add(leg + "_version", record.version_name);
  line.add(leg + "_cipher", record.cipher);
  line.add(leg + "_group", record.group);
  if (record.resumed) line.add(leg + "_resumed", "yes");
  line.add(leg + "_alert_received", record.alert_received);
  line.add(leg + "_alert_sent", record.alert_sent);
}

void add_last_messages(Line& line, const std::string& leg, const tls::LegRecord& record) {
  line.add(leg + "_last_received", record.last_received);
  line.add(leg + "_last_sent", record.last_sent);
}

/// Nothing else names the server.
void add_names(Line& line, const certificate::SubjectNames& shown) {
  line.add("certificate_subject", shown.subject);
  std::string names;
  for (const std::string& name : shown.names) names += (names.empty() ? "" : ",") + name;
  line.add("certificate_names", names);
}

std::string_view culprit_of(const tls::SessionRecord& record) {
  const std::optional<Culprit> whose = record.at_fault ? record.at_fault : culprit(record.reason);
  return whose ? name(*whose) : std::string_view();
}

LegRow leg_row(const tls::LegRecord& record) {
  return {record.alert_received, record.alert_sent, std::string(record.last_received),
          std::string(record.last_sent)};
}

}  // namespace

std::string quoted(std::string_view value) {
  if (!value.empty() && std::all_of(value.begin(), value.end(), plain)) return std::string(value);
  return '"' + escaped(value) + '"';
}

std::string session_line(const tls::SessionRecord& record) {
  Line line("session");
  line.add("decision", name(record.decided));
  line.add("rule", record.rule_name);
  line.add("direction", record.direction);
  line.add("key", record.own_key);
  line.add("tools", record.tools);
  line.add("client", record.facts.client.text());
  line.add("server", record.facts.server.text());
  if (record.facts.vlan != 0) line.add("vlan", record.facts.vlan);
  line.add("host", record.sni);
  if (record.sni.empty() && record.certificate_names) add_names(line, *record.certificate_names);
  line.add("upgrade", record.upgrade);
  line.add("connect", record.connect);
  line.add("alpn", record.alpn);
  line.add("ja4", record.ja4);
  add_leg(line, "client", record.client);
  add_leg(line, "server", record.server);
  line.add("certificate", record.certificate_outcome);
  line.add("certificate_detail", record.certificate_detail);
  line.add("bytes_from_client", record.bytes_from_client);
  line.add("bytes_from_server", record.bytes_from_server);
  line.add_ms("server_handshake_ms", record.server_handshake);
  line.add_ms("client_handshake_ms", record.client_handshake);
  line.add("duration_ms", static_cast<std::uint64_t>(
                              std::max<std::int64_t>(0, milliseconds(record.closed - record.opened))));
  if (record.reason != Reason::none) {
    line.add("reason", name(record.reason));
    line.add("culprit", culprit_of(record));
    line.add("state", record.state);
    add_last_messages(line, "client", record.client);
    add_last_messages(line, "server", record.server);
    line.add("cause", record.cause);
  }
  line.add("detail", record.detail);
  return line.take();
}

SessionRow session_row(const tls::SessionRecord& record, std::string_view segment) {
  SessionRow row;
  row.client = record.facts.client.text();
  row.server = record.facts.server.text();
  row.vlan = record.facts.vlan;
  row.segment = segment;
  row.host = record.sni;
  row.decision = name(record.decided);
  row.rule = record.rule_name;
  row.direction = record.direction;
  row.key = record.own_key;
  row.tools = record.tools;
  row.client_version = record.client.version_name;
  row.server_version = record.server.version_name;
  row.client_resumed = record.client.resumed;
  row.server_resumed = record.server.resumed;
  row.upgrade = record.upgrade;
  row.connect = record.connect;
  row.alpn = record.alpn;
  row.ja4 = record.ja4;
  row.bytes_from_client = record.bytes_from_client;
  row.bytes_from_server = record.bytes_from_server;
  row.opened = record.opened;
  row.age = std::max(Duration::zero(), record.closed - record.opened);
  row.finished = record.finished;
  if (record.reason != Reason::none) {
    row.reason = name(record.reason);
    row.culprit = culprit_of(record);
    row.cause = record.cause;
    row.client_leg = leg_row(record.client);
    row.server_leg = leg_row(record.server);
  }
  row.failed = record.failed;
  row.detail = record.detail;
  row.certificate = record.certificate_outcome;
  row.certificate_detail = record.certificate_detail;
  if (record.certificate_names) {
    row.certificate_subject = record.certificate_names->subject;
    row.certificate_names = record.certificate_names->names;
  }
  return row;
}

std::string session_state(std::string_view client_leg, std::string_view server_leg,
                          std::string_view tool_leg_a, std::string_view tool_leg_b) {
  std::string state(client_leg);
  for (const std::string_view leg : {server_leg, tool_leg_a, tool_leg_b}) {
    state += ':';
    state += leg;
  }
  return state;
}

}  // namespace limpid::control
