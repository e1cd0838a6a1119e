#include "tls_proxy/interceptor.h"

#include "dataplane/base/check.h"
#include "tls_proxy/clear_dialogue.h"
#include "tls_proxy/passed_flow.h"
#include "tls_proxy/resumption.h"
#include "tls_proxy/session.h"

namespace limpid::tls {

namespace {

/// What is no TLS may lead to it: a proxy is asked for a tunnel, or a load balancer says whose flow it is.
bool begins_dialogue(Bytes bytes) {
  if (as_text(bytes).starts_with('\x16')) return false;  // as nearly all flows begin
  UpgradeDialogue dialogue(std::nullopt);
  const Finding found = dialogue.on_client(bytes);
  return found.kind != Finding::Kind::kNever || found.reason != Reason::not_tls;
}

/// What counts a flow that was passed for what was learnt; null: it was not.
Unseen* unseen_by(const flow::Session* session, const flow::FlowMemo* memo) {
  if (session != nullptr) return static_cast<const TlsSession*>(session)->unseen();
  return memo == nullptr ? nullptr : static_cast<const PassedFlow*>(memo)->unseen();
}

}  // namespace

class Interceptor::Core : public Services {
 public:
  using Services::Services;

  std::unique_ptr<PassedFlow> passed(const FlowFacts& facts, Judgement judgement, const ClientHello* hello,
                                     bool observe) {
    return std::make_unique<PassedFlow>(*this, facts, std::move(judgement), hello, observe, nullptr);
  }
  /// Passed at the SYN, but through which tools depends on what the client says.
  bool tools_follow_from_bytes(const Judgement& judgement) const {
    const policy::NotDecrypted& of = judgement.rules->policy().not_decrypted;
    return !judgement.decision.names_tools && of.tls != of.other_tcp;
  }
  flow::SynAdvice watch(const FlowFacts& facts) {
    flow::SynAdvice advice;
    if (const auto spoken = spoken_on(facts))
      advice.dialogue = std::make_unique<ClearDialogue>(*this, facts, spoken);
    return advice;
  }
};

Interceptor::Interceptor(std::unique_ptr<Core> core) : core_(std::move(core)) {}
Interceptor::~Interceptor() = default;

Result<std::unique_ptr<Interceptor>, std::string> Interceptor::open(const InterceptorSettings& settings,
                                                                    InterceptorParts parts) {
  LIMPID_CHECK(parts.rules && parts.random != nullptr && parts.clock != nullptr && parts.records != nullptr,
               "an Interceptor needs all its parts");
  Result<std::unique_ptr<openssl::Contexts>, std::string> contexts =
      openssl::Contexts::open(parts.resumption ? parts.resumption->client : nullptr);
  if (!contexts) return Failure{contexts.error()};
  return std::unique_ptr<Interceptor>(
      new Interceptor(std::make_unique<Core>(settings, std::move(parts), std::move(contexts).value())));
}

flow::SynAdvice Interceptor::on_syn(const FlowFacts& facts, Instant /*now*/) {
  const std::optional<policy::Decision> decision = core_->evaluator.decide_connection(facts);
  if (!decision) return core_->watch(facts);
  Judgement judgement = core_->judged(*decision);
  if (judgement.decided == Decided::kDecrypt && core_->network_bypassed()) {
    return {flow::Disposition::kForward, Reason::tool_bypass_network,
            core_->passed(facts, std::move(judgement), nullptr, false)};
  }
  if (judgement.decided == Decided::kDecrypt) return core_->watch(facts);
  if (judgement.decided == Decided::kPass) {
    if (core_->tools_follow_from_bytes(judgement)) return {.memo = nullptr, .intercept = false};
    ++core_->counters.passed;
    return {flow::Disposition::kForward, Reason::none,
            passed_through_tools(*core_, facts, std::move(judgement), nullptr, nullptr,
                                 PassedKind::kObservedTls)};
  }
  ++core_->counters.blocked;
  return {flow::Disposition::kDrop, Reason::blocked_by_rule,
          core_->passed(facts, std::move(judgement), nullptr, false)};
}

flow::FirstBytesAdvice Interceptor::on_first_bytes(const FlowFacts& facts, Bytes bytes, Instant now) {
  if (begins_dialogue(bytes)) {
    flow::FirstBytesAdvice advice;
    advice.kind = flow::FirstBytesAdvice::Kind::kDialogue;
    advice.dialogue = std::make_unique<ClearDialogue>(*core_, facts, std::nullopt);
    return advice;
  }
  return judge_first_bytes(*core_, facts, bytes, nullptr, now);
}

std::unique_ptr<flow::Session> Interceptor::adopt_undecided(const FlowFacts& facts, Instant now) {
  return std::make_unique<TlsSession>(*core_, facts, now);
}

flow::GivenUp Interceptor::on_given_up(const FlowFacts& facts, Bytes first_bytes, bool may_refuse,
                                       Instant /*now*/) {
  flow::GivenUp made = given_up(*core_, facts, first_bytes, nullptr, may_refuse);
  if (made.refused == Reason::none && made.memo->detour() == nullptr) made.memo.reset();
  return made;
}

void Interceptor::on_closed(const FlowFacts& facts, const flow::FlowSummary& summary,
                            std::unique_ptr<flow::Session> session, std::unique_ptr<flow::FlowMemo> memo,
                            Instant now) {
  if (Unseen* unseen = unseen_by(session.get(), memo.get())) {
    const std::uint64_t bytes = summary.bytes_from_client + summary.bytes_from_server;
    unseen->bytes.fetch_add(bytes, std::memory_order_relaxed);
    core_->counters.learnt_bytes += bytes;
  }
  SessionRecord record = describe(facts, summary, session.get(), memo.get(), now, core_->wall());
  record.finished = true;
  core_->parts.records->on_session(std::move(record));
}

SessionRecord Interceptor::describe(const FlowFacts& facts, const flow::FlowSummary& summary,
                                    const flow::Session* session, const flow::FlowMemo* memo, Instant now,
                                    WallTime wall) {
  SessionRecord record;
  record.facts = facts;
  record.reason = summary.reason;
  // Every session and memo that an Interceptor is shown was made by one.
  if (session != nullptr) static_cast<const TlsSession*>(session)->describe(record);
  if (memo != nullptr) static_cast<const PassedFlow*>(memo)->describe(record);
  if (session == nullptr) record.failed = summary.disposition == flow::Disposition::kDrop;
  record.packets_from_client = summary.packets_from_client;
  record.packets_from_server = summary.packets_from_server;
  record.bytes_from_client = summary.bytes_from_client;
  record.bytes_from_server = summary.bytes_from_server;
  record.opened = wall - (now - summary.opened);
  record.closed = wall;
  return record;
}

void Interceptor::set_rules(std::shared_ptr<const policy::RuleSet> rules) {
  core_->parts.rules = rules;
  core_->late->clear();
  core_->evaluator.use(std::move(rules));
}

std::size_t Interceptor::report_repetitions(std::size_t places_max) {
  return core_->report_repetitions(places_max);
}

void Interceptor::know(std::shared_ptr<const certificate::Knowledge> knowledge) {
  core_->verifier.know(std::move(knowledge));
}

void Interceptor::capture(std::shared_ptr<CaptureOrder> order) { core_->capture = std::move(order); }

InterceptorCounters Interceptor::counters() const {
  InterceptorCounters counters = core_->counters;
  counters.verdict_hits = core_->verifier.cache_hits();
  counters.verdict_misses = core_->verifier.cache_misses();
  counters.forged_hits = core_->forge.cache_hits();
  counters.forged_misses = core_->forge.cache_misses();
  return counters;
}

}  // namespace limpid::tls
