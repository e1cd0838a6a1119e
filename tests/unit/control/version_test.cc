#include "control/version.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>
#include <string>

namespace limpid::control {
namespace {

TEST(BuiltVersion, NamesLimpidAndTheTlsLibrary) {
  EXPECT_THAT(built_version().limpid, ::testing::MatchesRegex("[0-9]+\\.[0-9]+\\.[0-9]+"));
  EXPECT_THAT(built_version().openssl, ::testing::StartsWith("3."));
}

TEST(BuiltVersion, IsReadInATerminal) {
  std::istringstream lines(version_text(built_version()));
  for (std::string line; std::getline(lines, line);) EXPECT_LT(line.size(), 100U) << line;
}

TEST(BuiltVersion, ListsWhatSessionsCanHave) {
  const Version version = built_version();
  EXPECT_THAT(version.tls_versions, ::testing::Contains("SSL 3.0"));
  EXPECT_THAT(version.groups, ::testing::Contains("X25519MLKEM768"));
  EXPECT_THAT(version.ciphers, ::testing::Contains("TLS_AES_128_GCM_SHA256"));
  EXPECT_THAT(version.certificate_compressions, ::testing::Contains("brotli"));
  EXPECT_THAT(version_text(version),
              ::testing::HasSubstr("\n  versions: TLS 1.3, TLS 1.2, TLS 1.1, TLS 1.0, SSL 3.0\n"));
}

}  // namespace
}  // namespace limpid::control
