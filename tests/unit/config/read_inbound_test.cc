#include <gtest/gtest.h>

#include "tests/unit/config/configurations.h"

namespace limpid::config {
namespace {

/// Behind good(), whose "tls" it goes on with: what is added begins in line 8.
std::string with_inbound(const std::string& entries, const std::string& more = "") {
  return "  inbound: [ " + entries + " ]\n" + more;
}

TEST(InboundSection, ReadsWhatAServerHasAndWhereItIs) {
  const Configuration made = good_with(with_inbound(
      "{ name: shop, certificate: shop.pem, key: shop.key }, { name: mail, pkcs12: mail.p12, passphrase: { "
      "env: MAIL }, servers: [192.0.2.0/24], ports: [993, 8000-9000], sni: \"*.Mail.Example\", "
      "changed_certificate: outbound }"));
  ASSERT_EQ(made.tls.inbound.size(), 2U);
  const InboundKey& shop = made.tls.inbound[0];
  EXPECT_EQ(shop.pair, (KeyPair{"/etc/limpid/shop.pem", "/etc/limpid/shop.key"}));
  EXPECT_EQ(shop.server, policy::OwnServer{.name = "shop"});
  const InboundKey& mail = made.tls.inbound[1];
  EXPECT_EQ(mail.pkcs12, "/etc/limpid/mail.p12");
  EXPECT_EQ(mail.passphrase, (PassphraseSource{"", "MAIL"}));
  EXPECT_EQ(mail.server.servers, std::vector<IpPrefix>{*IpPrefix::parse("192.0.2.0/24")});
  EXPECT_EQ(mail.server.ports, (std::vector<policy::NumberRange>{{993, 993}, {8'000, 9'000}}));
  EXPECT_EQ(mail.server.sni, std::vector<std::string>{"*.mail.example"});
  EXPECT_EQ(mail.server.on_change, policy::ChangedCertificate::kOutbound);
  EXPECT_EQ(own_servers(made)[1].name, "mail");
}

TEST(InboundSection, SaysWhatIsWrong) {
  EXPECT_EQ(
      said_with(with_inbound("\n{ name: a, certificate: a },\n{ name: b, certificate: a, key: b, "
                             "pkcs12: c },\n{ name: a, pkcs12: c, passphrase: {} },\n{ name: c, pkcs12: "
                             "c, changed_certificate: pass, server: 192.0.2.1 }")),
      "9:1: tls.inbound[0]: a server has one certificate with its key\n"
      "    expected certificate and key, both PEM, or pkcs12: a file that has both\n"
      "10:1: tls.inbound[1]: a server has one certificate with its key\n"
      "    expected certificate and key, both PEM, or pkcs12: a file that has both\n"
      "11:9: tls.inbound[2].name: the name \"a\" is here twice\n"
      "    expected a name of its own for every server of tls.inbound\n"
      "11:35: tls.inbound[2].passphrase: a passphrase has one source\n"
      "    expected { file: PATH } or { env: NAME }\n"
      "12:44: tls.inbound[3].changed_certificate: \"pass\" is not a decision\n"
      "    expected one of: block, outbound\n"
      "12:50: tls.inbound[3].server: unknown key\n"
      "    expected one of: name, pkcs12, certificate, key, passphrase, servers, ports, sni, "
      "changed_certificate        did you mean \"servers\"?\n");
}

TEST(InboundSection, OnlyRulesThatDecryptHaveADirection) {
  const std::string entry = "{ name: shop, pkcs12: p }";
  EXPECT_EQ(good_with(with_inbound(entry, "policy: { rules: [ { then: decrypt, direction: inbound } ] }\n"))
                .policy.rules.at(0)
                .direction,
            policy::Direction::kInbound);
  EXPECT_EQ(said_with(with_inbound(entry, "policy: { rules: [ { then: pass, direction: inbound } ] }\n")),
            "9:45: policy.rules[0].direction: only rules that decrypt have a direction\n"
            "    expected then: decrypt, or no direction\n");
}

TEST(InboundSection, IsNeededByARuleThatDecryptsInbound) {
  EXPECT_EQ(said_with("policy: { rules: [ { then: decrypt, direction: inbound } ] }\n"),
            "6:3: tls: \"tls.inbound\" is missing, but a rule decrypts inbound\n"
            "    expected tls.inbound: servers of your own\n");
}

TEST(InboundSection, NeedsNoSigningCaWhereNothingElseIsDecrypted) {
  EXPECT_EQ(said("segments: [ { name: s, client_side: { interface: a }, server_side: { interface: b } } ]\n"
                 "tls: { inbound: [ { name: shop, pkcs12: p } ] }\n"
                 "policy: { default: pass, rules: [ { then: decrypt, direction: inbound } ] }\n"),
            "");
}

}  // namespace
}  // namespace limpid::config
