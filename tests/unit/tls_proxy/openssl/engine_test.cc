// The engine alone: a handshake towards a real server, the ends of its stream, and that nothing is lost.
#include "tls_proxy/openssl/engine.h"

#include <gtest/gtest.h>
#include <openssl/err.h>
#include <openssl/evperr.h>

#include <array>

#include "tests/unit/tls_proxy/interception.h"

namespace limpid::testing {
namespace {

using openssl::Engine;
using Read = tls::TlsEngine::Read;

struct EngineTest : ::testing::Test {
  EngineTest() : server(TlsPeer::server({.chain = {&TestPki::shared().server}})) {
    engine = Engine::towards_server(
        *contexts, {.version_min = tls::kTls12, .version_max = tls::kTls13, .sni = "server.example"}, stream);
  }
  Engine::Handshake shake() {
    Engine::Handshake how = engine->handshake();
    while (server.pump(stream)) how = engine->handshake();
    return how;
  }
  Read read() {
    std::array<std::byte, 100> buffer{};
    const tls::TlsEngine::ReadResult result = engine->read(buffer);
    text += as_text({buffer.data(), result.size});
    return result.what;
  }
  std::unique_ptr<openssl::Contexts> contexts = openssl::Contexts::open().value();
  MemoryStream stream{Reason::server_reset};
  TlsPeer server;
  std::unique_ptr<Engine> engine;
  std::string text;
};

TEST_F(EngineTest, MakesItsHandshakeAndTellsWhatCameOfIt) {
  EXPECT_EQ(engine->handshake(), Engine::Handshake::kWait);
  ASSERT_EQ(shake(), Engine::Handshake::kDone);
  EXPECT_EQ(engine->version(), tls::kTls13);
  EXPECT_EQ(engine->cipher(), "TLS_AES_256_GCM_SHA384");
  EXPECT_EQ(engine->group(), "X25519MLKEM768");
  EXPECT_EQ(engine->alpn(), "");
  EXPECT_EQ(sk_X509_num(engine->peer_chain()), 1);
  EXPECT_FALSE(engine->asked_for_certificate());
}

TEST_F(EngineTest, TellsACleanEndFromACutAndACutFromAReset) {
  shake();
  server.say("bye");
  server.pump(stream);
  EXPECT_EQ(read(), Read::kBytes);
  EXPECT_EQ(text, "bye");
  EXPECT_EQ(read(), Read::kWait);
  stream.deliver_fin();
  EXPECT_EQ(read(), Read::kEnd);
  EXPECT_EQ(read(), Read::kEnd);
  stream.deliver_reset();
  EXPECT_EQ(read(), Read::kBroken);
}

TEST_F(EngineTest, WhatAnotherConnectionLeftInTheErrorQueueIsNotItsOwn) {
  ERR_raise(ERR_LIB_EVP, EVP_R_DIFFERENT_KEY_TYPES);
  ASSERT_EQ(shake(), Engine::Handshake::kDone);
  ERR_raise(ERR_LIB_EVP, EVP_R_DIFFERENT_KEY_TYPES);
  EXPECT_EQ(read(), Read::kWait);
  ERR_raise(ERR_LIB_EVP, EVP_R_DIFFERENT_KEY_TYPES);
  EXPECT_TRUE(engine->write(as_bytes("question")));
  server.pump(stream);
  EXPECT_EQ(server.heard(), "question");
  EXPECT_EQ(engine->failure().reason, Reason::none);
}

TEST_F(EngineTest, TellsACloseNotify) {
  shake();
  server.shut_down();
  server.pump(stream);
  EXPECT_EQ(read(), Read::kCloseNotify);
  EXPECT_EQ(read(), Read::kCloseNotify);
  EXPECT_TRUE(engine->write(as_bytes("still heard")));
  server.pump(stream);
  EXPECT_EQ(server.error(), "");
}

TEST_F(EngineTest, WritesAndReadsAfterItsOwnCloseNotify) {
  shake();
  engine->close_notify();
  server.say("late");
  server.pump(stream);
  EXPECT_TRUE(server.got_close_notify());
  EXPECT_EQ(read(), Read::kBytes);
  EXPECT_EQ(text, "late");
}

TEST_F(EngineTest, KeepsWhatTheStreamCannotTakeAndIsNotReadyMeanwhile) {
  shake();
  stream.memory(10);
  EXPECT_TRUE(engine->ready());
  EXPECT_TRUE(engine->write(as_bytes(std::string(5'000, 'x'))));
  EXPECT_FALSE(engine->ready());
  stream.memory(1'000'000);
  engine->flush();
  EXPECT_TRUE(engine->ready());
  server.pump(stream);
  EXPECT_EQ(server.heard().size(), 5'000U);
}

TEST_F(EngineTest, SeesTheStreamEndAndBreakDuringItsHandshake) {
  engine->handshake();
  stream.deliver_fin();
  EXPECT_EQ(engine->handshake(), Engine::Handshake::kEnd);
  stream.deliver_reset();
  EXPECT_EQ(engine->handshake(), Engine::Handshake::kBroken);
}

TEST_F(EngineTest, TakesACloseNotifyDuringItsHandshakeForAnEnd) {
  engine->handshake();
  stream.deliver(std::string("\x15\x03\x03\x00\x02\x01\x00", 7));
  EXPECT_EQ(engine->handshake(), Engine::Handshake::kEnd);
  EXPECT_EQ(engine->failure().reason, Reason::none);
}

TEST_F(EngineTest, StaysFailedOnceItHasFailed) {
  engine->handshake();
  stream.deliver("HTTP/1.1 400 Bad Request\r\n\r\n");
  EXPECT_EQ(engine->handshake(), Engine::Handshake::kFailed);
  EXPECT_EQ(engine->handshake(), Engine::Handshake::kFailed);
  EXPECT_EQ(read(), Read::kFailed);
  EXPECT_FALSE(engine->write(as_bytes("x")));
  EXPECT_EQ(engine->failure().reason, Reason::server_not_tls);
}

// --- Watched --------------------------------------------------------------------------------------------

struct Noted final : openssl::LegWatcher {
  void on_read(Bytes bytes) override { read += as_text(bytes); }
  void on_written(Bytes bytes) override { written += as_text(bytes); }
  void on_finished() override { ++finished; }
  void on_secret(std::string_view line) override { secrets += std::string(line) + "\n"; }
  std::string read;
  std::string written;
  std::string secrets;
  int finished = 0;
};

struct WatchedEngineTest : ::testing::TestWithParam<std::uint16_t> {
  WatchedEngineTest() : client(TlsPeer::client({.version_min = GetParam(), .version_max = GetParam()})) {}
  void connect(openssl::LegWatcher* watcher) {
    const Credential& server = TestPki::shared().server;
    engine = Engine::towards_client(*contexts,
                                    {.version = GetParam(),
                                     .leaf = server.certificate.get(),
                                     .key = server.key.get(),
                                     .watcher = watcher},
                                    stream);
    while (client.pump(stream)) engine->handshake();
    ASSERT_TRUE(client.connected());
  }
  std::unique_ptr<openssl::Contexts> contexts = openssl::Contexts::open().value();
  MemoryStream stream{Reason::client_reset};
  TlsPeer client;
  Noted noted;
  std::unique_ptr<Engine> engine;
};

TEST_P(WatchedEngineTest, TellsTheBytesOfTheWireAndTheSecretsThatOpenThem) {
  connect(&noted);
  EXPECT_EQ(noted.read.substr(0, 2), "\x16\x03") << "from the ClientHello on";
  EXPECT_EQ(noted.written.substr(0, 2), "\x16\x03");
  const bool tls13 = GetParam() == tls::kTls13;
  for (const char* label : {"CLIENT_TRAFFIC_SECRET_0 ", "SERVER_TRAFFIC_SECRET_0 ",
                            "CLIENT_HANDSHAKE_TRAFFIC_SECRET ", "SERVER_HANDSHAKE_TRAFFIC_SECRET "})
    EXPECT_EQ(noted.secrets.find(label) != std::string::npos, tls13) << label;
  EXPECT_EQ(noted.secrets.find("CLIENT_RANDOM ") != std::string::npos, !tls13);
  noted.written.clear();
  engine->write(as_bytes("a secret"));
  EXPECT_GT(noted.written.size(), 8U);
  EXPECT_EQ(noted.written.find("a secret"), std::string::npos) << "as it is on the wire";
  engine->finish();
  engine->finish();
  EXPECT_EQ(noted.finished, 1);
}

TEST_P(WatchedEngineTest, NobodyIsToldTheSecretsOfAnotherConnection) {
  connect(nullptr);
  EXPECT_EQ(SSL_CTX_get_keylog_callback(contexts->context(openssl::Role::kServer, {})), nullptr);
  EXPECT_NE(
      SSL_CTX_get_keylog_callback(contexts->context(openssl::Role::kServer, {}, openssl::Secrets::kTold)),
      nullptr);
}

INSTANTIATE_TEST_SUITE_P(Versions, WatchedEngineTest, ::testing::Values(tls::kTls12, tls::kTls13));

}  // namespace
}  // namespace limpid::testing
