#include "control/material.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "tests/support/other_user.h"
#include "tests/support/pki.h"
#include "tests/unit/control/folder.h"

namespace limpid::control {
namespace {

using limpid::testing::ca_spec;
using limpid::testing::CertificateSpec;
using limpid::testing::Credential;
using limpid::testing::kTestNow;
using limpid::testing::make_certificate;
using std::chrono::hours;
using ::testing::HasSubstr;
using ::testing::StartsWith;

/// A configuration that decrypts, with good files; each test spoils some of them.
class MaterialTest : public ::testing::Test {
 protected:
  MaterialTest() {
    write("trusted.pem", trusted_.certificate_pem());
    write("trusted.key", trusted_.key_pem());
    write("untrusted.pem", untrusted_.certificate_pem());
    write("untrusted.key", untrusted_.key_pem());
    write("roots.pem", make_certificate(ca_spec("Root")).certificate_pem());
  }

  void write(const std::string& name, const std::string& text) {
    std::ofstream(folder_.file(name)) << text;
    std::filesystem::permissions(folder_.file(name), std::filesystem::perms(0600));
  }
  /// The configuration's line 6 is the trust, 3 and 4 are the CAs; what is added begins in line 7.
  void write_configuration(const std::string& more = "") {
    write("limpid.yaml",
          "segments: [ { name: s, client_side: { interface: a }, server_side: { interface: b } } ]\n"
          "tls: { signing: {\n"
          "  trusted: { certificate: trusted.pem, key: trusted.key },\n"
          "  untrusted: { certificate: untrusted.pem, key: untrusted.key } },\n"
          "  versions: { min: tls1.2, max: tls1.3 },\n"
          "  trust: roots.pem" +
              inbound_ + " }\n" + more);
  }
  auto loaded(const std::string& more = "") {
    write_configuration(more);
    return load_startable(folder_.file("limpid.yaml"), kTestNow);
  }
  /// What is said about it; the folder is called "F".
  std::string said(const std::string& more = "") {
    const auto result = loaded(more);
    std::string out = config::text(result ? result->configuration.warnings : result.error());
    const std::string folder = folder_.file("");
    for (std::size_t at = out.find(folder); at != std::string::npos; at = out.find(folder))
      out.replace(at, folder.size(), "F/");
    return out;
  }

