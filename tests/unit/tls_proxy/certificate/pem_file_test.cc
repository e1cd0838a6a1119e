#include "tls_proxy/certificate/pem_file.h"

#include <gtest/gtest.h>

#include "tests/support/pki.h"

namespace limpid::certificate {
namespace {

using testing::Credential;
using testing::make_certificate;
using testing::make_folder;
using testing::write_file;

TEST(PemFile, KeepsTheOrderAndPassesOverWhatIsNoCertificate) {
  const Credential one = make_certificate({});
  const Credential two = make_certificate({});
  const std::string path = write_file(
      make_folder(), "mixed.pem",
      "# a comment\n" + one.certificate_pem() + one.key_pem() + "subject=x\n" + two.certificate_pem());
  const auto read = read_certificates(path);
  ASSERT_TRUE(read.ok());
  ASSERT_EQ(read->size(), 2U);
  EXPECT_EQ(X509_cmp((*read)[0].get(), one.certificate.get()), 0);
  EXPECT_EQ(X509_cmp((*read)[1].get(), two.certificate.get()), 0);
  const auto key = read_private_key(path);
  ASSERT_TRUE(key.ok());
  EXPECT_EQ(EVP_PKEY_eq(key->get(), one.key.get()), 1);
}

TEST(PemFile, ADamagedCertificateIsAnErrorNotTheEnd) {
  const std::string good = make_certificate({}).certificate_pem();
  std::string damaged = good;
  damaged.replace(damaged.find('\n') + 40, 8, "????????");
  const std::string path = write_file(make_folder(), "bundle.pem", good + damaged + good);
  const auto read = read_certificates(path);
  ASSERT_FALSE(read.ok());
  EXPECT_EQ(read.error(), path + ": certificate 2 cannot be read");
}

TEST(PemFile, ACutOffCertificateIsAnError) {
  const std::string good = make_certificate({}).certificate_pem();
  const std::string path = write_file(make_folder(), "cut.pem", good.substr(0, good.size() / 2));
  EXPECT_FALSE(read_certificates(path).ok());
}

TEST(PemFile, SaysWhyItCannotBeRead) {
  const std::string absent = make_folder() + "/absent.pem";
  EXPECT_EQ(read_certificates(absent).error(), absent + ": cannot be read (No such file or directory)");
  EXPECT_EQ(read_private_key(absent).error(), absent + ": cannot be read (No such file or directory)");
}

TEST(PemFile, AFileWithoutAKeySaysSo) {
  const std::string path = write_file(make_folder(), "only.pem", make_certificate({}).certificate_pem());
  EXPECT_EQ(read_private_key(path).error(), path + ": holds no private key in PEM form");
}

}  // namespace
}  // namespace limpid::certificate
