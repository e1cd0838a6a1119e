// TlsSession: one intercepted connection. The server leg's handshake comes first; what the server presents is
// verified, a certificate is forged accordingly, and only then is the client answered, with no more than the
// server leg has. Then bytes are relayed until both directions have ended. A session that was adopted before
// its ClientHello was complete reads the rest itself, asks policy, and may become a plain relay of bytes.
// Called by the flow engine on the worker's thread. It never blocks, and lives as long as its flow is
// adopted.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "dataplane/base/edges.h"
#include "dataplane/flow/flow_user.h"
#include "tls_proxy/capture.h"
#include "tls_proxy/chain_treatment.h"
#include "tls_proxy/client_hello.h"
#include "tls_proxy/diagnosis.h"
#include "tls_proxy/leg_recorder.h"
#include "tls_proxy/openssl/engine.h"
#include "tls_proxy/openssl/plain_engine.h"
#include "tls_proxy/relay_chain.h"
#include "tls_proxy/replay.h"
#include "tls_proxy/resumption.h"
#include "tls_proxy/second_dialogue.h"
#include "tls_proxy/services.h"
#include "tls_proxy/session_record.h"

namespace limpid::tls {

enum class SessionState : std::uint8_t {
  kAwaitHello,
  kServerHandshake,
  kRedial,
  kClientHandshake,
  kAwaitTools,
  kRelay,
  kByteRelay,
  kClosing,
  kEnded,
};
/// "await_hello", "server_handshake", …
std::string_view name(SessionState state);

inline constexpr Edges<SessionState, 26> kSessionEdges{{{
    {SessionState::kAwaitHello, SessionState::kServerHandshake},       // the hello is complete: decrypt
    {SessionState::kAwaitHello, SessionState::kByteRelay},             // pass, or not TLS after all
    {SessionState::kAwaitHello, SessionState::kAwaitTools},            // the same, through inline tools
    {SessionState::kAwaitHello, SessionState::kClosing},               // block, deadline, reset
    {SessionState::kAwaitHello, SessionState::kEnded},                 // aborted
    {SessionState::kServerHandshake, SessionState::kClientHandshake},  // verified and forged
    {SessionState::kServerHandshake, SessionState::kRedial},           // passed late: a new server leg
    {SessionState::kServerHandshake, SessionState::kClosing},
    {SessionState::kServerHandshake, SessionState::kEnded},
    {SessionState::kRedial, SessionState::kByteRelay},   // the server has answered
    {SessionState::kRedial, SessionState::kAwaitTools},  // the same, through inline tools
    {SessionState::kRedial, SessionState::kClosing},     // refused, or not answered
    {SessionState::kRedial, SessionState::kEnded},
    {SessionState::kClientHandshake, SessionState::kRelay},
    {SessionState::kClientHandshake,
     SessionState::kAwaitTools},  // both legs are ready before the inline tools
    {SessionState::kAwaitTools, SessionState::kRelay},
    {SessionState::kAwaitTools, SessionState::kByteRelay},  // what is not decrypted
    {SessionState::kAwaitTools, SessionState::kClosing},    // a tool does not answer, or a leg is gone
    {SessionState::kAwaitTools, SessionState::kEnded},
    {SessionState::kClientHandshake, SessionState::kClosing},
    {SessionState::kClientHandshake, SessionState::kEnded},
    {SessionState::kRelay, SessionState::kClosing},  // a leg failed: its alert is on the way
    {SessionState::kRelay, SessionState::kEnded},    // both directions have ended
    {SessionState::kByteRelay, SessionState::kClosing},
    {SessionState::kByteRelay, SessionState::kEnded},
    {SessionState::kClosing, SessionState::kEnded},
}}};
static_assert(!kSessionEdges.allow(SessionState::kServerHandshake, SessionState::kByteRelay),
              "a server that has seen our hello cannot go on with the client's");
static_assert(!kSessionEdges.allow(SessionState::kClientHandshake, SessionState::kRedial),
              "a client that has been answered cannot be passed any more");
static_assert(!kSessionEdges.allow(SessionState::kRelay, SessionState::kByteRelay),
              "what is decrypted is never passed on in the clear");

class TlsSession final : public flow::Session, private RelayObserver {
 public:
  /// Undecided: the client leg's bytes are the beginning of a ClientHello.
  TlsSession(Services& services, const FlowFacts& facts, Instant now);
  /// Decided to be decrypted; the client leg's bytes are the ClientHello, still to be read.
  TlsSession(Services& services, const FlowFacts& facts, std::unique_ptr<ClientHello> hello,
             Services::AtFirst first, Instant now);
  ~TlsSession() override;

  /// What was said before; before the first run().
  void follow(std::shared_ptr<Prelude> prelude);

