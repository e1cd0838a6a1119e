// The names of the rows' fields in JSON, each said once: fields(archive, row) is used to write and to read.
// Included by protocol.cc and its like only.
#pragma once

#include "control/reports.h"

namespace limpid::control {

template <typename Archive, typename Row>
void fields_of_session(Archive& field, Row& row) {
  field("client", row.client);
  field("server", row.server);
  field("vlan", row.vlan);
  field("segment", row.segment);
  field("host", row.host);
  field("state", row.state);
  field("disposition", row.disposition);
  field("decision", row.decision);
  field("rule", row.rule);
  field("direction", row.direction);
  field("key", row.key);
  field("tools", row.tools);
  field("client_version", row.client_version);
  field("server_version", row.server_version);
  field("client_resumed", row.client_resumed);
  field("server_resumed", row.server_resumed);
  field("upgrade", row.upgrade);
  field("connect", row.connect);
  field("alpn", row.alpn);
  field("ja4", row.ja4);
  field("bytes_from_client", row.bytes_from_client);
  field("bytes_from_server", row.bytes_from_server);
  field("opened_ms", row.opened);
  field("age_ms", row.age);
  field("finished", row.finished);
  field("reason", row.reason);
  field("culprit", row.culprit);
  field("failed", row.failed);
  field("cause", row.cause);
  field("detail", row.detail);
  field("certificate", row.certificate);
  field("certificate_detail", row.certificate_detail);
  field("certificate_subject", row.certificate_subject);
  field("certificate_names", row.certificate_names);
  field("client_alert_received", row.client_leg.alert_received);
  field("client_alert_sent", row.client_leg.alert_sent);
  field("client_last_received", row.client_leg.last_received);
  field("client_last_sent", row.client_leg.last_sent);
  field("server_alert_received", row.server_leg.alert_received);
  field("server_alert_sent", row.server_leg.alert_sent);
  field("server_last_received", row.server_leg.last_received);
  field("server_last_sent", row.server_leg.last_sent);
}

template <typename Archive, typename Row>
void fields_of_capture(Archive& field, Row& row) {
  field("capture", row.number);
  field("sessions", row.sessions);
  field("failed", row.failed);
  field("lost", row.lost);
  field("over", row.over);
}

template <typename Archive, typename Row>
void fields_of_certificate(Archive& field, Row& row) {
  field("sha256", row.sha256);
  field("subject", row.subject);
  field("issuer", row.issuer);
  field("names", row.names);
  field("serial", row.serial);
  field("not_before_s", row.not_before_s);
  field("not_after_s", row.not_after_s);
  field("key_kind", row.key_kind);
  field("key_bits", row.key_bits);
  field("signature_algorithm", row.signature_algorithm);
  field("self_signed", row.self_signed);
  field("server_ip", row.server_ip);
  field("server_port", row.server_port);
  field("sni", row.sni);
  field("intercepted", row.intercepted);
  field("outcome", row.outcome);
  field("detail", row.detail);
  field("first_seen_s", row.first_seen_s);
  field("last_seen_s", row.last_seen_s);
  field("count", row.count);
  field("chain", row.chain);
}

template <typename Archive, typename Row>
void fields_of_worker(Archive& field, Row& row) {
  field("worker", row.worker);
  field("core", row.core);
  field("busy_ns", row.busy_ns);
  field("total_ns", row.total_ns);
  field("packets", row.packets);
  field("bytes", row.bytes);
  field("packets_forwarded", row.packets_forwarded);
  field("packets_composed", row.packets_composed);
  field("packets_dropped", row.packets_dropped);
  field("flows", row.flows);
  field("flows_adopted", row.flows_adopted);
  field("flows_forwarded", row.flows_forwarded);
  field("flows_dropped", row.flows_dropped);
  field("now_watched", row.now_watched);
  field("now_forwarded", row.now_forwarded);
  field("now_adopted", row.now_adopted);
  field("level", row.level);
  field("level_changes", row.level_changes);
  field("buffers", row.buffers);
  field("buffers_max", row.buffers_max);
  field("stream_bytes", row.stream_bytes);
  field("stream_bytes_max", row.stream_bytes_max);
}

template <typename Archive, typename Row>
void fields_of_mirror(Archive& field, Row& row) {
  field("tool", row.tool);
  field("kind", row.kind);
  field("sessions", row.sessions);
  field("left_out", row.left_out);
  field("packets", row.packets);
  field("bytes", row.bytes);
  field("lost_queue", row.lost_queue);
  field("lost_write", row.lost_write);
}

template <typename Archive, typename Row>
void fields_of_inline_tool(Archive& field, Row& row) {
  field("tool", row.tool);
  field("on_failure", row.on_failure);
  field("now_sessions", row.now_sessions);
  field("sessions", row.sessions);
  field("unreachable", row.unreachable);
  field("bypassed", row.bypassed);
  field("resets", row.resets);
  field("timeouts", row.timeouts);
  field("bytes_in", row.bytes_in);
  field("bytes_out", row.bytes_out);
  field("frames_received", row.frames_received);
  field("frames_sent", row.frames_sent);
  field("frames_foreign", row.frames_foreign);
  field("opening_us", row.opening_us);
  field("state", row.state);
  field("cause", row.cause);
  field("in_service", row.in_service);
  field("failures", row.failures);
  field("heartbeats", row.heartbeats);
  field("heartbeats_missed", row.heartbeats_missed);
  field("modified", row.modified);
  field("transit_p50_us", row.transit_p50_us);
  field("transit_p99_us", row.transit_p99_us);
  field("own_p50_us", row.own_p50_us);
  field("own_p99_us", row.own_p99_us);
  field("past", row.past);
  field("refused", row.refused);
  field("now_flows", row.now_flows);
  field("flows", row.flows);
  field("flow_frames_in", row.flow_frames_in);
  field("flow_frames_out", row.flow_frames_out);
  field("flow_bytes_in", row.flow_bytes_in);
  field("flow_bytes_out", row.flow_bytes_out);
}

template <typename Archive, typename Row>
void fields_of_tool_group(Archive& field, Row& row) {
  field("group", row.group);
  field("state", row.state);
  field("served", row.served);
  field("required", row.required);
  field("members", row.members);
  field("spares", row.spares);
  field("on_failure", row.on_failure);
  field("bypassed", row.bypassed);
  field("past", row.past);
  field("refused", row.refused);
}

template <typename Archive, typename Row>
void fields_of_service(Archive& field, Row& row) {
  field("tool", row.tool);
  field("in_service", row.in_service);
  field("state", row.state);
}

template <typename Archive, typename Row>
void fields_of_learnt(Archive& field, Row& row) {
  field("id", row.id);
  field("state", row.state);
  field("server", row.server);
  field("host", row.host);
  field("address", row.address);
  field("port", row.port);
  field("connect", row.connect);
  field("ja4", row.ja4);
  field("rule", row.rule);
  field("segment", row.segment);
  field("vlan", row.vlan);
  field("mode", row.mode);
  field("evidence", row.evidence);
  field("failures", row.failures);
  field("clients", row.clients);
  field("first_failure_ms", row.first_failure);
  field("last_failure_ms", row.last_failure);
  field("until_ms", row.until);
  field("sessions", row.sessions);
  field("bytes", row.bytes);
}

template <typename Archive, typename Row>
void fields_of_inventory(Archive& field, Row& row) {
  field("database", row.database);
  field("recorded", row.recorded);
  field("written", row.written);
  field("waiting", row.waiting);
  field("lost", row.lost);
  field("removed", row.removed);
  field("failures", row.failures);
  field("failure", row.failure);
}

template <typename Archive, typename Row>
void fields_of_version(Archive& field, Row& row) {
  field("limpid", row.limpid);
  field("openssl", row.openssl);
  field("dpdk", row.dpdk);
  field("hyperscan", row.hyperscan);
  field("tls_versions", row.tls_versions);
  field("groups", row.groups);
  field("ciphers", row.ciphers);
  field("certificate_compressions", row.certificate_compressions);
}

}  // namespace limpid::control
