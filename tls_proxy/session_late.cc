// What is decided of a session only when its server has shown what it is, while the client has not been
// answered yet; and the second connection to the server by which such a session is passed.
#include "tls_proxy/certificate_facts.h"
#include "tls_proxy/late_decision.h"
#include "tls_proxy/leg_plans.h"
#include "tls_proxy/session.h"

namespace limpid::tls {

// --- Rules that have waited for the certificate ---------------------------------------------------------

/// Goes through the rules again. False: the session does not go on to its client.
bool TlsSession::settle(flow::Legs legs, const certificate::PresentedChain& chain, WallTime wall,
                        Instant now) {
  const certificate::Verdict verdict = verify(chain, wall);
  shown_ = std::make_shared<const policy::CertificateFacts>(facts_of(chain, verdict));
  const std::string asked = services_.asked_name(hello_.get(), prelude_.get());
  judgement_ = services_.judge_certificate(facts_, asked, prelude_.get(), *shown_);
  if (judgement_.decided == Decided::kPass) remember(Reason::passed_by_certificate, now);
  if (judgement_.decided != Decided::kDecrypt) report(chain, {}, wall);
  return go_by_rule(legs, now);
}

/// So that the next session like it is passed at its hello.
void TlsSession::remember(Reason why, Instant now) {
  if (hidden_) return;
  services_.remember_late(at_hello_, facts_, sni_, prelude_.get(), {why, shown_, judgement_.decision.rule},
                          now);
}

/// A request for a client's certificate is answered behind the server's proof that it has its own one's key;
/// but with RSA as the key exchange that comes with its Finished.
bool TlsSession::server_has_proven_its_key() const {
  const SSL_CIPHER* suite = server_->cipher_suite();
  return server_->asked_for_certificate() && suite != nullptr && SSL_CIPHER_get_kx_nid(suite) != NID_kx_rsa;
}

/// The server has failed the handshake. Unless it has shown a certificate, and that it is its own, nobody
/// knows what the rules would say: it is not passed, or servers would choose that by failing.
bool TlsSession::settle_refused(flow::Legs legs, const certificate::PresentedChain& chain, Instant now) {
  if (!chain.empty() && server_has_proven_its_key()) return settle(legs, chain, services_.wall(), now);
  judgement_.decision.awaits_certificate = false;
  blame(server_->failure().reason, server_->failure().detail);
  refuse_as_server(legs, now);
  return false;
}

/// True: it is to be decrypted, and can be.
bool TlsSession::go_by_rule(flow::Legs legs, Instant now) {
  switch (judgement_.decided) {
    case Decided::kPass:
      if (can_redial()) {
        pass_late(Reason::passed_by_certificate, now);
      } else {
        // What a rule passes is not decrypted, not even once.
        block_server(legs, Reason::redial_impossible, now);
      }
      return false;
    case Decided::kBlock:
      ++services_.counters.blocked;
      block_server(legs, Reason::blocked_by_rule, now);
      return false;
    case Decided::kDecrypt:
    case Decided::kNothing:
      break;
  }
  const Services::Obstacle obstacle = services_.obstacle(judgement_);
  if (obstacle.reason != Reason::none) {
    blame(obstacle.reason);
    reset_both(legs, now);
    return false;
  }
  return has_allowed_version(legs, now);
}

/// The server leg was made before it was known which rule's versions it may have.
bool TlsSession::has_allowed_version(flow::Legs legs, Instant now) {
  const LegVersions allowed = LegVersions::of(services_.versions_of(judgement_));
  const std::uint16_t version = server_->version();
  const bool for_server = version >= allowed.server.min && version <= allowed.server.max;
  if (for_server && client_version(*hello_, allowed, version) != 0) return true;
  if (version > allowed.server.max) {
    // Not what below_minimum speaks of: both ends are newer than the rule wants them.
    blame(Reason::server_version_unsupported, "the server leg was " + version_name(version) +
                                                  " before the certificate was seen; rule " +
                                                  std::string(judgement_.decision.rule_name) + " allows " +
                                                  version_name(allowed.server.max) + " at most");
    block_server(legs, Reason::server_version_unsupported, now);
    return false;
  }
  const bool shown = version < allowed.server.min && offers_all(*hello_, allowed.server);
  const LateDecision decision = decide_late({.below_minimum = true, .of_this_hello = !shown}, now);
  if (decision.action == policy::Action::kPass) {
    pass_late(decision.reason, now);
  } else {
    block_server(legs, decision.reason, now);
  }
  return false;
}

// --- Late decisions, and the second connection ----------------------------------------------------------

/// Behind a front the second connection would lead to another server than the one that was judged.
bool TlsSession::can_redial() const {
  return !hidden_ && (prelude_ == nullptr || SecondDialogue::is_possible(*prelude_));
}

/// Where what was said in the clear cannot be said again, the next session like this one is passed at its
/// hello.
LateDecision TlsSession::decide_late(LateFacts facts, Instant now) {
  const LateDecision decision = tls::decide_late(facts, services_.late_policy(judgement_, true));
  if (decision.action != policy::Action::kPass) return decision;
  // Where it cannot be passed on this connection it can only be passed on the next.
  if (!facts.of_this_hello || !can_redial()) remember(decision.reason, now);
  if (can_redial()) return decision;
  if (!hidden_) {
    remark(Reason::redial_impossible);
  } else if (detail_.empty()) {
    detail_ = "not passed for what a front (ECH) shows: the server behind it is another";
  }
  return tls::decide_late(facts, services_.late_policy(judgement_, false));
}

/// A server that has seen our hello cannot go on with the client's: it gets that on a new connection.
void TlsSession::pass_late(Reason why, Instant now) {
  ++services_.counters.passed;
  ++services_.counters.redialled;
  late_ = why;
  cause_ = likely_cause(trouble(why));
  keep_server_sessions(false);
  finish_capture(why, false);
  server_.reset();
  server_recorder_.reset();
  hello_.reset();
  host_->redial();
  deadline_ = now + services_.settings.redial_max;
  enter(SessionState::kRedial);
}

bool TlsSession::do_redial(flow::Legs legs, Instant now) {
  using Redial = flow::SessionHost::Redial;
  if (legs.client.failure() != Reason::none) {
    blame(legs.client.failure());
    return reset_both(legs, now);
  }
  const Redial how = host_->redialled();
  SecondDialogue::State said = SecondDialogue::State::kAgreed;
  if (how == Redial::kOpen && prelude_ != nullptr) said = say_again(legs, now);
  if (how == Redial::kOpen && said == SecondDialogue::State::kAgreed) {
    blame(late_, std::string(sentence(Reason::redialled)));
    begin_byte_relay(legs, Services::tools_of_passed(judgement_, true), now);
    return true;
  }
  const bool awaited = how == Redial::kOpening || said == SecondDialogue::State::kGoesOn;
  if (awaited && now < deadline_) return false;
  const bool otherwise = how == Redial::kOpen && said == SecondDialogue::State::kFailed;
  blame(otherwise ? Reason::redial_dialogue
        : awaited ? Reason::redial_unanswered
                  : Reason::redial_refused,
        std::string(sentence(late_)));
  return reset_both(legs, now);
}

/// To a server that is to be asked for TLS, or a proxy.
SecondDialogue::State TlsSession::say_again(flow::Legs legs, Instant now) {
  constexpr Duration kDialogueMax = std::chrono::seconds(60);  // there are servers that make clients wait
  if (!again_) {
    deadline_ = now + kDialogueMax;
    again_ = std::make_unique<SecondDialogue>(*prelude_, services_.spoken_on(facts_));
  }
  const SecondDialogue::State said = again_->run(legs.server);
  if (said != SecondDialogue::State::kGoesOn) again_.reset();
  return said;
}

}  // namespace limpid::tls
