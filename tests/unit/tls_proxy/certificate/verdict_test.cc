#include "tls_proxy/certificate/verdict.h"

#include <gtest/gtest.h>

#include <set>

namespace limpid::certificate {
namespace {

TEST(Verdict, EveryOutcomeHasANameOfItsOwnAndASentence) {
  std::set<std::string_view> names;
  for (std::size_t i = 0; i < kOutcomes; ++i) {
    const auto outcome = static_cast<Outcome>(i);
    EXPECT_TRUE(names.insert(name(outcome)).second) << i;
    EXPECT_FALSE(sentence(outcome).empty()) << i;
  }
}

TEST(Verdict, IsNotTrustedUnlessSaidSo) { EXPECT_FALSE(Verdict{}.trusted()); }

}  // namespace
}  // namespace limpid::certificate
