#include "tls_proxy/certificate/trust_store.h"

#include <gtest/gtest.h>

#include "tests/support/pki.h"

namespace limpid::certificate {
namespace {

using testing::make_certificate;
using testing::make_folder;
using testing::write_file;

TEST(TrustStore, ReadsEveryCertificateOfABundle) {
  const std::string bundle = make_certificate(testing::ca_spec("One")).certificate_pem() +
                             make_certificate(testing::ca_spec("Two")).certificate_pem();
  const auto trust = TrustStore::load(write_file(make_folder(), "bundle.pem", bundle));
  ASSERT_TRUE(trust.ok());
  EXPECT_EQ((*trust)->roots(), 2U);
}

TEST(TrustStore, ReadsEveryFileOfAFolder) {
  const std::string folder = make_folder();
  write_file(folder, "one.pem", make_certificate(testing::ca_spec("One")).certificate_pem());
  write_file(folder, "two.pem", make_certificate(testing::ca_spec("Two")).certificate_pem());
  const auto trust = TrustStore::load(folder);
  ASSERT_TRUE(trust.ok());
  EXPECT_EQ((*trust)->roots(), 2U);
}

TEST(TrustStore, NamesTheFileThatIsAbsentOrHoldsNothing) {
  const std::string folder = make_folder();
  EXPECT_EQ(TrustStore::load(folder + "/absent.pem").error(),
            folder + "/absent.pem: cannot be read (No such file or directory)");
  const std::string empty = write_file(folder, "empty.pem", "no certificate here\n");
  EXPECT_EQ(TrustStore::load(empty).error(), empty + ": holds no certificate in PEM form");
}

TEST(TrustStore, NoTwoLoadsShareAGeneration) {
  const std::string path =
      write_file(make_folder(), "root.pem", make_certificate(testing::ca_spec("Root")).certificate_pem());
  EXPECT_NE((*TrustStore::load(path))->generation(), (*TrustStore::load(path))->generation());
}

TEST(TrustStore, ADamagedBundleIsRefusedRatherThanHalfRead) {
  const std::string good = make_certificate(testing::ca_spec("Root")).certificate_pem();
  const auto trust =
      TrustStore::load(write_file(make_folder(), "cut.pem", good + good.substr(0, good.size() / 2)));
  EXPECT_FALSE(trust.ok());
}

}  // namespace
}  // namespace limpid::certificate
