#include "tls_proxy/clear_dialogue.h"

#include <algorithm>

#include "tls_proxy/session.h"

namespace limpid::tls {

namespace {

using Advice = flow::FirstBytesAdvice;

flow::Dialogue::Finding as_told(const tls::Finding& found) {
  using Kind = flow::Dialogue::Finding::Kind;
  switch (found.kind) {
    case tls::Finding::Kind::kMore:
      return {Kind::kMore, found.reason};
    case tls::Finding::Kind::kUpgraded:
      return {Kind::kUpgraded, found.reason};
    case tls::Finding::Kind::kNever:
      return {Kind::kNever, found.reason};
    case tls::Finding::Kind::kViolation:
      return {Kind::kViolation, found.reason};
  }
  return {};
}

/// One flow that has come to its first bytes, and is not taken over.
class Refusal {
 public:
  Refusal(Services& services, const FlowFacts& facts, const ClientHello* hello, const Prelude* prelude)
      : services_(services), facts_(facts), hello_(hello), prelude_(prelude) {}

  Advice made(Advice::Kind kind, Reason reason, Judgement judgement, bool observe) const {
    return {kind, reason,
            std::make_unique<PassedFlow>(services_, facts_, std::move(judgement), hello_, observe, prelude_),
            nullptr};
  }
  Advice pass(Reason reason, Judgement judgement, bool is_tls) const {
    return {Advice::Kind::kForward, reason, memo(std::move(judgement), is_tls), nullptr};
  }
  /// What is passed for what is remembered.
  Advice forward(Judgement judgement, Reason reason, const Ja4& ja4, std::shared_ptr<Unseen> unseen) const {
    ++services_.counters.passed;
    std::unique_ptr<PassedFlow> passed = memo(std::move(judgement), true);
    if (unseen) passed->learnt(ja4, std::move(unseen));
    return {Advice::Kind::kForward, reason, std::move(passed), nullptr};
  }
  Advice forward(Judgement judgement, Reason reason) const {
    if (judgement.decided == Decided::kBlock) {
      ++services_.counters.blocked;
      return made(Advice::Kind::kReset, Reason::blocked_by_rule, std::move(judgement), false);
    }
    if (services_.refuses(facts_, judgement, reason))
      return made(Advice::Kind::kReset, reason, std::move(judgement), false);
    const bool is_tls = reason != Reason::not_tls;
    if (is_tls) ++services_.counters.passed;
    return pass(reason, std::move(judgement), is_tls);
  }

 private:
  std::unique_ptr<PassedFlow> memo(Judgement judgement, bool is_tls) const {
    const PassedKind kind = is_tls ? PassedKind::kObservedTls : PassedKind::kOther;
    return passed_through_tools(services_, facts_, std::move(judgement), hello_, prelude_, kind);
  }