  void attach(flow::SessionHost& host) override { host_ = &host; }
  std::size_t chunks() const override { return chain_.chunks(); }
  void run(flow::Legs legs, Instant now) override;
  Instant deadline() const override;
  bool finished() const override { return state_ == SessionState::kEnded; }
  void abort(flow::Legs legs, Reason why, Instant now) override;

  SessionState state() const { return state_; }
  Reason reason() const { return reason_; }
  /// What counts it where it is passed for what was learnt; else null.
  Unseen* unseen() const { return unseen_.get(); }
  /// Fills what the session knows; the flow's own facts and counts are the caller's.
  void describe(SessionRecord& record) const;

 private:
  // One for each state; true: the state has changed, go on.
  bool do_await_hello(flow::Legs legs, Instant now);
  bool do_server_handshake(flow::Legs legs, Instant now);
  bool do_redial(flow::Legs legs, Instant now);
  bool do_client_handshake(flow::Legs legs, Instant now);
  bool do_await_tools(flow::Legs legs, Instant now);
  bool do_relay(flow::Legs legs, Instant now);
  void begin_replay(flow::Legs legs, Instant now);
  bool do_replay(flow::Legs legs, Instant now);
  bool do_closing(flow::Legs legs, Instant now);

  bool send_prefix(flow::Legs legs, Instant now);
  bool await_more(flow::Legs legs, Instant now);
  std::vector<std::byte> take_held();
  bool decide(flow::Legs legs, Instant now);
  bool relay_bytes(flow::Legs legs, Reason why, Instant now);
  void begin_byte_relay(flow::Legs legs, std::span<const std::uint16_t> tools, Instant now);
  bool open_server_leg(flow::Legs legs, Instant now);
  bool on_server_ready(flow::Legs legs, Instant now);
  bool on_server_failed(flow::Legs legs, openssl::Engine::Handshake how, Instant now);
  bool on_client_failed(flow::Legs legs, openssl::Engine::Handshake how, Instant now);
  bool passes_learnt(Instant now);
  bool learns() const;
  void learn_rejection(Rejection how);
  void learn_departure(Rejection how);
  void learn_broken(flow::Legs legs, const RelayChain::Break& broken);
  void learn_end(Direction direction);
  void learn_alert();
  void learn_success();
  bool awaits_approval() const;
  bool hear_approval(flow::Legs legs, Instant now);
  bool hear_issuer(Instant now);
  bool is_own() const;
  bool go_on_with(flow::Legs legs, const certificate::PresentedChain& chain, Instant now);
  certificate::Verdict verify(const certificate::PresentedChain& chain, WallTime wall);
  bool settle(flow::Legs legs, const certificate::PresentedChain& chain, WallTime wall, Instant now);
  bool refuse_as_server(flow::Legs legs, Instant now);
  bool settle_refused(flow::Legs legs, const certificate::PresentedChain& chain, Instant now);
  bool go_by_rule(flow::Legs legs, Instant now);
  bool has_allowed_version(flow::Legs legs, Instant now);
  bool server_has_proven_its_key() const;
  bool server_is_too_old() const;
  void remember(Reason why, Instant now);
  LateDecision decide_late(LateFacts facts, Instant now);
  bool can_redial() const;
  SecondDialogue::State say_again(flow::Legs legs, Instant now);
  void pass_late(Reason why, Instant now);
  Reason answer_client(flow::Legs legs, const certificate::PresentedChain& chain,
                       const InboundKeys::Choice& choice, WallTime wall);
  Reason show_own(flow::Legs legs, std::size_t entry, const certificate::PresentedChain& chain,
                  WallTime wall);
  Reason show_forged(flow::Legs legs, const certificate::PresentedChain& chain, WallTime wall);
  std::uint16_t client_leg_version() const;
  Reason open_client_leg(flow::Legs legs, openssl::ClientAnswer& answer,
                         const certificate::PresentedChain& chain, WallTime wall);
  void keep_server_sessions(bool good);
  SessionPlace place() const;
  bool block_server(flow::Legs legs, Reason why, Instant now);
  void record_client_leg(WallTime wall);
  void record_server_leg(WallTime wall);
  void log_keys(LegRecorder::Taps& taps, WallTime wall) const;
  void begin_capture(flow::Legs legs);
  void finish_capture(Reason reason, bool failed);
  IpAddress server_address() const;
  void report(const certificate::PresentedChain& chain, std::string changed, WallTime wall);
  bool open_tools(flow::Legs legs, std::span<const std::uint16_t> tools, Instant now);
  bool open_passage(std::size_t place, Instant now);
  bool without_tool(flow::Legs legs, std::size_t place, Reason how, Instant now);
  bool tool_failed(flow::Legs legs, std::size_t place, Instant now);
  bool tool_lost() const;
  void start_relay(flow::Legs legs, Instant now);
  bool end_relay(flow::Legs legs, Instant now);
  bool end_broken(flow::Legs legs, const RelayChain::Break& broken, Instant now);
  bool refuse_client(flow::Legs legs, int alert, Instant now);
  void abort_client(flow::Legs legs);
  void abort_server(flow::Legs legs);
  bool reset_both(flow::Legs legs, Instant now);
  bool close(flow::Legs legs, Instant now);

