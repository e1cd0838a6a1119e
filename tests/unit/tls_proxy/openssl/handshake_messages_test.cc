#include "tls_proxy/openssl/handshake_messages.h"

#include <gtest/gtest.h>

#include <string>

namespace limpid::openssl {
namespace {

/// A ServerHello up to its random value, and a little more.
std::string server_hello(std::string_view random) {
  return std::string("\x02\x00\x00\x60\x03\x03", 6) + std::string(random) + std::string(64, '\0');
}

TEST(HandshakeMessages, AreNamedByTheirTypes) {
  EXPECT_EQ(message_name(message_type(as_bytes(std::string("\x01\x00\x00\x00", 4)))), "ClientHello");
  EXPECT_EQ(message_name(message_type(as_bytes(std::string("\x0d\x00\x00\x00", 4)))), "CertificateRequest");
  EXPECT_EQ(message_name(message_type(as_bytes(std::string("\x14")))), "Finished");
  EXPECT_EQ(message_name(77), "an unknown message");
}

TEST(HandshakeMessages, NoneHasNoName) {
  EXPECT_EQ(message_type({}), kNoMessage);
  EXPECT_EQ(message_name(LastMessages{}.received), "");
}

TEST(HandshakeMessages, TellAHelloRetryRequestFromAServerHelloByItsRandomValue) {
  const std::string_view retry(
      "\xcf\x21\xad\x74\xe5\x9a\x61\x11\xbe\x1d\x8c\x02\x1e\x65\xb8\x91"
      "\xc2\xa2\x11\x16\x7a\xbb\x8c\x5e\x07\x9e\x09\xe2\xc8\xa8\x33\x9c",
      32);
  EXPECT_EQ(message_name(message_type(as_bytes(server_hello(retry)))), "HelloRetryRequest");
  EXPECT_EQ(message_name(message_type(as_bytes(server_hello(std::string(32, 'r'))))), "ServerHello");
  EXPECT_EQ(message_name(message_type(as_bytes(server_hello(retry).substr(0, 37)))), "ServerHello");
}

}  // namespace
}  // namespace limpid::openssl
