#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/config/configurations.h"

namespace limpid::config {
namespace {

using policy::NumberRange;

policy::Conditions when(std::string_view conditions) {
  const Configuration made = good_with("policy: { rules: [ { name: r, when: { " + std::string(conditions) +
                                       " }, then: pass } ] }\n");
  return made.policy.rules.empty() ? policy::Conditions{} : made.policy.rules[0].when;
}

std::string said_of_when(std::string_view conditions) {
  return said_with("policy:\n  rules:\n  - name: r\n    then: pass\n    when:\n      " +
                   std::string(conditions) + "\n");
}

TEST(WhenOfARule, ReadsEveryCondition) {
  const policy::Conditions made = when(
      "client: [10.1.9.0/24], server: [192.0.2.1, \"2001:db8::/32\"], client_port: 5, "
      "server_port: [443, 8000-9000], vlan: [untagged, 7, 10-20], segment: [edge], sni: [A.Example., \"*\"], "
      "upgrade: [smtp, connect], connect_host: \"*.B.example\", connect_port: [443, 8443]");
  EXPECT_EQ(made.client, std::vector<IpPrefix>{IpPrefix::parse("10.1.9.0/24").value()});
  EXPECT_EQ(made.server.size(), 2U);
  EXPECT_EQ(made.client_port, (std::vector<NumberRange>{{5, 5}}));
  EXPECT_EQ(made.server_port, (std::vector<NumberRange>{{443, 443}, {8000, 9000}}));
  EXPECT_EQ(made.vlan, (std::vector<NumberRange>{{0, 0}, {7, 7}, {10, 20}}));
  EXPECT_EQ(made.segment, std::vector<std::uint16_t>{0});
  EXPECT_EQ(made.sni, (std::vector<std::string>{"a.example", "*"}));
  EXPECT_EQ(made.upgrade, (std::vector<std::string>{"smtp", "connect"}));
  EXPECT_EQ(made.connect_host, std::vector<std::string>{"*.b.example"});
  EXPECT_EQ(made.connect_port, (std::vector<NumberRange>{{443, 443}, {8443, 8443}}));
}

TEST(WhenOfARule, ReadsWhatIsAskedOfACertificate) {
  const policy::CertificateConditions made =
      when(
          "certificate: { name: \"*.A.example\", subject: [\"*O=Bank AG*\"], issuer: \"CN=X\", "
          "fingerprint: \"" +
          std::string("AB:CD:") + std::string(60, '0') +
          "\", key: [rsa, ec], key_bits: [256, 2048-4096], expires_within: 2d, issued_within: 7d, "
          "valid_for_more_than: 398d, outcome: [trusted, expired] }")
          .certificate;
  constexpr Duration kDay = std::chrono::hours(24);
  EXPECT_EQ(made.name, std::vector<std::string>{"*.a.example"});
  EXPECT_EQ(made.subject, std::vector<std::string>{"*o=bank ag*"});
  EXPECT_EQ(made.issuer, std::vector<std::string>{"cn=x"});
  EXPECT_EQ(made.fingerprint, std::vector<std::string>{"abcd" + std::string(60, '0')});
  EXPECT_EQ(made.key, (std::vector<std::string>{"rsa", "ec"}));
  EXPECT_EQ(made.key_bits, (std::vector<NumberRange>{{256, 256}, {2048, 4096}}));
  EXPECT_EQ(made.expires_within, 2 * kDay);
  EXPECT_EQ(made.issued_within, 7 * kDay);
  EXPECT_EQ(made.valid_for_more_than, 398 * kDay);
  EXPECT_EQ(made.outcome, (std::vector<std::string>{"trusted", "expired"}));
}

TEST(WhenOfARule, RefusesWhatNoCertificateCanBe) {
  EXPECT_EQ(said_of_when("certificate: {}"),
            "13:20: policy.rules[0].when.certificate: asks for nothing\n"
            "    expected at least one of its keys        leave it out to mean every certificate\n");
  EXPECT_THAT(said_of_when("certificate: { fingerprint: " + std::string(40, 'a') + " }"),
              testing::HasSubstr("this one looks like SHA-1"));
  EXPECT_THAT(said_of_when("certificate: { subject: \"*\" }"),
              testing::HasSubstr("matches every certificate"));
  EXPECT_THAT(said_of_when("certificate: { outcome: expird }"),
              testing::HasSubstr("did you mean \"expired\"?"));
  EXPECT_THAT(said_of_when("certificate: { key: ecdsa }"),
              testing::HasSubstr("expected one of: rsa, rsa-pss, ec, ed25519, ed448, dsa"));
  EXPECT_THAT(said_of_when("certificate: { expires_within: 3h }"), testing::HasSubstr("1d"));
}

TEST(WhenOfARule, RefusesPrefixesAndPortsThatAreNone) {
  EXPECT_EQ(said_of_when("client: [10.0.0.1/24, 10.0.0.256]"),
            "13:16: policy.rules[0].when.client[0]: \"10.0.0.1/24\" is not an address or a prefix\n"
            "    expected an address or a prefix, as in 10.1.9.0/24 or 2001:db8::/32        "
            "the bits behind the length must be zero, as in 10.0.0.0/24\n"
            "13:29: policy.rules[0].when.client[1]: \"10.0.0.256\" is not an address or a prefix\n"
            "    expected an address or a prefix, as in 10.1.9.0/24 or 2001:db8::/32\n");
  const auto hint = [](const std::string& prefix) {
    const std::string all = said_of_when("client: \"" + prefix + "\"");
    const std::size_t at = all.find("2001:db8::/32        ");
    return at == std::string::npos ? "" : all.substr(at + 21, all.size() - at - 22);
  };
  EXPECT_EQ(hint("10.1.9.0/33"), "the prefix length is 0 to 32");
  EXPECT_EQ(hint("10.1.9.0/x"), "the prefix length is 0 to 32");
  EXPECT_EQ(hint("2001:db8::/129"), "the prefix length is 0 to 128");
  EXPECT_EQ(hint("10.1.9/24"), "\"10.1.9\" is not an address");
  EXPECT_EQ(hint("10.1.9.77/27"), "the bits behind the length must be zero, as in 10.1.9.64/27");
  EXPECT_EQ(hint("2001:db8:ffff::1/33"), "the bits behind the length must be zero, as in 2001:db8:8000::/33");
  EXPECT_EQ(hint("10.1.9.7:443"), "leave the port out: client_port and server_port are for it");
  EXPECT_EQ(said_of_when("server_port: [https, 0, 70000, 9000-8000, 1-]"),
            "13:21: policy.rules[0].when.server_port[0]: \"https\" is not a number or a range\n"
            "    expected a port, 1 to 65535, or a range of them        a range is written as 8000-9000\n"
            "13:28: policy.rules[0].when.server_port[1]: \"0\" is out of range\n"
            "    expected a port, 1 to 65535, or a range of them\n"
            "13:31: policy.rules[0].when.server_port[2]: \"70000\" is out of range\n"
            "    expected a port, 1 to 65535, or a range of them\n"
            "13:38: policy.rules[0].when.server_port[3]: \"9000-8000\" begins above its end\n"
            "    expected a port, 1 to 65535, or a range of them\n"
            "13:49: policy.rules[0].when.server_port[4]: \"1-\" is not a number or a range\n"
            "    expected a port, 1 to 65535, or a range of them        a range is written as 8000-9000\n");
}

TEST(WhenOfARule, RefusesHostPatternsThatCannotMatch) {
  EXPECT_EQ(said_of_when("sni: [\"a*.example\"]"),
            "13:13: policy.rules[0].when.sni[0]: \"a*.example\" is not a host pattern: \"*\" may stand only "
            "for whole "
            "labels at the beginning, as in *.bank.example\n"
            "    expected a host name, \"*.bank.example\" for all names below one, or \"*\"\n");
}

TEST(WhenOfARule, RefusesEmptyConditions) {
  EXPECT_EQ(said_of_when("client: []"),
            "13:15: policy.rules[0].when.client: is an empty list\n"
            "    expected at least one of addresses        leave the key out to mean all of them\n");
  EXPECT_EQ(said_of_when("client:"),
            "13:7: policy.rules[0].when.client: has no value\n"
            "    expected a list of addresses\n");
}

}  // namespace
}  // namespace limpid::config
