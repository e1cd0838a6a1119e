#include "tls_proxy/certificate/revocation_folder.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "tests/support/pki.h"

namespace limpid::certificate {
namespace {

using testing::ca_spec;
using testing::Credential;
using testing::make_certificate;
using testing::make_revocation_list;
using testing::revocation_list_pem;
using testing::write_file;

TEST(RevocationFolder, ReadsEveryListAndSaysWhichItCannotUse) {
  const Credential issuer = make_certificate(ca_spec("Issuer"));
  const std::string path = testing::make_folder();
  write_file(path, "a.crl", revocation_list_pem(make_revocation_list(issuer, {}).get()));
  write_file(path, "b.crl", revocation_list_pem(make_revocation_list(issuer, {.numbered = false}).get()));
  write_file(path, "readme", "lists of today");
  const auto contents = RevocationFolder(path).read_if_changed();
  ASSERT_TRUE(contents);
  EXPECT_EQ(contents->lists.size(), 1U);
  EXPECT_EQ(contents->refused,
            (std::vector<std::string>{path + "/b.crl: the revocation list has no number, or a critical one",
                                      path + "/readme: is no revocation list"}));
}

TEST(RevocationFolder, ReadsAnewWhenAFileHasChanged) {
  const Credential issuer = make_certificate(ca_spec("Issuer"));
  const std::string path = testing::make_folder();
  RevocationFolder folder(path);
  EXPECT_TRUE(folder.read_if_changed()->lists.empty());
  EXPECT_FALSE(folder.read_if_changed());
  const std::string pem = revocation_list_pem(make_revocation_list(issuer, {}).get());
  write_file(path, "a.crl", pem);
  EXPECT_EQ(folder.read_if_changed()->lists.size(), 1U);
  EXPECT_FALSE(folder.read_if_changed());
  std::filesystem::remove(path + "/a.crl");
  EXPECT_TRUE(folder.read_if_changed()->lists.empty());
}

TEST(RevocationFolder, TakesNoFileThatIsTooLarge) {
  const std::string path = testing::make_folder();
  write_file(path, "a.crl", std::string(RevocationFolder::kListBytesMax + 1, 'x'));
  const auto contents = RevocationFolder(path).read_if_changed();
  ASSERT_EQ(contents->refused.size(), 1U);
  EXPECT_NE(contents->refused.front().find("larger than 4 MiB"), std::string::npos);
}

}  // namespace
}  // namespace limpid::certificate
