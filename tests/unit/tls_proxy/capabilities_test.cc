#include "tls_proxy/capabilities.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace limpid::tls {
namespace {

using ::testing::Contains;
using ::testing::Not;

TEST(Capabilities, NameWhatSessionsCanHave) {
  const Capabilities can = capabilities();
  EXPECT_THAT(can.library, ::testing::StartsWith("OpenSSL 3."));
  EXPECT_EQ(can.versions, (std::vector<std::string>{"TLS 1.3", "TLS 1.2", "TLS 1.1", "TLS 1.0", "SSL 3.0"}));
  for (const char* group :
       {"X25519MLKEM768", "secp256r1", "secp384r1", "secp521r1", "x25519", "x448", "ffdhe2048"})
    EXPECT_THAT(can.groups, Contains(group));
  EXPECT_THAT(can.groups, Not(Contains("sect163k1"))) << "no leg offers it, though the library could";
  EXPECT_THAT(can.ciphers, Contains("TLS_AES_256_GCM_SHA384"));
  EXPECT_THAT(can.ciphers, Contains("TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256"));
  EXPECT_THAT(can.ciphers, Not(Contains(::testing::HasSubstr("NULL"))));
}

}  // namespace
}  // namespace limpid::tls
