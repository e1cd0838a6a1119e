#include "tls_proxy/openssl/shown_name.h"

#include <gtest/gtest.h>

namespace limpid::openssl {
namespace {

using NamePtr = std::unique_ptr<X509_NAME, Freed<X509_NAME_free>>;

NamePtr made(const std::string& common_name) {
  NamePtr name(X509_NAME_new());
  const auto* text = reinterpret_cast<const unsigned char*>(common_name.data());
  X509_NAME_add_entry_by_txt(name.get(), "CN", MBSTRING_UTF8, text, static_cast<int>(common_name.size()), -1,
                             0);
  return name;
}

TEST(ShownName, IsWrittenAsRfc2253Says) { EXPECT_EQ(shown_name(made("Shop, CA").get()), "CN=Shop\\, CA"); }

TEST(ShownName, HoldsNothingThatMovesACursorOrBreaksALine) {
  const std::string shown = shown_name(made("a\x1b[2J\nb\xc3\xa4").get());
  for (const char c : shown) EXPECT_TRUE(c >= ' ' && c <= '~') << shown;
  EXPECT_EQ(shown_text("a\nb\xff"), "a?b?");
}

TEST(ShownName, IsCutToALength) {
  EXPECT_EQ(shown_text(std::string(kShownNameMax, 'x')).size(), kShownNameMax);
  EXPECT_EQ(shown_text(std::string(70'000, 'x')), std::string(kShownNameMax, 'x') + "...");
}

TEST(ShownName, SaysThatThereIsNone) {
  const NamePtr empty(X509_NAME_new());
  EXPECT_EQ(shown_name(empty.get()), "a name that says nothing");
  EXPECT_EQ(shown_name(nullptr), "a name that says nothing");
}

TEST(ShownName, OfManyAuthoritiesTheFirstAreShownAndAllCounted) {
  STACK_OF(X509_NAME)* names = sk_X509_NAME_new_null();
  std::vector<NamePtr> owned;
  for (int i = 0; i < 100; ++i) {
    owned.push_back(made("CA " + std::to_string(i)));
    sk_X509_NAME_push(names, owned.back().get());
  }
  const Authorities authorities = shown_authorities(names);
  sk_X509_NAME_free(names);
  EXPECT_EQ(authorities.count, 100U);
  EXPECT_EQ(authorities.shown, (std::vector<std::string>{"CN=CA 0", "CN=CA 1", "CN=CA 2"}));
  EXPECT_EQ(shown_authorities(nullptr).count, 0U);
}

}  // namespace
}  // namespace limpid::openssl