  Services& services_;
  const FlowFacts& facts_;
  const ClientHello* hello_;
  const Prelude* prelude_;
};

}  // namespace

Advice judge_first_bytes(Services& services, const FlowFacts& facts, Bytes bytes,
                         const std::shared_ptr<Prelude>& prelude, Instant now) {
  ClientHello hello;
  const FirstBytes first = parse_first_bytes(bytes, hello);
  if (first == FirstBytes::kNeedMore) return {};
  const ClientHello* offered = first == FirstBytes::kComplete ? &hello : nullptr;
  const Refusal refusal(services, facts, offered, prelude.get());
  if (first != FirstBytes::kComplete)
    return refusal.forward(services.judge_hello(facts, offered, prelude.get()), reason_of(first));
  Services::AtFirst made = services.judge_session(facts, hello, prelude.get(), now);
  Judgement& judgement = made.judgement;
  if (judgement.decided != Decided::kDecrypt) return refusal.forward(std::move(judgement), Reason::none);
  const Services::Obstacle obstacle = services.obstacle(judgement);
  if (obstacle.reason == Reason::none && services.passes_old(judgement, hello))
    return refusal.forward(std::move(judgement), Reason::client_version_unsupported);
  if (obstacle.reason == Reason::none && made.late != Reason::none) {
    services.count_remembered(made.unseen.get());
    return refusal.forward(std::move(judgement), made.late, made.ja4, std::move(made.unseen));
  }
  if (obstacle.reason != Reason::none) {
    const Advice::Kind kind = obstacle.forward ? Advice::Kind::kForward : Advice::Kind::kReset;
    return refusal.made(kind, obstacle.reason, std::move(judgement), false);
  }
  auto session = std::make_unique<TlsSession>(
      services, facts, std::make_unique<ClientHello>(std::move(hello)), std::move(made), now);
  if (prelude) session->follow(prelude);
  return {Advice::Kind::kAdopt, Reason::none, nullptr, std::move(session)};
}

ClearDialogue::ClearDialogue(Services& services, const FlowFacts& facts,
                             std::optional<policy::UpgradeProtocol> of_port)
    : services_(services), facts_(facts), door_(of_port), prelude_(std::make_shared<Prelude>()) {}

ClearDialogue::~ClearDialogue() { services_.dialogue_bytes -= kept_; }

bool ClearDialogue::keep(tool::Direction from, Bytes bytes) {
  std::vector<Prelude::Turn>& turns = prelude_->turns;
  std::size_t taken = bytes.size();
  if (turns.empty() || turns.back().from != from) {
    turns.push_back({from, {}});
    taken += sizeof turns.back();
  }
  turns.back().bytes += as_text(bytes);
  kept_ += taken;
  services_.dialogue_bytes += taken;
  return services_.dialogue_bytes <= services_.settings.dialogue_bytes_max;
}

void ClearDialogue::name_it() {
  prelude_->spoken = door_.spoken();
  if (door_.target() != nullptr) prelude_->target = *door_.target();
}

flow::Dialogue::Finding ClearDialogue::on_bytes(bool from_client, Bytes bytes) {
  const tls::Finding found = from_client ? door_.on_client(bytes) : door_.on_server(bytes);
  const bool by_itself = from_client && found.kind == tls::Finding::Kind::kUpgraded;
  if (by_itself) prelude_->unsent = found.prefix;
  const Bytes heard = by_itself ? bytes.first(found.prefix) : bytes;
  const bool room =
      heard.empty() || keep(from_client ? tool::Direction::kFromClient : tool::Direction::kFromServer, heard);
  name_it();
  if (!room) return {Finding::Kind::kNever, Reason::memory_short};
  return found.kind == tls::Finding::Kind::kNever ? give_up(found.reason) : as_told(found);
}

flow::Dialogue::Finding ClearDialogue::give_up(Reason reason) {
  const Judgement judgement = services_.judge_hello(facts_, nullptr, prelude_.get());
  if (judgement.decided != Decided::kBlock) return {Finding::Kind::kNever, reason};
  ++services_.counters.blocked;
  return {Finding::Kind::kViolation, Reason::blocked_by_rule};
}

Advice ClearDialogue::on_first_bytes(const FlowFacts& facts, Bytes bytes, Instant now) {
  if (bytes.size() <= prelude_->unsent) return {};
  return judge_first_bytes(services_, facts, bytes.subspan(prelude_->unsent), prelude_, now);
}

std::unique_ptr<flow::Session> ClearDialogue::adopt_undecided(const FlowFacts& facts, Instant now) {
  auto session = std::make_unique<TlsSession>(services_, facts, now);
  session->follow(prelude_);
  return session;
}

flow::GivenUp ClearDialogue::given_up(const FlowFacts& facts, Bytes first_bytes, bool may_refuse) {
  name_it();  // of a port's protocol it is known before anything was said
  const Bytes behind = first_bytes.subspan(std::min(first_bytes.size(), prelude_->unsent));
  return tls::given_up(services_, facts, behind, prelude_.get(), may_refuse);
}

flow::GivenUp given_up(Services& services, const FlowFacts& facts, Bytes first_bytes, const Prelude* prelude,
                       bool may_refuse) {
  ClientHello hello;
  const FirstBytes first = first_bytes.empty() ? FirstBytes::kNotTls : parse_first_bytes(first_bytes, hello);
  const ClientHello* const offered = first == FirstBytes::kComplete ? &hello : nullptr;
  Judgement judgement = services.judge_hello(facts, offered, prelude);
  if (may_refuse && judgement.decided == Decided::kBlock) {
    ++services.counters.blocked;
    return {std::make_unique<PassedFlow>(services, facts, std::move(judgement), offered, false, prelude),
            Reason::blocked_by_rule};
  }
  const bool is_tls = first == FirstBytes::kComplete || first == FirstBytes::kNeedMore;
  const PassedKind kind = is_tls ? PassedKind::kTls : PassedKind::kOther;
  return {passed_through_tools(services, facts, std::move(judgement), offered, prelude, kind), Reason::none};
}

}  // namespace limpid::tls
