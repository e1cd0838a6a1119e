// SessionRecord: what limpid remembers of a flow that policy was asked about: who, what was decided and by
// which rule, how both TLS legs turned out, how much was sent, and why it ended. Values only, and what nobody
// changes any more: records cross threads. RecordSink: where one worker's Interceptor hands them over.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "dataplane/base/address.h"
#include "dataplane/base/clock.h"
#include "dataplane/base/reasons.h"
#include "tls_proxy/certificate/observed_certificate.h"
#include "tls_proxy/certificate/subject_names.h"

namespace limpid::tls {

struct CapturedSession;

/// What became of a flow, as operators know it (policy::Action, without its header).
enum class Decided : std::uint8_t { kNothing, kDecrypt, kPass, kBlock };
/// "decrypt", "pass", "block"; empty for kNothing.
std::string_view name(Decided decided);

/// One leg's TLS. Empty texts and 0: not known (yet).
struct LegRecord {
  std::uint16_t version = 0;   // 0x0304
  std::string version_name;    // "TLS 1.3"
  std::string cipher;          // IANA name: "TLS_AES_128_GCM_SHA256"
  std::string group;           // "X25519MLKEM768"
  bool resumed = false;        // no certificate was shown: an earlier session's secrets were used
  std::string alert_received;  // "unknown_ca"; the last fatal one
  std::string alert_sent;
  std::string_view last_received{};  // the last message of its handshake: "ServerHello"
  std::string_view last_sent{};
};

struct SessionRecord {
  FlowFacts facts;
  std::string sni;        // as the client sent it; empty: none
  std::string upgrade{};  // what was spoken before TLS: "smtp", "connect", …; empty: nothing
  std::string connect{};  // whom a proxy was asked for: "shop.example:443"
  std::string alpn;       // what both legs agreed on; empty: none
  std::string ja4{};      // the kind of client, where policy decrypts; empty: not known
  Decided decided = Decided::kNothing;
  std::int32_t rule = -1;  // its place in the policy; -1: the default
  std::string rule_name;   // "default" where no rule matched; empty where nothing was decided
  /// Where the session is, or was when it ended: "await_hello", "server_handshake", "client_handshake",
  /// "await_tools", "relay", "closing", "byte_relay", "ended"; empty for flows without a session.
  std::string_view state;
  std::string_view tool_a{};  // Ta of the first inline tool, as "SYN_SENT", "EST", …; empty: there is none
  std::string_view tool_b{};  // Tb of the last
  std::string tools{};        // of a flow that is not decrypted: the names of those it goes through
  LegRecord client;
  LegRecord server;
  std::string_view
      direction{};        // "inbound", "outbound": whose certificate the client was shown; empty: none yet
  std::string own_key{};  // of an inbound session: the name of its entry in tls.inbound
  std::string certificate_outcome;  // name of certificate::Outcome; empty: none was seen or verified
  std::string certificate_detail;
  /// Of the certificate that the server has shown, believed or not; null: none was seen.
  std::shared_ptr<const certificate::SubjectNames> certificate_names{};
  bool forged_trusted = false;          // the forged certificate was signed by the trusted CA
  std::uint64_t bytes_from_client = 0;  // TCP payload
  std::uint64_t bytes_from_server = 0;
  std::uint64_t plain_from_client = 0;  // decrypted bytes
  std::uint64_t plain_from_server = 0;
  std::uint64_t packets_from_client = 0;
  std::uint64_t packets_from_server = 0;
  Reason reason = Reason::none;
  std::optional<Culprit> at_fault{};  // where it is another than the reason's own culprit
  std::string detail;                 // a sentence beyond the reason's own; may be empty
  std::string cause{};                // the likely one, of a session with a reason; may be empty
  bool failed = false;                // it was refused or broke, for that reason; false: it is passed, say
  WallTime opened{};
  WallTime closed{};            // for a live session: now
  Duration server_handshake{};  // from adoption to the end of the server leg's handshake; zero: not reached
  Duration client_handshake{};  // from there to the end of the client leg's
  bool finished = false;        // false: a view of a live flow
};

/// Called on the worker's thread; must not block. Records that cannot be kept are its own to count.
class RecordSink {
 public:
  virtual ~RecordSink() = default;
  virtual void on_session(SessionRecord&& record) = 0;
  virtual void on_certificate(certificate::ObservedCertificate&& seen) = 0;
  /// Of a session that a CaptureOrder wants.
  virtual void on_captured(std::unique_ptr<CapturedSession> captured) = 0;
};

}  // namespace limpid::tls
