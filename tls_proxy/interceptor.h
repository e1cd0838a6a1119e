// Interceptor: the FlowUser of one worker. It asks policy about each flow, on its SYN and on its ClientHello,
// passes, blocks, or intercepts it by a TlsSession, and writes the record of each flow when it has ended.
// Everything runs on the worker's thread and never blocks. Nothing here reads a clock but for wall times,
// which come from the injected Clock.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "dataplane/base/clock.h"
#include "dataplane/base/random.h"
#include "dataplane/base/result.h"
#include "dataplane/flow/flow_user.h"
#include "dataplane/tool/plaintext_tap.h"
#include "dataplane/tool/tool_group.h"
#include "policy/evaluator.h"
#include "tls_proxy/certificate/live_status.h"
#include "tls_proxy/certificate/signing_material.h"
#include "tls_proxy/certificate/trust_store.h"
#include "tls_proxy/certificate/verifier.h"
#include "tls_proxy/client_hello.h"
#include "tls_proxy/client_keys.h"
#include "tls_proxy/inbound.h"
#include "tls_proxy/session_record.h"

namespace limpid::tls {

class CaptureOrder;
class LateVerdicts;
class LearntTable;
struct Resumption;

struct InterceptorSettings {
  policy::VersionPolicy versions{};                          // of rules that say nothing else
  Duration client_hello_max = std::chrono::seconds(30);      // from adoption to its last byte
  Duration server_handshake_max = std::chrono::seconds(20);  // from the decision
  Duration client_handshake_max = std::chrono::seconds(30);  // from the end of the server leg's
  /// Ports on which connections begin in the clear, and what is spoken there.
  std::unordered_map<std::uint16_t, policy::UpgradeProtocol> starttls{};
  /// Host patterns in normal form: names that clients encrypt their hellos for (ECH), to be anybody's behind.
  std::vector<std::string> ech_fronts{"cloudflare-ech.com"};
  std::size_t dialogue_bytes_max = std::size_t{16} << 20U;       // of that, and of unfinished hellos, in all
  certificate::VerifierSettings verification{};                  // of servers' certificates, by this worker
  Duration live_status_max = std::chrono::milliseconds(300);     // a session waits for what an issuer says
  policy::Treatments treatments = policy::default_treatments();  // of certificates with defects
  policy::ClientCertificate client_certificate =
      policy::ClientCertificate::kContinue;            // asked for by servers
  policy::Learning learning = policy::Learning::kOff;  // of rules that say nothing else
  Duration redial_max = std::chrono::seconds(10);      // until the server has answered the second connection
  std::vector<std::string>
      key_log_hosts{};                 // whose secrets the key log gets, as patterns; empty: everybody's
  std::size_t forged_max = 16'384;     // cached, of this worker
  std::size_t sightings_max = 65'536;  // certificates at servers whose last report is remembered
};

/// A tool of the configuration as one worker sees it: a mirror, of plaintext or of the client leg or of both,
/// or a group of inline tools (of one, mostly). Not owned.
struct ToolPart {
  tool::Mirror* mirror = nullptr;
  tool::Mirror* leg_mirror = nullptr;  // gets the client leg as the client sees it, and its secrets
  tool::ToolGroup* group = nullptr;
  bool after_tools = false;  // mirror: gets what the inline tools have made of the ends' bytes
};

/// All references and the tools outlive the Interceptor.
struct InterceptorParts {
  std::shared_ptr<const policy::RuleSet> rules;
  // Both may be null where no rule decrypts.
  std::shared_ptr<const certificate::TrustStore> trust;
  std::shared_ptr<const certificate::SigningMaterial> signing;
  std::shared_ptr<const InboundKeys> inbound;               // null: limpid has no keys of servers
  std::shared_ptr<const ClientKeys> client_keys;            // null: limpid has no certificates of clients
  std::shared_ptr<const certificate::Knowledge> knowledge;  // beside what servers present; may be null
  Random* random = nullptr;
  const Clock* clock = nullptr;
  RecordSink* records = nullptr;
  tool::Mirror* key_log = nullptr;                         // gets the secrets of both legs; null: nobody does
  std::vector<ToolPart> tools;                             // by the configuration's index
  std::shared_ptr<Resumption> resumption{};                // of all workers; null: no session is resumed
  std::shared_ptr<certificate::LiveStatus> live_status{};  // of all workers; null: no issuer is asked
  std::shared_ptr<LateVerdicts> late_verdicts{};           // of all workers; null: it remembers its own
  std::shared_ptr<LearntTable> learnt{};  // of all workers; null: nothing is learnt of clients
};

/// Counted since construction.
struct InterceptorCounters {
  std::uint64_t sessions = 0;              // adopted, decided or not
  std::uint64_t intercepted = 0;           // of these, both handshakes done
  std::uint64_t inbound = 0;               // sessions whose client was shown its server's own certificate
  std::uint64_t changed_certificates = 0;  // and whose server had another one than it should
  std::uint64_t client_resumed = 0;        // legs, of sessions of before
  std::uint64_t server_resumed = 0;
  std::uint64_t passed = 0;  // flows that were TLS and forwarded by decision
  std::uint64_t blocked = 0;
  std::uint64_t redialled = 0;           // sessions that were passed by a second connection to their server
  std::uint64_t issuers_asked = 0;       // sessions that had to know what the certificate's issuer says
  std::uint64_t issuers_unanswered = 0;  // of these, went on without
  std::uint64_t late_hits = 0;           // flows that were passed at once, for one like them was passed late
  std::uint64_t learnt_passed = 0;  // sessions that were passed for what was learnt of their kind of client
  std::uint64_t learnt_bytes = 0;   // TCP payload of those that have ended
  std::uint64_t verdict_hits = 0;
  std::uint64_t verdict_misses = 0;
  std::uint64_t forged_hits = 0;
  std::uint64_t forged_misses = 0;
  std::uint64_t now_sessions = 0;
};

class Interceptor final : public flow::FlowUser {
 public:
  /// Prepares the TLS library; the error is a sentence.
  static Result<std::unique_ptr<Interceptor>, std::string> open(const InterceptorSettings& settings,
                                                                InterceptorParts parts);
  ~Interceptor() override;
  Interceptor(const Interceptor&) = delete;
  Interceptor& operator=(const Interceptor&) = delete;