  Folder folder_;
  std::string inbound_;  // begins with a comma
  Credential trusted_ = make_certificate(ca_spec("Trusted"));
  Credential untrusted_ = make_certificate(ca_spec("Untrusted"));
};

TEST_F(MaterialTest, OfAGoodConfigurationIsWhatAStartNeeds) {
  EXPECT_EQ(said(), "");
  const auto result = loaded();
  ASSERT_TRUE(result.ok());
  EXPECT_NE(result->material.rules, nullptr);
  ASSERT_NE(result->material.signing, nullptr);
  EXPECT_NE(result->material.signing->untrusted().certificate, nullptr);
  ASSERT_NE(result->material.trust, nullptr);
  EXPECT_EQ(result->material.trust->roots(), 1U);
}

TEST_F(MaterialTest, RefusesAKeyOfAnotherCertificate) {
  write("trusted.key", make_certificate({}).key_pem());
  EXPECT_EQ(said(),
            "F/limpid.yaml:3:45: tls.signing.trusted.key: F/trusted.key: is not the key of F/trusted.pem\n"
            "    expected the private key that belongs to the certificate        openssl x509 -pubkey and "
            "openssl pkey -pubout must show the same\n");
}

TEST_F(MaterialTest, RefusesACertificateThatIsNoCa) {
  const Credential leaf = make_certificate({});
  write("untrusted.pem", leaf.certificate_pem());
  write("untrusted.key", leaf.key_pem());
  EXPECT_THAT(said(),
              StartsWith("F/limpid.yaml:4:29: tls.signing.untrusted.certificate: F/untrusted.pem: is not "
                         "a CA certificate\n    expected basicConstraints CA:TRUE and keyUsage "
                         "keyCertSign        is it a server's certificate"));
}

TEST_F(MaterialTest, RefusesTheSameCaAsTrustedAndUntrusted) {
  write("untrusted.pem", trusted_.certificate_pem());
  write("untrusted.key", trusted_.key_pem());
  EXPECT_EQ(
      said(),
      "F/limpid.yaml:4:29: tls.signing.untrusted.certificate: F/untrusted.pem: has the trusted CA's key; "
      "what it signs would be trusted\n    expected a self-signed CA of its own, with its own key\n");
}

TEST_F(MaterialTest, RefusesCasOutsideTheirDates) {
  CertificateSpec expired = ca_spec("Expired");
  expired.until = -hours(1);
  CertificateSpec early = ca_spec("Early");
  early.from = hours(1);
  const Credential old = make_certificate(expired);
  const Credential young = make_certificate(early);
  write("trusted.pem", old.certificate_pem());
  write("trusted.key", old.key_pem());
  write("untrusted.pem", young.certificate_pem());
  write("untrusted.key", young.key_pem());
  const std::string out = said();
  EXPECT_THAT(out,
              HasSubstr("3:27: tls.signing.trusted.certificate: F/trusted.pem: has expired on 2029-12-31"));
  EXPECT_THAT(out,
              HasSubstr("4:29: tls.signing.untrusted.certificate: F/untrusted.pem: is not valid yet, but "
                        "from 2030-01-01"));
  EXPECT_THAT(out, HasSubstr("is this machine's clock right?"));
}

TEST_F(MaterialTest, RefusesJunkBetweenTheLinesOfPem) {
  const auto junk = [](const std::string& kind) {
    return "-----BEGIN " + kind + "-----\nbm90aGluZw==\n-----END " + kind + "-----\n";
  };
  write("trusted.pem", junk("CERTIFICATE"));
  write("trusted.key", junk("PRIVATE KEY"));
  write("roots.pem", junk("CERTIFICATE"));
  EXPECT_EQ(
      said(),
      "F/limpid.yaml:3:27: tls.signing.trusted.certificate: F/trusted.pem: certificate 1 cannot be read\n"
      "    expected a CA certificate in PEM\n"
      "F/limpid.yaml:3:45: tls.signing.trusted.key: F/trusted.key: holds no private key in PEM form\n"
      "    expected an unencrypted private key in PEM        openssl pkey writes one of any form, and asks "
      "for "
      "its passphrase\n"
      "F/limpid.yaml:6:10: tls.trust: F/roots.pem: certificate 1 cannot be read\n"
      "    expected PEM certificates that servers' chains must lead to        the package ca-certificates "
      "has "
      "the usual ones\n");
}

TEST_F(MaterialTest, RefusesWhatThisUserMayNotRead) {
  write_configuration();
  for (const char* name : {"limpid.yaml", "trusted.pem", "untrusted.pem", "untrusted.key"})
    std::filesystem::permissions(folder_.file(name), std::filesystem::perms(0644));
  std::filesystem::permissions(folder_.file(""), std::filesystem::perms(0777));
  const limpid::testing::AsNobody nobody;
  const auto result = load_startable(folder_.file("limpid.yaml"), kTestNow);
  ASSERT_FALSE(result.ok());
  const std::string out = config::text(result.error());
  EXPECT_THAT(out, HasSubstr(":3:45: tls.signing.trusted.key: \"" + folder_.file("trusted.key") +
                             "\" cannot be read"));
  EXPECT_THAT(out, HasSubstr(":6:10: tls.trust: \"" + folder_.file("roots.pem") + "\" cannot be read"));
}

TEST_F(MaterialTest, RefusesATrustStoreWithoutRoots) {
  std::filesystem::remove(folder_.file("roots.pem"));
  EXPECT_EQ(said(), "F/limpid.yaml:6:10: tls.trust: there is no file \"F/roots.pem\"\n");
  std::filesystem::create_directory(folder_.file("roots.pem"));
  EXPECT_THAT(said(),
              StartsWith("F/limpid.yaml:6:10: tls.trust: F/roots.pem: holds no certificate in PEM form\n"
                         "    expected PEM certificates"));
}

TEST_F(MaterialTest, ReportsFilesAndValuesAtOnceInTheOrderOfTheFile) {
  const Credential leaf = make_certificate({});
  write("trusted.pem", leaf.certificate_pem());
  write("trusted.key", "");
  std::filesystem::remove(folder_.file("untrusted.pem"));
  write("untrusted.key", trusted_.certificate_pem());
  std::filesystem::remove(folder_.file("roots.pem"));
  const std::string out = said("logging: { level: loud }\n");
  std::vector<std::string> places;
  std::istringstream lines(out);
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("F/limpid.yaml:")) places.push_back(line.substr(14, 4));
  }
  EXPECT_THAT(places, ::testing::ElementsAre("3:27", "3:45", "4:29", "4:49", "6:10", "7:19")) << out;
}

TEST_F(MaterialTest, WarnsOfAKeyThatEverybodyMayReadOnce) {
  std::filesystem::permissions(folder_.file("trusted.key"), std::filesystem::perms(0644));
  EXPECT_EQ(
      said(),
      "F/limpid.yaml:3:45: warning: tls.signing.trusted.key: F/trusted.key: every user of this machine can "
      "read this private key\n    chmod 600 it\n");
}

