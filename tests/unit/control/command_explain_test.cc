#include "control/command_explain.h"

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "tests/support/pki.h"
#include "tests/unit/control/folder.h"

namespace limpid::control {
namespace {

struct Ran {
  int code = 0;
  std::string out{};
  std::string err{};
};

/// `limpid explain` on a configuration with two segments and a rule for banks in the second.
class Explain : public ::testing::Test {
 protected:
  Explain() {
    std::ofstream(folder_.file("limpid.yaml"))
        << "segments:\n"
           "- { name: edge, client_side: { interface: a }, server_side: { interface: b } }\n"
           "- { name: core, client_side: { interface: c }, server_side: { interface: d } }\n"
           "policy:\n"
           "  default: pass\n"
           "  rules:\n"
           "    - { name: banks, when: { segment: core, vlan: 7, sni: \"*.bank.example\" }, then: block }\n";
    asked_.config = folder_.file("limpid.yaml");
    asked_.client = "10.0.0.1";
    asked_.server = "192.0.2.7:443";
  }
  Ran ran() const {
    std::ostringstream out;
    std::ostringstream err;
    const int code = explain(asked_, testing::kTestNow, out, err);
    return {code, out.str(), err.str()};
  }

  Folder folder_;
  ExplainArguments asked_;
};

TEST_F(Explain, NamesTheRuleThatDecides) {
  asked_.segment = "core";
  asked_.vlan = 7;
  asked_.sni = "www.bank.example";
  const Ran good = ran();
  EXPECT_EQ(good.code, 0) << good.err;
  EXPECT_EQ(
      good.out,
      "10.0.0.1:50000 -> 192.0.2.7:443, segment core, VLAN 7, SNI www.bank.example\n"
      "  rules[0] banks: matches: VLAN 7, segment core, server name www.bank.example matches *.bank.example\n"
      "decision: block, by rule \"banks\"\n"
      "phase:    SNI phase (rule \"banks\" could match and needs the server name)\n");
}

TEST_F(Explain, JudgesWithTheCertificateThatTheServerShows) {
  const auto root = testing::make_certificate(testing::ca_spec("Root"));
  testing::CertificateSpec spec;
  spec.common_name = "mx.insurer.example";
  spec.names = "DNS:mx.insurer.example";
  const auto leaf = testing::make_certificate(spec, &root);
  std::ofstream(folder_.file("root.pem")) << root.certificate_pem();
  std::ofstream(folder_.file("chain.pem")) << leaf.certificate_pem();
  std::ofstream(asked_.config)
      << "segments: [ { name: edge, client_side: { interface: a }, server_side: { interface: b } } ]\n"
         "tls: { trust: root.pem, signing: { trusted: { certificate: c, key: k } } }\n"
         "policy: { rules: [ { name: insurers, when: { certificate: { name: \"*.insurer.example\" } }, "
         "then: pass } ] }\n";
  asked_.sni = "mx.insurer.example";
  const Ran before = ran();
  EXPECT_EQ(before.code, 0) << before.err;
  EXPECT_NE(before.out.find("rules[0] insurers: awaits: "), std::string::npos) << before.out;
  asked_.certificate = folder_.file("chain.pem");
  const Ran after = ran();
  EXPECT_EQ(after.code, 0) << after.err;
  EXPECT_NE(after.out.find("decision: pass, by rule \"insurers\"\n"), std::string::npos) << after.out;
  asked_.sni = "www.example";
  EXPECT_NE(ran().out.find("it does not verify (name_mismatch), and the rule passes"), std::string::npos)
      << ran().out;
  asked_.certificate = folder_.file("none.pem");
  EXPECT_EQ(ran().code, 2);
  EXPECT_NE(ran().err.find("limpid explain: --certificate: "), std::string::npos) << ran().err;
}

// The rule that blocks banks is not for a hello that may be encrypted for this name, and nearly all may be.
TEST_F(Explain, TellsOfAFrontWhatIsDecidedWithoutItsNameAndWhatOfAPlainHello) {
  std::ofstream(folder_.file("limpid.yaml"), std::ios::app)
      << "    - { name: fronts, when: { sni: front.example }, then: block }\n"
         "tls: { ech_fronts: [\"*.example\"] }\n";
  asked_.sni = "Front.example";
  const Ran good = ran();
  EXPECT_EQ(good.code, 0) << good.err;
  EXPECT_EQ(good.out,
            "10.0.0.1:50000 -> 192.0.2.7:443, segment edge, untagged, SNI Front.example with ECH\n"
            "  rules[0] banks: no: no VLAN tag is not 7\n"
            "  rules[1] fronts: no: it needs a server name, and a front's is nobody's (ECH)\n"
            "  default: no rule matches\n"
            "decision: pass, by the default\n"
            "phase:    SNI phase (rule \"fronts\" could match and needs the server name)\n"
            "why:      the name is one of tls.ech_fronts: in a hello with the ECH extension, which almost "
            "every browser sends, it is nobody's, and policy decides without it and without the certificate\n"
            "\n"
            "without the extension:\n"
            "\n"
            "10.0.0.1:50000 -> 192.0.2.7:443, segment edge, untagged, SNI Front.example\n"
            "  rules[0] banks: no: no VLAN tag is not 7\n"
            "  rules[1] fronts: matches: server name front.example matches front.example\n"
            "decision: block, by rule \"fronts\"\n"
            "phase:    SNI phase (rule \"fronts\" could match and needs the server name)\n");
  asked_.json = true;
  const Ran machine = ran();
  EXPECT_NE(machine.out.find("\"decision\":\"pass\""), std::string::npos) << machine.out;
  EXPECT_NE(machine.out.find("\"ech\":true"), std::string::npos) << machine.out;
  EXPECT_NE(machine.out.find("\"without_ech\":{"), std::string::npos) << machine.out;
  EXPECT_NE(machine.out.find("\"decision\":\"block\""), std::string::npos) << machine.out;
  asked_.json = false;
  asked_.sni = "front.test";
  EXPECT_EQ(ran().out.find("ECH"), std::string::npos) << ran().out;
}

TEST_F(Explain, CountsTheProxysNameInPlaceOfAFronts) {
  std::ofstream(folder_.file("limpid.yaml"), std::ios::app)
      << "    - { name: shops, when: { sni: www.shop.example }, then: block }\n";
  asked_.sni = "cloudflare-ech.com";
  asked_.connect_host = "www.shop.example";
  const Ran good = ran();
  EXPECT_NE(good.out.find("connect www.shop.example:443, SNI cloudflare-ech.com with ECH\n"),
            std::string::npos)
      << good.out;
  EXPECT_NE(good.out.find("decision: block, by rule \"shops\"\n"), std::string::npos) << good.out;
  EXPECT_NE(good.out.find("decision: pass, by the default\n"), std::string::npos) << good.out;
}

TEST_F(Explain, TakesTheFirstSegmentWhereNoneIsNamed) {
  asked_.client = "10.0.0.1:1234";
  const Ran good = ran();
  EXPECT_EQ(good.code, 0);
  EXPECT_NE(good.out.find("10.0.0.1:1234 -> 192.0.2.7:443, segment edge, untagged, no SNI\n"),
            std::string::npos);
  EXPECT_NE(good.out.find("decision: pass, by the default\n"), std::string::npos);
}

// As a proxy's client: where it sends no SNI, the name that it asked the proxy for counts.
TEST_F(Explain, TakesWhatIsSaidBeforeTls) {
  std::ofstream(folder_.file("limpid.yaml"), std::ios::app)
      << "    - { name: tunnels, when: { connect_host: \"*.shop.example\", connect_port: 443, sni: "
         "\"www.shop.example\" }, then: block }\n";
  asked_.connect_host = "www.shop.example";
  Ran good = ran();
  EXPECT_EQ(good.code, 0) << good.err;
  EXPECT_NE(good.out.find("untagged, connect www.shop.example:443, SNI www.shop.example\n"),
            std::string::npos)
      << good.out;
  EXPECT_NE(good.out.find("decision: block, by rule \"tunnels\""), std::string::npos) << good.out;
  asked_.connect_port = 8443;
  good = ran();
  EXPECT_NE(good.out.find("rules[1] tunnels: no: the port that the proxy was asked for, 8443, is not 443"),
            std::string::npos)
      << good.out;
  asked_.upgrade = "telnet";
  const Ran wrong = ran();
  EXPECT_EQ(wrong.code, 2);
  EXPECT_TRUE(wrong.err.starts_with("limpid explain: --upgrade telnet: expected one of ")) << wrong.err;
}

TEST_F(Explain, SpeaksJson) {
  asked_.json = true;
  const Ran good = ran();
  EXPECT_EQ(good.code, 0);
  EXPECT_EQ(good.out.front(), '{');
  EXPECT_EQ(good.out.back(), '\n');
  EXPECT_NE(good.out.find("\"decision\":\"pass\""), std::string::npos);
}

TEST_F(Explain, SaysWhatIsWrongWithTheQuestion) {
  const ExplainArguments good = asked_;
  asked_.client = "host";
  EXPECT_EQ(ran().err,
            "limpid explain: --client host: expected an address, as in 192.0.2.1 or 192.0.2.1:50000\n");
  asked_ = good;
  asked_.server = "192.0.2.7";
  EXPECT_EQ(ran().code, 2);
  EXPECT_NE(ran().err.find("expected an address with a port"), std::string::npos);
  asked_ = good;
  asked_.client = "2001:db8::1";
  EXPECT_NE(ran().err.find("one is IPv4, the other IPv6"), std::string::npos);
  asked_ = good;
  asked_.vlan = 4095;
  EXPECT_NE(ran().err.find("--vlan"), std::string::npos);
  asked_ = good;
  asked_.segment = "moon";
  EXPECT_EQ(ran().err,
            "limpid explain: --segment moon: the configuration has no such segment, only edge, core\n");
  asked_.segment = "egde";
  EXPECT_NE(ran().err.find("; did you mean \"edge\"?\n"), std::string::npos) << ran().err;
}

TEST_F(Explain, ShowsTheErrorsOfABadConfiguration) {
  std::ofstream(asked_.config) << "segments: 7\n";
  const Ran bad = ran();
  EXPECT_EQ(bad.code, 2);
  EXPECT_NE(bad.err.find("limpid.yaml:1:11: segments: is a single value\n"), std::string::npos) << bad.err;
}

}  // namespace
}  // namespace limpid::control
