#include "config/yaml_tree.h"

#include <gtest/gtest.h>

namespace limpid::config {
namespace {

using Kind = YamlNode::Kind;

std::string refused(std::string_view text) {
  const auto tree = parse_yaml(text);
  if (tree) return "accepted";
  return std::to_string(tree.error().place.line) + ":" + std::to_string(tree.error().place.column) + ": " +
         tree.error().what;
}

TEST(YamlTree, KeepsEveryValueWithItsPlace) {
  const auto tree = parse_yaml("a: [x, 'y']\nb:\n  c: ~\n");
  ASSERT_TRUE(tree.ok());
  ASSERT_EQ(tree->kind, Kind::kMap);
  ASSERT_EQ(tree->children.size(), 4U);
  EXPECT_EQ(tree->children[0].text, "a");
  EXPECT_EQ(tree->children[1].kind, Kind::kList);
  EXPECT_EQ(tree->children[1].children[1].text, "y");
  EXPECT_EQ(tree->children[1].children[1].place, (Place{1, 8}));
  EXPECT_EQ(tree->children[3].children[0].place, (Place{3, 3}));
  EXPECT_EQ(tree->children[3].children[1].kind, Kind::kNull);
}

TEST(YamlTree, OfNothingIsNull) {
  EXPECT_EQ(parse_yaml("")->kind, Kind::kNull);
  EXPECT_EQ(parse_yaml("# nothing\n")->kind, Kind::kNull);
}

TEST(YamlTree, RefusesAnchorsAliasesAndTags) {
  EXPECT_EQ(refused("a: &x 1\n"), "1:4: anchors (\"&name\") are not allowed");
  EXPECT_EQ(refused("a: &x [1]\n"), "1:4: anchors (\"&name\") are not allowed");
  EXPECT_EQ(refused("a: !!str x\n"), "1:4: tags (\"!name\") are not allowed");
  EXPECT_EQ(refused("a: *x\n").substr(5), "aliases (\"*name\") are not allowed");
}

TEST(YamlTree, TellsWhoForgotToQuoteAStar) {
  const auto tree = parse_yaml("sni: [*.bank.example]\n");
  ASSERT_FALSE(tree.ok());
  EXPECT_EQ(tree.error().what, "aliases (\"*name\") are not allowed");
  EXPECT_EQ(tree.error().hint, "quote the value if it begins with *");
}

TEST(YamlTree, SpeaksItsOwnWords) {
  EXPECT_EQ(refused("a: [1, 2\n"), "2:1: the \"]\" is missing");
  EXPECT_EQ(refused("a: {b: 1\n"), "2:1: the \"}\" is missing");
  EXPECT_EQ(refused("a: \"b\n"), "1:4: the closing quote is missing");
  EXPECT_EQ(refused("a: 'it''s\n"), "1:4: the closing quote is missing");
  EXPECT_EQ(refused("a: \"\\\"\nb: 1\n"), "1:4: the closing quote is missing");
  EXPECT_EQ(refused("a: b: c\n"), "1:5: a \":\" is not possible here");
  EXPECT_EQ(refused("a: 1\n  b: 2\n"), "2:4: a \":\" is not possible here");
  EXPECT_EQ(refused("a:\n\t- b\n").substr(0, 2), "2:");
  EXPECT_EQ(refused("a: @b\n"), "1:4: this character cannot begin a value");
  EXPECT_EQ(refused("a: ]\n"), "1:4: a closing bracket has no opening one");
  EXPECT_EQ(refused("a: \"\\q\"\n").substr(5), "this is not an escape sequence");
}

TEST(YamlTree, TellsOfATabWhateverIsWrongWithItsLine) {
  for (const char* text : {"a: 1\n\tb: 2\n", "a:\n\tb: 2\n", "a:\n  b: 1\n \tc: 2\n"}) {
    const auto tree = parse_yaml(text);
    ASSERT_FALSE(tree.ok()) << text;
    EXPECT_EQ(tree.error().hint, "indent with spaces: a tab begins this line") << text;
  }
  EXPECT_EQ(parse_yaml("a: 1\n  b: 2\n").error().hint.find("tab"), std::string::npos);
}

TEST(YamlTree, ReadsQuotedTextAndBlocks) {
  const auto tree = parse_yaml("a: 'it''s'\nb: \"\\\"\"\nc: |\n  \"x\nd: ''\n");
  ASSERT_TRUE(tree.ok()) << tree.error().what;
  EXPECT_EQ(tree->children[1].text, "it's");
  EXPECT_EQ(tree->children[3].text, "\"");
  EXPECT_EQ(tree->children[5].text, "\"x\n");
  EXPECT_EQ(tree->children[7].text, "");
  EXPECT_EQ(tree->children[7].kind, Kind::kScalar);
}

TEST(YamlTree, SkipsAByteOrderMark) {
  EXPECT_EQ(parse_yaml("\xef\xbb\xbf"
                       "a: 'b'\n")
                ->children[1]
                .text,
            "b");
}

TEST(YamlTree, RefusesASecondDocument) {
  EXPECT_EQ(refused("a: 1\n---\nb: 2\n").substr(2), "1: a second document begins here (\"---\")");
  EXPECT_EQ(refused("---\na: 1\n"), "accepted");
}

TEST(YamlTree, BoundsDepth) {
  EXPECT_EQ(refused(std::string(32, '[') + std::string(32, ']')), "accepted");
  EXPECT_EQ(refused(std::string(33, '[') + std::string(33, ']')),
            "1:33: lists and maps are nested too deeply");
  EXPECT_NE(refused(std::string(100'000, '[')), "accepted");
  EXPECT_NE(refused(std::string(100'000, '{')), "accepted");
  std::string blocks;
  for (int i = 0; i < 3'000; ++i) blocks += std::string(static_cast<std::size_t>(i), ' ') + "a:\n";
  EXPECT_NE(refused(blocks), "accepted");
}

TEST(YamlTree, RefusesWhatIsNotText) {
  EXPECT_EQ(refused(std::string_view("a: \0b\n", 6)), "1:4: this is not text in UTF-8");
  EXPECT_EQ(refused("a: 1\nb: \xff\n"), "2:4: this is not text in UTF-8");
  EXPECT_EQ(refused("a: \xc0\xaf\n"), "1:4: this is not text in UTF-8");
  EXPECT_EQ(refused("a: \xed\xa0\x80\n"), "1:4: this is not text in UTF-8") << "a lone surrogate";
  EXPECT_EQ(refused("a: \xf4\x90\x80\x80\n"), "1:4: this is not text in UTF-8") << "beyond Unicode";
  EXPECT_EQ(refused("a: \xe2\x82"), "1:4: this is not text in UTF-8") << "cut short";
  EXPECT_EQ(refused("a: \xe2\x82\xac \xf0\x9f\x94\x92\n"), "accepted");
}

}  // namespace
}  // namespace limpid::config
