#include "tls_proxy/session_record.h"

#include <gtest/gtest.h>

namespace limpid::tls {
namespace {

TEST(Decided, IsNamedAsInTheConfiguration) {
  EXPECT_EQ(name(Decided::kDecrypt), "decrypt");
  EXPECT_EQ(name(Decided::kPass), "pass");
  EXPECT_EQ(name(Decided::kBlock), "block");
  EXPECT_EQ(name(Decided::kNothing), "");
}

}  // namespace
}  // namespace limpid::tls
