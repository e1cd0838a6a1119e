// What the Interceptor advises for new flows, what it counts, and the records it writes.
#include "tls_proxy/interceptor.h"

#include <gtest/gtest.h>

#include "tests/unit/tls_proxy/interception.h"
#include "tls_proxy/certificate/description.h"

namespace limpid::testing {
namespace {

using flow::Disposition;
using Kind = flow::FirstBytesAdvice::Kind;

Interception::Setup with_rule(policy::Rule rule) {
  auto setup = Interception::usual();
  setup.policy.rules = {std::move(rule)};
  return setup;
}

TEST(Interceptor, WatchesFlowsThatMayHaveToBeDecrypted) {
  Interception it(Interception::usual());
  EXPECT_EQ(it.interceptor->on_syn(it.facts, it.clock.now()).disposition, Disposition::kWatch);
}

TEST(Interceptor, DecidesOnTheSynWhereNoRuleAsksForTheName) {
  Interception passing(with_rule({.name = "net",
                                  .when = {.server = {*IpPrefix::parse("192.0.2.0/24")}},
                                  .then = policy::Action::kPass}));
  flow::SynAdvice advice = passing.interceptor->on_syn(passing.facts, passing.clock.now());
  EXPECT_EQ(advice.disposition, Disposition::kForward);
  EXPECT_NE(advice.memo, nullptr);

  Interception blocking(with_rule({.name = "net", .then = policy::Action::kBlock}));
  advice = blocking.interceptor->on_syn(blocking.facts, blocking.clock.now());
  EXPECT_EQ(advice.disposition, Disposition::kDrop);
  EXPECT_EQ(advice.reason, Reason::blocked_by_rule);
}

TEST(Interceptor, ForwardsWhatPolicyPassesByItsName) {
  Interception it(
      with_rule({.name = "bank", .when = {.sni = {"server.example"}}, .then = policy::Action::kPass}));
  const std::string hello = it.client.first_flight();
  const auto advice = it.interceptor->on_first_bytes(it.facts, as_bytes(hello), it.clock.now());
  EXPECT_EQ(advice.kind, Kind::kForward);
  EXPECT_EQ(advice.reason, Reason::none);
  EXPECT_EQ(it.interceptor->counters().passed, 1U);
}

TEST(Interceptor, ResetsWhatPolicyBlocksByItsName) {
  Interception it(
      with_rule({.name = "bad", .when = {.sni = {"server.example"}}, .then = policy::Action::kBlock}));
  const std::string hello = it.client.first_flight();
  const auto advice = it.interceptor->on_first_bytes(it.facts, as_bytes(hello), it.clock.now());
  EXPECT_EQ(advice.kind, Kind::kReset);
  EXPECT_EQ(advice.reason, Reason::blocked_by_rule);
}

TEST(Interceptor, ForwardsWhatIsNotTlsAndWaitsForTheRestOfAHello) {
  Interception it(Interception::usual());
  const auto judge = [&it](std::string_view bytes) {
    return it.interceptor->on_first_bytes(it.facts, as_bytes(bytes), it.clock.now());
  };
  EXPECT_EQ(judge("\x16\x03\x01").kind, Kind::kNeedMore);
  EXPECT_EQ(judge("GET /").kind, Kind::kForward);
  EXPECT_EQ(judge("GET /").reason, Reason::not_tls);
  EXPECT_EQ(judge(std::string_view("\x80\x2e\x01\x00\x02", 5)).reason, Reason::client_hello_ssl2);
}

// A server may read what limpid does not: its client must not gain by it.
TEST(Interceptor, ResetsAMalformedHelloWherePolicySaysDecryptAndForwardsItWhereItSaysPass) {
  static constexpr std::string_view kMalformed("\x16\x03\x01\x00\x00", 5);
  const auto judge = [](Interception::Setup setup) {
    Interception it(std::move(setup));
    return it.interceptor->on_first_bytes(it.facts, as_bytes(kMalformed), it.clock.now());
  };
  const auto decrypted = judge(Interception::usual());
  EXPECT_EQ(decrypted.kind, Kind::kReset);
  EXPECT_EQ(decrypted.reason, Reason::client_hello_malformed);
  const auto passed = judge(with_rule({.name = "all", .then = policy::Action::kPass}));
  EXPECT_EQ(passed.kind, Kind::kForward);
}

// It has hidden the name by which a rule might have decided.
TEST(Interceptor, ResetsAMalformedHelloWhereARuleForNamesMightBlockItThoughTheDefaultIsPass) {
  constexpr std::string_view kMalformed("\x16\x03\x01\x00\x00", 5);
  auto setup = with_rule({.name = "bad", .when = {.sni = {"bad.example"}}, .then = policy::Action::kBlock});
  setup.policy.default_action = policy::Action::kPass;
  Interception it(std::move(setup));
  const auto judge = [&it](std::string_view bytes) {
    return it.interceptor->on_first_bytes(it.facts, as_bytes(bytes), it.clock.now());
  };
  EXPECT_EQ(judge(kMalformed).kind, Kind::kReset);
  EXPECT_EQ(judge(kMalformed).reason, Reason::client_hello_malformed);
  EXPECT_EQ(judge("GET /").kind, Kind::kForward) << "what is no TLS has hidden nothing";
}

// --- Through tools without being decrypted ----------------------------------------------------------------

/// Tools 1 ("ips") and 2 ("dlp") are there; the rule names none of them.
Interception::Setup with_tools(policy::Rule rule, policy::NotDecrypted lists) {
  auto setup = Interception::through_tools(2);
  setup.policy.rules = {std::move(rule)};
  setup.policy.not_decrypted = std::move(lists);
  return setup;
}

/// The names of the tools that the flow of this memo goes through.
std::string tools_of(Interception& it, std::unique_ptr<flow::FlowMemo> memo) {
  it.interceptor->on_closed(it.facts, {}, nullptr, std::move(memo), it.clock.now());
  return it.records.sessions.back().tools;
}

/// A flow that never goes on.
struct NoFlow final : flow::DetourHost {
  void deliver(wire::Packet, const wire::PacketView&, bool) override {}
  void on_detour_news() override {}
};

std::string tools_at_syn(Interception::Setup setup) {
  Interception it(std::move(setup));
  NoFlow host;
  flow::SynAdvice advice = it.interceptor->on_syn(it.facts, it.clock.now());
  EXPECT_EQ(advice.disposition, Disposition::kForward);
  if (advice.memo->detour() == nullptr) return "";
  advice.memo->detour()->begin(host, true, it.clock.now());
  return tools_of(it, std::move(advice.memo));
}

TEST(Interceptor, SendsAPassedFlowThroughTheToolsOfItsRule) {
  EXPECT_EQ(tools_at_syn(with_tools({.name = "all", .then = policy::Action::kPass, .tools = {2, 1}}, {})),
            "dlp, ips");
}

TEST(Interceptor, WithoutToolsOfItsRuleThroughThoseOfTheList) {
  EXPECT_EQ(tools_at_syn(
                with_tools({.name = "all", .then = policy::Action::kPass}, {.tls = {1}, .other_tcp = {1}})),
            "ips");
}

TEST(Interceptor, AnEmptyListOfARuleMeansThatThereAreNone) {
  EXPECT_EQ(tools_at_syn(with_tools({.name = "all", .then = policy::Action::kPass, .names_tools = true},
                                    {.tls = {1}, .other_tcp = {2}})),
            "");
}

TEST(Interceptor, WatchesAPassedFlowOnlyToSeeWhichToolsItNeeds) {
  Interception it(with_tools({.name = "all", .then = policy::Action::kPass}, {.tls = {1}, .other_tcp = {2}}));
  const flow::SynAdvice advice = it.interceptor->on_syn(it.facts, it.clock.now());
  EXPECT_EQ(advice.disposition, Disposition::kWatch);
  EXPECT_FALSE(advice.intercept);
  NoFlow host;
  const std::string hello = it.client.first_flight();
  for (const auto& [bytes, tools] : {std::pair<std::string, std::string>{hello, "ips"}, {"SSH-2.0", "dlp"}}) {
    auto judged = it.interceptor->on_first_bytes(it.facts, as_bytes(bytes), it.clock.now());
    EXPECT_EQ(judged.kind, Kind::kForward);
    judged.memo->detour()->begin(host, true, it.clock.now());
    EXPECT_EQ(tools_of(it, std::move(judged.memo)), tools);
  }
}

TEST(Interceptor, WhatIsGivenUpGoesThroughTheToolsOfWhatItWas) {
  auto setup = Interception::through_tools(2);
  setup.policy.not_decrypted = {.tls = {1}, .other_tcp = {2}};
  Interception it(std::move(setup));
  NoFlow host;
  const std::string hello = it.client.first_flight();
  for (const auto& [bytes, tools] : {std::pair<std::string, std::string>{"", "dlp"},
                                     {hello, "ips"},
                                     {hello.substr(0, 20), "ips"},
                                     {"GET /", "dlp"}}) {
    auto memo = it.interceptor->on_given_up(it.facts, as_bytes(bytes), true, it.clock.now()).memo;
    ASSERT_NE(memo, nullptr);
    memo->detour()->begin(host, true, it.clock.now());
    EXPECT_EQ(tools_of(it, std::move(memo)), tools);
  }
}

TEST(Interceptor, HasNothingToRememberOfWhatIsGivenUpAndNeedsNoTools) {
  Interception it(Interception::through_tools(1));
  const flow::GivenUp made = it.interceptor->on_given_up(it.facts, {}, true, it.clock.now());
  EXPECT_EQ(made.memo, nullptr);
  EXPECT_EQ(made.refused, Reason::none);
}

// What the engine cannot watch has no name, and a rule for names says nothing of it.
TEST(Interceptor, BlocksWhatIsGivenUpWherePolicyBlocksWhatHasNoName) {
  auto setup =
      with_rule({.name = "shop", .when = {.sni = {"server.example"}}, .then = policy::Action::kDecrypt});
  setup.policy.default_action = policy::Action::kBlock;
  Interception it(std::move(setup));
  ASSERT_EQ(it.interceptor->on_syn(it.facts, it.clock.now()).disposition, Disposition::kWatch);
  flow::GivenUp made = it.interceptor->on_given_up(it.facts, {}, true, it.clock.now());
  EXPECT_EQ(made.refused, Reason::blocked_by_rule);
  EXPECT_EQ(it.interceptor->counters().blocked, 1U);
  it.interceptor->on_closed(it.facts, {}, nullptr, std::move(made.memo), it.clock.now());
  EXPECT_EQ(it.records.sessions.back().rule_name, "default");

  const std::string hello = it.client.first_flight();
  EXPECT_EQ(it.interceptor->on_given_up(it.facts, as_bytes(hello), true, it.clock.now()).refused,
            Reason::none)
      << "its name is known, and may pass";
  EXPECT_EQ(it.interceptor->on_given_up(it.facts, {}, false, it.clock.now()).refused, Reason::none);
  EXPECT_EQ(it.interceptor->counters().blocked, 1U);
}

TEST(Interceptor, WhatTheNetworkIsForwardedForGoesPastTheTools) {
  auto setup = Interception::through_tools(1);
  setup.on_failure = tool::OnFailure::kBypassNetwork;
  setup.policy.not_decrypted = {.tls = {1}, .other_tcp = {1}};
  Interception it(std::move(setup));
  it.tools[0]->becomes(tool::HealthState::kDown);
  const flow::SynAdvice advice = it.interceptor->on_syn(it.facts, it.clock.now());
  EXPECT_EQ(advice.reason, Reason::tool_bypass_network);
  EXPECT_EQ(advice.memo->detour(), nullptr);
}

TEST(Interceptor, WritesTheRecordOfASessionOnce) {
  Interception it(Interception::usual());
  it.connect();
  it.client.say("hello");
  it.settle();
  it.clock.advance(std::chrono::seconds(5));
  it.close();
  ASSERT_EQ(it.records.sessions.size(), 1U);
  const tls::SessionRecord& record = it.records.sessions.front();
  EXPECT_TRUE(record.finished);
  EXPECT_EQ(record.facts, it.facts);
  EXPECT_EQ(record.sni, "server.example");
  EXPECT_EQ(record.plain_from_client, 5U);
  EXPECT_EQ(record.closed - record.opened, std::chrono::seconds(5));
  EXPECT_EQ(it.interceptor->counters().now_sessions, 0U);
  EXPECT_EQ(it.interceptor->counters().intercepted, 1U);
}

TEST(Interceptor, WritesTheRecordOfABlockedFlow) {
  Interception it(with_rule({.name = "bad", .then = policy::Action::kBlock}));
  flow::SynAdvice advice = it.interceptor->on_syn(it.facts, it.clock.now());
  it.interceptor->on_closed(it.facts, {.reason = advice.reason}, nullptr, std::move(advice.memo),
                            it.clock.now());
  ASSERT_EQ(it.records.sessions.size(), 1U);
  EXPECT_EQ(it.records.sessions.front().decided, tls::Decided::kBlock);
  EXPECT_EQ(it.records.sessions.front().rule_name, "bad");
  EXPECT_EQ(it.records.sessions.front().reason, Reason::blocked_by_rule);
}

TEST(Interceptor, WritesTheRecordOfAFlowThatWasNeverDecided) {
  Interception it(Interception::usual());
  it.interceptor->on_closed(it.facts, {.reason = Reason::server_refused}, nullptr, nullptr, it.clock.now());
  ASSERT_EQ(it.records.sessions.size(), 1U);
  EXPECT_EQ(it.records.sessions.front().decided, tls::Decided::kNothing);
  EXPECT_EQ(it.records.sessions.front().reason, Reason::server_refused);
}

TEST(Interceptor, UsesNewRulesForNewFlows) {
  Interception it(Interception::usual());
  policy::Policy policy;
  policy.default_action = policy::Action::kPass;
  it.interceptor->set_rules(policy::RuleSet::compile(policy, {}).value());
  EXPECT_EQ(it.interceptor->on_syn(it.facts, it.clock.now()).disposition, Disposition::kForward);
}

TEST(Interceptor, ForgesAndVerifiesOnceForManySessions) {
  Interception it(Interception::usual());
  it.connect();
  const tls::InterceptorCounters first = it.interceptor->counters();
  EXPECT_EQ(first.forged_misses, 1U);
  EXPECT_EQ(first.verdict_misses, 1U);
  it.again();
  EXPECT_EQ(it.interceptor->counters().forged_misses, 1U);
  EXPECT_EQ(it.interceptor->counters().verdict_misses, 1U);
  EXPECT_EQ(it.interceptor->counters().forged_hits, 1U);
  EXPECT_EQ(it.records.certificates.size(), 1U);
}

TEST(Interceptor, ReportsSightingsThatItKeptBackWhenItIsAsked) {
  Interception it(Interception::usual());
  it.connect();
  it.again();
  it.again();
  ASSERT_EQ(it.records.certificates.size(), 1U);
  EXPECT_EQ(it.interceptor->report_repetitions(10), 1U);
  EXPECT_EQ(it.interceptor->report_repetitions(10), 0U);
  ASSERT_EQ(it.records.certificates.size(), 2U);
  const certificate::ObservedCertificate& first = it.records.certificates[0];
  const certificate::ObservedCertificate& again = it.records.certificates[1];
  EXPECT_EQ(again.times, 2U);
  EXPECT_EQ(again.leaf, certificate::sha256_hex(first.chain.front()));
  EXPECT_EQ(again.facts.server, first.facts.server);
  EXPECT_EQ(again.sni, first.sni);
  EXPECT_EQ(again.outcome, first.outcome);
  EXPECT_EQ(again.intercepted, first.intercepted);
}

TEST(Interceptor, LosesNoSightingOfAPlaceThatItForgets) {
  Interception::Setup setup = Interception::usual();
  setup.settings.sightings_max = 1;
  Interception it(setup);
  it.connect();
  it.again();
  it.facts.server.port = 8443;
  it.again();
  ASSERT_EQ(it.records.certificates.size(), 3U);
  EXPECT_EQ(it.records.certificates[1].facts.server.port, 8443);
  EXPECT_EQ(it.records.certificates[2].times, 1U);
  EXPECT_NE(it.records.certificates[2].facts.server.port, 8443);
}

}  // namespace
}  // namespace limpid::testing
