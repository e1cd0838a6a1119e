#include "tls_proxy/certificate/server_handshake_observer.h"

#include <gtest/gtest.h>

#include <array>
#include <string>

namespace limpid::certificate {
namespace {

using State = ServerHandshakeObserver::State;

std::string number(std::size_t value, int bytes) {
  std::string out;
  for (int shift = 8 * (bytes - 1); shift >= 0; shift -= 8) out += static_cast<char>(value >> shift & 0xffU);
  return out;
}
std::string message(char type, const std::string& body) { return type + number(body.size(), 3) + body; }
std::string record(const std::string& body, char type = 22) {
  return type + std::string("\x03\x03") + number(body.size(), 2) + body;
}

std::string server_hello(std::uint16_t version = 0x0303, const std::string& extensions = "") {
  std::string body =
      number(version, 2) + std::string(32, 'r') + number(0, 1) + number(0xc02b, 2) + number(0, 1);
  if (!extensions.empty()) body += number(extensions.size(), 2) + extensions;
  return message(2, body);
}
std::string certificate(const std::vector<std::string>& ders) {
  std::string list;
  for (const std::string& der : ders) list += number(der.size(), 3) + der;
  return message(11, number(list.size(), 3) + list);
}

TEST(ServerHandshakeObserver, FindsTheChainOfAClearHandshake) {
  ServerHandshakeObserver observer;
  EXPECT_EQ(observer.on_bytes(as_bytes(record(server_hello()) + record(certificate({"leaf", "issuer"})))),
            State::kFound);
  EXPECT_EQ(observer.chain(), (std::vector<std::string>{"leaf", "issuer"}));
  EXPECT_EQ(observer.version(), 0x0303);
  EXPECT_EQ(observer.cipher_suite(), 0xc02b);
}

TEST(ServerHandshakeObserver, AnySplitIntoSegmentsAndRecordsIsTheSame) {
  const std::string handshake = server_hello() + certificate({std::string(5000, 'l'), std::string(300, 'i')});
  for (const std::size_t record_size :
       {std::size_t{1}, std::size_t{7}, std::size_t{1000}, handshake.size()}) {
    std::string wire;
    for (std::size_t at = 0; at < handshake.size(); at += record_size)
      wire += record(handshake.substr(at, record_size));
    for (const std::size_t segment : {std::size_t{1}, std::size_t{3}, std::size_t{1460}}) {
      ServerHandshakeObserver observer;
      for (std::size_t at = 0; at < wire.size() && observer.state() == State::kReading; at += segment) {
        observer.on_bytes(as_bytes(std::string_view(wire).substr(at, segment)));
      }
      ASSERT_EQ(observer.state(), State::kFound) << record_size << " " << segment;
      EXPECT_EQ(observer.chain().size(), 2U);
    }
  }
}

TEST(ServerHandshakeObserver, StopsAtTls13) {
  ServerHandshakeObserver observer;
  const std::string supported_versions = number(43, 2) + number(2, 2) + number(0x0304, 2);
  EXPECT_EQ(observer.on_bytes(as_bytes(record(server_hello(0x0303, supported_versions)))), State::kNothing);
}

TEST(ServerHandshakeObserver, AWarningDoesNotHideTheCertificateBehindIt) {
  const std::string unrecognized_name = record("\x01\x70", 21);
  ServerHandshakeObserver observer;
  EXPECT_EQ(observer.on_bytes(as_bytes(unrecognized_name + record(server_hello()) + unrecognized_name +
                                       record(certificate({"leaf"})))),
            State::kFound);
  EXPECT_EQ(observer.chain(), (std::vector<std::string>{"leaf"}));
}

TEST(ServerHandshakeObserver, StopsAtAnythingThatIsNoClearHandshake) {
  for (const std::string& wire :
       {record("\x02\x28", 21), record(std::string("\x01\0", 2), 21), record("\x01", 21),
        record("\x01\x70\x01", 21), record("x", 23), std::string("HTTP/1.1 400 Bad Request"),
        record(message(14, "")), record(message(4, "ticket"))}) {
    ServerHandshakeObserver observer;
    EXPECT_EQ(observer.on_bytes(as_bytes(wire)), State::kNothing);
    EXPECT_TRUE(observer.chain().empty());
  }
}

TEST(ServerHandshakeObserver, GivesUpAfter64KiB) {
  ServerHandshakeObserver observer;
  const std::string start = record(server_hello());
  observer.on_bytes(as_bytes(start));
  const std::string huge = message(11, std::string(100'000, 'x'));
  for (std::size_t at = 0; at < huge.size(); at += 10'000)
    observer.on_bytes(as_bytes(record(huge.substr(at, 10'000))));
  EXPECT_EQ(observer.state(), State::kNothing);
}

TEST(ServerHandshakeObserver, ACertificateListThatContradictsItselfIsNothing) {
  ServerHandshakeObserver observer;
  const std::string lying = message(11, number(10, 3) + number(200, 3) + "short!!");
  EXPECT_EQ(observer.on_bytes(as_bytes(record(server_hello()) + record(lying))), State::kNothing);
  EXPECT_TRUE(observer.chain().empty());
}

TEST(ServerHandshakeObserver, WhatComesBehindTheCertificateInTheSameBytesDoesNotHideIt) {
  for (const std::string& behind : {record("\x01", 20), record("\x02\x28", 21), record("x", 23),
                                    std::string("rubbish"), record(certificate({"another"}))}) {
    ServerHandshakeObserver observer;
    EXPECT_EQ(observer.on_bytes(as_bytes(record(server_hello()) + record(certificate({"leaf"})) + behind)),
              State::kFound);
    EXPECT_EQ(observer.chain(), (std::vector<std::string>{"leaf"}));
  }
}

TEST(ServerHandshakeObserver, AResumedHandshakeHasNoCertificate) {
  ServerHandshakeObserver observer;
  EXPECT_EQ(observer.on_bytes(as_bytes(record(server_hello()) + record("\x01", 20) + record("finished", 22))),
            State::kNothing);
  EXPECT_EQ(observer.version(), 0x0303);
}

TEST(ServerHandshakeObserver, ACertificateWithoutAServerHelloIsNoHandshake) {
  ServerHandshakeObserver observer;
  EXPECT_EQ(observer.on_bytes(as_bytes(record(certificate({"leaf"})))), State::kNothing);
}

TEST(ServerHandshakeObserver, KnowsOldVersions) {
  for (const std::uint16_t version : std::to_array<std::uint16_t>({0x0300, 0x0301, 0x0302, 0x0303})) {
    ServerHandshakeObserver observer;
    EXPECT_EQ(observer.on_bytes(as_bytes(record(server_hello(version) + certificate({"leaf"})))),
              State::kFound);
    EXPECT_EQ(observer.version(), version);
  }
  ServerHandshakeObserver observer;
  EXPECT_EQ(observer.on_bytes(as_bytes(record(server_hello(0x0200) + certificate({"leaf"})))),
            State::kNothing);
}

TEST(ServerHandshakeObserver, LeavesOutCertificatesBeyondAnySensibleChain) {
  ServerHandshakeObserver observer;
  const std::vector<std::string> many(5'000, "x");
  const std::string wire = record(server_hello());
  observer.on_bytes(as_bytes(wire));
  const std::string list = certificate(many);
  for (std::size_t at = 0; at < list.size(); at += 10'000)
    observer.on_bytes(as_bytes(record(list.substr(at, 10'000))));
  EXPECT_EQ(observer.state(), State::kFound);
  EXPECT_EQ(observer.chain().size(), 32U);
}

TEST(ServerHandshakeObserver, AnEmptyCertificateListIsNothing) {
  ServerHandshakeObserver observer;
  EXPECT_EQ(observer.on_bytes(as_bytes(record(server_hello()) + record(certificate({})))), State::kNothing);
}

}  // namespace
}  // namespace limpid::certificate
