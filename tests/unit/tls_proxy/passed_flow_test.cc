#include "tls_proxy/passed_flow.h"

#include <gtest/gtest.h>

#include "tests/unit/tls_proxy/interception.h"

namespace limpid::testing {
namespace {

/// A flow that policy passes, with what the server said in its handshake.
struct Passed {
  explicit Passed(int version, const std::string& sni = "server.example") {
    auto setup = Interception::usual();
    setup.policy.rules.front().then = policy::Action::kPass;
    if (!sni.empty()) setup.policy.rules.front().when.sni = {sni};
    setup.client.sni = sni;
    setup.client.version_max = version;
    it = std::make_unique<Interception>(std::move(setup));
    const std::string hello = it->client.first_flight();
    advice = it->interceptor->on_first_bytes(it->facts, as_bytes(hello), it->clock.now());
    it->server_stream.write(as_bytes(hello));
    it->server.pump(it->server_stream);
    said.resize(it->server_stream.readable());
    it->server_stream.copy_front({reinterpret_cast<std::byte*>(said.data()), said.size()});
  }
  std::unique_ptr<Interception> it;
  flow::FirstBytesAdvice advice;
  std::string said;
};

TEST(PassedFlow, FindsAndVerifiesTheCertificateOfAClearHandshake) {
  Passed flow(TLS1_2_VERSION);
  bool more = true;
  for (std::size_t at = 0; at < flow.said.size() && more; at += 100) {
    more = flow.advice.memo->on_server_bytes(as_bytes(flow.said.substr(at, 100)));
  }
  EXPECT_FALSE(more);
  ASSERT_EQ(flow.it->records.certificates.size(), 1U);
  const certificate::ObservedCertificate& seen = flow.it->records.certificates.front();
  EXPECT_EQ(seen.outcome, "trusted");
  EXPECT_EQ(seen.sni, "server.example");
  EXPECT_FALSE(seen.intercepted);
  EXPECT_FALSE(flow.advice.memo->on_server_bytes(as_bytes("more")));
}

TEST(PassedFlow, StopsLookingWhereTheHandshakeIsEncrypted) {
  Passed flow(TLS1_3_VERSION);
  EXPECT_FALSE(flow.advice.memo->on_server_bytes(as_bytes(flow.said)));
  EXPECT_TRUE(flow.it->records.certificates.empty());
}

TEST(PassedFlow, TellsWhatItSawInItsRecord) {
  Passed flow(TLS1_2_VERSION);
  flow.advice.memo->on_server_bytes(as_bytes(flow.said));
  flow.it->interceptor->on_closed(flow.it->facts, {.bytes_from_server = 7}, nullptr,
                                  std::move(flow.advice.memo), flow.it->clock.now());
  ASSERT_EQ(flow.it->records.sessions.size(), 1U);
  const tls::SessionRecord& record = flow.it->records.sessions.front();
  EXPECT_EQ(record.decided, tls::Decided::kPass);
  EXPECT_EQ(record.rule_name, "all");
  EXPECT_EQ(record.sni, "server.example");
  EXPECT_EQ(record.server.version_name, "TLS 1.2");
  EXPECT_FALSE(record.server.cipher.empty());
  EXPECT_EQ(record.bytes_from_server, 7U);
}

TEST(PassedFlow, KeepsWhomTheCertificateNamesWhereTheClientHasNotNamedItsServer) {
  for (const std::string sni : {"", "server.example"}) {
    Passed flow(TLS1_2_VERSION, sni);
    flow.advice.memo->on_server_bytes(as_bytes(flow.said));
    flow.it->interceptor->on_closed(flow.it->facts, {}, nullptr, std::move(flow.advice.memo),
                                    flow.it->clock.now());
    ASSERT_EQ(flow.it->records.sessions.size(), 1U);
    const tls::SessionRecord& record = flow.it->records.sessions.front();
    ASSERT_EQ(record.certificate_names == nullptr, !sni.empty());
    if (sni.empty()) {
      EXPECT_EQ(record.certificate_names->names.front(), "server.example");
    }
  }
}

TEST(PassedFlow, IsSmall) { EXPECT_LE(sizeof(tls::PassedFlow), 192U); }

}  // namespace
}  // namespace limpid::testing
