#include "tls_proxy/upgrade/tag_splitter.h"

#include <gtest/gtest.h>

namespace limpid::tls {
namespace {

std::string tags_of(std::string_view text) {
  TagSplitter splitter;
  Bytes rest = as_bytes(text);
  std::string all;
  XmlTag tag;
  while (splitter.next(rest, tag) == TagSplitter::Took::kTag) {
    all += tag.kind == XmlTag::Kind::kEnd ? "-" : tag.kind == XmlTag::Kind::kEmpty ? "=" : "+";
    all += std::string(tag.name) + " ";
  }
  return all;
}

TEST(TagSplitter, FindsTagsAndLeavesOutText) { EXPECT_EQ(tags_of("x<a>b < c='1'/>d</a>"), "+a = -a "); }

TEST(TagSplitter, TakesNoBracketOfAnAttributesValueForAnEnd) {
  EXPECT_EQ(tags_of(R"(<a b='>' c=">'"/><d>)"), "=a +d ");
}

TEST(TagSplitter, LeavesOutTheNamespacesPrefix) { EXPECT_EQ(tags_of("<x:a y='1'/></x:b>"), "=a -b "); }

TEST(TagSplitter, KnowsBlanks) {
  EXPECT_TRUE(is_blank(as_bytes(" \r\n\t")));
  EXPECT_FALSE(is_blank(as_bytes(" x ")));
}

}  // namespace
}  // namespace limpid::tls
