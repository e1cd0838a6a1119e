// Services: what all sessions and passed flows of one worker share. Owned by the Interceptor, which outlives
// them; the worker's thread.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "dataplane/base/ascii.h"
#include "dataplane/tool/packet_path.h"
#include "policy/evaluator.h"
#include "policy/host_pattern.h"
#include "tls_proxy/capture.h"
#include "tls_proxy/certificate/forge.h"
#include "tls_proxy/certificate/sighting_filter.h"
#include "tls_proxy/certificate/verifier.h"
#include "tls_proxy/interceptor.h"
#include "tls_proxy/ja4.h"
#include "tls_proxy/late_decision.h"
#include "tls_proxy/late_verdicts.h"
#include "tls_proxy/learnt_table.h"
#include "tls_proxy/openssl/contexts.h"
#include "tls_proxy/prelude.h"

namespace limpid::tls {

/// A decision, and the rule set that keeps its texts alive.
struct Judgement {
  Decided decided = Decided::kNothing;
  policy::Decision decision;
  std::shared_ptr<const policy::RuleSet> rules;

  /// It is decrypted until its server has shown its certificate; then rules are gone through again.
  bool awaits_certificate() const { return decision.awaits_certificate; }
  void fill(SessionRecord& record) const {
    record.decided = decided;
    if (decided == Decided::kNothing) return;
    record.rule = decision.rule;
    record.rule_name = std::string(decision.rule_name);
  }
  /// "ips, dlp".
  std::string names_of(const std::vector<std::uint16_t>& tools) const {
    const std::vector<std::string>& names = rules->names().tools;
    std::string list;
    for (const std::uint16_t each : tools) {
      if (each < names.size()) list += (list.empty() ? "" : ", ") + names[each];
    }
    return list;
  }
};

/// What was decided at the hello: what is known late goes by that.
struct AtHello {
  std::int32_t rule = policy::kDefaultRule;
  std::uint64_t policy = 0;  // its generation
};

/// What the client calls its server; empty: it does not say.
inline std::string server_name(const ClientHello* hello, const Prelude* prelude) {
  if (hello != nullptr && hello->sni) return *hello->sni;
  return hello != nullptr && prelude != nullptr ? std::string(prelude->server_name()) : std::string();
}

struct Services {
  static constexpr std::size_t kScratch = 16'384;  // the plaintext of one record

  Services(const InterceptorSettings& chosen, InterceptorParts given,
           std::unique_ptr<openssl::Contexts> tls_contexts)
      : settings(chosen),
        parts(std::move(given)),
        contexts(std::move(tls_contexts)),
        evaluator(parts.rules),
        verifier(parts.trust, settings.verification),
        forge(parts.signing, *parts.random, settings.forged_max),
        sightings(settings.sightings_max),
        late(parts.late_verdicts ? parts.late_verdicts : std::make_shared<LateVerdicts>()) {
    verifier.know(parts.knowledge);
  }

