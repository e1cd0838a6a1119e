#include "control/version.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace limpid::control {
namespace {

TEST(BuiltVersion, NamesLimpidAndTheTlsLibrary) {
  EXPECT_THAT(built_version().limpid, ::testing::MatchesRegex("[0-9]+\\.[0-9]+\\.[0-9]+"));
  EXPECT_THAT(built_version().openssl, ::testing::StartsWith("3."));
}

}  // namespace
}  // namespace limpid::control
