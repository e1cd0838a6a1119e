// The session's two handshakes: the server leg's, what is done with what the server presented, the client
// leg's, and what the client sees where one of them fails.
#include <algorithm>
#include <array>

#include "tls_proxy/certificate/stapled_response.h"
#include "tls_proxy/late_decision.h"
#include "tls_proxy/leg_plans.h"
#include "tls_proxy/session.h"

namespace limpid::tls {

namespace {

constexpr int kHandshakeFailure = 40;
constexpr int kAccessDenied = 49;
constexpr int kProtocolVersion = 70;
constexpr int kInternalError = 80;

// Until a server has judged that a client has no certificate: a round trip, and what its work takes.
constexpr Duration kApprovalMax = std::chrono::seconds(1);
constexpr Duration kApprovalSlack = std::chrono::milliseconds(20);

}  // namespace

// --- Server leg -----------------------------------------------------------------------------------------

bool TlsSession::do_server_handshake(flow::Legs legs, Instant now) {
  if (legs.client.failure() != Reason::none) {
    blame(legs.client.failure());
    return reset_both(legs, now);
  }
  if (!server_ && !open_server_leg(legs, now)) return true;
  server_->flush();
  const openssl::Engine::Handshake how = server_->handshake();
  if (how == openssl::Engine::Handshake::kDone) return on_server_ready(legs, now);
  if (how != openssl::Engine::Handshake::kWait) return on_server_failed(legs, how, now);
  if (now < deadline_) return false;
  blame(Reason::server_handshake_deadline);
  abort_server(legs);
  return refuse_client(legs, kHandshakeFailure, now);
}

/// False: the session is closing.
bool TlsSession::open_server_leg(flow::Legs legs, Instant now) {
  begin_capture(legs);
  const LegVersions allowed = LegVersions::of(services_.versions_of(judgement_));
  std::optional<openssl::ServerOffer> offer = offer_for(*hello_, allowed, services_.contexts->ciphers());
  if (!offer) {
    blame(Reason::client_version_unsupported,
          "the newest that it offers is " + version_name(hello_->version_max()));
    abort_server(legs);
    return !refuse_client(legs, kProtocolVersion, now);
  }
  if (services_.parts.client_keys != nullptr)
    offer->show_certificate = services_.parts.client_keys->for_server(sni_);
  if (services_.settings.verification.revocation != certificate::RevocationMode::kOff) offer->staple = true;
  if (const auto& resumption = services_.parts.resumption) {
    server_resumption_ = std::make_unique<ServerResumption>(*resumption->server, server_key(place(), *offer),
                                                            *services_.parts.clock);
    server_resumption_->fill(*offer);
  }
  record_server_leg(services_.wall());
  offer->watcher = server_recorder_.get();
  server_ = openssl::Engine::towards_server(*services_.contexts, *offer, legs.server);
  if (server_) return true;
  blame(Reason::tls_engine_failed, "no TLS connection towards the server could be made");
  abort_server(legs);
  return !refuse_client(legs, kInternalError, now);
}

/// Whoever may have failed with the session that it was offered is not offered it again.
bool TlsSession::on_server_failed(flow::Legs legs, openssl::Engine::Handshake how, Instant now) {
  if (server_resumption_) server_resumption_->forget();
  switch (how) {
    case openssl::Engine::Handshake::kBroken:
      blame(legs.server.failure());
      return reset_both(legs, now);
    case openssl::Engine::Handshake::kEnd:
      blame(Reason::server_handshake_closed);
      legs.server.finish();
      legs.client.finish();
      return close(legs, now);
    case openssl::Engine::Handshake::kFailed:
    case openssl::Engine::Handshake::kDone:
    case openssl::Engine::Handshake::kWait:
      break;
  }
  const openssl::Alerts& alerts = server_->alerts();
  const ServerSessions::Chain chain = presented_by(*server_);
  shown_names_ = chain->names();
  if (judgement_.awaits_certificate() && !settle_refused(legs, *chain, now)) return true;
  LateFacts facts;
  facts.below_minimum = server_is_too_old();
  facts.of_this_hello =
      facts.below_minimum && !offers_all(*hello_, LegVersions::of(services_.versions_of(judgement_)).server);
  facts.insists_on_certificate = !facts.below_minimum && server_->asked_for_certificate() &&
                                 !server_->showed_certificate() && alerts.received != openssl::kNoAlert;
  const bool late = facts.below_minimum || facts.insists_on_certificate;
  certificate::Verdict verdict;
  if (facts.insists_on_certificate && !chain->empty()) {
    // What it has shown is judged all the same: a revoked one does not become good by asking for another.
    verdict = verify(*chain, services_.wall());
    facts.verdict = &verdict;
    report(*chain, {}, services_.wall());
  }
  const LateDecision decision = late ? decide_late(facts, now) : LateDecision{};
  if (decision.action == policy::Action::kPass) {
    pass_late(decision.reason, now);
    return true;
  }
  blame(late ? decision.reason : server_->failure().reason, server_->failure().detail);
  return refuse_as_server(legs, now);
}

/// It has nothing as new as it was offered, though the client offers what it has. An alert that says so may
/// as well come from a server that is too new, unless it was offered the newest that there is.
bool TlsSession::server_is_too_old() const {
  const LegVersions allowed = LegVersions::of(services_.versions_of(judgement_));
  if (!withholds_older(*hello_, allowed)) return false;
  const bool offered_newest = allowed.server.max >= kTls13 && hello_->offers(kTls13);
  const bool said = server_->alerts().received == kProtocolVersion && offered_newest;
  return said || server_->failure().reason == Reason::server_version_unsupported;
}

/// The client sees what it would have seen, or caused, without us.
bool TlsSession::refuse_as_server(flow::Legs legs, Instant now) {
  server_->finish();  // behind our alert, if one was sent
  const openssl::Alerts& alerts = server_->alerts();
  const int alert = alerts.received != openssl::kNoAlert ? alerts.received : alerts.sent;
  return refuse_client(legs, alert != openssl::kNoAlert ? alert : kHandshakeFailure, now);
}

/// The client has not been answered yet: a plain alert is what it understands best.
bool TlsSession::refuse_client(flow::Legs legs, int alert, Instant now) {
  constexpr int kAlertRecord = 21;
  constexpr int kFatal = 2;
  const std::array<std::byte, 7> record{
      std::byte{kAlertRecord},      std::byte{3}, std::byte{3}, std::byte{0}, std::byte{2}, std::byte{kFatal},
      static_cast<std::byte>(alert)};
  if (legs.client.write(record) == record.size()) {
    refused_by_ = alert;
    if (capture_) capture_->tell_client(tool::Direction::kFromServer, record, services_.wall());
    legs.client.finish();
  } else {
    abort_client(legs);
  }
  return close(legs, now);
}

// --- Between the legs -----------------------------------------------------------------------------------

bool TlsSession::on_server_ready(flow::Legs legs, Instant now) {
  if (!shook_hands_) {
    shook_hands_ = true;
    if (server_recorder_) server_recorder_->on_established();
    spans_.server_handshake = now - phase_began_;
    const Duration round = std::min<Duration>(spans_.server_handshake, kApprovalMax);
    deadline_ = std::min(deadline_, now + round + kApprovalSlack);
    if (server_->resumed()) ++services_.counters.server_resumed;
  }
  if (awaits_approval() && now < deadline_ && !hear_approval(legs, now))
    return state_ != SessionState::kServerHandshake;
  if (!presented_) {
    presented_ = server_resumption_ ? server_resumption_->chain_of(*server_) : presented_by(*server_);
    shown_names_ = presented_->names();
  }
  if (!presented_->empty()) {
    if (!hear_issuer(now)) return false;
    const ServerSessions::Chain chain = std::move(presented_);
    return go_on_with(legs, *chain, now);
  }
  blame(Reason::server_no_certificate);
  abort_server(legs);
  return refuse_client(legs, kInternalError, now);
}

/// A server that has asked for a certificate may still refuse a client without one.
bool TlsSession::awaits_approval() const {
  const bool without = server_->asked_for_certificate() && !server_->showed_certificate();
  return without && server_->version() == TLS1_3_VERSION &&
         services_.late_policy(judgement_, true).client_certificate == policy::ClientCertificate::kContinue;
}

/// False: it is not known yet, or the session has gone another way.
bool TlsSession::hear_approval(flow::Legs legs, Instant now) {
  const openssl::Engine::Handshake how = server_->approval();
  if (how == openssl::Engine::Handshake::kDone) return true;
  if (how != openssl::Engine::Handshake::kWait) on_server_failed(legs, how, now);
  return false;
}

/// Where nothing else tells whether the certificate is revoked, its issuer may: then it is as if the server
/// had stapled that. False: the answer is awaited.
bool TlsSession::hear_issuer(Instant now) {
  constexpr Duration kLookAgain = std::chrono::milliseconds(5);
  using What = certificate::LiveStatus::Answer::What;
  certificate::LiveStatus* live = services_.parts.live_status.get();
  if (live == nullptr || is_own()) return true;
  const std::string question = verify(*presented_, services_.wall()).question;
  if (question.empty()) return true;
  certificate::LiveStatus::Answer answer = live->ask(question);
  if (answer.what == What::kAwaited && !issuer_asked_) {
    issuer_asked_ = now;
    ++services_.counters.issuers_asked;
  }
  if (answer.what == What::kAwaited && now < *issuer_asked_ + services_.settings.live_status_max) {
    deadline_ = now + kLookAgain;
    return false;
  }
  if (answer.what != What::kKnown) {
    ++services_.counters.issuers_unanswered;
    return true;
  }
  std::vector<openssl::X509Ptr> same;
  for (const openssl::X509Ptr& each : presented_->certificates()) same.push_back(openssl::share(each.get()));
  auto told = std::make_shared<certificate::PresentedChain>(certificate::PresentedChain::of(std::move(same)));
  told->set_staple(std::move(answer.response));
  presented_ = std::move(told);
  // What is not signed as it should be says nothing, and is not to be asked for by every session.
  if (!verify(*presented_, services_.wall()).question.empty()) live->refuse(question);
  return true;
}

/// Its client will be shown the server's own certificate, whatever anybody says of it.
bool TlsSession::is_own() const {
  const auto& inbound = services_.parts.inbound;
  return inbound && inbound->choose(judgement_.decision.direction, facts_, sni_, *presented_).what ==
                        InboundKeys::Choice::What::kOwn;
}

/// The server leg is ready, and the client has not been answered yet.
bool TlsSession::go_on_with(flow::Legs legs, const certificate::PresentedChain& chain, Instant now) {
  const WallTime wall = services_.wall();
  if (judgement_.awaits_certificate() && !settle(legs, chain, wall, now)) return true;
  InboundKeys::Choice choice = services_.choose_key(judgement_, facts_, sni_, chain);
  certificate::Verdict verdict;
  LateFacts late;
  late.asked_for_certificate = server_->asked_for_certificate() && !server_->showed_certificate();
  if (choice.what != InboundKeys::Choice::What::kOwn) {
    verdict = verify(chain, wall);
    late.verdict = &verdict;
  }
  report(chain, std::move(choice.changed), wall);
  Reason failed = choice.what == InboundKeys::Choice::What::kRefuse ? choice.why : Reason::none;
  if (failed == Reason::none) {
    const LateDecision decision = decide_late(late, now);
    if (decision.action == policy::Action::kPass) {
      pass_late(decision.reason, now);
      return true;
    }
    if (decision.action == policy::Action::kBlock) return block_server(legs, decision.reason, now);
    forged_trusted_ = verified_ && decision.as_trusted;
    if (passes_learnt(now)) return true;
    if (late.asked_for_certificate) remark(Reason::client_certificate_requested);
    if (server_->showed_certificate()) remark(Reason::client_certificate_shown);
    failed = answer_client(legs, chain, choice, wall);
  }
  keep_server_sessions(failed == Reason::none);
  if (failed != Reason::none) {
    blame(failed);
    abort_server(legs);
    return refuse_client(legs, kInternalError, now);
  }
  phase_began_ = now;
  deadline_ = now + services_.settings.client_handshake_max;
  if (!open_tools(legs, judgement_.decision.tools, now)) return true;
  enter(SessionState::kClientHandshake);
  return true;
}

/// A server that asked for a client's certificate may treat its sessions differently.
void TlsSession::keep_server_sessions(bool good) {
  if (!server_resumption_) return;
  // Where a chain that was good is so no more, the server may have another by now: it is to show it.
  const bool stale = server_->resumed() && verified_ && outcome_ != certificate::Outcome::kTrusted;
  good && !stale && !server_->asked_for_certificate() ? server_resumption_->keep()
                                                      : server_resumption_->forget();
}

/// What both legs belong to.
SessionPlace TlsSession::place() const {
  const InterceptorParts& parts = services_.parts;
  return {.facts = facts_,
          .sni = sni_,
          .prelude = prelude_.get(),
          .rule = judgement_.decision.rule,
          .policy = judgement_.rules->generation(),
          .signing = parts.signing ? parts.signing->generation() : 0,
          .trust = parts.trust ? parts.trust->generation() : 0,
          .inbound = parts.inbound ? parts.inbound->generation() : 0};
}

certificate::Verdict TlsSession::verify(const certificate::PresentedChain& chain, WallTime wall) {
  certificate::Verdict verdict = services_.verifier.verify(chain, sni_, server_address(), wall);
  outcome_ = verdict.outcome;
  certificate_detail_ = verdict.detail;
  verified_ = true;
  return verdict;
}

/// Its certificate is not one that sessions may go on with.
bool TlsSession::block_server(flow::Legs legs, Reason why, Instant now) {
  keep_server_sessions(false);
  blame(why, certificate_detail_);
  abort_server(legs);
  return refuse_client(legs, kAccessDenied, now);
}

/// Of the server itself, where the flow leads to a proxy.
IpAddress TlsSession::server_address() const {
  const bool proxied = prelude_ != nullptr && prelude_->target;
  return (proxied ? IpAddress::parse(prelude_->target->host) : std::nullopt).value_or(facts_.server.ip);
}

/// Makes the client leg's engine. A server that has proven to own the key that is configured for it is shown
/// as it is; of any other a certificate is forged.
Reason TlsSession::answer_client(flow::Legs legs, const certificate::PresentedChain& chain,
                                 const InboundKeys::Choice& choice, WallTime wall) {
  if (choice.why != Reason::none) remark(choice.why);
  return choice.what == InboundKeys::Choice::What::kOwn ? show_own(legs, choice.entry, chain, wall)
                                                        : show_forged(legs, chain, wall);
}

Reason TlsSession::show_own(flow::Legs legs, std::size_t entry, const certificate::PresentedChain& chain,
                            WallTime wall) {
  direction_ = policy::name(policy::Direction::kInbound);
  own_key_ = services_.parts.inbound->name(entry);
  const Shown shown{client_leg_version(), services_.parts.inbound->kind(entry), true};
  openssl::ClientAnswer answer = answer_for(*hello_, *server_, shown, services_.contexts->ciphers());
  const bool stapled = services_.parts.inbound->presents(entry, chain) &&
                       certificate::in_time_until(chain.staple(), wall);  // the session's may be of yesterday
  services_.parts.inbound->fill(entry, *hello_, stapled ? chain.staple() : std::string(), answer);
  return open_client_leg(legs, answer, chain, wall);
}

/// The library shares the certificate; the cache may forget it.
Reason TlsSession::show_forged(flow::Legs legs, const certificate::PresentedChain& chain, WallTime wall) {
  direction_ = policy::name(policy::Direction::kOutbound);
  openssl::Ciphers& ciphers = services_.contexts->ciphers();
  const std::uint16_t version = client_leg_version();
  const certificate::KeyKind key = key_kind_for(*hello_, *server_, version, ciphers);
  const certificate::Outcome shown = forged_trusted_ ? certificate::Outcome::kTrusted : outcome_;
  const auto forged = services_.forge.certificate_for(chain, {shown, certificate_detail_}, key, wall);
  if (!forged) return forged.error();
  const certificate::ForgedCertificate& certificate = **forged;
  openssl::ClientAnswer answer = answer_for(*hello_, *server_, {version, key}, ciphers);
  answer.leaf = certificate.leaf.get();
  answer.key = certificate.key;
  answer.chain.push_back(certificate.ca->certificate.get());
  for (const openssl::X509Ptr& further : certificate.ca->chain) answer.chain.push_back(further.get());
  return open_client_leg(legs, answer, chain, wall);
}

std::uint16_t TlsSession::client_leg_version() const {
  return client_version(*hello_, LegVersions::of(services_.versions_of(judgement_)), server_->version());
}

Reason TlsSession::open_client_leg(flow::Legs legs, openssl::ClientAnswer& answer,
                                   const certificate::PresentedChain& chain, WallTime wall) {
  if (services_.parts.resumption) {
    const ShownToClient shown{.chain = chain,
                              .outcome = verified_ ? name(outcome_) : std::string_view(),
                              .trusted = forged_trusted_,
                              .direction = direction_,
                              .own_key = own_key_,
                              .version = answer.version};
    answer.binding = client_binding(place(), shown, *server_);
  }
  record_client_leg(wall);
  answer.watcher = client_recorder_.get();
  client_ = openssl::Engine::towards_client(*services_.contexts, answer, legs.client);
  if (!client_) return Reason::tls_engine_failed;
  client_->put_back(take_held());
  return Reason::none;
}

/// Those who record the client leg have to see all of it.
void TlsSession::record_client_leg(WallTime wall) {
  LegRecorder::Taps taps;
  for (const std::uint16_t number : judgement_.decision.tools) {
    if (number >= services_.parts.tools.size() || services_.parts.tools[number].leg_mirror == nullptr)
      continue;
    if (auto tap = services_.parts.tools[number].leg_mirror->open(facts_, wall))
      taps.push_back(std::move(tap));
  }
  log_keys(taps, wall);
  if (capture_) taps.push_back(capture_->client_tap());
  if (!taps.empty())
    client_recorder_ = std::make_unique<LegRecorder>(std::move(taps), *services_.parts.clock);
}

/// Of either leg.
void TlsSession::log_keys(LegRecorder::Taps& taps, WallTime wall) const {
  tool::Mirror* log = services_.key_log_for(sni_);
  auto tap = log == nullptr ? nullptr : log->open(facts_, wall);
  if (tap) taps.push_back(std::move(tap));
}

void TlsSession::record_server_leg(WallTime wall) {
  LegRecorder::Taps taps;
  log_keys(taps, wall);
  if (capture_) taps.push_back(capture_->server_tap());
  if (!taps.empty()) {
    server_recorder_ =
        std::make_unique<LegRecorder>(std::move(taps), *services_.parts.clock, tool::Direction::kFromServer);
  }
}

/// The hello is told at once: a client that is never answered has no recorder.
void TlsSession::begin_capture(flow::Legs legs) {
  capture_ = SessionCapture::begin(services_.capture, facts_, sni_);
  if (!capture_) return;
  std::vector<std::byte> hello = held_;
  if (hello.empty()) {
    hello.resize(std::min(legs.client.readable(), kClientHelloMax));
    hello.resize(legs.client.copy_front(hello));
  }
  capture_->tell_client(tool::Direction::kFromClient, hello, services_.wall());
}

/// What recorders keep until the end of a handshake is told first.
void TlsSession::finish_capture(Reason reason, bool failed) {
  if (!capture_) return;
  for (LegRecorder* recorder : {client_recorder_.get(), server_recorder_.get()}) {
    if (recorder != nullptr) recorder->on_established();
  }
  capture_->finish({.reason = reason, .failed = failed, .cause = cause_}, *services_.parts.records);
  capture_.reset();
}

void TlsSession::report(const certificate::PresentedChain& chain, std::string changed, WallTime wall) {
  const std::uint32_t times = services_.sightings.pass(chain.chain_fingerprint(), facts_.server, sni_, wall);
  if (times == 0) return;
  services_.report({.chain = chain.der(),
                    .outcome = verified_ ? std::string(name(outcome_)) : std::string(),
                    .detail = certificate_detail_,
                    .facts = facts_,
                    .sni = sni_,
                    .seen = wall,
                    .intercepted = true,
                    .changed = std::move(changed),
                    .times = times,
                    .leaf = {}});
}

// --- Client leg -----------------------------------------------------------------------------------------

bool TlsSession::do_client_handshake(flow::Legs legs, Instant now) {
  if (legs.server.failure() != Reason::none) {
    blame(legs.server.failure());
    return reset_both(legs, now);
  }
  client_->flush();
  const openssl::Engine::Handshake how = client_->handshake();
  if (how == openssl::Engine::Handshake::kDone) {
    spans_.client_handshake = now - phase_began_;
    if (client_->resumed()) ++services_.counters.client_resumed;
    if (client_recorder_) client_recorder_->on_established();
    deadline_ = kNever;  // the tools have their own
    if (chain_.opening() == RelayChain::Opening::kOpen) {
      start_relay(legs, now);
    } else {
      enter(SessionState::kAwaitTools);
    }
    return true;
  }
  if (how != openssl::Engine::Handshake::kWait) return on_client_failed(legs, how, now);
  client_waited_ = true;
  if (now < deadline_) return false;
  blame(Reason::client_handshake_deadline);
  return reset_both(legs, now);
}

/// The server has made its handshake with us and must not take this for a clean end.
bool TlsSession::on_client_failed(flow::Legs legs, openssl::Engine::Handshake how, Instant now) {
  switch (how) {
    case openssl::Engine::Handshake::kBroken:
      if (legs.client.failure() == Reason::client_reset) learn_departure(Rejection::kReset);
      blame(legs.client.failure());
      return reset_both(legs, now);
    case openssl::Engine::Handshake::kEnd:
      learn_departure(Rejection::kClosed);
      blame(Reason::client_handshake_closed);
      legs.client.finish();
      legs.server.finish();
      return close(legs, now);
    case openssl::Engine::Handshake::kFailed:
    case openssl::Engine::Handshake::kDone:
    case openssl::Engine::Handshake::kWait:
      break;
  }
  learn_alert();
  blame(client_->failure().reason, client_->failure().detail);
  client_->finish();  // behind our alert, if one was sent
  abort_server(legs);
  return close(legs, now);
}

}  // namespace limpid::tls
