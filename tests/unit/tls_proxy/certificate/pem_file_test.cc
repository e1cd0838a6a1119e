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

TEST(PemFile, OpensAnEncryptedKeyWithItsPassphraseOnly) {
  const Credential one = make_certificate({});
  const std::string path = write_file(make_folder(), "key.pem", one.encrypted_key_pem("open sesame"));
  const auto key = read_private_key(path, "open sesame");
  ASSERT_TRUE(key.ok()) << key.error();
  EXPECT_EQ(EVP_PKEY_eq(key->get(), one.key.get()), 1);
  EXPECT_EQ(read_private_key(path, "open barley").error(),
            path + ": the passphrase does not open the private key");
  EXPECT_EQ(read_private_key(path, std::string(5'000, 'x')).error(),
            path + ": the passphrase does not open the private key");
  EXPECT_EQ(read_private_key(path).error(), path + ": the private key is encrypted");
}

TEST(PemFile, ReadsAPkcs12FileWithItsChainInOrder) {
  const Credential root = make_certificate(testing::ca_spec("Root"));
  const Credential intermediate = make_certificate(testing::ca_spec("Intermediate"), &root);
  const Credential stranger = make_certificate(testing::ca_spec("Stranger"));
  const Credential leaf = make_certificate({}, &intermediate);
  const std::string path =
      write_file(make_folder(), "shop.p12", leaf.pkcs12("secret", {&stranger, &root, &intermediate}));
  const auto read = read_pkcs12(path, "secret");
  ASSERT_TRUE(read.ok()) << read.error();
  EXPECT_EQ(EVP_PKEY_eq(read->key.get(), leaf.key.get()), 1);
  ASSERT_EQ(read->certificates.size(), 3U);
  EXPECT_EQ(X509_cmp(read->certificates[0].get(), leaf.certificate.get()), 0);
  EXPECT_EQ(X509_cmp(read->certificates[1].get(), intermediate.certificate.get()), 0);
  EXPECT_EQ(X509_cmp(read->certificates[2].get(), root.certificate.get()), 0);
}

TEST(PemFile, SaysWhyAPkcs12FileCannotBeOpened) {
  const Credential leaf = make_certificate({});
  const std::string folder = make_folder();
  const std::string sealed = write_file(folder, "sealed.p12", leaf.pkcs12("secret"));
  EXPECT_EQ(read_pkcs12(sealed, "wrong").error(), sealed + ": the passphrase does not open it");
  EXPECT_EQ(read_pkcs12(sealed, std::nullopt).error(), sealed + ": needs a passphrase");
  const std::string pem = write_file(folder, "leaf.pem", leaf.certificate_pem());
  EXPECT_EQ(read_pkcs12(pem, std::nullopt).error(), pem + ": is no PKCS#12 file");
  const std::string open = write_file(folder, "open.p12", leaf.pkcs12(""));
  EXPECT_TRUE(read_pkcs12(open, std::nullopt).ok());
}

}  // namespace
}  // namespace limpid::certificate
