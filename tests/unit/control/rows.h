// Rows for the tests of reports, protocol and commands; and a backend that gives them.
#pragma once

#include <chrono>
#include <vector>

#include "control/backend.h"

namespace limpid::control {

/// 2026-11-20 12:00 UTC.
inline constexpr std::int64_t kNow_s = 1'795'176'000;
inline constexpr std::int64_t kDay_s = 86'400;
inline WallTime now() { return WallTime(std::chrono::seconds(kNow_s)); }

inline SessionRow live_session() {
  SessionRow row;
  row.client = "10.0.0.5:50000";
  row.server = "192.0.2.7:443";
  row.vlan = 42;
  row.segment = "edge";
  row.host = "shop.example";
  row.state = "EST:EST:INIT:INIT";
  row.disposition = "terminate";
  row.decision = "decrypt";
  row.rule = "rest";
  row.client_version = "TLS 1.3";
  row.server_version = "TLS 1.2";
  row.alpn = "h2";
  row.ja4 = "t13d1516h2_8daaf6152771_e5627efa2ab1";
  row.certificate_subject = "CN=Shop";
  row.certificate_names = {"shop.example", "*.shop.example"};
  row.bytes_from_client = 999;
  row.bytes_from_server = 1'234'567;
  row.opened = now();
  row.age = std::chrono::seconds(185);
  return row;
}

inline SessionRow forwarded_flow() {
  SessionRow row;
  row.client = "[2001:db8::5]:50001";
  row.server = "[2001:db8:f::7]:22";
  row.disposition = "forward";
  row.age = std::chrono::milliseconds(1'500);
  return row;
}

inline SessionRow failed_session() {
  SessionRow row = live_session();
  row.state.clear();
  row.disposition.clear();
  row.client_version.clear();
  row.server_version = "TLS 1.3";
  row.finished = true;
  row.reason = "client_reset";
  row.culprit = "client";
  row.failed = true;
  row.cause = "the client reset the connection behind the Finished that it was sent";
  row.client_leg = {
      .alert_received = "", .alert_sent = "", .last_received = "ClientHello", .last_sent = "Finished"};
  row.server_leg = {
      .alert_received = "user_canceled", .alert_sent = "", .last_received = "", .last_sent = ""};
  return row;
}

inline CertificateRow certificate_row() {
  CertificateRow row;
  row.sha256 = "00ff";
  row.subject = "CN=shop.example";
  row.issuer = "CN=Some CA";
  row.names = {"shop.example", "192.0.2.7"};
  row.serial = "01";
  row.not_before_s = kNow_s - 30 * kDay_s;
  row.not_after_s = kNow_s + 10 * kDay_s + 1;
  row.key_kind = "EC";
  row.key_bits = 256;
  row.signature_algorithm = "ecdsa-with-SHA256";
  row.server_ip = "192.0.2.7";
  row.server_port = 443;
  row.sni = "shop.example";
  row.intercepted = true;
  row.outcome = "trusted";
  row.first_seen_s = kNow_s - kDay_s;
  row.last_seen_s = kNow_s;
  row.count = 3;
  row.chain = {"00ff", "aa"};
  return row;
}

inline LearntRow learnt_row() {
  LearntRow row;
  row.id = "0123456789ab";
  row.state = "bypass";
  row.server = "pinned.example:443";
  row.host = "pinned.example";
  row.port = 443;
  row.ja4 = "t13d1516h2_8daaf6152771_e5627efa2ab1";
  row.rule = "rest";
  row.segment = "edge";
  row.mode = "auto";
  row.evidence = "unknown_ca";
  row.failures = 3;
  row.clients = 2;
  row.first_failure = now() - std::chrono::minutes(5);
  row.last_failure = now();
  row.until = now() + std::chrono::hours(1);
  row.sessions = 12;
  row.bytes = 4'000'000;
  return row;
}

inline Stats some_stats() {
  Stats stats;
  stats.uptime = std::chrono::hours(26);
  WorkerStats worker;
  worker.worker = 0;
  worker.core = 1;
  worker.busy_ns = 1'500'000'000;
  worker.total_ns = 10'000'000'000;
  worker.packets = 12'345;
  worker.bytes = 6'789'000;
  worker.packets_forwarded = 300;
  worker.packets_composed = 12'000;
  worker.flows = 21;
  worker.flows_adopted = 20;
  worker.flows_forwarded = 1;
  worker.now_adopted = 2;
  worker.level = "yellow";
  worker.level_changes = 1;
  worker.buffers = 7'200;
  worker.buffers_max = 10'000;
  worker.stream_bytes = 20'480;
  worker.stream_bytes_max = 512'000'000;
  stats.workers = {worker};
  stats.sessions_finished = 18;
  stats.sessions_failed = 2;
  stats.reasons = {{"not_tls", 1}, {"client_reset", 2}};
  InlineToolStats tool{"ips", "bypass", 3, 40, 2, 1, 5, 1, 9'000'000, 8'999'000, 7'000, 7'100, 12, 850};
  tool.state = "recovering";
  tool.cause = "tool_link_down";
  tool.in_service = false;
  tool.failures = 2;
  tool.heartbeats = 600;
  tool.heartbeats_missed = 4;
  tool.modified = 2;
  tool.transit_p50_us = 112;
  tool.transit_p99_us = 448;
  tool.own_p50_us = 20;
  tool.own_p99_us = 96;
  tool.past = 8;
  tool.refused = 9;
  stats.inline_tools = {tool};
  stats.tool_groups = {{"dlp", "failed", 1, 2, "dlp1, dlp2", "", "bypass", 5, 6, 7}};
  stats.mirrors = {{"recorder", "pcapng", 20, 180, 400, 500'000, 0, 1}};
  stats.inventory = {"inventory.db", 4, 4, 0, 0, 0, 0, ""};
  stats.more = {{"port d0 received", 7}};
  return stats;
}

class FakeBackend final : public Backend {
 public:
  std::vector<SessionRow> sessions(const SessionQuery& query) override {
    session_query = query;
    return session_rows;
  }
  std::vector<CertificateRow> certificates(const CertificateQuery& query) override {
    certificate_query = query;
    return certificate_rows;
  }
  Stats stats() override { return some_stats(); }
  Result<ServiceChange, std::string> set_service(const std::string& tool, bool in_service) override {
    if (tool != "ips") return Failure{std::string("there is no inline tool ") + tool};
    service = {.tool = tool, .in_service = in_service, .state = "up"};
    return service;
  }
  Result<CaptureProgress, std::string> capture(const CaptureQuery& query) override {
    capture_query = query;
    if (captures.empty()) return Failure{std::string("another capture is running")};
    return captures.front();
  }
  Result<CaptureProgress, std::string> captured(std::uint64_t number, bool stop) override {
    if (captures.size() < 2 || number != captures.front().number)
      return Failure{std::string("this capture has ended")};
    capture_stopped = stop;
    captures.erase(captures.begin());
    if (stop) captures.front().over = "stopped";
    return captures.front();
  }

  std::vector<LearntRow> learnt(const LearntQuery& query) override {
    learnt_query = query;
    return learnt_rows;
  }
  Result<LearntRow, std::string> judge_learnt(const std::string& id, LearntVerdict verdict) override {
    if (id != learnt_row().id) return Failure{"there is no entry " + id};
    LearntRow row = learnt_row();
    row.state = verdict == LearntVerdict::kAccept ? "accepted" : "forgotten";
    return row;
  }
  Version version() override { return {"9.9", "3.5", "22.11", "5.4"}; }

  ServiceChange service;
  CaptureQuery capture_query;
  std::vector<CaptureProgress> captures;  // the answers of a capture, one after the other
  bool capture_stopped = false;
  LearntQuery learnt_query;
  std::vector<LearntRow> learnt_rows{learnt_row()};
  SessionQuery session_query;
  CertificateQuery certificate_query;
  std::vector<SessionRow> session_rows{live_session()};
  std::vector<CertificateRow> certificate_rows{certificate_row()};
};

}  // namespace limpid::control
