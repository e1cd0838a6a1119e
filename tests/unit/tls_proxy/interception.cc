#include "tests/unit/tls_proxy/interception.h"

#include <gtest/gtest.h>

namespace limpid::testing {

using std::chrono::hours;

const TestPki& TestPki::shared() {
  static const TestPki kPki;
  return kPki;
}

TestPki::TestPki()
    : root(make_certificate(ca_spec("Test Root"))),
      server(make_certificate({}, &root)),
      rsa_server(make_certificate(
          {.key_usage = "critical,digitalSignature,keyEncipherment", .key = TestKey::kRsa2048}, &root)),
      expired(make_certificate({.from = -hours(24 * 30), .until = -hours(24)}, &root)),
      self_signed(make_certificate({})),
      signing_ca(make_certificate(ca_spec("Signing CA"))),
      untrusted_ca(make_certificate(ca_spec("Untrusted CA"))) {
  const std::string folder = make_folder();
  const certificate::SigningFiles files{
      .trusted_certificate = write_file(folder, "ca.pem", signing_ca.certificate_pem()),
      .trusted_key = write_file(folder, "ca.key", signing_ca.key_pem()),
      .untrusted_certificate = write_file(folder, "untrusted.pem", untrusted_ca.certificate_pem()),
      .untrusted_key = write_file(folder, "untrusted.key", untrusted_ca.key_pem())};
  auto loaded = certificate::SigningMaterial::load(files, kTestNow);
  if (!loaded) ADD_FAILURE() << loaded.error().front().sentence;
  material = std::move(loaded).value();
  auto store = certificate::TrustStore::load(write_file(folder, "roots.pem", root.certificate_pem()));
  if (!store) ADD_FAILURE() << store.error();
  trust = std::move(store).value();
}

Interception::Setup Interception::usual() {
  const TestPki& pki = TestPki::shared();
  Setup setup;
  setup.client.trust = pki.signing_ca.certificate.get();
  setup.server.chain = {&pki.server};
  setup.policy.rules.push_back({.name = "all", .then = policy::Action::kDecrypt, .tools = {0, 1}});
  return setup;
}

Interception::Setup Interception::through_tools(std::size_t inline_tools) {
  Setup setup = usual();
  setup.inline_tools = inline_tools;
  for (std::size_t i = 2; i <= inline_tools + 1; ++i) {
    setup.policy.rules.front().tools.push_back(static_cast<std::uint16_t>(i));
  }
  return setup;
}

Interception::Setup Interception::through_group(std::size_t inline_tools) {
  Setup setup = through_tools(1);
  setup.inline_tools = inline_tools;
  setup.one_group = true;
  return setup;
}

std::shared_ptr<const policy::RuleSet> Interception::compiled(const policy::Policy& policy) {
  auto rules = policy::RuleSet::compile(policy, {.segments = {}, .tools = {"mirror", "ips", "dlp"}});
  if (!rules) ADD_FAILURE() << "the policy does not compile";
  return std::move(rules).value();
}

Interception::Interception(Setup setup)
    : facts{.client = *SocketAddress::parse("10.0.0.1:50000"),
            .server = *SocketAddress::parse("192.0.2.1:443")},
      host(facts),
      client(TlsPeer::client(setup.client)),
      server(TlsPeer::server(setup.server)),
      setup_(setup) {
  const TestPki& pki = TestPki::shared();
  std::vector<tls::ToolPart> parts{{.mirror = &mirror, .leg_mirror = setup.record_leg ? &leg : nullptr}};
  for (std::size_t i = 0; i < setup.inline_tools; ++i) {
    tools.push_back(std::make_unique<BridgedTool>(pool, random));
  }
  std::vector<std::vector<BridgedTool*>> named;
  for (const auto& each : tools) {
    if (named.empty() || !setup.one_group) named.emplace_back();
    named.back().push_back(each.get());
  }
  for (std::vector<BridgedTool*>& members : named) {
    groups.push_back(
        std::make_unique<BridgedGroup>(std::move(members), setup.on_failure, setup.reset_open_sessions));
    parts.push_back({.group = &groups.back()->group});
  }
  parts.push_back({.mirror = &delivered, .after_tools = true});
  if (setup.learning) learnt = std::make_shared<tls::LearntTable>(*setup.learning, clock, SipKey{1, 2});
  auto opened =
      tls::Interceptor::open(setup.settings, {.rules = setup.rules ? setup.rules : compiled(setup.policy),
                                              .trust = setup.trust ? setup.trust : pki.trust,
                                              .signing = setup.signing ? setup.signing : pki.material,
                                              .inbound = setup.inbound,
                                              .client_keys = setup.client_keys,
                                              .knowledge = setup.knowledge,
                                              .random = &random,
                                              .clock = &clock,
                                              .records = &records,
                                              .key_log = setup.log_keys ? &key_log : nullptr,
                                              .tools = std::move(parts),
                                              .resumption = setup.resumption,
                                              .live_status = setup.live_status,
                                              .late_verdicts = setup.late_verdicts,
                                              .learnt = learnt});
  if (!opened) ADD_FAILURE() << opened.error();
  interceptor = std::move(opened).value();
  clock.advance(hours(1));
}

void Interception::connect() {
  const std::string hello = client.first_flight();
  advice = interceptor->on_first_bytes(facts, as_bytes(hello), clock.now());
  ASSERT_EQ(advice.kind, flow::FirstBytesAdvice::Kind::kAdopt);
  session_ = std::move(advice.session);
  session_->attach(host);
  client_stream.deliver(hello);
  settle();
}

void Interception::connect_after(const std::vector<Said>& said) {
  dialogue = interceptor->on_syn(facts, clock.now()).dialogue;
  if (dialogue == nullptr)
    dialogue = interceptor->on_first_bytes(facts, as_bytes(said.front().text), clock.now()).dialogue;
  ASSERT_NE(dialogue, nullptr);
  const std::string hello = client.first_flight();
  flow::Dialogue::Finding found;
  std::string first;  // a client that does not wait for an answer sends its hello in the same breath
  for (const Said& turn : said) {
    first = turn.text + (turn.by_client && &turn == &said.back() ? hello : "");
    found = dialogue->on_bytes(turn.by_client, as_bytes(first));
  }
  ASSERT_EQ(found.kind, flow::Dialogue::Finding::Kind::kUpgraded);
  if (!said.back().by_client) first = hello;
  advice = dialogue->on_first_bytes(facts, as_bytes(first), clock.now());
  ASSERT_EQ(advice.kind, flow::FirstBytesAdvice::Kind::kAdopt);
  session_ = std::move(advice.session);
  session_->attach(host);
  client_stream.deliver(first);
  settle();
}

void Interception::again() {
  client = TlsPeer::client(setup_.client);
  server = TlsPeer::server(setup_.server);
  client_stream = MemoryStream(Reason::client_reset);
  server_stream = MemoryStream(Reason::server_reset);
  connect();
}

void Interception::connect_undecided() {
  session_ = interceptor->adopt_undecided(facts, clock.now());
  session_->attach(host);
  settle();
}

void Interception::connect_undecided_after(const std::vector<Said>& said) {
  dialogue = interceptor->on_syn(facts, clock.now()).dialogue;
  ASSERT_NE(dialogue, nullptr);
  for (const Said& turn : said) dialogue->on_bytes(turn.by_client, as_bytes(turn.text));
  session_ = dialogue->adopt_undecided(facts, clock.now());
  session_->attach(host);
  settle();
}

void Interception::answer_redial(const PeerSettings& settings) {
  host.on_redial = [this, settings] {
    server = TlsPeer::server(settings);
    server_stream = MemoryStream(Reason::server_reset);
    host.dial = flow::SessionHost::Redial::kOpen;
    host.woken = true;
  };
}

void Interception::answer_redial(const PeerSettings& settings, std::vector<Said> said) {
  host.on_redial = [this, settings, said = std::move(said)] {
    server = TlsPeer::server(settings);
    server_stream = MemoryStream(Reason::server_reset);
    second_ = said;
    host.dial = flow::SessionHost::Redial::kOpen;
    host.woken = true;
  };
}

/// The server's part of what is said in the clear. True: something moved.
bool Interception::go_along() {
  bool moved = false;
  while (!second_.empty()) {
    const Said& turn = second_.front();
    second_heard_ += server_stream.take();
    if (turn.by_client && !second_heard_.starts_with(turn.text)) break;
    turn.by_client ? static_cast<void>(second_heard_.erase(0, turn.text.size()))
                   : server_stream.deliver(turn.text);
    second_.erase(second_.begin());
    moved = true;
  }
  return moved;
}

flow::FirstBytesAdvice Interception::next_hello(const PeerSettings& from,
                                                std::optional<std::string_view> address) {
  FlowFacts next = facts;
  if (address) next.client.ip = IpAddress::parse(*address).value();
  const std::string hello = TlsPeer::client(from).first_flight();
  return interceptor->on_first_bytes(next, as_bytes(hello), clock.now());
}

void Interception::expect_conversation() {
  client.say("question");
  settle();
  EXPECT_EQ(server.heard(), "question") << server.error();
  server.say("answer");
  settle();
  EXPECT_EQ(client.heard(), "answer") << client.error();
}

void Interception::settle() {
  for (int round = 0; round < 200'000; ++round) {
    bool moved = client.pump(client_stream);
    if (!second_.empty()) moved = go_along() || moved;
    if (server_is_tls && second_.empty()) moved = server.pump(server_stream) || moved;
    for (const auto& one : tools) {
      moved = one->bridge.pass(one->tool, pool, clock.now()) || moved;
      one->tool.run(clock.now());
    }
    const bool client_news = client_stream.take_news();
    const bool server_news = server_stream.take_news();
    const bool due = !session_->finished() && session_->deadline() <= clock.now();
    const bool woken = std::exchange(host.woken, false) && !session_->finished();
    if (client_news || server_news || woken || due) {
      session_->run({client_stream, server_stream}, clock.now());
      ++runs;
      moved = true;
    }
    if (!moved) return;
  }
  ADD_FAILURE() << "it never settles";
}

void Interception::pass(Duration time, Duration step) {
  for (Duration passed{}; passed < time; passed += step) {
    clock.advance(step);
    settle();
  }
}

void Interception::close() {
  interceptor->on_closed(facts, {.opened = Instant(hours(1)), .last = clock.now()}, std::move(session_),
                         nullptr, clock.now());
}

tls::SessionRecord Interception::snapshot() const {
  return tls::Interceptor::describe(facts, {}, session_.get(), nullptr, clock.now(), clock.wall());
}

}  // namespace limpid::testing
