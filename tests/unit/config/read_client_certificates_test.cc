#include <gtest/gtest.h>

#include "config/load.h"
#include "tests/unit/config/configurations.h"

namespace limpid::config {
namespace {

using policy::ClientCertificate;

TEST(ClientCertificates, WhatServersThatAskForOneGetIsForTlsAndForRulesToSay) {
  const Configuration usual = good_with("");
  EXPECT_EQ(usual.tls.client_certificate, ClientCertificate::kContinue);
  const Configuration made = good_with(
      "  client_certificate: block\n"
      "policy: { rules: [ { then: decrypt, client_certificate: pass }, { then: decrypt } ] }\n");
  EXPECT_EQ(made.tls.client_certificate, ClientCertificate::kBlock);
  EXPECT_EQ(made.policy.rules[0].client_certificate, ClientCertificate::kPass);
  EXPECT_EQ(made.policy.rules[1].client_certificate, std::nullopt);
}

TEST(ClientCertificates, AreForServersByName) {
  const Configuration made = good_with(
      "  client_certificates:\n"
      "    - { hosts: [API.bank.example, \"*.pay.example\"], certificate: c, key: k }\n"
      "    - { hosts: other.example, pkcs12: p, passphrase: { env: P } }\n");
  ASSERT_EQ(made.tls.client_certificates.size(), 2U);
  const ClientKey& first = made.tls.client_certificates[0];
  EXPECT_EQ(first.hosts, (std::vector<std::string>{"api.bank.example", "*.pay.example"}));
  EXPECT_EQ(first.pair.certificate, "/etc/limpid/c");
  EXPECT_EQ(made.tls.client_certificates[1].pkcs12, "/etc/limpid/p");
  EXPECT_EQ(made.tls.client_certificates[1].passphrase.env, "P");
}

TEST(ClientCertificates, SayWhatIsWrong) {
  EXPECT_EQ(said_with("  client_certificate: continu\n"
                      "  client_certificates: [ { certificate: c, key: k },\n"
                      "{ hosts: [a.example], certificate: c } ]\n"),
            "8:23: tls.client_certificate: \"continu\" is not a treatment\n"
            "    expected one of: pass, continue, block        did you mean \"continue\"?\n"
            "9:26: tls.client_certificates[0]: nothing says which servers are shown it\n"
            "    expected hosts: names of servers, or patterns of them\n"
            "10:1: tls.client_certificates[1]: a client has one certificate with its key\n"
            "    expected certificate and key, both PEM, or pkcs12: a file that has both\n");
}

}  // namespace
}  // namespace limpid::config
