// Interception: a whole Interceptor with a session between a real TLS client and a real TLS server, in memory
// and in virtual time. settle() lets everything happen that can happen without time passing; the session is
// run only when a stream has news or its deadline is there, as the flow engine does it.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "dataplane/flow/flow_user.h"
#include "policy/rule_set.h"
#include "tests/support/bridge_tool.h"
#include "tests/support/frames.h"
#include "tests/support/memory_packets.h"
#include "tests/support/pki.h"
#include "tests/unit/tls_proxy/memory_stream.h"
#include "tests/unit/tls_proxy/tls_peer.h"
#include "tls_proxy/capture.h"
#include "tls_proxy/interceptor.h"
#include "tls_proxy/late_verdicts.h"
#include "tls_proxy/learnt_table.h"
#include "tls_proxy/resumption.h"
#include "tls_proxy/session.h"

namespace limpid::testing {

class ManualClock final : public Clock {
 public:
  Instant now() const override { return now_; }
  WallTime wall() const override { return began_ + now_.time_since_epoch(); }
  void advance(Duration by) { now_ += by; }
  /// From now on it is this time of day.
  void set_wall(WallTime wall) { began_ = wall - now_.time_since_epoch(); }

 private:
  WallTime began_ = kTestNow;
  Instant now_{};
};

struct RecordedSessions final : tls::RecordSink {
  void on_session(tls::SessionRecord&& record) override { sessions.push_back(std::move(record)); }
  void on_certificate(certificate::ObservedCertificate&& seen) override {
    certificates.push_back(std::move(seen));
  }
  void on_captured(std::unique_ptr<tls::CapturedSession> session) override {
    captured.push_back(std::move(session));
  }
  std::vector<tls::SessionRecord> sessions;
  std::vector<certificate::ObservedCertificate> certificates;
  std::vector<std::unique_ptr<tls::CapturedSession>> captured;
};

/// What a mirror would have been given.
struct RecordingMirror final : tool::Mirror {
  struct Tap final : tool::PlaintextTap {
    explicit Tap(RecordingMirror& mirror) : told(mirror) {}
    void on_bytes(tool::Direction direction, Bytes bytes, WallTime) override {
      (direction == tool::Direction::kFromClient ? told.from_client : told.from_server) += as_text(bytes);
    }
    void on_end(tool::Direction direction, WallTime) override {
      told.story += direction == tool::Direction::kFromClient ? "client ended;" : "server ended;";
    }
    void on_reset(tool::Direction direction, WallTime) override {
      told.story += direction == tool::Direction::kFromClient ? "client reset;" : "server reset;";
    }
    void on_secrets(Bytes lines, WallTime) override { told.secrets += as_text(lines); }
    RecordingMirror& told;
  };
  std::unique_ptr<tool::PlaintextTap> open(const FlowFacts&, WallTime) override {
    ++opened;
    return std::make_unique<Tap>(*this);
  }
  std::string from_client;
  std::string from_server;
  std::string story;
  std::string secrets;
  int opened = 0;
};

/// The flow of a session without a flow engine.
struct LoneHost final : flow::SessionHost {
  explicit LoneHost(const FlowFacts& facts) {
    const frames::Frame up = frames::tcp({.source = facts.client.text(), .destination = facts.server.text()});
    const frames::Frame down =
        frames::tcp({.source = facts.server.text(), .destination = facts.client.text()});
    client.learn(*wire::parse(up));
    server.learn(*wire::parse(down));
  }
  void wake() override { woken = true; }
  const wire::HeaderTemplate& headers(tcp::Leg side) const override {
    return side == tcp::Leg::kClient ? client : server;
  }
  bool from_client_side() const override { return true; }
  tcp::ChunkPool& stream_memory() override { return chunks; }
  void redial() override {
    dial = Redial::kOpening;
    if (on_redial) on_redial();
  }
  Redial redialled() const override { return dial; }

