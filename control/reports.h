// What the operator asks for, as rows of plain values, and how it is printed for people. The appliance fills
// the rows (backend.h), protocol.h carries them over the control socket, the command line prints them.
// Pure functions and values; no thread owns them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "dataplane/base/clock.h"
#include "dataplane/base/reasons.h"

namespace limpid::control {

/// How far one leg of a session came. Empty texts: nothing was received or sent.
struct LegRow {
  std::string alert_received{};  // "unknown_ca"
  std::string alert_sent{};
  std::string last_received{};  // "ClientHello"
  std::string last_sent{};
};

/// One flow or finished session. Text fields are shown as they are: unprintable characters are escaped on
/// the way out, so SNI and the like may be put in raw.
struct SessionRow {
  std::string client;  // "10.0.0.1:50000"
  std::string server;
  std::uint16_t vlan = 0;
  std::string segment;         // its name
  std::string host;            // SNI; empty: none
  std::string state;           // "EST:EST:INIT:INIT" (Na:Nb:Ta:Tb); empty for forwarded and finished flows
  std::string disposition;     // "watch", "forward", "terminate", "drop"
  std::string decision;        // "decrypt", "pass", "block"; empty: not decided
  std::string rule;            // "default" where no rule matched
  std::string direction{};     // "inbound", "outbound": whose certificate the client was shown
  std::string key{};           // inbound: the name of the entry in tls.inbound
  std::string tools{};         // that the flow goes through though it is not decrypted: "ips, dlp"
  std::string client_version;  // "TLS 1.3"; empty: not known
  std::string server_version;
  bool client_resumed = false;  // a leg's session is one of before
  bool server_resumed = false;
  std::string upgrade;  // what was spoken before TLS: "smtp", "connect", …; empty: nothing
  std::string connect;  // whom a proxy was asked for: "shop.example:443"
  std::string alpn;
  std::string ja4{};  // the kind of client, where policy decrypts
  std::uint64_t bytes_from_client = 0;
  std::uint64_t bytes_from_server = 0;
  WallTime opened{};
  Duration age{};  // how long it has lasted, or lasted
  bool finished = false;
  std::string reason;   // id of reasons.def; empty or "none": nothing went wrong
  std::string culprit;  // mostly the reason's own
  bool failed = false;  // it was refused or broke, for that reason
  std::string cause{};  // the likely one, in a sentence
  std::string detail{};
  std::string certificate{};  // what verification found of the server's
  std::string certificate_detail{};
  std::string certificate_subject{};  // of the server's certificate, believed or not; empty: none was seen
  std::vector<std::string> certificate_names{};  // the first DNS names in it
  // Of each leg, where there is a reason: alerts, and the last messages of its handshake.
  LegRow client_leg{};
  LegRow server_leg{};
};

/// A certificate at one server, as in the inventory.
struct CertificateRow {
  std::string sha256;  // hexadecimal
  std::string subject;
  std::string issuer;
  std::vector<std::string> names;  // subject alternative names, "dns:…" and "ip:…" without the prefix
  std::string serial;              // hexadecimal
  std::int64_t not_before_s = 0;   // Unix time
  std::int64_t not_after_s = 0;
  std::string key_kind;  // "EC", "RSA", …
  std::uint32_t key_bits = 0;
  std::string signature_algorithm;
  bool self_signed = false;
  std::string server_ip;
  std::uint16_t server_port = 0;
  std::string sni;  // empty: none
  bool intercepted = false;
  std::string outcome;  // name of certificate::Outcome
  std::string detail;
  std::int64_t first_seen_s = 0;
  std::int64_t last_seen_s = 0;
  std::uint64_t count = 0;
  std::vector<std::string> chain;  // sha256 of the certificates sent with it, leaf first
};

struct WorkerStats {
  std::uint32_t worker = 0;
  std::int32_t core = -1;
  std::uint64_t busy_ns = 0;  // in polls that found work
  std::uint64_t total_ns = 0;
  std::uint64_t packets = 0;
  std::uint64_t bytes = 0;
  std::uint64_t packets_forwarded = 0;
  std::uint64_t packets_composed = 0;
  std::uint64_t packets_dropped = 0;
  std::uint64_t flows = 0;  // opened since the start
  std::uint64_t flows_adopted = 0;
  std::uint64_t flows_forwarded = 0;
  std::uint64_t flows_dropped = 0;
  std::uint64_t now_watched = 0;
  std::uint64_t now_forwarded = 0;
  std::uint64_t now_adopted = 0;
  std::string level;  // "green", "yellow", "red": how near its memory is to its end
  std::uint64_t level_changes = 0;
  std::uint64_t buffers = 0;           // packet buffers in use, of all workers, and how many there are, both
  std::uint64_t buffers_max = 0;       // without the reserve for forwarding
  std::uint64_t stream_bytes = 0;      // stream memory in use
  std::uint64_t stream_bytes_max = 0;  // its limit
};

struct ReasonCount {
  std::string reason;
  std::uint64_t count = 0;
};

struct MirrorStats {
  std::string tool;
  std::string kind;  // "interface", "pcapng", "vxlan", …
  std::uint64_t sessions = 0;
  std::uint64_t left_out = 0;  // sessions beyond its share
  std::uint64_t packets = 0;
  std::uint64_t bytes = 0;
  std::uint64_t lost_queue = 0;
  std::uint64_t lost_write = 0;
};

struct InlineToolStats {
  std::string tool;
  std::string on_failure;  // "reset" or "bypass"
  std::uint64_t now_sessions = 0;
  std::uint64_t sessions = 0;
  std::uint64_t unreachable = 0;  // of these, not opened in time
  std::uint64_t bypassed = 0;     // of those, went on without the tool
  std::uint64_t resets = 0;       // by the tool
  std::uint64_t timeouts = 0;
  std::uint64_t bytes_in = 0;   // plaintext into the tool, both directions
  std::uint64_t bytes_out = 0;  // and out of it
  std::uint64_t frames_received = 0;
  std::uint64_t frames_sent = 0;
  std::uint64_t frames_foreign = 0;  // from the tool, of no session
  std::uint64_t opening_us = 0;      // how long it took to open a connection through the tool, on average
  std::string state{};               // "up", "suspect", "down", "recovering"
  std::string cause{};               // id of reasons.def: why it is not up, or was not when it last was down
  bool in_service = true;
  std::uint64_t failures = 0;    // how often it has gone down
  std::uint64_t heartbeats = 0;  // rounds that were sent through it
  std::uint64_t heartbeats_missed = 0;
  std::uint64_t modified = 0;        // sessions of which a stream came out other than it went in
  std::uint64_t transit_p50_us = 0;  // how long bytes take through the tool
  std::uint64_t transit_p99_us = 0;
  std::uint64_t own_p50_us = 0;  // and what limpid takes for the same bytes, before and after
  std::uint64_t own_p99_us = 0;
  std::uint64_t past = 0;     // sessions that went past it because it was out of service
  std::uint64_t refused = 0;  // sessions that were refused because it was down
  // What is not decrypted and goes through it packet by packet.
  std::uint64_t now_flows = 0;
  std::uint64_t flows = 0;            // TCP
  std::uint64_t flow_frames_in = 0;   // into the tool, both directions; what is not TCP counts here, too
  std::uint64_t flow_frames_out = 0;  // and out of it
  std::uint64_t flow_bytes_in = 0;    // whole frames
  std::uint64_t flow_bytes_out = 0;
};

/// Several inline tools under one name.
struct ToolGroupStats {
  std::string group;
  std::string state{};  // "up", "failed", "out of service"
  std::uint64_t served = 0;
  std::uint64_t required = 0;
  std::string members{};  // names
  std::string spares{};
  std::string on_failure{};
  std::uint64_t bypassed = 0;  // sessions that went on without it because it had failed
  std::uint64_t past = 0;      // because the operator has taken it out of service
  std::uint64_t refused = 0;   // sessions that were refused because it had failed
};

/// What became of `limpid tools --out-of-service` or `--in-service`.
struct ServiceChange {
  std::string tool{};
  bool in_service = true;
  std::string state{};  // of its health
};

/// What was learnt of one kind of client at one server: it does not accept forged certificates.
struct LearntRow {
  std::string id;
  std::string state;    // "suspect", "proposed", "bypass", "retry", "accepted", "forgotten"
  std::string server;   // "shop.example:443", "192.0.2.1:443"
  std::string host;     // the name that clients send; empty: none
  std::string address;  // where there is no other name for the server
  std::uint16_t port = 0;
  std::string connect;  // whom a proxy was asked for: "shop.example:443"
  std::string ja4;
  std::string rule;  // that decrypts
  std::string segment;
  std::uint16_t vlan = 0;
  std::string mode;      // "propose", "auto": of the rule, at the last failure
  std::string evidence;  // the last: "unknown_ca", …, "closed", "reset", "silent"
  std::uint64_t failures = 0;
  std::uint32_t clients = 0;
  WallTime first_failure{};
  WallTime last_failure{};
  WallTime until{};  // bypass: when one session is decrypted again; else when it is forgotten; 0: never
  std::uint64_t sessions = 0;  // that were passed because of it
  std::uint64_t bytes = 0;     // of those of them that have ended
};

struct InventoryStats {
  std::string database;
  std::uint64_t recorded = 0;  // sightings taken in
  std::uint64_t written = 0;   // of these, written to the database
  std::uint64_t waiting = 0;   // of these, kept in memory
  std::uint64_t lost = 0;      // of these, lost because too many waited
  std::uint64_t removed = 0;   // rows that had not been seen for inventory.keep
  std::uint64_t failures = 0;  // writes that failed and were tried again
  std::string failure;         // why the last write failed; empty: it did not
};

/// Any further number worth showing ("forged certificates", "verdict cache hits", port counters).
struct NamedCount {
  std::string name;
  std::uint64_t count = 0;
};

struct Stats {
  Duration uptime{};
  std::vector<WorkerStats> workers;
  std::uint64_t sessions_finished = 0;
  std::uint64_t sessions_failed = 0;  // of these, with a reason
  std::vector<ReasonCount> reasons;   // those that occurred
  std::vector<MirrorStats> mirrors;
  std::vector<InlineToolStats> inline_tools;
  std::vector<ToolGroupStats> tool_groups;
  InventoryStats inventory;
  std::vector<NamedCount> more;
};

/// How far a `limpid capture` has come.
struct CaptureProgress {
  std::uint64_t number = 0;  // which capture it is
  std::uint32_t sessions = 0;
  std::uint32_t failed = 0;  // of these
  std::uint32_t lost = 0;    // that were not fetched in time
  std::string over{};        // why it has ended; empty: it goes on
  std::string bytes{};       // pcapng, from where the last answer ended
};

struct Version {
  std::string limpid;
  std::string openssl;
  std::string dpdk;
  std::string hyperscan;
  // What the TLS library can do, the best first.
  std::vector<std::string> tls_versions{};
  std::vector<std::string> groups{};
  std::vector<std::string> ciphers{};
  std::vector<std::string> certificate_compressions{};
};

/// Those that occurred, in the list's order.
std::vector<ReasonCount> reason_counts(const ReasonCounters& counters);

// --- for people: tables that fit a terminal; each text ends with a line break ---
std::string sessions_text(const std::vector<SessionRow>& rows);
/// Several lines for each: why it failed, and how far both legs came.
std::string failures_text(const std::vector<SessionRow>& rows);
std::string certificates_text(const std::vector<CertificateRow>& rows, WallTime now);
std::string stats_text(const Stats& stats);
/// The tools alone.
std::string tools_text(const Stats& stats);
std::string service_text(const ServiceChange& change);
/// Of a capture that has ended.
std::string capture_text(const CaptureProgress& capture, const std::string& file);
std::string version_text(const Version& version);

}  // namespace limpid::control
