// The bounds of what is kept for client legs, and that several workers can use it at once. What is resumed
// from it and what is not: tests/unit/tls_proxy/resumption_test.cc.
#include "tls_proxy/openssl/client_sessions.h"

#include <gtest/gtest.h>

#include <thread>

#include "tests/unit/tls_proxy/interception.h"

namespace limpid::testing {
namespace {

using openssl::ClientSessions;
using openssl::ClientSessionsSettings;

openssl::ClientAnswer answer_with(std::byte binding) {
  const Credential& shown = TestPki::shared().server;
  openssl::ClientAnswer answer{
      .version = tls::kTls12, .leaf = shown.certificate.get(), .key = shown.key.get()};
  answer.binding.emplace();
  answer.binding->fill(binding);
  return answer;
}

void shake(openssl::Engine& engine, TlsPeer& client, MemoryStream& stream) {
  for (bool moved = true; moved;) {
    moved = client.pump(stream);
    engine.handshake();
  }
  EXPECT_TRUE(client.connected()) << client.error();
}

/// One worker: its own context, and handshakes with clients that have no tickets.
struct Worker {
  explicit Worker(std::shared_ptr<ClientSessions> sessions)
      : contexts(openssl::Contexts::open(std::move(sessions)).value()) {}

  /// Whether the client was resumed.
  bool handshake(const std::shared_ptr<PeerMemory>& memory, std::byte binding = std::byte{1}) {
    MemoryStream stream(Reason::client_reset);
    const auto engine = openssl::Engine::towards_client(*contexts, answer_with(binding), stream);
    TlsPeer client = TlsPeer::client({.memory = memory, .options = SSL_OP_NO_TICKET});
    shake(*engine, client, stream);
    return client.resumed();
  }
  std::unique_ptr<openssl::Contexts> contexts;
};

struct ClientSessionsTest : ::testing::Test {
  std::shared_ptr<ClientSessions> sessions_of(const ClientSessionsSettings& settings) {
    return std::make_shared<ClientSessions>(settings, random, clock);
  }
  ManualClock clock;
  SystemRandom random;
};

TEST_F(ClientSessionsTest, AreBounded) {
  const auto sessions = sessions_of({.sessions_max = 32});
  Worker worker(sessions);
  for (int i = 0; i < 200; ++i) worker.handshake(std::make_shared<PeerMemory>());
  EXPECT_LE(sessions->size(), 32U);
  EXPECT_GE(sessions->size(), 16U);
}

TEST_F(ClientSessionsTest, AreResumedUnderTheirOwnBindingOnly) {
  const auto sessions = sessions_of({});
  Worker worker(sessions);
  const auto memory = std::make_shared<PeerMemory>();
  EXPECT_FALSE(worker.handshake(memory));
  EXPECT_FALSE(worker.handshake(memory, std::byte{2}));
  EXPECT_TRUE(worker.handshake(memory, std::byte{2}));
}

TEST_F(ClientSessionsTest, AreNotKeptOfConnectionsThatAreNotBound) {
  const auto sessions = sessions_of({});
  Worker worker(sessions);
  const Credential& shown = TestPki::shared().server;
  for (const std::uint16_t version : {tls::kTls12, tls::kTls13}) {
    MemoryStream stream(Reason::client_reset);
    const auto engine = openssl::Engine::towards_client(
        *worker.contexts, {.version = version, .leaf = shown.certificate.get(), .key = shown.key.get()},
        stream);
    const auto memory = std::make_shared<PeerMemory>();
    TlsPeer client = TlsPeer::client({.memory = memory});
    shake(*engine, client, stream);
    EXPECT_EQ(sessions->size(), 0U);
    for (const openssl::SessionPtr& session : memory->sessions)
      EXPECT_EQ(SSL_SESSION_has_ticket(session.get()), 0);
  }
}

TEST_F(ClientSessionsTest, AreForgottenAfterAFatalAlert) {
  const auto sessions = sessions_of({});
  Worker worker(sessions);
  const auto memory = std::make_shared<PeerMemory>();
  EXPECT_FALSE(worker.handshake(memory));
  EXPECT_EQ(sessions->size(), 1U);
  MemoryStream stream(Reason::client_reset);
  const auto engine = openssl::Engine::towards_client(*worker.contexts, answer_with(std::byte{1}), stream);
  TlsPeer client = TlsPeer::client({.memory = memory, .options = SSL_OP_NO_TICKET});
  shake(*engine, client, stream);
  ASSERT_TRUE(client.resumed());
  stream.deliver(std::string("\x15\x03\x03\x00\x02\x02\x28", 7));  // not encrypted: bad_record_mac
  std::array<std::byte, 100> buffer{};
  EXPECT_EQ(engine->read(buffer).what, tls::TlsEngine::Read::kFailed);
  EXPECT_EQ(sessions->size(), 0U) << "RFC 5246 §7.2.2";
}

TEST_F(ClientSessionsTest, ServeSeveralWorkersAtOnce) {
  TestPki::shared();
  const auto sessions = sessions_of({.sessions_max = 64});
  const auto known = std::make_shared<PeerMemory>();
  Worker(sessions).handshake(known);
  std::array<int, 3> resumed{};
  std::vector<std::thread> threads;
  for (int& count : resumed) {
    threads.emplace_back([&count, &sessions, &known] {
      Worker worker(sessions);
      for (int i = 0; i < 30; ++i) {
        const auto memory = std::make_shared<PeerMemory>();
        memory->sessions.emplace_back(SSL_SESSION_dup(known->sessions.front().get()));
        count += worker.handshake(memory) ? 1 : 0;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(resumed, (std::array<int, 3>{30, 30, 30}));
}

}  // namespace
}  // namespace limpid::testing
