#include "tls_proxy/certificate/signing_material.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/pem.h>

#include <filesystem>

#include "tests/support/pki.h"

namespace limpid::certificate {
namespace {

using limpid::testing::ca_spec;
using limpid::testing::CertificateSpec;
using limpid::testing::Credential;
using limpid::testing::kTestNow;
using limpid::testing::make_certificate;
using limpid::testing::write_file;
using std::chrono::hours;
using ::testing::Contains;
using ::testing::HasSubstr;

class SigningMaterialTest : public ::testing::Test {
 protected:
  SigningFiles files(const Credential& trusted, const Credential& untrusted) {
    return {write_file(folder_, "t.pem", trusted.certificate_pem()),
            write_file(folder_, "t.key", trusted.key_pem()),
            write_file(folder_, "u.pem", untrusted.certificate_pem()),
            write_file(folder_, "u.key", untrusted.key_pem())};
  }
  static std::vector<std::string> sentences(const std::vector<SigningProblem>& problems) {
    std::vector<std::string> sentences;
    for (const SigningProblem& problem : problems) sentences.push_back(problem.sentence);
    return sentences;
  }
  std::vector<std::string> problems(const SigningFiles& given) {
    const auto loaded = SigningMaterial::load(given, kTestNow);
    return loaded.ok() ? std::vector<std::string>{} : sentences(loaded.error());
  }

