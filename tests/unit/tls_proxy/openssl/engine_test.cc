// The engine alone: a handshake towards a real server, the ends of its stream, and that nothing is lost.
#include "tls_proxy/openssl/engine.h"

#include <gtest/gtest.h>

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

TEST_F(EngineTest, StaysFailedOnceItHasFailed) {
  engine->handshake();
  stream.deliver("HTTP/1.1 400 Bad Request\r\n\r\n");
  EXPECT_EQ(engine->handshake(), Engine::Handshake::kFailed);
  EXPECT_EQ(engine->handshake(), Engine::Handshake::kFailed);
  EXPECT_EQ(read(), Read::kFailed);
  EXPECT_FALSE(engine->write(as_bytes("x")));
  EXPECT_EQ(engine->failure().reason, Reason::server_not_tls);
}

}  // namespace
}  // namespace limpid::testing