TEST_F(MaterialTest, RefusesARecordingThatWouldNotBeContinued) {
  write("plain", "these are notes");
  EXPECT_EQ(
      said("tools: [ { name: r, mirror: { interface: c } }, { name: q, mirror: { pcapng: plain } } ]\n"),
      "F/limpid.yaml:7:78: tools[1].mirror.pcapng: F/plain: exists and is not a pcapng file; choose another "
      "name or move it away\n    expected a new path, or a pcapng file to go on with\n");
  EXPECT_EQ(contents(folder_.file("plain")), "these are notes");
  EXPECT_EQ(said("tools: [ { name: q, mirror: { pcapng: plain, rotate: { every: 1h } } } ]\n"), "");
}

TEST_F(MaterialTest, RefusesAKeyLogThatOthersMayRead) {
  write("keys.log", "CLIENT_RANDOM 1 2\n");
  std::filesystem::permissions(folder_.file("keys.log"), std::filesystem::perms(0644));
  inbound_ = ", key_log: { file: keys.log }";
  EXPECT_THAT(said(), ::testing::HasSubstr(
                          "tls.key_log.file: F/keys.log: others than its owner may read or write it\n"
                          "    expected a new path, or a file of mode 0600\n"));
  std::filesystem::permissions(folder_.file("keys.log"), std::filesystem::perms(0600));
  EXPECT_THAT(said(), ::testing::HasSubstr("warning: tls.key_log.file: the secrets of decrypted sessions are "
                                           "appended to F/keys.log: whoever has it"));
}

TEST_F(MaterialTest, LeavesNothingBehind) {
  EXPECT_EQ(said("tools: [ { name: r, mirror: { pcapng: new } } ]\nlogging: { file: log }\n"), "");
  EXPECT_FALSE(std::filesystem::exists(folder_.file("new")));
  EXPECT_FALSE(std::filesystem::exists(folder_.file("log")));
}

TEST_F(MaterialTest, HoldsTheKeysOfOwnServersInTheirOrder) {
  const Credential shop = make_certificate({});
  write("shop.pem", shop.certificate_pem());
  write("shop.key", shop.encrypted_key_pem("open sesame"));
  write("secret", "open sesame\n");
  write("mail.p12", make_certificate({}).pkcs12("open sesame"));
  inbound_ =
      ",\n  inbound: [ { name: shop, certificate: shop.pem, key: shop.key, passphrase: { file: secret } },\n"
      "    { name: mail, pkcs12: mail.p12, passphrase: { file: secret } } ]";
  EXPECT_EQ(said(), "");
  const auto result = loaded();
  ASSERT_TRUE(result.ok());
  ASSERT_NE(result->material.inbound, nullptr);
  ASSERT_EQ(result->material.inbound->certificates().size(), 2U);
  EXPECT_EQ(X509_cmp(result->material.inbound->certificates()[0].leaf.get(), shop.certificate.get()), 0);
}

TEST_F(MaterialTest, SaysWhereKeysOfOwnServersAreWrong) {
  const Credential shop = make_certificate({.until = -hours(1)});
  write("shop.pem", shop.certificate_pem());
  write("shop.key", shop.encrypted_key_pem("open sesame"));
  write("other.key", make_certificate({}).key_pem());
  write("secret", "open barley\n");
  write("nothing", "");
  inbound_ =
      ",\n  inbound: [ { name: a, certificate: shop.pem, key: shop.key, passphrase: { file: secret } },\n"
      "    { name: b, certificate: shop.pem, key: other.key },\n"
      "    { name: c, certificate: shop.pem, key: shop.key, passphrase: { file: nothing } } ]";
  EXPECT_EQ(
      said(),
      "F/limpid.yaml:7:53: tls.inbound[0].key: F/shop.key: the passphrase does not open the private key\n"
      "F/limpid.yaml:8:44: tls.inbound[1].key: F/other.key: is not the key of F/shop.pem\n"
      "    expected the private key that belongs to the file's first certificate        openssl x509 "
      "-pubkey and openssl pkey -pubout must show the same\n"
      "F/limpid.yaml:9:66: tls.inbound[2].passphrase: F/nothing: cannot be read, or is empty\n");
}

TEST_F(MaterialTest, WarnsOfAnOwnServersCertificateThatHasExpired) {
  const Credential shop = make_certificate({.until = -hours(1)});
  write("shop.pem", shop.certificate_pem());
  write("shop.key", shop.key_pem());
  inbound_ = ",\n  inbound: [ { name: a, certificate: shop.pem, key: shop.key } ]";
  EXPECT_EQ(said(),
            "F/limpid.yaml:7:38: warning: tls.inbound[0].certificate: F/shop.pem: has expired on 2029-12-31 "
            "23:00:00 "
            "UTC; clients will refuse it\n");
}

}  // namespace
}  // namespace limpid::control