  std::string folder_ = limpid::testing::make_folder();
  Credential trusted_ = make_certificate(ca_spec("Trusted"));
  Credential untrusted_ = make_certificate(ca_spec("Untrusted"));
};

TEST_F(SigningMaterialTest, LoadsBothCasAndMakesLeafKeys) {
  const auto loaded = SigningMaterial::load(files(trusted_, untrusted_), kTestNow);
  ASSERT_TRUE(loaded.ok());
  EXPECT_EQ(EVP_PKEY_is_a((*loaded)->leaf_key(KeyKind::kP256), "EC"), 1);
  EXPECT_EQ(EVP_PKEY_get_bits((*loaded)->leaf_key(KeyKind::kRsa2048)), 2048);
}

TEST_F(SigningMaterialTest, RefusesAKeyOfAnotherCertificate) {
  SigningFiles given = files(trusted_, untrusted_);
  given.trusted_key = given.untrusted_key;
  EXPECT_THAT(problems(given), Contains(HasSubstr("is not the key of")));
}

TEST_F(SigningMaterialTest, RefusesOneKeyForBothCas) {
  EXPECT_THAT(problems(files(trusted_, trusted_)), Contains(HasSubstr("would be trusted")));
}

TEST_F(SigningMaterialTest, RefusesACertificateThatIsNoCa) {
  EXPECT_THAT(problems(files(make_certificate({}), untrusted_)),
              Contains(HasSubstr("is not a CA certificate")));
}

TEST_F(SigningMaterialTest, RefusesCasOutsideTheirDates) {
  CertificateSpec expired = ca_spec("Expired");
  expired.until = -hours(1);
  CertificateSpec early = ca_spec("Early");
  early.from = hours(1);
  const auto found = problems(files(make_certificate(expired), make_certificate(early)));
  EXPECT_THAT(found, Contains(HasSubstr("t.pem: has expired")));
  EXPECT_THAT(found, Contains(HasSubstr("u.pem: is not valid yet")));
}

TEST_F(SigningMaterialTest, SaysThatAKeyIsEncrypted) {
  const openssl::BioPtr memory(BIO_new(BIO_s_mem()));
  unsigned char passphrase[] = "secret";
  PEM_write_bio_PrivateKey(memory.get(), trusted_.key.get(), EVP_aes_128_cbc(), passphrase, 6, nullptr,
                           nullptr);
  char* data = nullptr;
  const long size = BIO_get_mem_data(memory.get(), &data);
  SigningFiles given = files(trusted_, untrusted_);
  given.trusted_key = write_file(folder_, "enc.key", std::string(data, static_cast<std::size_t>(size)));
  EXPECT_THAT(problems(given), Contains(HasSubstr("the private key is encrypted")));
}

TEST_F(SigningMaterialTest, ReportsEveryProblemAtOnce) {
  EXPECT_EQ(problems({"/absent/a", "/absent/b", "/absent/c", "/absent/d"}).size(), 4U);
}

TEST_F(SigningMaterialTest, SaysWhichFileAProblemIsAbout) {
  const auto loaded = SigningMaterial::load({"/absent/a", "/absent/b", "/absent/c", "/absent/d"}, kTestNow);
  std::vector<SigningFile> files;
  for (const SigningProblem& problem : loaded.error()) files.push_back(problem.file);
  EXPECT_THAT(files, ::testing::ElementsAre(SigningFile::kTrustedCertificate, SigningFile::kTrustedKey,
                                            SigningFile::kUntrustedCertificate, SigningFile::kUntrustedKey));
}

TEST_F(SigningMaterialTest, LooksAtTheOtherFilesWhereOneIsLeftOut) {
  SigningFiles given = files(make_certificate({}), untrusted_);
  given.trusted_key.clear();
  given.untrusted_certificate.clear();
  given.untrusted_key = "/absent/key";
  EXPECT_THAT(problems(given), ::testing::ElementsAre(HasSubstr("is not a CA certificate"),
                                                      HasSubstr("/absent/key: cannot be read")));
  given = files(trusted_, untrusted_);
  given.trusted_key.clear();
  EXPECT_FALSE(SigningMaterial::load(given, kTestNow).ok());
}

TEST_F(SigningMaterialTest, GoesWithoutAnUntrustedCaWhereNoneIsConfigured) {
  SigningFiles given = files(trusted_, untrusted_);
  given.untrusted_certificate.clear();
  given.untrusted_key.clear();
  const auto loaded = SigningMaterial::load(given, kTestNow);
  ASSERT_TRUE(loaded.ok());
  EXPECT_EQ((*loaded)->untrusted().certificate, nullptr);
}

TEST_F(SigningMaterialTest, RefusesAnUntrustedCaThatTheTrustedOneVouchesFor) {
  const Credential below = make_certificate(ca_spec("Below"), &trusted_);
  EXPECT_THAT(problems(files(trusted_, below)), Contains(HasSubstr("is signed by the trusted CA")));
  // Also by way of a certificate that is sent along.
  const Credential further_below = make_certificate(ca_spec("Further below"), &below);
  SigningFiles given = files(trusted_, further_below);
  given.untrusted_certificate =
      write_file(folder_, "chain.pem", further_below.certificate_pem() + below.certificate_pem());
  EXPECT_THAT(problems(given), Contains(HasSubstr("is signed by the trusted CA")));
}

TEST_F(SigningMaterialTest, RefusesACaThatMayNotSignForServers) {
  CertificateSpec mail = ca_spec("Mail CA");
  mail.extended_key_usage = "emailProtection";
  EXPECT_THAT(problems(files(make_certificate(mail), untrusted_)),
              Contains(HasSubstr("may not sign for TLS")));
}

TEST_F(SigningMaterialTest, WarnsOfWhatWillGoWrongLater) {
  CertificateSpec soon = ca_spec("One name");
  soon.until = hours(24 * 7);
  CertificateSpec weak = ca_spec("One name");
  weak.key = limpid::testing::TestKey::kRsa1024;
  const SigningFiles given = files(make_certificate(soon), make_certificate(weak));
  std::filesystem::permissions(given.trusted_key, std::filesystem::perms(0600));
  std::filesystem::permissions(given.untrusted_key, std::filesystem::perms(0644));
  const auto loaded = SigningMaterial::load(given, kTestNow);
  ASSERT_TRUE(loaded.ok());
  EXPECT_THAT(sentences((*loaded)->warnings()),
              ::testing::UnorderedElementsAre(HasSubstr("t.pem: expires on 2030-01-08"),
                                              HasSubstr("u.pem: its key is too weak"),
                                              HasSubstr("u.key: every user of this machine can read"),
                                              HasSubstr("u.pem: has the trusted CA's name")));
}

TEST_F(SigningMaterialTest, SendsAlongWhatElseTheCasFileHolds) {
  const Credential root = make_certificate(ca_spec("Corporate root"));
  const Credential below = make_certificate(ca_spec("Interception"), &root);
  SigningFiles given = files(below, untrusted_);
  given.trusted_certificate =
      write_file(folder_, "chain.pem", below.certificate_pem() + root.certificate_pem());
  const auto loaded = SigningMaterial::load(given, kTestNow);
  ASSERT_TRUE(loaded.ok());
  ASSERT_EQ((*loaded)->trusted().chain.size(), 1U);
  EXPECT_EQ(X509_cmp((*loaded)->trusted().chain.front().get(), root.certificate.get()), 0);
}

TEST_F(SigningMaterialTest, LeavesHaveKeysOfTheirOwnAtEachStart) {
  const SigningFiles given = files(trusted_, untrusted_);
  const auto first = SigningMaterial::load(given, kTestNow);
  const auto second = SigningMaterial::load(given, kTestNow);
  ASSERT_TRUE(first.ok() && second.ok());
  EXPECT_NE(EVP_PKEY_eq((*first)->leaf_key(KeyKind::kP256), (*second)->leaf_key(KeyKind::kP256)), 1);
  EXPECT_NE(EVP_PKEY_eq((*first)->leaf_key(KeyKind::kP256), trusted_.key.get()), 1);
}

}  // namespace
}  // namespace limpid::certificate
