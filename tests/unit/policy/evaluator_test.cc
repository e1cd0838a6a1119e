#include "policy/evaluator.h"

#include <gtest/gtest.h>

#include <random>

#include "tests/unit/policy/policies.h"

namespace limpid::policy {
namespace {

Rule printers() {
  Rule rule{.name = "printers", .then = Action::kPass};
  rule.when.client = prefixes({"10.1.9.0/24"});
  rule.when.server_port = {{9100, 9100}};
  return rule;
}
Rule banks() { return {.name = "banks", .when = {.sni = {"*.bank.example"}}, .then = Action::kPass}; }
Rule rest() { return {.name = "rest", .then = Action::kDecrypt, .tools = {1, 0}}; }

TEST(Evaluator, DecidesByDefaultWhereThereAreNoRules) {
  Evaluator evaluator(compiled({.default_action = Action::kBlock}));
  const auto decision = evaluator.decide_connection(web_flow());
  ASSERT_TRUE(decision);
  EXPECT_EQ(decision->action, Action::kBlock);
  EXPECT_EQ(decision->rule, kDefaultRule);
  EXPECT_EQ(decision->rule_name, "default");
  EXPECT_TRUE(decision->tools.empty());
}

TEST(Evaluator, DecidesAtTheConnectionWhereNoNameCanMatter) {
  Evaluator evaluator(compiled({.rules = {printers(), banks(), rest()}}));
  const auto decision = evaluator.decide_connection(flow("10.1.9.7:3000", "192.0.2.1:9100"));
  ASSERT_TRUE(decision);
  EXPECT_EQ(decision->action, Action::kPass);
  EXPECT_EQ(decision->rule_name, "printers");
}

TEST(Evaluator, WaitsForTheNameWhereAnEarlierRuleNeedsIt) {
  Evaluator evaluator(compiled({.rules = {banks(), printers(), rest()}}));
  EXPECT_FALSE(evaluator.decide_connection(flow("10.1.9.7:3000", "192.0.2.1:9100")));
  EXPECT_FALSE(evaluator.decide_connection(web_flow()));
}

TEST(Evaluator, DoesNotWaitForANameThatCannotMatchHere) {
  Rule elsewhere = banks();
  elsewhere.when.server_port = {{8443, 8443}};
  Evaluator evaluator(compiled({.rules = {elsewhere, rest()}}));
  ASSERT_TRUE(evaluator.decide_connection(web_flow()));
  EXPECT_EQ(evaluator.decide_connection(web_flow())->rule_name, "rest");
}

TEST(Evaluator, TakesTheFirstRuleThatMatches) {
  Evaluator evaluator(compiled({.rules = {printers(), banks(), rest()}}));
  EXPECT_EQ(evaluator.decide_hello(web_flow(), "www.bank.example").rule_name, "banks");
  EXPECT_EQ(evaluator.decide_hello(web_flow(), "WWW.BANK.EXAMPLE.").rule_name, "banks");
  EXPECT_EQ(evaluator.decide_hello(web_flow(), "bank.example").rule_name, "rest");
  EXPECT_EQ(evaluator.decide_hello(web_flow(), std::nullopt).rule_name, "rest");
  EXPECT_EQ(evaluator.decide_hello(web_flow(), "").rule_name, "rest");
}

TEST(Evaluator, GivesTheToolsOfTheRuleInTheirOrder) {
  Evaluator evaluator(compiled({.rules = {rest()}}));
  const Decision decision = evaluator.decide_hello(web_flow(), "a.example");
  EXPECT_EQ(std::vector<std::uint16_t>(decision.tools.begin(), decision.tools.end()),
            (std::vector<std::uint16_t>{1, 0}));
}

TEST(Evaluator, StarNeedsSomeName) {
  Evaluator evaluator(
      compiled({.default_action = Action::kPass,
                .rules = {{.name = "named", .when = {.sni = {"*"}}, .then = Action::kDecrypt}}}));
  EXPECT_EQ(evaluator.decide_hello(web_flow(), "a").rule_name, "named");
  EXPECT_EQ(evaluator.decide_hello(web_flow(), std::nullopt).rule_name, "default");
  EXPECT_EQ(evaluator.decide_hello(web_flow(), "a..b").rule_name, "default") << "not a host name";
}

TEST(Evaluator, TakesAnotherPolicy) {
  Evaluator evaluator(compiled({.default_action = Action::kPass}));
  evaluator.use(compiled({.default_action = Action::kPass, .rules = {banks()}}));
  EXPECT_EQ(evaluator.decide_hello(web_flow(), "www.bank.example").rule_name, "banks");
  evaluator.use(compiled({.default_action = Action::kBlock}));
  EXPECT_EQ(evaluator.decide_hello(web_flow(), "www.bank.example").action, Action::kBlock);
}

/// Few values in every condition, so that rules overlap and hide each other.
Rule random_rule(std::mt19937& random, int number) {
  static const std::vector<std::string> kPatterns = {"*", "a.example", "*.example", "*.a.example",
                                                     "b.example"};
  static const std::vector<std::string_view> kPrefixes = {"10.0.0.0/8", "10.1.0.0/16", "10.1.1.1",
                                                          "10.2.0.0/16", "0.0.0.0/0"};
  const auto one_in = [&](unsigned n) { return random() % n == 0; };
  Rule rule{.name = std::to_string(number)};
  if (one_in(2)) rule.when.client = prefixes({kPrefixes[random() % kPrefixes.size()]});
  if (one_in(2)) rule.when.server = prefixes({kPrefixes[random() % kPrefixes.size()]});
  if (one_in(2)) {
    const auto port = static_cast<std::uint16_t>(random() % 4);
    rule.when.server_port = {{port, static_cast<std::uint16_t>(port + random() % 2)}};
  }
  if (!one_in(3)) rule.when.sni = {kPatterns[random() % kPatterns.size()]};
  if (one_in(4)) rule.when.certificate.name = {kPatterns[random() % kPatterns.size()]};
  if (one_in(8)) rule.when.certificate.outcome = {one_in(2) ? "trusted" : "expired"};
  if (one_in(2)) rule.then = Action::kPass;
  return rule;
}

CertificateFacts random_certificate(std::mt19937& random) {
  static const std::vector<std::string> kCertified = {"a.example", "*.example", "*.a.example", "b.example"};
  CertificateFacts shown;
  for (unsigned i = static_cast<unsigned>(random() % 3); i > 0; --i)
    shown.names.push_back(kCertified[random() % kCertified.size()]);
  shown.believed = random() % 2 == 0;
  shown.outcomes = {shown.believed ? "trusted" : "expired"};
  return shown;
}

TEST(Evaluator, AgreesWithTheExplanationOfWhatIsSaidBeforeTls) {
  static const std::vector<UpgradeFacts> kSaid = {
      {.spoken = "smtp", .host = {}},
      {.spoken = "connect", .host = "a.example", .port = 443},
      {.spoken = "connect", .host = "b.example", .port = 25},
      {.spoken = "socks5", .host = "192.0.2.9", .port = 443},
  };
  for (unsigned seed = 0; seed < 100; ++seed) {
    std::mt19937 random(seed);
    const auto one_in = [&random](unsigned chances) { return random() % chances == 0; };
    Policy policy;
    for (int i = 0; i < 10; ++i) {
      Rule rule = random_rule(random, i);
      if (one_in(2)) rule.when.upgrade = {std::string(kSaid[random() % kSaid.size()].spoken)};
      if (one_in(3)) rule.when.connect_host = {one_in(2) ? "*.example" : "a.example"};
      if (one_in(3)) rule.when.connect_port = {{one_in(2) ? std::uint16_t{25} : std::uint16_t{100}, 443}};
      policy.rules.push_back(std::move(rule));
    }
    Evaluator evaluator(compiled(policy));
    for (const UpgradeFacts& said : kSaid) {
      const Explanation why = explain(policy, {}, web_flow(), "a.example", {}, {.upgrade = &said});
      const Decision decision = evaluator.decide_hello(web_flow(), "a.example", &said);
      ASSERT_EQ(decision.rule, why.rule) << "seed " << seed;
      ASSERT_EQ(decision.awaits_certificate, why.awaits_certificate) << "seed " << seed;
      const CertificateFacts shown = random_certificate(random);
      const Explanation later =
          explain(policy, {}, web_flow(), std::nullopt, {}, {.upgrade = &said, .shown = &shown});
      ASSERT_EQ(evaluator.decide_certificate(web_flow(), std::nullopt, &said, shown, {}).rule, later.rule)
          << "seed " << seed;
    }
  }
}

TEST(Evaluator, AgreesWithTheExplanationOfEveryFlow) {
  static const std::vector<std::optional<std::string_view>> kNames = {
      std::nullopt, "a.example", "b.example", "c.a.example", "example", "other.test"};
  static const std::vector<std::string_view> kAddresses = {"10.1.1.1", "10.1.2.3", "10.2.0.1", "192.0.2.1"};
  for (unsigned seed = 0; seed < 100; ++seed) {
    std::mt19937 random(seed);
    Policy policy;
    const int count = static_cast<int>(random() % 40);
    for (int i = 0; i < count; ++i) policy.rules.push_back(random_rule(random, i));
    Evaluator evaluator(compiled(policy));
    for (int i = 0; i < 100; ++i) {
      FlowFacts facts;
      facts.client = {IpAddress::parse(kAddresses[random() % 4]).value(), 5};
      facts.server = {IpAddress::parse(kAddresses[random() % 4]).value(),
                      static_cast<std::uint16_t>(random() % 5)};
      const auto& sni = kNames[random() % kNames.size()];
      const Explanation why = evaluator.explain(facts, sni);
      const Decision decision = evaluator.decide_hello(facts, sni);
      ASSERT_EQ(decision.rule, why.rule) << "seed " << seed;
      ASSERT_EQ(decision.awaits_certificate, why.awaits_certificate) << "seed " << seed;
      const CertificateFacts shown = random_certificate(random);
      const Explanation later = explain(policy, {}, facts, sni, {}, {.shown = &shown});
      ASSERT_EQ(evaluator.decide_certificate(facts, sni, nullptr, shown, {}).rule, later.rule)
          << "seed " << seed;
      ASSERT_FALSE(later.awaits_certificate);
      const auto early = evaluator.decide_connection(facts);
      ASSERT_EQ(early.has_value(), why.phase == Phase::kConnection) << "seed " << seed;
      if (early) {
        ASSERT_EQ(early->rule, why.rule) << "seed " << seed;
      }
    }
  }
}

// --- What the server's certificate says -------------------------------------------------------------------

Rule insurers() {
  Rule rule{.name = "insurers", .then = Action::kPass};
  rule.when.certificate.name = {"*.insurer.example"};
  return rule;
}
CertificateFacts certificate_for(std::vector<std::string> names, bool believed = true) {
  return {
      .names = std::move(names), .outcomes = {believed ? "trusted" : "self_signed"}, .believed = believed};
}

TEST(Evaluator, WaitsForTheCertificateThatAnEarlierRuleAsksFor) {
  Evaluator evaluator(compiled({.rules = {banks(), insurers(), rest()}}));
  EXPECT_FALSE(evaluator.decide_connection(web_flow()));
  const Decision hello = evaluator.decide_hello(web_flow(), "www.example");
  EXPECT_TRUE(hello.awaits_certificate);
  EXPECT_EQ(hello.rule_name, "rest") << "where the certificate changes nothing";
  EXPECT_FALSE(evaluator.decide_hello(web_flow(), "www.bank.example").awaits_certificate)
      << "a rule before it decides";
  const CertificateFacts insurer = certificate_for({"www.insurer.example"});
  EXPECT_EQ(evaluator.decide_certificate(web_flow(), "www.example", nullptr, insurer, {}).rule_name,
            "insurers");
  const CertificateFacts other = certificate_for({"www.example"});
  EXPECT_EQ(evaluator.decide_certificate(web_flow(), "www.example", nullptr, other, {}).rule_name, "rest");
}

TEST(Evaluator, DoesNotWaitForACertificateWhereTheRestOfTheRuleDoesNotHold) {
  Rule elsewhere = insurers();
  elsewhere.when.server_port = {{8443, 8443}};
  Rule named = insurers();
  named.when.sni = {"*.test"};
  Evaluator evaluator(compiled({.rules = {elsewhere, named, rest()}}));
  EXPECT_FALSE(evaluator.decide_hello(web_flow(), "www.example").awaits_certificate);
  EXPECT_TRUE(evaluator.decide_hello(web_flow(), "www.test").awaits_certificate);
}

TEST(Evaluator, TheNamesOfACertificateStandForTheOneThatTheClientDoesNotSend) {
  Evaluator evaluator(compiled({.rules = {banks(), rest()}}));
  EXPECT_TRUE(evaluator.decide_hello(web_flow(), std::nullopt).awaits_certificate);
  const auto decided_by = [&](const CertificateFacts& shown, std::optional<std::string_view> sni) {
    return evaluator.decide_certificate(web_flow(), sni, nullptr, shown, {}).rule_name;
  };
  EXPECT_EQ(decided_by(certificate_for({"www.bank.example"}), std::nullopt), "banks");
  EXPECT_EQ(decided_by(certificate_for({"a.bank.example", "*.bank.example"}), std::nullopt), "banks");
  EXPECT_EQ(decided_by(certificate_for({"x.example", "*.bank.example"}), std::nullopt), "rest")
      << "it may be the bank or not: the strictest counts";
  EXPECT_EQ(decided_by(certificate_for({"x.example"}), std::nullopt), "rest");
  EXPECT_EQ(decided_by(certificate_for({"www.bank.example"}, false), std::nullopt), "rest")
      << "anybody can write a bank's name into a certificate";
  EXPECT_EQ(decided_by(certificate_for({"www.bank.example"}), "x.example"), "rest")
      << "the name that the client sends is the one that counts";
}

TEST(Evaluator, DecidesWhatWasUpgradedByTheCertificateAsWell) {
  Rule mail = insurers();
  mail.when.upgrade = {"smtp"};
  Evaluator evaluator(compiled({.rules = {mail, rest()}}));
  const UpgradeFacts smtp{.spoken = "smtp", .host = {}, .port = 0};
  const CertificateFacts insurer = certificate_for({"mx.insurer.example"});
  EXPECT_TRUE(evaluator.decide_hello(web_flow(), std::nullopt, &smtp).awaits_certificate);
  EXPECT_EQ(evaluator.decide_certificate(web_flow(), std::nullopt, &smtp, insurer, {}).rule_name, "insurers");
  EXPECT_FALSE(evaluator.decide_hello(web_flow(), std::nullopt).awaits_certificate);
  EXPECT_EQ(evaluator.decide_certificate(web_flow(), std::nullopt, nullptr, insurer, {}).rule_name, "rest");
}

// --- What is said before TLS ----------------------------------------------------------------------------

Rule proxied() {
  Rule rule{.name = "proxied", .then = Action::kPass};
  rule.when.connect_host = {"*.bank.example"};
  rule.when.connect_port = {{443, 443}};
  return rule;
}
std::string_view decided(Evaluator& evaluator, std::optional<std::string_view> sni,
                         const UpgradeFacts* upgrade) {
  return evaluator.decide_hello(web_flow(), sni, upgrade).rule_name;
}

TEST(Evaluator, MatchesWhomAProxyWasAskedFor) {
  Evaluator evaluator(compiled({.rules = {proxied(), rest()}}));
  const UpgradeFacts bank{.spoken = "connect", .host = "WWW.bank.example", .port = 443};
  const UpgradeFacts other_port{.spoken = "connect", .host = "www.bank.example", .port = 444};
  const UpgradeFacts other_host{.spoken = "connect", .host = "bank.example", .port = 443};
  const UpgradeFacts no_proxy{.spoken = "smtp", .host = {}, .port = 0};
  EXPECT_EQ(decided(evaluator, "x.example", &bank), "proxied");
  EXPECT_EQ(decided(evaluator, std::nullopt, &bank), "proxied");
  EXPECT_EQ(decided(evaluator, std::nullopt, &other_port), "rest");
  EXPECT_EQ(decided(evaluator, std::nullopt, &other_host), "rest");
  EXPECT_EQ(decided(evaluator, std::nullopt, &no_proxy), "rest");
  EXPECT_EQ(decided(evaluator, "www.bank.example", nullptr), "rest");
}

TEST(Evaluator, MatchesWhatWasSpokenTogetherWithTheName) {
  Rule mail{.name = "mail", .then = Action::kBlock};
  mail.when.upgrade = {"smtp", "imap"};
  mail.when.sni = {"mail.example"};
  Evaluator evaluator(compiled({.rules = {banks(), mail, rest()}}));
  const UpgradeFacts smtp{.spoken = "smtp", .host = {}, .port = 0};
  const UpgradeFacts pop3{.spoken = "pop3", .host = {}, .port = 0};
  EXPECT_EQ(decided(evaluator, "mail.example", &smtp), "mail");
  EXPECT_EQ(decided(evaluator, "mail.example", &pop3), "rest");
  EXPECT_EQ(decided(evaluator, std::nullopt, &smtp), "rest");
  EXPECT_EQ(decided(evaluator, "a.bank.example", &smtp), "banks") << "the first that matches decides";
}

TEST(Evaluator, WaitsForWhatIsSaidBeforeTls) {
  Evaluator evaluator(compiled({.rules = {proxied(), rest()}}));
  EXPECT_FALSE(evaluator.decide_connection(web_flow()));
  EXPECT_EQ(evaluator.explain(web_flow(), std::nullopt).rule_name, "rest");
  EXPECT_EQ(evaluator.explain(web_flow(), std::nullopt).phase, Phase::kHello);
}

}  // namespace
}  // namespace limpid::policy
