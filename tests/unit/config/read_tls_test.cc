#include <gtest/gtest.h>

#include "config/load.h"
#include "tests/unit/config/configurations.h"

namespace limpid::config {
namespace {

std::string with_tls(std::string_view tls) {
  return "segments: [ { name: s, client_side: { interface: a }, server_side: { interface: b } } ]\n" +
         std::string(tls);
}

TEST(TlsSection, ResolvesPathsAgainstTheFile) {
  const Configuration made = good_with("");
  EXPECT_EQ(made.tls.trusted, (KeyPair{"/etc/limpid/a", "/etc/limpid/b"}));
  EXPECT_EQ(made.tls.untrusted, (KeyPair{"/etc/limpid/c", "/etc/limpid/d"}));
  EXPECT_EQ(made.tls.trust, "/etc/ssl/certs/ca-certificates.crt");
}

TEST(TlsSection, NeedsASigningCaOnlyToDecrypt) {
  EXPECT_EQ(said(with_tls("")),
            "1:1: \"tls.signing.trusted\" is missing, but the policy decrypts\n"
            "    expected tls.signing.trusted: { certificate: …, key: … }, the CA that clients trust\n");
  EXPECT_EQ(said(with_tls("tls: {}\npolicy: { default: pass, rules: [ { then: decrypt } ] }\n")),
            "2:6: tls: \"tls.signing.trusted\" is missing, but the policy decrypts\n"
            "    expected tls.signing.trusted: { certificate: …, key: … }, the CA that clients trust\n");
  EXPECT_EQ(said(with_tls("policy: { default: pass }\n")), "");
}

TEST(TlsSection, WarnsWhereServersThatDoNotVerifyAreRefused) {
  EXPECT_EQ(
      said(with_tls("tls: { signing: { trusted: { certificate: a, key: b } } }\n")),
      "2:6: warning: tls: \"tls.signing.untrusted\" is missing: sessions with servers that do not verify are "
      "refused\n");
}

TEST(TlsSection, SaysWhatIsWrong) {
  EXPECT_EQ(
      said(with_tls("tls:\n"
                    "  signing: { trusted: { certificate: a }, untrsted: {} }\n"
                    "  versions: { min: tls1.3, max: tls12 }\n")),
      "3:3: warning: tls: \"tls.signing.untrusted\" is missing: sessions with servers that do not verify are "
      "refused\n"
      "3:23: tls.signing.trusted: \"key\" is missing\n"
      "    expected key: the CA's private key in PEM\n"
      "3:43: tls.signing.untrsted: unknown key\n"
      "    expected one of: trusted, untrusted        did you mean \"untrusted\"?\n"
      "4:33: tls.versions.max: \"tls12\" is not a version\n"
      "    expected one of: ssl3, tls1.0, tls1.1, tls1.2, tls1.3        did you mean \"tls1.2\"?\n");
}

TEST(TlsSection, KnowsWhatIsSpokenOnTheUsualPortsAndIsToldOfOthers) {
  const auto loaded = load_text(with_tls("tls: { starttls_ports: [25, 5432, { port: 26, protocol: imap }] }\n"
                                         "policy: { default: pass }\n"),
                                "limpid.yaml", {.check_files = false});
  ASSERT_TRUE(loaded.ok());
  using policy::UpgradeProtocol;
  EXPECT_EQ(loaded->tls.starttls_ports, (std::vector<StarttlsPort>{{25, UpgradeProtocol::kSmtp},
                                                                   {5432, UpgradeProtocol::kPostgres},
                                                                   {26, UpgradeProtocol::kImap}}));
}

TEST(TlsSection, SaysWhatIsWrongWithPortsOfUpgrades) {
  EXPECT_EQ(said(with_tls("tls: { starttls_ports: [26, 25, 25, { port: 27, protocol: smpt }] }\n"
                          "policy: { default: pass }\n")),
            "2:25: tls.starttls_ports[0]: it is not known what is spoken on this port\n"
            "    expected { port: 26, protocol: smtp }\n"
            "2:33: tls.starttls_ports[2]: the port is here twice\n"
            "    expected every port once\n"
            "2:59: tls.starttls_ports[3].protocol: \"smpt\" is not a protocol\n"
            "    expected one of: smtp, lmtp, imap, pop3, ftp, nntp, managesieve, ldap, xmpp, irc, "
            "postgresql, mysql and 1 more        did you mean \"smtp\"?\n");
}

TEST(TlsSection, TakesMorePortsThanTwentyOnlyWhereItIsToldSo) {
  std::string ports;
  for (int port = 1; port <= 21; ++port) ports += "{ port: " + std::to_string(port) + ", protocol: smtp }, ";
  const std::string rest = "starttls_ports: [" + ports + "] }\npolicy: { default: pass }\n";
  EXPECT_EQ(said(with_tls("tls: { " + rest)),
            "2:24: tls.starttls_ports: there are 21 ports\n"
            "    expected at most 20, or a higher starttls_ports_max\n");
  EXPECT_EQ(said(with_tls("tls: { starttls_ports_max: 21, " + rest)), "");
}

TEST(TlsSection, TakesFrontsOfEncryptedHellosInPlaceOfTheUsualOne) {
  const auto fronts = [](const std::string& tls) {
    const auto loaded =
        load_text(with_tls(tls + "policy: { default: pass }\n"), "limpid.yaml", {.check_files = false});
    return loaded.ok() ? loaded->tls.ech_fronts : std::vector<std::string>{"refused"};
  };
  EXPECT_EQ(fronts("tls: {}\n"), std::vector<std::string>{"cloudflare-ech.com"});
  EXPECT_EQ(fronts("tls: { ech_fronts: [\"*.Front.example\"] }\n"),
            std::vector<std::string>{"*.front.example"});
  EXPECT_EQ(fronts("tls: { ech_fronts: [] }\n"), std::vector<std::string>{});
  EXPECT_EQ(fronts("tls: { ech_fronts: [\"a..b\"] }\n"), std::vector<std::string>{"refused"});
}

TEST(TlsSection, RefusesVersionsTheWrongWayRound) {
  EXPECT_EQ(said(with_tls("tls: { versions: { min: tls1.3, max: tls1.2 } }\npolicy: { default: pass }\n")),
            "2:18: tls.versions: \"min\" is above \"max\"\n    expected min, then max\n");
}

}  // namespace
}  // namespace limpid::config