  flow::SynAdvice on_syn(const FlowFacts& facts, Instant now) override;
  flow::FirstBytesAdvice on_first_bytes(const FlowFacts& facts, Bytes bytes, Instant now) override;
  std::unique_ptr<flow::Session> adopt_undecided(const FlowFacts& facts, Instant now) override;
  flow::GivenUp on_given_up(const FlowFacts& facts, Bytes first_bytes, bool may_refuse, Instant now) override;
  void on_closed(const FlowFacts& facts, const flow::FlowSummary& summary,
                 std::unique_ptr<flow::Session> session, std::unique_ptr<flow::FlowMemo> memo,
                 Instant now) override;

  /// A live flow as a record. `session` and `memo` are what this Interceptor gave; either may be null.
  /// Static: it needs nothing of a worker, but must run on the thread that owns the flow. `wall` belongs to
  /// `now`.
  static SessionRecord describe(const FlowFacts& facts, const flow::FlowSummary& summary,
                                const flow::Session* session, const flow::FlowMemo* memo, Instant now,
                                WallTime wall);

  /// New flows are judged by these; sessions keep the rule set they were judged by.
  void set_rules(std::shared_ptr<const policy::RuleSet> rules);
  /// Servers' certificates are judged with this from now on, beside what they present.
  void know(std::shared_ptr<const certificate::Knowledge> knowledge);
  /// Sessions that begin from now on are recorded where this wants them; null: none is.
  void capture(std::shared_ptr<CaptureOrder> order);
  InterceptorCounters counters() const;
  /// Reports repeated sightings of certificates that were kept back, of so many places at most. How many
  /// places there were; 0: nothing is kept back any more.
  std::size_t report_repetitions(std::size_t places_max);

 private:
  class Core;
  explicit Interceptor(std::unique_ptr<Core> core);
  std::unique_ptr<Core> core_;
};

}  // namespace limpid::tls