  Redial dial = Redial::kNone;
  std::function<void()> on_redial;  // what the server does with the second connection; empty: nothing
  wire::HeaderTemplate client;
  wire::HeaderTemplate server;
  tcp::ChunkPool chunks{8'192};
  bool woken = false;
};

/// An inline tool, and the bridge that stands for it.
struct BridgedTool {
  BridgedTool(wire::MemoryPacketPool& pool, Random& random)
      : tool({}, pool, random, bridge.side_a(), bridge.side_b()) {
    tool.watch(board, tool::HeartbeatFrames({}));
  }
  /// As its judge would have it.
  void becomes(tool::HealthState state) {
    board.state = state;
    if (state == tool::HealthState::kDown) ++board.failures;
  }
  tool::BridgeTool bridge;
  tool::HealthBoard board;
  tool::InlineTool tool;
};

/// What a rule names: an inline tool or several equal ones.
struct BridgedGroup {
  BridgedGroup(std::vector<BridgedTool*> tools, tool::OnFailure on_failure, bool reset_open_sessions)
      : status(boards_of(tools), {}, 1, on_failure),
        group({.reset_open_sessions = reset_open_sessions}, status, tools_of(tools)) {}
  static std::vector<const tool::HealthBoard*> boards_of(const std::vector<BridgedTool*>& tools) {
    std::vector<const tool::HealthBoard*> boards;
    for (const BridgedTool* each : tools) boards.push_back(&each->board);
    return boards;
  }
  static std::vector<tool::InlineTool*> tools_of(const std::vector<BridgedTool*>& tools) {
    std::vector<tool::InlineTool*> all;
    for (BridgedTool* each : tools) all.push_back(&each->tool);
    return all;
  }
  tool::GroupStatus status;
  tool::ToolGroup group;
};

/// Authorities, signing material and trust, made once a process: making them takes longer than most tests.
struct TestPki {
  static const TestPki& shared();
  TestPki();
  Credential root;
  Credential server;       // P-256, server.example, under the root
  Credential rsa_server;   // RSA-2048
  Credential expired;      // under the root
  Credential self_signed;  // server.example
  Credential signing_ca;
  Credential untrusted_ca;
  std::shared_ptr<const certificate::SigningMaterial> material;
  std::shared_ptr<const certificate::TrustStore> trust;
};

class Interception {
 public:
  struct Setup {
    PeerSettings client{};
    PeerSettings server{};
    tls::InterceptorSettings settings{};
    policy::Policy policy{};
    std::shared_ptr<const tls::InboundKeys> inbound{};
    std::shared_ptr<const tls::ClientKeys> client_keys{};
    bool record_leg = false;  // the first mirror gets the client leg, too
    bool log_keys = false;
    std::size_t inline_tools = 0;  // tools 1, 2 … of the configuration, between the two mirrors
    tool::OnFailure on_failure = tool::OnFailure::kReset;  // where they cannot be reached
    bool reset_open_sessions = false;                      // as soon as their tool is down
    bool one_group = false;                                // they are equal, and a session takes one of them
    std::shared_ptr<const certificate::TrustStore> trust{};  // null: the usual root
    std::shared_ptr<const certificate::Knowledge> knowledge{};
    std::shared_ptr<const certificate::SigningMaterial> signing{};  // null: the usual one
    std::shared_ptr<const policy::RuleSet> rules{};                 // null: `policy`, compiled anew
    std::shared_ptr<tls::Resumption> resumption{};                  // null: no leg is resumed
    std::shared_ptr<tls::LateVerdicts> late_verdicts{};             // null: its own
    std::shared_ptr<certificate::LiveStatus> live_status{};         // null: no issuer is asked
    std::optional<tls::LearningSettings> learning{};                // nothing: nothing is learnt of clients
  };
  /// The usual: the client trusts the signing CA, the server presents a good P-256 certificate, policy
  /// decrypts everything for one mirror.
  static Setup usual();
  /// The same through inline tools, in series.
  static Setup through_tools(std::size_t inline_tools);
  /// Through one of several equal ones.
  static Setup through_group(std::size_t inline_tools);
  explicit Interception(Setup setup);
  static std::shared_ptr<const policy::RuleSet> compiled(const policy::Policy& policy);

  /// The client says its hello, the interceptor judges it whole, and the flow is adopted.
  void connect();
  struct Said {
    bool by_client = false;
    std::string text;
  };
  /// The same behind what is said in the clear, which upgrades the connection with its last turn.
  void connect_after(const std::vector<Said>& said);
  /// The same again with a new client and server: one more session of the same interceptor.
  void again();
  /// With peers of other settings from now on.
  PeerSettings& client_settings() { return setup_.client; }
  PeerSettings& server_settings() { return setup_.server; }
  /// The server takes the second connection of a session that is passed late, too.
  void answer_redial(const PeerSettings& server);
  /// The same behind what is said in the clear again; a client's turn that does not come leaves it waiting.
  void answer_redial(const PeerSettings& server, std::vector<Said> said);
  /// What is advised of a further flow's hello, by such a client; without a place: from where this one came.
  flow::FirstBytesAdvice next_hello(const PeerSettings& from, std::optional<std::string_view> address = {});
  /// A question of the client's arrives, and the server's answer.
  void expect_conversation();
  /// The flow is adopted undecided, with the hello still to come.
  void connect_undecided();
  /// The same behind what is said in the clear on a StartTLS port.
  void connect_undecided_after(const std::vector<Said>& said);
  void settle();
  /// Time passes in steps no longer than `step`, and everything settles after each.
  void pass(Duration time, Duration step = std::chrono::milliseconds(100));
  void abort(Reason why) { session_->abort({client_stream, server_stream}, why, clock.now()); }
  /// The flow engine's report of the end.
  void close();

  tls::SessionRecord snapshot() const;
  const tls::TlsSession& session() const { return static_cast<const tls::TlsSession&>(*session_); }
  Reason reason() const { return snapshot().reason; }

  ManualClock clock;
  RecordedSessions records;
  RecordingMirror mirror;
  RecordingMirror leg;        // ciphertext
  RecordingMirror delivered;  // after the inline tools
  RecordingMirror key_log;
  SeededRandom random{1};
  FlowFacts facts;
  wire::MemoryPacketPool pool;
  LoneHost host;
  std::vector<std::unique_ptr<BridgedTool>> tools;
  std::vector<std::unique_ptr<BridgedGroup>> groups;
  TlsPeer client;
  TlsPeer server;
  MemoryStream client_stream{Reason::client_reset};
  MemoryStream server_stream{Reason::server_reset};
  bool server_is_tls = true;  // false: the test plays the server on server_stream itself
  std::shared_ptr<tls::LearntTable> learnt;
  std::unique_ptr<tls::Interceptor> interceptor;
  flow::FirstBytesAdvice advice;
  std::unique_ptr<flow::Dialogue> dialogue;
  std::size_t runs = 0;

 private:
  bool go_along();

  Setup setup_;
  std::unique_ptr<flow::Session> session_;
  std::vector<Said> second_;  // what is still to be said on the second connection
  std::string second_heard_;
};

}  // namespace limpid::testing