  /// Behind the name that a hello is encrypted for (ECH, RFC 9849) there may be anybody.
  bool is_front(std::string_view name) const { return policy::any_matches(settings.ech_fronts, name); }
  bool hides_server(const ClientHello& hello) const {
    return hello.sni && hello.encrypted_client_hello && is_front(*hello.sni);
  }
  /// By which name policy knows the server.
  std::string asked_name(const ClientHello* hello, const Prelude* prelude) const {
    if (hello == nullptr || !hides_server(*hello)) return server_name(hello, prelude);
    return prelude != nullptr ? std::string(prelude->server_name()) : std::string();
  }
  /// What begins in the clear on this flow's port; nothing: nobody says.
  std::optional<policy::UpgradeProtocol> spoken_on(const FlowFacts& facts) const {
    const auto known = settings.starttls.find(facts.server.port);
    return known == settings.starttls.end() ? std::nullopt : std::optional(known->second);
  }
  Judgement judged(const policy::Decision& decision) const {
    const bool decrypt = decision.action == policy::Action::kDecrypt || decision.awaits_certificate;
    const Decided decided = decrypt                                    ? Decided::kDecrypt
                            : decision.action == policy::Action::kPass ? Decided::kPass
                                                                       : Decided::kBlock;
    return {decided, decision, parts.rules};
  }
  /// Of what shows no certificate. `hello`: null where there was none. Behind a proxy its server's name
  /// counts where the client sends none.
  Judgement judge_hello(const FlowFacts& facts, const ClientHello* hello, const Prelude* prelude) {
    policy::Decision decision = decide_hello(facts, asked_name(hello, prelude), prelude);
    decision.awaits_certificate = false;
    return judged(decision);
  }
  struct AtFirst {
    Judgement judgement;
    Reason late = Reason::none;  // it is decrypted, but one like it was passed late, or learnt, for that
    Ja4 ja4{};                   // of the hello, where it is decrypted
    Ja4 kind{};                  // of its kind of client: without what the hello adds to resume a session
    std::shared_ptr<Unseen> unseen{};  // counts it where it is passed for what was learnt
  };
  /// Of what can be intercepted. Where a rule asks for the certificate, the judgement awaits that, or is made
  /// by what the server has shown lately.
  AtFirst judge_session(const FlowFacts& facts, const ClientHello& hello, const Prelude* prelude,
                        Instant now) {
    AtFirst made = judge_by_server(facts, hello, prelude, now);
    if (made.judgement.decided != Decided::kDecrypt) return made;
    made.ja4 = Ja4::of(hello);
    made.kind = hello.pre_shared_key || hello.early_data ? Ja4::of_newcomer(hello) : made.ja4;
    const bool open = made.late == Reason::none && !made.judgement.awaits_certificate() &&
                      !is_below_minimum(made.judgement, hello) && !network_bypassed();
    if (open)
      made.unseen = ask_learnt(made.judgement, facts, server_name(&hello, prelude), prelude, made.kind);
    if (made.unseen) made.late = Reason::learnt_bypass;
    return made;
  }
  policy::Learning learning_of(const Judgement& judgement) const {
    return judgement.decision.learning.value_or(settings.learning);
  }
  /// What is learnt of a session goes by this. Nothing: nothing is.
  std::optional<LearntPlace> learnt_place(const Judgement& judgement, const FlowFacts& facts,
                                          std::string_view sni, const Prelude* prelude,
                                          const Ja4& kind) const {
    if (parts.learnt == nullptr || learning_of(judgement) == policy::Learning::kOff) return std::nullopt;
    if (is_front(sni)) return std::nullopt;  // one client's pin would pass others' servers behind it
    LearntPlace place{.host = small_letters(sni),
                      .server = facts.server,
                      .connect = prelude == nullptr ? std::string() : small_letters(prelude->connect()),
                      .client = kind,
                      .rule = std::string(judgement.decision.rule_name),
                      .segment = facts.segment,
                      .vlan = facts.vlan};
    for (const std::string* text : {&place.host, &place.connect}) {
      if (!text->empty() && !is_plain_name(*text)) return std::nullopt;
    }
    if (!place.is_by_address()) place.server.ip = {};
    return place;
  }
  /// What counts the session where it is to be passed for what was learnt; else null.
  std::shared_ptr<Unseen> ask_learnt(const Judgement& judgement, const FlowFacts& facts, std::string_view sni,
                                     const Prelude* prelude, const Ja4& kind) const {
    if (parts.learnt == nullptr || parts.learnt->empty()) return nullptr;
    const auto place = learnt_place(judgement, facts, sni, prelude, kind);
    return place ? parts.learnt->ask(*place, learning_of(judgement)) : nullptr;
  }
  /// A session is passed for what is remembered. `unseen`: of what was learnt of its client; else null.
  void count_remembered(Unseen* unseen) {
    if (unseen == nullptr) {
      ++counters.late_hits;
      return;
    }
    ++counters.learnt_passed;
    unseen->sessions.fetch_add(1, std::memory_order_relaxed);
  }
  AtFirst judge_by_server(const FlowFacts& facts, const ClientHello& hello, const Prelude* prelude,
                          Instant now) {
    const std::string asked = asked_name(&hello, prelude);
    const policy::Decision decision = decide_hello(facts, asked, prelude);
    AtFirst made{judged(decision)};
    if (made.judgement.decided != Decided::kDecrypt) return made;
    // What the front shows says nothing of the server behind it.
    if (hides_server(hello)) return {judged_without_certificate(made.judgement)};
    const bool awaits = decision.awaits_certificate;
    if (awaits && (network_bypassed() || is_below_minimum(made.judgement, hello)))
      return {judged_without_certificate(made.judgement)};
    const LateVerdicts::Known known =
        late->find(place_of(decision.rule, facts, server_name(&hello, prelude), prelude), now);
    if (known.why == Reason::none || (awaits && !known.shown)) return made;
    const Judgement settled =
        awaits ? judge_certificate(facts, asked, prelude, *known.shown) : made.judgement;
    if (settled.decided == Decided::kPass) {
      ++counters.late_hits;
      return {settled};
    }
    // By another rule it may be treated otherwise.
    const bool alike = settled.decided == Decided::kDecrypt && settled.decision.rule == known.rule;
    if (alike && known.why != Reason::passed_by_certificate) made.late = known.why;
    return made;
  }
  Judgement judge_certificate(const FlowFacts& facts, std::string_view asked, const Prelude* prelude,
                              const policy::CertificateFacts& shown) {
    const policy::UpgradeFacts upgrade = prelude != nullptr ? prelude->facts() : policy::UpgradeFacts{};
    return judged(evaluator.decide_certificate(facts, given(asked), prelude != nullptr ? &upgrade : nullptr,
                                               shown, wall()));
  }
  /// What is decided where the server shows none.
  Judgement judged_without_certificate(const Judgement& judgement) const {
    policy::Decision decision = judgement.decision;
    decision.awaits_certificate = false;
    Judgement made = judged(decision);
    made.rules = judgement.rules;
    return made;
  }
  policy::VersionPolicy versions_of(const Judgement& judgement) const {
    const policy::VersionChanges* changes = judgement.decision.versions;
    return changes == nullptr ? settings.versions : changes->applied_to(settings.versions);
  }
  bool is_below_minimum(const Judgement& judgement, const ClientHello& hello) const {
    const policy::VersionPolicy versions = versions_of(judgement);
    return versions.below_minimum != policy::BelowMinimum::kDecrypt &&
           hello.version_max() < versions.client.min;
  }
  /// Policy decrypts, but not what is so old.
  bool passes_old(const Judgement& judgement, const ClientHello& hello) const {
    return versions_of(judgement).below_minimum == policy::BelowMinimum::kPass &&
           is_below_minimum(judgement, hello);
  }
  /// Policy decrypts, and what cannot be intercepted for this reason is not passed either. What evades has
  /// hidden its name as well: by that a rule might have decided otherwise, whatever is decided without it.
  bool refuses(const FlowFacts& facts, const Judgement& judgement, Reason why) {
    if (evades(why) && !evaluator.decide_connection(facts)) return true;
    if (judgement.decided != Decided::kDecrypt) return false;
    return evades(why) || (why == Reason::client_hello_ssl2 &&
                           versions_of(judgement).ssl2_hello == policy::Ssl2Hello::kBlock);
  }
  /// What is said of sessions whose server's leg has shown what it is.
  LatePolicy late_policy(const Judgement& judgement, bool may_pass) const {
    return {.treatments = settings.treatments,
            .of_rule = judgement.decision.verification,
            .client_certificate = judgement.decision.client_certificate.value_or(settings.client_certificate),
            .below_minimum = versions_of(judgement).below_minimum,
            .may_pass = may_pass};
  }
  /// Unless policy has become another one meanwhile, whose rules have other numbers.
  void remember_late(const AtHello& asked, const FlowFacts& facts, std::string_view sni,
                     const Prelude* prelude, LateVerdicts::Known known, Instant now) {
    if (asked.policy != parts.rules->generation()) return;
    late->remember(place_of(asked.rule, facts, sni, prelude), std::move(known), now);
  }
  /// Whose certificate a session's client is shown.
  InboundKeys::Choice choose_key(const Judgement& judgement, const FlowFacts& facts, std::string_view sni,
                                 const certificate::PresentedChain& chain) {
    if (parts.inbound == nullptr) return {};
    InboundKeys::Choice choice = parts.inbound->choose(judgement.decision.direction, facts, sni, chain);
    if (choice.what == InboundKeys::Choice::What::kOwn) ++counters.inbound;
    if (!choice.changed.empty()) ++counters.changed_certificates;
    return choice;
  }
  /// Towards the inventory: a sighting that SightingFilter let pass.
  void report(certificate::ObservedCertificate&& seen) {
    sightings.reported(seen);
    parts.records->on_certificate(std::move(seen));
    if (sightings.any_pushed_out()) report_repetitions(1);  // each report pushes out one place at most
  }
  /// Sightings that were kept back, of so many places at most. How many places there were.
  std::size_t report_repetitions(std::size_t places_max) {
    std::vector<certificate::ObservedCertificate> repetitions = sightings.take_repetitions(places_max);
    for (certificate::ObservedCertificate& repetition : repetitions)
      parts.records->on_certificate(std::move(repetition));
    return repetitions.size();
  }
  /// The tools of a flow that is not decrypted. They live as long as the judgement.
  static std::span<const std::uint16_t> tools_of_passed(const Judgement& judgement, bool is_tls) {
    if (judgement.decided == Decided::kPass && judgement.decision.names_tools)
      return judgement.decision.tools;
    const policy::NotDecrypted& of = judgement.rules->policy().not_decrypted;
    return is_tls ? of.tls : of.other_tcp;
  }
  /// Its way through them; null: there are none.
  std::unique_ptr<tool::PacketPath> path_of(const FlowFacts& facts, const Judgement& judgement,
                                            bool is_tls) const {
    std::vector<tool::PacketPath::Stage> stages;
    for (const std::uint16_t number : tools_of_passed(judgement, is_tls)) {
      if (number < parts.tools.size() && parts.tools[number].group != nullptr)
        stages.push_back({parts.tools[number].group, number});
    }
    return stages.empty() ? nullptr : std::make_unique<tool::PacketPath>(facts, stages);
  }
  /// Why a session that policy decrypts cannot be intercepted at present; Reason::none: it can.
  struct Obstacle {
    Reason reason = Reason::none;
    bool forward = false;  // as it is; else it is refused
  };
  Obstacle obstacle(const Judgement& judgement) const {
    if (network_bypassed()) return {Reason::tool_bypass_network, true};
    if (judgement.awaits_certificate()) return {};  // nobody knows yet which tools are meant
    for (const std::uint16_t number : judgement.decision.tools) {
      if (number >= parts.tools.size() || parts.tools[number].group == nullptr) continue;
      if (!parts.tools[number].group->refuses()) continue;
      ++parts.tools[number].group->counters().refused;
      return {Reason::tool_down, false};
    }
    return {};
  }
  bool network_bypassed() const {
    return std::any_of(parts.tools.begin(), parts.tools.end(), [](const ToolPart& part) {
      return part.group != nullptr && part.group->bypasses_network();
    });
  }
  /// Null where the secrets of sessions with this server are not logged.
  tool::Mirror* key_log_for(std::string_view sni) const {
    if (parts.key_log == nullptr || settings.key_log_hosts.empty()) return parts.key_log;
    return policy::any_matches(settings.key_log_hosts, sni) ? parts.key_log : nullptr;
  }
  WallTime wall() const { return parts.clock->wall(); }
  static std::optional<std::string_view> given(std::string_view sni) {
    return sni.empty() ? std::nullopt : std::optional<std::string_view>(sni);
  }
  policy::Decision decide_hello(const FlowFacts& facts, const std::string& sni, const Prelude* prelude) {
    if (prelude == nullptr) return evaluator.decide_hello(facts, given(sni));
    const policy::UpgradeFacts upgrade = prelude->facts();
    return evaluator.decide_hello(facts, given(sni), &upgrade);
  }
  static LateVerdicts::Place place_of(std::int32_t rule, const FlowFacts& facts, std::string_view sni,
                                      const Prelude* prelude) {
    return {facts.server, sni,        prelude == nullptr ? std::string() : prelude->connect(),
            rule,         facts.vlan, facts.segment};
  }

  InterceptorSettings settings;
  InterceptorParts parts;
  std::unique_ptr<openssl::Contexts> contexts;
  policy::Evaluator evaluator;
  certificate::Verifier verifier;
  certificate::Forge forge;
  certificate::SightingFilter sightings;
  std::shared_ptr<LateVerdicts> late;
  std::shared_ptr<CaptureOrder> capture;  // null: no session is captured
  InterceptorCounters counters;
  std::size_t dialogue_bytes = 0;  // kept of dialogues in the clear and of unfinished hellos
  std::array<std::byte, kScratch> scratch;
};

}  // namespace limpid::tls
