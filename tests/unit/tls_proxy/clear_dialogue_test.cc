// Sessions that begin in the clear: what becomes of them, and what policy, tools, mirrors and records are
// told.
#include "tls_proxy/clear_dialogue.h"

#include <gtest/gtest.h>

#include "tests/unit/tls_proxy/interception.h"

namespace limpid::testing {
namespace {

using Kind = flow::Dialogue::Finding::Kind;
using tls::SessionState;

const std::string kConnect = "CONNECT server.example:443 HTTP/1.1\r\n\r\n";
const std::string kEstablished = "HTTP/1.1 200 ok\r\n\r\n";
const std::string kHeader = "PROXY TCP4 192.0.2.9 192.0.2.1 40000 443\r\n";
const std::vector<Interception::Said> kSmtp{
    {false, "220 hi\r\n"}, {true, "STARTTLS\r\n"}, {false, "220 go\r\n"}};
const std::vector<Interception::Said> kTunnel{{true, kConnect}, {false, kEstablished}};

Interception::Setup on_smtp_port(std::size_t inline_tools = 0) {
  auto setup = Interception::through_tools(inline_tools);
  setup.settings.starttls = {{443, policy::UpgradeProtocol::kSmtp}};  // the port of these tests
  return setup;
}
Interception::Setup with_rule(Interception::Setup setup, policy::Conditions when, policy::Action then) {
  setup.policy.rules.insert(setup.policy.rules.begin(),
                            {.name = "rule", .when = std::move(when), .then = then});
  return setup;
}

TEST(ClearDialogue, LeadsToAnInterceptedSession) {
  Interception it(on_smtp_port());
  it.connect_after(kSmtp);
  it.client.say("EHLO again\r\n");
  it.server.say("250 ok\r\n");
  it.settle();
  EXPECT_EQ(it.session().state(), SessionState::kRelay);
  EXPECT_EQ(it.server.heard(), "EHLO again\r\n");
  EXPECT_EQ(it.client.heard(), "250 ok\r\n");
  const tls::SessionRecord record = it.snapshot();
  EXPECT_EQ(record.upgrade, "smtp");
  EXPECT_EQ(record.connect, "");
  EXPECT_EQ(record.plain_from_client, 12U);
}

TEST(ClearDialogue, IsToldToMirrorsBeforeThePlaintext) {
  Interception it(on_smtp_port());
  it.connect_after(kSmtp);
  it.client.say("secret");
  it.settle();
  EXPECT_EQ(it.mirror.from_client, "STARTTLS\r\nsecret");
  EXPECT_EQ(it.mirror.from_server, "220 hi\r\n220 go\r\n");
  EXPECT_EQ(it.delivered.from_client, "STARTTLS\r\nsecret");
}

TEST(ClearDialogue, PassesThroughInlineToolsFirst) {
  for (const std::size_t tools : {1U, 2U}) {
    Interception it(on_smtp_port(tools));
    it.connect_after(kSmtp);
    it.client.say("secret");
    it.server.say("reply");
    it.pass(std::chrono::seconds(1));
    EXPECT_EQ(it.session().state(), SessionState::kRelay);
    EXPECT_EQ(it.server.heard(), "secret");
    EXPECT_EQ(it.client.heard(), "reply");
    EXPECT_EQ(it.delivered.from_client, "STARTTLS\r\nsecret");
    EXPECT_EQ(it.delivered.from_server, "220 hi\r\n220 go\r\nreply");
  }
}

TEST(ClearDialogue, TakenOverUndecidedAndThenPassedIsShownToItsToolsFirst) {
  auto setup = with_rule(on_smtp_port(1), {.sni = {"server.example"}}, policy::Action::kPass);
  setup.policy.not_decrypted.tls = {1};
  Interception it(setup);
  it.connect_undecided_after(kSmtp);
  it.pass(std::chrono::seconds(1));
  EXPECT_EQ(it.session().state(), SessionState::kByteRelay);
  std::string shown;
  std::string of_server;
  for (const auto& [side, frame] : it.tools[0]->bridge.sent()) {
    const std::string_view text = as_text(wire::parse(frame)->payload());
    shown += text;
    if (side == tool::ToolSide::kB) of_server += text;
  }
  EXPECT_TRUE(shown.starts_with("220 hi\r\nSTARTTLS\r\n220 go\r\n\x16\x03")) << shown.substr(0, 60);
  EXPECT_EQ(of_server.find("\x16\x03"), kSmtp[0].text.size() + kSmtp[2].text.size())
      << "the server's answer crosses it behind the dialogue";
}

TEST(ClearDialogue, WithAProxyNamesTheServer) {
  auto setup = Interception::usual();
  setup.client.sni.clear();
  Interception it(setup);
  it.connect_after(kTunnel);
  it.client.say("GET /");
  it.settle();
  EXPECT_EQ(it.server.heard(), "GET /");
  const tls::SessionRecord record = it.snapshot();
  EXPECT_EQ(record.sni, "server.example");
  EXPECT_EQ(record.upgrade, "connect");
  EXPECT_EQ(record.connect, "server.example:443");
  EXPECT_EQ(record.certificate_outcome, "trusted");
}

TEST(ClearDialogue, OfALoadBalancerGoesToTheServerBeforeTheHello) {
  Interception it(Interception::usual());
  it.server_is_tls = false;
  it.connect_after({{true, kHeader}});
  const std::string sent = it.server_stream.take();
  EXPECT_EQ(sent.substr(0, kHeader.size()), kHeader);
  EXPECT_EQ(sent[kHeader.size()], '\x16');
  EXPECT_EQ(it.snapshot().upgrade, "proxy");
}

TEST(ClearDialogue, IsAFactForPolicy) {
  Interception it(
      with_rule(Interception::usual(), {.connect_host = {"server.example"}}, policy::Action::kPass));
  auto dialogue = it.interceptor->on_first_bytes(it.facts, as_bytes(kConnect), it.clock.now()).dialogue;
  ASSERT_NE(dialogue, nullptr);
  EXPECT_EQ(dialogue->on_bytes(true, as_bytes(kConnect)).kind, Kind::kMore);
  EXPECT_EQ(dialogue->on_bytes(false, as_bytes(kEstablished)).kind, Kind::kUpgraded);
  const auto advice = dialogue->on_first_bytes(it.facts, as_bytes(it.client.first_flight()), it.clock.now());
  EXPECT_EQ(advice.kind, flow::FirstBytesAdvice::Kind::kForward);
  ASSERT_NE(advice.memo, nullptr);
  const auto record =
      tls::Interceptor::describe(it.facts, {}, nullptr, advice.memo.get(), it.clock.now(), {});
  EXPECT_EQ(record.rule_name, "rule");
  EXPECT_EQ(record.connect, "server.example:443");
}

constexpr const char* kStaysPlain = "CONNECT server.example:443 HTTP/1.1\r\nContent-Length: 1\r\n";

TEST(ClearDialogue, ThatStaysInTheClearIsForwarded) {
  Interception it(Interception::usual());
  const auto dialogue = it.interceptor->on_first_bytes(it.facts, as_bytes(kConnect), {}).dialogue;
  const auto found = dialogue->on_bytes(true, as_bytes(kStaysPlain));
  EXPECT_EQ(found.kind, Kind::kNever);
  EXPECT_EQ(found.reason, Reason::upgrade_malformed);
  const auto memo = dialogue->given_up(it.facts, {}, true).memo;
  EXPECT_EQ(tls::Interceptor::describe(it.facts, {}, nullptr, memo.get(), {}, {}).upgrade, "connect");
}

TEST(ClearDialogue, ThatStaysInTheClearGoesThroughTheToolsOfWhatIsNotTls) {
  auto setup = Interception::through_tools(1);
  setup.policy.not_decrypted.other_tcp = {1};
  Interception it(setup);
  const auto dialogue = it.interceptor->on_first_bytes(it.facts, as_bytes(kConnect), {}).dialogue;
  EXPECT_EQ(dialogue->on_bytes(true, as_bytes(kStaysPlain)).kind, Kind::kNever);
  const auto memo = dialogue->given_up(it.facts, {}, true).memo;
  ASSERT_NE(memo->detour(), nullptr);
  memo->drop_detour();
  EXPECT_EQ(memo->detour(), nullptr);
}

TEST(ClearDialogue, GivenUpByTheEngineGoesThroughTheSameTools) {
  auto setup = on_smtp_port(1);
  setup.policy.not_decrypted.other_tcp = {1};
  Interception it(setup);
  const auto dialogue = it.interceptor->on_syn(it.facts, it.clock.now()).dialogue;
  EXPECT_NE(dialogue->given_up(it.facts, {}, true).memo->detour(), nullptr);
}

TEST(ClearDialogue, GivenUpBeforeAnythingWasSaidIsJudgedByWhatIsSpokenOnItsPort) {
  for (const char* spoken : {"smtp", "imap"}) {
    auto setup = on_smtp_port();
    setup.policy.rules = {{.name = "mail", .when = {.upgrade = {spoken}}, .then = policy::Action::kPass}};
    setup.policy.default_action = policy::Action::kBlock;
    Interception it(setup);
    const auto dialogue = it.interceptor->on_syn(it.facts, it.clock.now()).dialogue;
    ASSERT_NE(dialogue, nullptr);
    const Reason refused = dialogue->given_up(it.facts, {}, true).refused;
    EXPECT_EQ(refused, spoken == std::string("smtp") ? Reason::none : Reason::blocked_by_rule);
  }
}

TEST(ClearDialogue, RefusedAtALimitGoesThroughTheToolsOfTls) {
  auto setup = on_smtp_port(1);
  setup.policy.not_decrypted.tls = {1};
  Interception it(setup);
  const auto dialogue = it.interceptor->on_syn(it.facts, it.clock.now()).dialogue;
  for (const auto& [from_client, text] : kSmtp) dialogue->on_bytes(from_client, as_bytes(text));
  const std::string hello = it.client.first_flight();
  EXPECT_EQ(dialogue->on_first_bytes(it.facts, as_bytes(hello), it.clock.now()).kind,
            flow::FirstBytesAdvice::Kind::kAdopt);
  const auto memo = dialogue->given_up(it.facts, as_bytes(hello), true).memo;
  EXPECT_NE(memo->detour(), nullptr);
  EXPECT_EQ(tls::Interceptor::describe(it.facts, {}, nullptr, memo.get(), {}, {}).upgrade, "smtp");
}

TEST(ClearDialogue, ThatStaysInTheClearIsResetWherePolicyBlocksIt) {
  auto setup = with_rule(Interception::usual(), {.sni = {"good.example"}}, policy::Action::kDecrypt);
  setup.policy.default_action = policy::Action::kBlock;
  setup.policy.rules.resize(1);
  Interception it(setup);
  const auto dialogue = it.interceptor->on_first_bytes(it.facts, as_bytes(kConnect), {}).dialogue;
  const auto found = dialogue->on_bytes(true, as_bytes(kStaysPlain));
  EXPECT_EQ(found.kind, Kind::kViolation);
  EXPECT_EQ(found.reason, Reason::blocked_by_rule);
}

TEST(ClearDialogue, IsRefusedWhereSomebodySpeaksOutOfTurn) {
  Interception it(on_smtp_port());
  auto dialogue = it.interceptor->on_syn(it.facts, it.clock.now()).dialogue;
  ASSERT_NE(dialogue, nullptr);
  const auto found = dialogue->on_bytes(true, as_bytes("STARTTLS\r\nRSET\r\n"));
  EXPECT_EQ(found.kind, Kind::kViolation);
  EXPECT_EQ(found.reason, Reason::upgrade_pipelined);
}

TEST(ClearDialogue, IsNotBegunByOtherPlainText) {
  Interception it(Interception::usual());
  const auto advice =
      it.interceptor->on_first_bytes(it.facts, as_bytes("GET / HTTP/1.1\r\n"), it.clock.now());
  EXPECT_EQ(advice.kind, flow::FirstBytesAdvice::Kind::kForward);
  EXPECT_EQ(advice.reason, Reason::not_tls);
  EXPECT_EQ(it.interceptor->on_syn(it.facts, it.clock.now()).dialogue, nullptr);
}

TEST(ClearDialogue, GivesUpWhereAllTogetherHoldTooMuch) {
  auto setup = on_smtp_port();
  setup.settings.dialogue_bytes_max = sizeof(tls::Prelude::Turn) + 20;
  Interception it(setup);
  auto one = it.interceptor->on_syn(it.facts, it.clock.now()).dialogue;
  auto other = it.interceptor->on_syn(it.facts, it.clock.now()).dialogue;
  EXPECT_EQ(one->on_bytes(false, as_bytes("220 twelve\r\n")).kind, Kind::kMore);
  EXPECT_EQ(other->on_bytes(false, as_bytes("220 twelve\r\n")).reason, Reason::memory_short);
  other.reset();
  one.reset();
  one = it.interceptor->on_syn(it.facts, it.clock.now()).dialogue;
  EXPECT_EQ(one->on_bytes(false, as_bytes("220 twelve\r\n")).kind, Kind::kMore);
}

TEST(ClearDialogue, MayEndBeforeItsHelloIsWhole) {
  Interception it(on_smtp_port());
  auto dialogue = it.interceptor->on_syn(it.facts, it.clock.now()).dialogue;
  for (const auto& turn : kSmtp) dialogue->on_bytes(turn.by_client, as_bytes(turn.text));
  EXPECT_EQ(dialogue->on_first_bytes(it.facts, as_bytes("\x16\x03"), it.clock.now()).kind,
            flow::FirstBytesAdvice::Kind::kNeedMore);
  const auto session = dialogue->adopt_undecided(it.facts, it.clock.now());
  const auto record = tls::Interceptor::describe(it.facts, {}, session.get(), nullptr, it.clock.now(), {});
  EXPECT_EQ(record.upgrade, "smtp");
  EXPECT_EQ(record.state, "await_hello");
}

}  // namespace
}  // namespace limpid::testing
