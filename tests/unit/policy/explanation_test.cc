#include "policy/explanation.h"

#include <gtest/gtest.h>

#include "tests/unit/policy/policies.h"

namespace limpid::policy {
namespace {

std::string first_refusal(Conditions when, FlowFacts facts, std::optional<std::string_view> sni) {
  const Policy policy{.rules = {{.name = "r", .when = std::move(when)}}};
  const Explanation made = explain(policy, {{"edge", "core"}, {}}, facts, sni);
  EXPECT_EQ(made.rule, -1);
  return made.trials.at(0).why;
}

TEST(Explanation, NamesTheConditionThatDoesNotHold) {
  EXPECT_EQ(first_refusal({.client = prefixes({"10.1.9.0/24"})}, web_flow(), {}),
            "client 10.0.0.5 is not in 10.1.9.0/24");
  EXPECT_EQ(first_refusal({.server = prefixes({"10.1.9.0/24", "2001:db8::/32"})}, web_flow(), {}),
            "server 198.51.100.7 is not in 10.1.9.0/24, 2001:db8::/32");
  EXPECT_EQ(first_refusal({.server_port = {{9100, 9100}, {8000, 9000}}}, web_flow(), {}),
            "server port 443 is not 9100, 8000-9000");
  EXPECT_EQ(first_refusal({.client_port = {{1, 2}}}, web_flow(), {}), "client port 50000 is not 1-2");
  EXPECT_EQ(first_refusal({.vlan = {{7, 7}}}, web_flow(), {}), "no VLAN tag is not 7");
  FlowFacts tagged = web_flow();
  tagged.vlan = 8;
  EXPECT_EQ(first_refusal({.vlan = {{0, 0}, {10, 20}}}, tagged, {}), "VLAN 8 is not untagged, 10-20");
  EXPECT_EQ(first_refusal({.segment = {1}}, web_flow(), {}), "segment edge is not core");
}

TEST(Explanation, SaysWhatIsWrongWithTheName) {
  EXPECT_EQ(first_refusal({.sni = {"*.bank.example"}}, web_flow(), "www.example"),
            "server name www.example is not *.bank.example");
  EXPECT_EQ(first_refusal({.sni = {"*.bank.example"}}, web_flow(), std::nullopt),
            "it needs a server name, and the client sends none (no SNI)");
  EXPECT_EQ(first_refusal({.sni = {"*.bank.example"}}, web_flow(), "a..b"),
            "it needs a server name, and what the client sends is not one");
}

// As services.h has it: decided without the name, and without waiting for a certificate.
TEST(Explanation, AFrontIsNobodysNameAndShowsNobodysCertificate) {
  Policy policy;
  policy.rules.push_back({.name = "name", .when = {.sni = {"*"}}, .then = Action::kPass});
  policy.rules.push_back(
      {.name = "shown", .when = {.certificate = {.issuer = {"*"}}}, .then = Action::kPass});
  const Explanation made = explain(policy, {}, web_flow(), std::nullopt, {}, {.front = "cloudflare-ech.com"});
  EXPECT_EQ(made.rule, -1);
  EXPECT_FALSE(made.awaits_certificate);
  EXPECT_EQ(made.trials.at(0).why, "it needs a server name, and a front's is nobody's (ECH)");
  EXPECT_EQ(made.trials.at(1).why,
            "it needs the server's certificate, and what a front shows is not that (ECH)");
}

TEST(Explanation, SaysWhatIsWrongWithWhatWasSaidBeforeTls) {
  const auto refusal = [](Conditions when, const UpgradeFacts* said) {
    const Policy policy{.rules = {{.name = "r", .when = std::move(when)}}};
    return explain(policy, {}, web_flow(), std::nullopt, {}, {.upgrade = said}).trials.at(0).why;
  };
  const UpgradeFacts smtp{.spoken = "smtp", .host = {}};
  const UpgradeFacts tunnel{.spoken = "connect", .host = "Mail.Example", .port = 25};
  EXPECT_EQ(refusal({.upgrade = {"imap"}}, nullptr),
            "it needs words before TLS (StartTLS, CONNECT, SOCKS), and none are given");
  EXPECT_EQ(refusal({.upgrade = {"imap", "pop3"}}, &smtp), "smtp before TLS is not imap, pop3");
  EXPECT_EQ(refusal({.connect_host = {"*.example"}}, &smtp),
            "it needs a proxy's client, and no proxy was asked");
  EXPECT_EQ(refusal({.connect_host = {"shop.example"}}, &tunnel),
            "the host that the proxy was asked for is not shop.example");
  EXPECT_EQ(refusal({.connect_port = {{443, 443}}}, &tunnel),
            "the port that the proxy was asked for, 25, is not 443");
  EXPECT_EQ(
      refusal({.upgrade = {"connect"}, .connect_host = {"*.example"}, .connect_port = {{25, 25}}}, &tunnel),
      "connect before TLS, proxy asked for mail.example matches *.example, proxy asked for port 25");
}

TEST(Explanation, ShortensLongLists) {
  EXPECT_EQ(first_refusal({.sni = {"a", "b", "c", "d", "e", "f"}}, web_flow(), "x"),
            "server name x is not a, b, c, d and 2 more");
}

TEST(Explanation, EndsWithTheRuleThatDecidesAndWhatMatched) {
  Policy policy;
  policy.rules.push_back({.name = "one", .when = {.server_port = {{80, 80}}}, .then = Action::kBlock});
  policy.rules.push_back(
      {.name = "two", .when = {.server_port = {{443, 443}}, .sni = {"*.example"}}, .tools = {0}});
  policy.rules.push_back({.name = "three"});
  const Explanation made = explain(policy, {{"edge"}, {"ids"}}, web_flow(), "www.example");
  ASSERT_EQ(made.trials.size(), 2U);
  EXPECT_TRUE(made.trials[1].matched);
  EXPECT_EQ(made.trials[1].why, "server port 443, server name www.example matches *.example");
  EXPECT_EQ(made.rule_name, "two");
  EXPECT_EQ(made.tools, std::vector<std::string>{"ids"});
  EXPECT_EQ(made.phase, Phase::kHello);
  EXPECT_EQ(made.phase_why, "rule \"two\" could match and needs the server name");
}

Policy with_insurers() {
  Rule rule{.name = "insurers", .then = Action::kPass};
  rule.when.certificate.name = {"*.insurer.example"};
  return {.rules = {rule, {.name = "rest"}}};
}

TEST(Explanation, SaysThatARuleAwaitsTheCertificate) {
  const Explanation made = explain(with_insurers(), {}, web_flow(), "www.example");
  EXPECT_TRUE(made.awaits_certificate);
  EXPECT_TRUE(made.trials.at(0).awaits);
  EXPECT_EQ(made.trials[0].why, "it needs the server's certificate");
  EXPECT_EQ(made.rule_name, "rest");
  EXPECT_EQ(made.phase, Phase::kCertificate);
  EXPECT_NE(text(made).find("  rules[0] insurers: awaits: it needs the server's certificate\n"),
            std::string::npos);
  EXPECT_NE(text(made).find("unless the server's certificate matches"), std::string::npos);
}

TEST(Explanation, SaysWhatTheCertificateIsNot) {
  const CertificateFacts shown{
      .names = {"a.example", "b.example"}, .outcomes = {"trusted"}, .believed = true};
  const Explanation made = explain(with_insurers(), {}, web_flow(), "www.example", {}, {.shown = &shown});
  EXPECT_FALSE(made.awaits_certificate);
  EXPECT_EQ(made.trials.at(0).why, "the certificate's name a.example, b.example is not *.insurer.example");
  const CertificateFacts feigned{.names = {"www.insurer.example"}, .outcomes = {"self_signed"}};
  EXPECT_EQ(explain(with_insurers(), {}, web_flow(), "www.example", {}, {.shown = &feigned}).trials.at(0).why,
            "the certificate's texts match, but it does not verify (self_signed), and the rule passes");
}

TEST(Explanation, SaysThatTheNameDoesNotMatter) {
  const Policy policy{.rules = {{.name = "all"}, {.name = "named", .when = {.sni = {"*"}}}}};
  const Explanation made = explain(policy, {}, web_flow(), "www.example");
  EXPECT_EQ(made.phase, Phase::kConnection);
  EXPECT_EQ(made.trials.at(0).why, "it has no conditions");
}

}  // namespace
}  // namespace limpid::policy
