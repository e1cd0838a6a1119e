#include "tls_proxy/openssl/failure.h"

#include <gtest/gtest.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

namespace limpid::openssl {
namespace {

constexpr int kHandshakeFailure = 40;
constexpr int kUnknownCa = 48;

TEST(LegFailure, OfAClientThatRefusesTheCertificateSaysSo) {
  const LegFailure failure = take_failure(Role::kServer, Phase::kHandshake, {.received = kUnknownCa});
  EXPECT_EQ(failure.reason, Reason::client_rejected_certificate);
  EXPECT_EQ(failure.detail, "the client sent the alert unknown_ca");
}

TEST(LegFailure, OfAnyOtherAlertNamesTheLegAndThePhase) {
  const Alerts alerts{.received = kHandshakeFailure};
  EXPECT_EQ(take_failure(Role::kServer, Phase::kHandshake, alerts).reason, Reason::client_handshake_failed);
  EXPECT_EQ(take_failure(Role::kServer, Phase::kApplication, alerts).reason, Reason::client_alert);
  EXPECT_EQ(take_failure(Role::kClient, Phase::kHandshake, alerts).reason, Reason::server_handshake_failed);
  EXPECT_EQ(take_failure(Role::kClient, Phase::kApplication, alerts).reason, Reason::server_alert);
}

TEST(LegFailure, OfAClientThatComesAgainWithoutItsEncryptedHelloIsToldApart) {
  constexpr int kEchRequired = 121;
  for (const Phase phase : {Phase::kHandshake, Phase::kApplication})
    EXPECT_EQ(take_failure(Role::kServer, phase, {.received = kEchRequired}).reason,
              Reason::client_ech_required);
}

TEST(LegFailure, OfBytesThatAreNotTlsSaysSoOnlyBeforeTheServerHello) {
  ERR_raise(ERR_LIB_SSL, SSL_R_WRONG_VERSION_NUMBER);
  EXPECT_EQ(take_failure(Role::kClient, Phase::kBeforeServerHello, {}).reason, Reason::server_not_tls);
  ERR_raise(ERR_LIB_SSL, SSL_R_WRONG_VERSION_NUMBER);
  EXPECT_EQ(take_failure(Role::kClient, Phase::kHandshake, {}).reason, Reason::server_handshake_failed);
}

TEST(LegFailure, OfAWeakServerSaysSo) {
  for (const int error : {SSL_R_DH_KEY_TOO_SMALL, SSL_R_UNSAFE_LEGACY_RENEGOTIATION_DISABLED}) {
    ERR_raise(ERR_LIB_SSL, error);
    EXPECT_EQ(take_failure(Role::kClient, Phase::kHandshake, {.sent = kHandshakeFailure}).reason,
              Reason::server_too_weak);
  }
}

TEST(LegFailure, OfAnOfferInWhichNothingIsStrongEnoughBlamesTheClient) {
  for (const int error :
       {SSL_R_NO_CIPHERS_AVAILABLE, SSL_R_NO_SUITABLE_SIGNATURE_ALGORITHM, SSL_R_NO_SUITABLE_GROUPS}) {
    ERR_raise(ERR_LIB_SSL, error);
    EXPECT_EQ(take_failure(Role::kClient, Phase::kBeforeServerHello, {}).reason, Reason::client_too_weak);
    ERR_raise(ERR_LIB_SSL, error);
    EXPECT_EQ(take_failure(Role::kClient, Phase::kHandshake, {}).reason, Reason::server_handshake_failed);
  }
}

TEST(LegFailure, TellsTheFirstErrorOfTlsAndEmptiesTheQueue) {
  ERR_raise(ERR_LIB_EVP, EVP_R_BAD_DECRYPT);
  ERR_raise(ERR_LIB_SSL, SSL_R_BAD_RECORD_TYPE);
  ERR_raise(ERR_LIB_SSL, SSL_R_UNEXPECTED_MESSAGE);
  const LegFailure failure = take_failure(Role::kServer, Phase::kApplication, {.sent = 10});
  EXPECT_EQ(failure.reason, Reason::client_protocol_error);
  EXPECT_NE(failure.detail.find("bad record type"), std::string::npos) << failure.detail;
  EXPECT_NE(failure.detail.find("unexpected_message"), std::string::npos) << failure.detail;
  EXPECT_EQ(ERR_peek_error(), 0UL);
}

TEST(LegFailure, WithoutAnErrorIsTheLibrarysOwn) {
  EXPECT_EQ(take_failure(Role::kServer, Phase::kHandshake, {}).reason, Reason::tls_engine_failed);
}

TEST(AlertName, IsTheRfcs) {
  EXPECT_EQ(alert_name(kUnknownCa), "unknown_ca");
  EXPECT_EQ(alert_name(116), "certificate_required");
  EXPECT_EQ(alert_name(200), "alert_200");
  EXPECT_EQ(alert_name(kNoAlert), "");
}

}  // namespace
}  // namespace limpid::openssl
