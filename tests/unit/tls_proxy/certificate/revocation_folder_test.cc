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

TEST(RevocationFolder, AFileThatIsNoLongerAListLeavesTheOneBeforeInForce) {
  const Credential issuer = make_certificate(ca_spec("Issuer"));
  const std::string path = testing::make_folder();
  write_file(path, "a.crl", revocation_list_pem(make_revocation_list(issuer, {}).get()));
  RevocationFolder folder(path);
  EXPECT_EQ(folder.read_if_changed()->lists.size(), 1U);
  write_file(path, "a.crl", "half of");
  const auto contents = folder.read_if_changed();
  ASSERT_TRUE(contents);
  EXPECT_EQ(contents->lists.size(), 1U);
  EXPECT_EQ(contents->refused,
            std::vector<std::string>{path + "/a.crl: is no revocation list; the one before stays in force"});
  std::filesystem::remove(path + "/a.crl");
  EXPECT_TRUE(folder.read_if_changed()->lists.empty()) << "removed on purpose";
}

TEST(RevocationFolder, AFolderThatCannotBeReadTakesNothingAway) {
  const Credential issuer = make_certificate(ca_spec("Issuer"));
  const std::string path = testing::make_folder() + "/crls";
  std::filesystem::create_directory(path);
  write_file(path, "a.crl", revocation_list_pem(make_revocation_list(issuer, {}).get()));
  RevocationFolder folder(path);
  EXPECT_EQ(folder.read_if_changed()->lists.size(), 1U);
  std::filesystem::rename(path, path + ".gone");
  const auto contents = folder.read_if_changed();
  ASSERT_TRUE(contents);
  EXPECT_EQ(contents->lists.size(), 1U);
  EXPECT_EQ(contents->refused,
            std::vector<std::string>{path + ": the folder cannot be read; what it held stays in force"});
  EXPECT_FALSE(folder.read_if_changed()) << "said once";
  std::filesystem::rename(path + ".gone", path);
  EXPECT_EQ(folder.read_if_changed()->lists.size(), 1U);
}

}  // namespace
}  // namespace limpid::certificate