  void on_plaintext(Direction direction, Bytes bytes) override;
  void on_direction_end(Direction direction, bool clean) override;
  void on_delivered(Direction direction, Bytes bytes) override;
  void on_delivered_end(Direction direction, bool clean) override;

  void blame(Reason reason, std::string detail = {});
  LegRecord client_record() const;
  Trouble trouble(Reason reason) const;
  void remark(Reason what);
  void enter(SessionState next);
  Relay::Legs relay_legs();

  struct PlainLegs {
    explicit PlainLegs(flow::Legs legs) : client(legs.client), server(legs.server) {}
    PlainEngine client;
    PlainEngine server;
  };
  /// What the rule names, and which of its tools were tried.
  struct ChainTool {
    tool::ToolGroup* group = nullptr;
    std::uint16_t number = 0;        // in the configuration
    const PortMap* ports = nullptr;  // the rule's; null: the tool's own
    tool::ToolGroup::Tried tried = 0;
  };
  /// How long the handshakes took; zero while they last.
  struct Spans {
    Duration server_handshake{};
    Duration client_handshake{};
  };

  Services& services_;
  FlowFacts facts_;
  Judgement judgement_;
  AtHello at_hello_;
  std::shared_ptr<const policy::CertificateFacts> shown_;  // where rules have asked for it
  std::unique_ptr<ClientHello> hello_;                     // until the relay
  std::vector<std::byte> held_;                            // the client's first bytes, while undecided
  std::string sni_;
  Ja4 kind_;                    // of client
  Ja4 ja4_;                     // of this hello
  bool hidden_ = false;         // the server, behind the front that the hello is encrypted for (ECH)
  bool client_waited_ = false;  // the client leg's handshake has waited for the client since our certificate
  std::shared_ptr<Unseen> unseen_;
  std::shared_ptr<Prelude> prelude_;
  std::unique_ptr<Replay> replay_;                       // at the beginning of the relay
  std::unique_ptr<SecondDialogue> again_;                // at the beginning of a second connection
  std::unique_ptr<ServerResumption> server_resumption_;  // null: no server is resumed
  std::unique_ptr<SessionCapture> capture_;       // null: nobody has asked for it, or its handshakes are over
  std::unique_ptr<LegRecorder> server_recorder_;  // null: nothing records the server leg
  std::unique_ptr<openssl::Engine> server_;
  ServerSessions::Chain presented_;  // by the server, until the client is answered
  std::shared_ptr<const certificate::SubjectNames> shown_names_;  // whom its certificate names
  std::optional<Instant> issuer_asked_;
  std::unique_ptr<LegRecorder> client_recorder_;  // null: nothing records the client leg
  std::unique_ptr<openssl::Engine> client_;
  std::unique_ptr<PlainLegs> plain_;
  RelayChain chain_;
  std::vector<ChainTool> chain_tools_;  // by place in the chain
  flow::SessionHost* host_ = nullptr;
  using Taps = std::vector<std::unique_ptr<tool::PlaintextTap>>;
  void tell_bytes(const Taps& taps, Direction direction, Bytes bytes) const;
  void tell_end(const Taps& taps, Direction direction, bool clean) const;
  Taps taps_;                     // of what the ends say
  Taps delivered_taps_;           // of what inline tools have made of it
  std::string_view direction_{};  // as in the record
  std::string_view own_key_{};
  std::string detail_;
  std::string cause_;
  std::optional<Culprit> at_fault_;
  std::string certificate_detail_;
  std::uint64_t plain_from_client_ = 0;
  std::uint64_t plain_from_server_ = 0;
  Instant deadline_;  // of the present state
  Instant phase_began_;
  Spans spans_;
  Reason reason_ = Reason::none;
  Reason late_ = Reason::none;  // why it is passed by a second connection
  SessionState state_;
  certificate::Outcome outcome_ = certificate::Outcome::kOther;
  int refused_by_ = openssl::kNoAlert;  // the alert for a client that was not answered
  bool forged_trusted_ = false;
  bool verified_ = false;
  bool shook_hands_ = false;   // with the server, whose approval may be awaited
  bool learnt_ = false;        // whether its client takes our certificate
  bool client_ended_ = false;  // its direction
  bool server_ended_ = false;
  bool client_gone_ = false;  // reset by us: nothing more is awaited there
  bool server_gone_ = false;
};

}  // namespace limpid::tls
