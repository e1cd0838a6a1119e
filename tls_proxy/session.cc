// The session's states but for the two handshakes (session_handshake.cc): undecided, relaying, closing.
#include "tls_proxy/session.h"

#include <algorithm>

#include "dataplane/base/check.h"
#include "tls_proxy/leg_plans.h"

namespace limpid::tls {

namespace {

// Bytes of an unfinished ClientHello that are kept: the message and its record headers.
constexpr std::size_t kHeldMax = kClientHelloMax + kHelloRecordsMax * kRecordHeader;
constexpr Duration kReplayMax = std::chrono::seconds(3);  // through the tools
constexpr Duration kLinger = std::chrono::seconds(2);     // for the peer to take an alert and a FIN

/// Nothing more to say to this peer, or to hear from it.
bool is_over(const tcp::ByteStream& stream) {
  return stream.failure() != Reason::none || (stream.finished() && stream.unacknowledged() == 0);
}

}  // namespace

std::string_view name(SessionState state) {
  switch (state) {
    case SessionState::kAwaitHello:
      return "await_hello";
    case SessionState::kServerHandshake:
      return "server_handshake";
    case SessionState::kRedial:
      return "redial";
    case SessionState::kClientHandshake:
      return "client_handshake";
    case SessionState::kAwaitTools:
      return "await_tools";
    case SessionState::kRelay:
      return "relay";
    case SessionState::kByteRelay:
      return "byte_relay";
    case SessionState::kClosing:
      return "closing";
    case SessionState::kEnded:
      return "ended";
  }
  return {};
}

TlsSession::TlsSession(Services& services, const FlowFacts& facts, Instant now)
    : services_(services),
      facts_(facts),
      deadline_(now + services.settings.client_hello_max),
      phase_began_(now),
      state_(SessionState::kAwaitHello) {
  ++services_.counters.sessions;
  ++services_.counters.now_sessions;
}

TlsSession::TlsSession(Services& services, const FlowFacts& facts, std::unique_ptr<ClientHello> hello,
                       Services::AtFirst first, Instant now)
    : services_(services),
      facts_(facts),
      judgement_(std::move(first.judgement)),
      at_hello_{judgement_.decision.rule, judgement_.rules->generation()},
      hello_(std::move(hello)),
      sni_(hello_->sni.value_or(std::string())),
      kind_(first.kind),
      ja4_(first.ja4),
      hidden_(services.hides_server(*hello_)),
      deadline_(now + services.settings.server_handshake_max),
      phase_began_(now),
      state_(SessionState::kServerHandshake) {
  ++services_.counters.sessions;
  ++services_.counters.now_sessions;
}

TlsSession::~TlsSession() {
  --services_.counters.now_sessions;
  services_.dialogue_bytes -= held_.size();
}

void TlsSession::run(flow::Legs legs, Instant now) {
  if (!send_prefix(legs, now)) return;
  chain_.service(now);  // its timers first: what they find out is acted upon below
  bool changed = true;
  while (changed) {
    switch (state_) {
      case SessionState::kAwaitHello:
        changed = do_await_hello(legs, now);
        break;
      case SessionState::kServerHandshake:
        changed = do_server_handshake(legs, now);
        break;
      case SessionState::kRedial:
        changed = do_redial(legs, now);
        break;
      case SessionState::kClientHandshake:
        changed = do_client_handshake(legs, now);
        break;
      case SessionState::kAwaitTools:
        changed = do_await_tools(legs, now);
        break;
      case SessionState::kRelay:
      case SessionState::kByteRelay:
        changed = do_relay(legs, now);
        break;
      case SessionState::kClosing:
        changed = do_closing(legs, now);
        break;
      case SessionState::kEnded:
        changed = false;
    }
  }
  chain_.service(now);
}

void TlsSession::follow(std::shared_ptr<Prelude> prelude) {
  prelude_ = std::move(prelude);
  if (hello_) sni_ = server_name(hello_.get(), prelude_.get());
}

/// What the client has said right before its hello. False: the server does not take it yet.
bool TlsSession::send_prefix(flow::Legs legs, Instant now) {
  if (prelude_ == nullptr) return true;
  while (prelude_->unsent > 0) {
    const bool lost = legs.client.failure() != Reason::none || legs.server.failure() != Reason::none;
    if (lost || now >= deadline_) return true;  // for the state to deal with
    const Bytes piece = legs.client.peek();
    const std::size_t size = std::min({piece.size(), prelude_->unsent, legs.server.credit()});
    const std::size_t taken = size == 0 ? 0 : legs.server.write(piece.first(size));
    if (taken == 0) return false;
    legs.client.consume(taken);
    prelude_->unsent -= taken;
  }
  return true;
}

Instant TlsSession::deadline() const { return std::min(deadline_, chain_.deadline()); }

void TlsSession::abort(flow::Legs legs, Reason why, Instant /*now*/) {
  if (state_ == SessionState::kEnded) return;
  blame(why);
  abort_client(legs);
  abort_server(legs);
  enter(SessionState::kEnded);
}

void TlsSession::enter(SessionState next) {
  LIMPID_CHECK(kSessionEdges.allow(state_, next), "a transition that sessions do not have");
  state_ = next;
  if (next != SessionState::kEnded) return;
  finish_capture(reason_, reason_ != Reason::none && plain_ == nullptr);
  chain_.drop();
}

/// The first thing that went wrong names the reason; what follows from it does not.
void TlsSession::blame(Reason reason, std::string detail) {
  if (reason_ != Reason::none) return;
  reason_ = reason;
  detail_ = std::move(detail);
  if (!cause_.empty() || plain_ != nullptr) return;
  const Trouble known = trouble(reason);
  cause_ = likely_cause(known);
  at_fault_ = at_fault(known);
}

void TlsSession::remark(Reason what) {
  if (detail_.empty()) detail_ = sentence(what);
}

// --- Await hello ----------------------------------------------------------------------------------------

bool TlsSession::do_await_hello(flow::Legs legs, Instant now) {
  while (legs.client.readable() > 0 && held_.size() < kHeldMax) {
    const Bytes piece = legs.client.peek();
    held_.insert(held_.end(), piece.begin(), piece.end());
    services_.dialogue_bytes += piece.size();
    legs.client.consume(piece.size());
  }
  auto hello = std::make_unique<ClientHello>();
  const FirstBytes first = parse_first_bytes(held_, *hello);
  if (first == FirstBytes::kNeedMore) return await_more(legs, now);
  if (first != FirstBytes::kComplete) return relay_bytes(legs, reason_of(first), now);
  hello_ = std::move(hello);
  sni_ = server_name(hello_.get(), prelude_.get());
  return decide(legs, now);
}

bool TlsSession::await_more(flow::Legs legs, Instant now) {
  if (legs.client.failure() != Reason::none || legs.server.failure() != Reason::none) {
    blame(legs.client.failure() != Reason::none ? legs.client.failure() : legs.server.failure());
    return reset_both(legs, now);
  }
  if (held_.size() >= kHeldMax) return relay_bytes(legs, Reason::client_hello_malformed, now);
  if (services_.dialogue_bytes > services_.settings.dialogue_bytes_max) {
    blame(Reason::memory_short);
    return reset_both(legs, now);
  }
  if (legs.client.finished()) return relay_bytes(legs, Reason::client_handshake_closed, now);
  if (legs.server.readable() > 0) return relay_bytes(legs, Reason::server_spoke_first, now);
  if (legs.server.finished()) return relay_bytes(legs, Reason::server_closed_early, now);
  if (now < deadline_) return false;
  blame(Reason::client_hello_deadline);
  return reset_both(legs, now);
}

bool TlsSession::decide(flow::Legs legs, Instant now) {
  Services::AtFirst first = services_.judge_session(facts_, *hello_, prelude_.get(), now);
  judgement_ = std::move(first.judgement);
  at_hello_ = {judgement_.decision.rule, judgement_.rules->generation()};
  kind_ = first.kind;
  ja4_ = first.ja4;
  hidden_ = services_.hides_server(*hello_);
  if (judgement_.decided == Decided::kDecrypt) {
    const Services::Obstacle obstacle = services_.obstacle(judgement_);
    if (obstacle.reason != Reason::none && obstacle.forward) {
      hello_.reset();
      return relay_bytes(legs, obstacle.reason, now);
    }
    if (obstacle.reason != Reason::none) {
      blame(obstacle.reason);
      return reset_both(legs, now);
    }
    if (services_.passes_old(judgement_, *hello_)) {
      ++services_.counters.passed;
      hello_.reset();
      return relay_bytes(legs, Reason::client_version_unsupported, now);
    }
    if (first.late != Reason::none) {
      services_.count_remembered(first.unseen.get());
      unseen_ = std::move(first.unseen);
      ++services_.counters.passed;
      hello_.reset();
      return relay_bytes(legs, first.late, now);
    }
    deadline_ = now + services_.settings.server_handshake_max;
    phase_began_ = now;
    enter(SessionState::kServerHandshake);
    return true;
  }
  hello_.reset();
  if (judgement_.decided == Decided::kPass) {
    ++services_.counters.passed;
    return relay_bytes(legs, Reason::none, now);
  }
  ++services_.counters.blocked;
  blame(Reason::blocked_by_rule);
  return reset_both(legs, now);
}

/// What cannot be intercepted is relayed as it is, unless policy blocks it even without a name, or the client
/// seems to have meant it.
bool TlsSession::relay_bytes(flow::Legs legs, Reason why, Instant now) {
  if (judgement_.decided == Decided::kNothing)
    judgement_ = services_.judge_hello(facts_, nullptr, prelude_.get());
  if (judgement_.decided == Decided::kBlock) {
    ++services_.counters.blocked;
    blame(Reason::blocked_by_rule);
    return reset_both(legs, now);
  }
  blame(why);
  if (services_.refuses(facts_, judgement_, why)) return reset_both(legs, now);
  const bool is_tls = why != Reason::not_tls && !held_.empty();
  const auto tools = Services::tools_of_passed(judgement_, is_tls);
  begin_byte_relay(legs, why == Reason::tool_bypass_network ? decltype(tools){} : tools, now);
  return true;
}

std::vector<std::byte> TlsSession::take_held() {
  services_.dialogue_bytes -= held_.size();
  return std::exchange(held_, {});
}

void TlsSession::begin_byte_relay(flow::Legs legs, std::span<const std::uint16_t> tools, Instant now) {
  plain_ = std::make_unique<PlainLegs>(legs);
  plain_->client.put_back(take_held());
  deadline_ = kNever;
  if (!open_tools(legs, tools, now)) return;
  enter(chain_.tools() == 0 ? SessionState::kByteRelay : SessionState::kAwaitTools);
}

// --- Inline tools ---------------------------------------------------------------------------------------

/// The client's handshake takes a round trip: the tools' connections are opened meanwhile. False: a tool that
/// is needed is down, and the session is closing.
bool TlsSession::open_tools(flow::Legs legs, std::span<const std::uint16_t> tools, Instant now) {
  for (const std::uint16_t number : tools) {
    if (number >= services_.parts.tools.size() || services_.parts.tools[number].group == nullptr) continue;
    const std::size_t place = chain_tools_.size();
    chain_tools_.push_back({.group = services_.parts.tools[number].group,
                            .number = number,
                            .ports = judgement_.decision.ports_of(number)});
    if (!open_passage(place, now) && !without_tool(legs, place, Reason::tool_down, now)) return false;
  }
  return true;
}

/// False: no tool of the group is left to try.
bool TlsSession::open_passage(std::size_t place, Instant now) {
  ChainTool& at = chain_tools_[place];
  auto passage = at.group->open({.flow = facts_,
                                 .client = host_->headers(tcp::Leg::kClient),
                                 .server = host_->headers(tcp::Leg::kServer),
                                 .memory = host_->stream_memory(),
                                 .wake = [host = host_] { host->wake(); },
                                 .ports = at.ports,
                                 .from_client_side = host_->from_client_side()},
                                at.tried, now);
  if (!passage) return false;
  chain_.insert(place, std::move(passage));
  return true;
}

/// Nothing has gone into the tool yet, so that a session may do without it where the operator prefers that.
/// False: it may not, and is closing.
bool TlsSession::without_tool(flow::Legs legs, std::size_t place, Reason how, Instant now) {
  const Reason without = chain_tools_[place].group->do_without();
  if (without == Reason::none) {
    blame(how);
    reset_both(legs, now);
    return false;
  }
  remark(without);
  chain_tools_.erase(chain_tools_.begin() + static_cast<std::ptrdiff_t>(place));
  return true;
}

bool TlsSession::do_await_tools(flow::Legs legs, Instant now) {
  for (const tcp::ByteStream* stream : {&legs.client, &legs.server}) {
    if (stream->failure() == Reason::none) continue;
    if (stream == &legs.client && stream->failure() == Reason::client_reset)
      learn_departure(Rejection::kSilent);
    blame(stream->failure());
    return reset_both(legs, now);
  }
  switch (chain_.opening()) {
    case RelayChain::Opening::kWait:
      return false;
    case RelayChain::Opening::kOpen:
      start_relay(legs, now);
      return true;
    case RelayChain::Opening::kFailed:
      break;
  }
  return tool_failed(legs, chain_.failed_tool(), now);
}

/// An equal tool may do. A reset is the tool's own word, and counts. True: the state has changed, or the
/// chain.
bool TlsSession::tool_failed(flow::Legs legs, std::size_t place, Instant now) {
  const Reason how = chain_.tool_failure(place);
  if (how != Reason::tool_unreachable && how != Reason::tool_down) {
    blame(how);
    return reset_both(legs, now);
  }
  chain_.leave_out(place);
  if (!open_passage(place, now)) without_tool(legs, place, how, now);
  return true;
}

// --- Relay ----------------------------------------------------------------------------------------------

void TlsSession::start_relay(flow::Legs legs, Instant now) {
  hello_.reset();
  deadline_ = kNever;
  if (plain_) {
    begin_replay(legs, now);
    return enter(SessionState::kByteRelay);
  }
  ++services_.counters.intercepted;
  finish_capture(Reason::none, false);
  const WallTime wall = services_.wall();
  for (const std::uint16_t number : judgement_.decision.tools) {
    if (number >= services_.parts.tools.size() || services_.parts.tools[number].mirror == nullptr) continue;
    const ToolPart& part = services_.parts.tools[number];
    if (auto tap = part.mirror->open(facts_, wall))
      (part.after_tools ? delivered_taps_ : taps_).push_back(std::move(tap));
  }
  begin_replay(legs, now);
  enter(SessionState::kRelay);
}

/// What was said before is told to whoever hears the rest.
void TlsSession::begin_replay(flow::Legs legs, Instant now) {
  if (prelude_ == nullptr) return;
  if (chain_.tools() == 0 && taps_.empty() && delivered_taps_.empty()) {
    prelude_->turns = {};
    return;
  }
  replay_ = std::make_unique<Replay>(*prelude_, legs);
  deadline_ = now + kReplayMax;
}

/// False: it is not over yet, or the session has ended with it.
bool TlsSession::do_replay(flow::Legs legs, Instant now) {
  // As often as there are turns: without a tool nothing else would wake us for the next.
  for (std::size_t turn = 0; turn <= prelude_->turns.size() && !replay_->over(); ++turn) {
    chain_.run(replay_->legs(), services_.scratch, *this, now);
    chain_.service(now);
  }
  if (chain_.ended()) return true;  // broken
  const bool late = !replay_->over() && now >= deadline_;
  if (replay_->altered() || late) {
    blame(late ? Reason::tool_timeout : Reason::tool_changed_dialogue);
    return reset_both(legs, now);
  }
  if (!replay_->over()) return false;
  replay_.reset();
  prelude_->turns = {};
  deadline_ = kNever;
  return true;
}

Relay::Legs TlsSession::relay_legs() {
  if (state_ == SessionState::kByteRelay) return {plain_->client, plain_->server};
  return {*client_, *server_};
}

/// In mid-stream a tool is never skipped; whether its sessions wait for it is the operator's choice.
bool TlsSession::tool_lost() const {
  if (chain_.ended()) return false;  // everything has come out
  for (std::size_t place = 0; place < chain_tools_.size(); ++place) {
    if (chain_tools_[place].group->resets_open_sessions() && chain_.tool_down(place)) return true;
  }
  return false;
}

bool TlsSession::do_relay(flow::Legs legs, Instant now) {
  if (tool_lost()) {
    blame(Reason::tool_down);
    return reset_both(legs, now);
  }
  const bool goes_on = replay_ == nullptr || do_replay(legs, now);
  if (!goes_on || state_ == SessionState::kClosing) return state_ == SessionState::kClosing;
  if (!chain_.ended()) chain_.run(relay_legs(), services_.scratch, *this, now);
  return chain_.ended() && end_relay(legs, now);
}

bool TlsSession::end_relay(flow::Legs legs, Instant now) {
  if (const std::optional<RelayChain::Break> broken = chain_.broken()) return end_broken(legs, *broken, now);
  // The tools' own ends take a moment.
  if (deadline_ == kNever && !chain_.over()) deadline_ = now + kLinger;
  if (!chain_.over() && now < deadline_) return false;
  enter(SessionState::kEnded);
  return true;
}

bool TlsSession::end_broken(flow::Legs legs, const RelayChain::Break& broken, Instant now) {
  using Who = RelayChain::Break::Who;
  if (broken.who == Who::kTool) {
    blame(chain_.tool_failure(broken.tool));
    enter(SessionState::kEnded);
    return true;
  }
  const bool client_side = broken.who == Who::kClient;
  if (client_side && state_ == SessionState::kRelay) learn_broken(legs, broken);
  if (broken.how == TlsEngine::Read::kBroken) {
    if (!broken.after_end) blame(client_side ? legs.client.failure() : legs.server.failure());
    enter(SessionState::kEnded);
    return true;
  }
  (client_side ? server_gone_ : client_gone_) = true;  // the chain has reset the other leg
  const openssl::Engine& failed = client_side ? *client_ : *server_;
  if (!client_side && server_resumption_) server_resumption_->forget();  // RFC 5246 §7.2.2
  const bool refused = !client_side && failed.asked_for_certificate() && !failed.showed_certificate() &&
                       failed.alerts().received != openssl::kNoAlert && plain_from_server_ == 0;
  const bool passed_next =
      services_.late_policy(judgement_, true).client_certificate != policy::ClientCertificate::kBlock;
  if (refused && passed_next) {
    remember(Reason::server_wants_client_certificate, now);
  }
  blame(refused ? Reason::server_wants_client_certificate : failed.failure().reason, failed.failure().detail);
  return close(legs, now);
}

void TlsSession::on_plaintext(Direction direction, Bytes bytes) {
  if (replay_ == nullptr)
    (direction == Direction::kFromClient ? plain_from_client_ : plain_from_server_) += bytes.size();
  if (plain_from_client_ > 0) learn_success();
  tell_bytes(taps_, direction, bytes);
}

void TlsSession::on_delivered(Direction direction, Bytes bytes) {
  tell_bytes(delivered_taps_, direction, bytes);
}

void TlsSession::on_direction_end(Direction direction, bool clean) {
  if (state_ == SessionState::kByteRelay) return;  // a FIN is all the end that such streams have
  if (direction == Direction::kFromClient) client_ended_ = true;
  if (!chain_.broken()) learn_end(direction);
  if (direction == Direction::kFromClient && client_recorder_) client_recorder_->on_peer_finished();
  // FIN without close_notify. Clients often leave so once they have what they wanted, which is worth a remark
  // and no failure. Of a server it is a truncation, unless it only follows a client that has left before it.
  if (!clean && !chain_.broken()) {
    if (direction == Direction::kFromClient) remark(Reason::client_truncated);
    if (direction == Direction::kFromServer && !client_ended_) blame(Reason::server_truncated);
  }
  tell_end(taps_, direction, clean);
}

void TlsSession::on_delivered_end(Direction direction, bool clean) {
  tell_end(delivered_taps_, direction, clean);
}

void TlsSession::tell_bytes(const Taps& taps, Direction direction, Bytes bytes) const {
  if (taps.empty()) return;
  const WallTime wall = services_.wall();
  for (const auto& tap : taps) tap->on_bytes(direction, bytes, wall);
}

void TlsSession::tell_end(const Taps& taps, Direction direction, bool clean) const {
  if (taps.empty()) return;
  const WallTime wall = services_.wall();
  for (const auto& tap : taps) clean ? tap->on_end(direction, wall) : tap->on_reset(direction, wall);
}

// --- Ends -----------------------------------------------------------------------------------------------

void TlsSession::abort_client(flow::Legs legs) {
  legs.client.abort();
  client_gone_ = true;
}

void TlsSession::abort_server(flow::Legs legs) {
  legs.server.abort();
  server_gone_ = true;
}

bool TlsSession::reset_both(flow::Legs legs, Instant now) {
  abort_client(legs);
  abort_server(legs);
  return close(legs, now);
}

/// Alerts and FINs are on their way: give them a moment before the rest is torn down.
bool TlsSession::close(flow::Legs /*legs*/, Instant now) {
  chain_.abort();
  deadline_ = now + kLinger;
  enter(SessionState::kClosing);
  return true;
}

bool TlsSession::do_closing(flow::Legs legs, Instant now) {
  for (tcp::ByteStream* stream : {&legs.client, &legs.server}) {
    if (stream->readable() > 0) stream->consume(stream->readable());
  }
  if (client_) client_->flush();
  if (server_) server_->flush();
  const bool over = (client_gone_ || is_over(legs.client)) && (server_gone_ || is_over(legs.server));
  if (!over && now < deadline_) return false;
  if (!client_gone_ && !is_over(legs.client)) abort_client(legs);
  if (!server_gone_ && !is_over(legs.server)) abort_server(legs);
  enter(SessionState::kEnded);
  return true;
}

// --- The operator's view --------------------------------------------------------------------------------

namespace {

LegRecord leg_record(const openssl::Engine* engine) {
  LegRecord leg;
  if (engine == nullptr) return leg;
  leg.cipher = engine->cipher();
  leg.group = engine->group();
  leg.version = leg.cipher.empty() ? std::uint16_t{0} : engine->version();
  leg.version_name = version_name(leg.version);
  leg.resumed = engine->resumed();
  leg.alert_received = openssl::alert_name(engine->alerts().received);
  leg.alert_sent = openssl::alert_name(engine->alerts().sent);
  leg.last_received = openssl::message_name(engine->last_messages().received);
  leg.last_sent = openssl::message_name(engine->last_messages().sent);
  return leg;
}

/// "ECDHE-… and 12 more": the first that have a name.
std::string first_ciphers(const ClientHello& hello, openssl::Ciphers& ciphers) {
  constexpr std::size_t kShownMax = 3;
  std::string list;
  std::size_t shown = 0;
  std::size_t more = 0;
  for (const std::uint16_t suite : hello.cipher_suites) {
    const openssl::Cipher* cipher = ciphers.find(suite);
    if (cipher == nullptr) continue;  // SCSVs, GREASE and what nobody has are among them
    if (++shown > kShownMax) {
      ++more;
    } else {
      list += (list.empty() ? "" : ", ") + std::string(cipher->standard_name);
    }
  }
  return more == 0 ? list : list + " and " + std::to_string(more) + " more";
}

void fill_chain(const openssl::Engine& server, Trouble& trouble) {
  trouble.asked_for_certificate = server.asked_for_certificate();
  trouble.showed_certificate = server.showed_certificate();
  trouble.authorities = server.accepted_authorities();
  const int count = sk_X509_num(server.peer_chain());
  if (count <= 0) return;
  const X509* last = sk_X509_value(server.peer_chain(), count - 1);
  trouble.last_subject = openssl::shown_name(X509_get_subject_name(last));
  trouble.last_issuer = openssl::shown_name(X509_get_issuer_name(last));
}

}  // namespace

/// What it was told and has said is known before limpid has a connection with it, too.
LegRecord TlsSession::client_record() const {
  LegRecord leg = leg_record(client_.get());
  if (client_) return leg;
  if (hello_) leg.last_received = openssl::message_name(SSL3_MT_CLIENT_HELLO);
  leg.alert_sent = openssl::alert_name(refused_by_);
  return leg;
}

Trouble TlsSession::trouble(Reason reason) const {
  Trouble trouble;
  trouble.reason = reason;
  trouble.client = client_record();
  trouble.server = leg_record(server_.get());
  trouble.host = sni_;
  trouble.port = facts_.server.port;
  if (hello_) {
    trouble.offered_max = hello_->version_max();
    trouble.offered_ciphers = first_ciphers(*hello_, services_.contexts->ciphers());
  }
  if (judgement_.decided != Decided::kNothing) {
    const LegVersions allowed = LegVersions::of(services_.versions_of(judgement_));
    trouble.client_versions = allowed.client;
    trouble.server_versions = allowed.server;
  }
  if (server_) fill_chain(*server_, trouble);
  if (verified_) {
    trouble.outcome = name(outcome_);
    trouble.outcome_detail = certificate_detail_;
  }
  if (client_ && client_->own_certificate() != nullptr)
    trouble.shown_issuer = openssl::shown_name(X509_get_issuer_name(client_->own_certificate()));
  trouble.own_key = own_key_;
  trouble.shown_trusted = forged_trusted_;
  trouble.relayed = state_ == SessionState::kRelay;
  trouble.from_client = plain_from_client_;
  trouble.from_server = plain_from_server_;
  return trouble;
}

void TlsSession::describe(SessionRecord& record) const {
  judgement_.fill(record);
  record.facts = facts_;
  record.sni = sni_;
  record.ja4 = ja4_.text();
  if (prelude_ != nullptr) {
    record.upgrade = prelude_->spoken;
    record.connect = prelude_->connect();
  }
  record.state = name(state_);
  record.client = client_record();
  record.server = leg_record(server_.get());
  if (server_) record.alpn = server_->alpn();
  record.certificate_names = shown_names_;
  if (verified_) {
    record.certificate_outcome = name(outcome_);
    record.certificate_detail = certificate_detail_;
    record.forged_trusted = forged_trusted_;
  }
  record.direction = direction_;
  record.own_key = own_key_;
  record.tool_a = chain_.state_a();
  record.tool_b = chain_.state_b();
  if (plain_) {
    std::vector<std::uint16_t> numbers;
    for (const ChainTool& each : chain_tools_) numbers.push_back(each.number);
    record.tools = judgement_.names_of(numbers);
  }
  record.plain_from_client = plain_from_client_;
  record.plain_from_server = plain_from_server_;
  record.server_handshake = spans_.server_handshake;
  record.client_handshake = spans_.client_handshake;
  if (reason_ != Reason::none) record.reason = reason_;
  record.failed = reason_ != Reason::none && plain_ == nullptr;
  record.cause = cause_;
  record.at_fault = at_fault_;
  record.detail = detail_;  // a remark is no failure, and there without a reason
}

}  // namespace limpid::tls
