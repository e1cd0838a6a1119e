#include "tls_proxy/server_sessions.h"

#include <gtest/gtest.h>

#include "tests/unit/tls_proxy/interception.h"

namespace limpid::testing {
namespace {

using std::chrono::hours;
using std::chrono::seconds;
using tls::ServerSessions;

openssl::SessionPtr session_of(int version, char id) {
  openssl::SessionPtr made(SSL_SESSION_new());
  const std::string identifier(32, id);
  SSL_SESSION_set_protocol_version(made.get(), version);
  SSL_SESSION_set1_id(made.get(), reinterpret_cast<const unsigned char*>(identifier.data()), 32);
  return made;
}

char id_of(const openssl::SessionPtr& session) {
  unsigned int size = 0;
  const unsigned char* id = session ? SSL_SESSION_get_id(session.get(), &size) : nullptr;
  return size == 0 ? '-' : static_cast<char>(id[0]);
}

ServerSessions::Key key_of(int number) {
  ServerSessions::Key key{};
  std::memcpy(key.data(), &number, sizeof number);
  key.back() = static_cast<std::byte>(number & 0xff);
  return key;
}

struct ServerSessionsTest : ::testing::Test {
  Instant now{hours(1)};
  ServerSessions::Chain chain =
      std::make_shared<certificate::PresentedChain>(chain_of({&TestPki::shared().server}));
};

TEST_F(ServerSessionsTest, AreGivenWithWhatTheirServerPresentedAsOftenAsWanted) {
  ServerSessions sessions({});
  sessions.put(key_of(1), *session_of(TLS1_2_VERSION, 'a'), chain, now);
  for (int i = 0; i < 3; ++i) {
    const ServerSessions::Known known = sessions.take(key_of(1), now);
    EXPECT_EQ(id_of(known.session), 'a');
    EXPECT_EQ(known.chain, chain);
  }
  EXPECT_EQ(sessions.take(key_of(2), now).session, nullptr);
}

TEST_F(ServerSessionsTest, OfOneServerAreReplacedByANewerOne) {
  ServerSessions sessions({});
  sessions.put(key_of(1), *session_of(TLS1_2_VERSION, 'a'), chain, now);
  sessions.put(key_of(1), *session_of(TLS1_2_VERSION, 'b'), chain, now);
  EXPECT_EQ(id_of(sessions.take(key_of(1), now).session), 'b');
}

TEST_F(ServerSessionsTest, EachConnectionHasACopyOfItsOwn) {
  ServerSessions sessions({});
  sessions.put(key_of(1), *session_of(TLS1_2_VERSION, 'a'), chain, now);
  EXPECT_NE(sessions.take(key_of(1), now).session, sessions.take(key_of(1), now).session);
}

TEST_F(ServerSessionsTest, EndWithTheirLifetime) {
  ServerSessions sessions({.lifetime = seconds(10)});
  sessions.put(key_of(1), *session_of(TLS1_2_VERSION, 'a'), chain, now);
  EXPECT_EQ(id_of(sessions.take(key_of(1), now + seconds(9)).session), 'a');
  EXPECT_EQ(sessions.take(key_of(1), now + seconds(10)).session, nullptr);
  EXPECT_EQ(sessions.size(), 0U);
}

// Else a server that gives a new session with each resumed one would never show its certificate again.
TEST_F(ServerSessionsTest, AreNoYoungerForBeingRenewedThanWhatTheyRestOn) {
  ServerSessions sessions({.lifetime = seconds(10)});
  sessions.put(key_of(1), *session_of(TLS1_2_VERSION, 'a'), chain, now);
  const ServerSessions::Known first = sessions.take(key_of(1), now + seconds(6));
  sessions.put(key_of(1), *session_of(TLS1_2_VERSION, 'b'), first.chain, now + seconds(6),
               {.presented = first.presented});
  const ServerSessions::Known renewed = sessions.take(key_of(1), now + seconds(9));
  EXPECT_EQ(id_of(renewed.session), 'b');
  EXPECT_EQ(renewed.presented, now);
  EXPECT_EQ(sessions.take(key_of(1), now + seconds(10)).session, nullptr);
}

TEST_F(ServerSessionsTest, AreKeptNoLongerThanWhatTheyRestOnIsGood) {
  ServerSessions sessions({.lifetime = seconds(10)});
  sessions.put(key_of(1), *session_of(TLS1_2_VERSION, 'a'), chain, now, {.good_for = seconds(3)});
  EXPECT_EQ(id_of(sessions.take(key_of(1), now + seconds(2)).session), 'a');
  EXPECT_EQ(sessions.take(key_of(1), now + seconds(3)).session, nullptr);
}

TEST_F(ServerSessionsTest, OfTls13WithoutALifetimeAreNotKept) {
  ServerSessions sessions({});
  sessions.put(key_of(1), *session_of(TLS1_3_VERSION, 'a'), chain, now);
  EXPECT_EQ(sessions.take(key_of(1), now).session, nullptr) << "RFC 8446 §4.6.1: discarded immediately";
}

TEST_F(ServerSessionsTest, AreForgottenOnRequest) {
  ServerSessions sessions({});
  sessions.put(key_of(1), *session_of(TLS1_2_VERSION, 'a'), chain, now);
  sessions.forget(key_of(1));
  EXPECT_EQ(sessions.take(key_of(1), now).session, nullptr);
}

TEST_F(ServerSessionsTest, AreBoundedByServers) {
  ServerSessions sessions({.servers_max = 32});
  for (int i = 0; i < 500; ++i) sessions.put(key_of(i), *session_of(TLS1_2_VERSION, 'a'), chain, now);
  EXPECT_EQ(sessions.size(), 32U);
  EXPECT_NE(sessions.take(key_of(499), now).session, nullptr) << "the newest stays";
}

TEST_F(ServerSessionsTest, AreBoundedBySizeWhereServersPresentMuch) {
  std::vector<const Credential*> many(30, &TestPki::shared().rsa_server);
  const auto large = std::make_shared<certificate::PresentedChain>(chain_of(many));
  ServerSessions sessions({.servers_max = 320});
  for (int i = 0; i < 500; ++i) sessions.put(key_of(i), *session_of(TLS1_2_VERSION, 'a'), large, now);
  EXPECT_LT(sessions.size(), 160U);
}

}  // namespace
}  // namespace limpid::testing
