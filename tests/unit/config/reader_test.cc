#include "config/reader.h"

#include <gtest/gtest.h>

#include "config/config_error.h"

namespace limpid::config {
namespace {

/// A tree with its findings.
struct Read {
  explicit Read(std::string_view text) : tree(parse_yaml(text).value()) {}
  Value root() { return {tree, "", findings}; }
  std::string said() {
    std::string out;
    for (const ConfigError& error : findings.take()) out += text(error).substr(error.line == 0 ? 3 : 2);
    return out;
  }

  YamlNode tree;
  Findings findings{"f", 3};
};

TEST(Section, ReportsKeysThatNobodyTook) {
  Read read("cores: 1\nidel: 2\n");
  auto section = Section::open(read.root());
  ASSERT_TRUE(section);
  EXPECT_TRUE(section->take("cores"));
  EXPECT_FALSE(section->take("idle"));
  section->finish();
  EXPECT_EQ(read.said(),
            "2:1: idel: unknown key\n    expected one of: cores, idle        did you mean \"idle\"?\n");
}

TEST(Section, TellsOfASpaceThatIsMissing) {
  Read read("{default:pass}");
  auto section = Section::open(read.root());
  ASSERT_TRUE(section);
  section->take("default");
  section->finish();
  EXPECT_EQ(
      read.said(),
      "1:2: default:pass: unknown key\n    expected one of: default        put a space behind the \":\"\n");
}

TEST(Section, ReportsKeysThatAreMissingTwiceOrNoWords) {
  Read read("a: 1\na: 2\n[b]: 3\n");
  auto section = Section::open(read.root());
  ASSERT_TRUE(section);
  EXPECT_FALSE(section->require("c", "c: something"));
  EXPECT_EQ(section->take("a")->node().text, "1");
  section->finish();
  const std::string said = read.said();
  EXPECT_NE(said.find("\"c\" is missing\n    expected c: something\n"), std::string::npos) << said;
  EXPECT_NE(said.find("a: the key is here twice; the first is in line 1\n"), std::string::npos) << said;
  EXPECT_NE(said.find("a key is a list\n    expected a word\n"), std::string::npos) << said;
}

TEST(Section, CountsAnEmptyValueAsAnEmptyMap) {
  Read read("tls:\n");
  auto root = Section::open(read.root());
  auto tls = Section::open(*root->take("tls"));
  ASSERT_TRUE(tls);
  EXPECT_FALSE(tls->take("trust"));
  tls->finish();
  EXPECT_EQ(read.said(), "");
}

TEST(Section, RefusesWhatIsNoMap) {
  Read read("[1]");
  EXPECT_FALSE(Section::open(read.root()));
  EXPECT_EQ(read.said(), "1:1: is a list\n    expected a map (key: value)\n");
}

TEST(Value, SaysWhatWasExpected) {
  Read numbers("[x, 7, -1, '']");
  const auto elements = *numbers.root().list("numbers", Value::ListForm::kList);
  EXPECT_FALSE(elements[0].number("a port", 1, 6));
  EXPECT_FALSE(elements[1].number("a port", 1, 6));
  EXPECT_EQ(elements[1].number("a port", 1, 7), 7U);
  EXPECT_FALSE(elements[3].text("a word"));
  EXPECT_EQ(numbers.said(),
            "1:2: [0]: \"x\" is not a whole number\n    expected a port, 1 to 6\n"
            "1:5: [1]: 7 is out of range\n    expected a port, 1 to 6\n"
            "1:12: [3]: is empty\n    expected a word\n");
}

TEST(Value, ReadsSizesAndTimes) {
  Read read("[2KiB, 3s, 2]");
  const auto elements = *read.root().list("values", Value::ListForm::kList);
  EXPECT_EQ(elements[0].size(0, 4096), 2048U);
  EXPECT_FALSE(elements[0].size(4096, 8192));
  EXPECT_EQ(elements[1].duration({}, std::chrono::seconds(3)), std::chrono::seconds(3));
  EXPECT_FALSE(elements[2].size(0, 4096));
  EXPECT_FALSE(elements[2].duration({}, std::chrono::seconds(3)));
  EXPECT_EQ(read.said(),
            "1:2: [0]: 2KiB is out of range\n    expected a size, 4KiB to 8KiB\n"
            "1:12: [2]: \"2\" is not a size\n"
            "    expected a size, 0B to 4KiB        write a whole number with KiB, MiB or GiB\n"
            "1:12: [2]: \"2\" is not a time\n"
            "    expected a time, 0ms to 3s        write a whole number with ms, s, min, h or d\n");
}

TEST(Value, TakesOneForAListWhereThatIsMeant) {
  Read read("7");
  EXPECT_EQ(read.root().list("ports", Value::ListForm::kListOrOne)->size(), 1U);
  EXPECT_FALSE(read.root().list("ports", Value::ListForm::kList));
  Read none("[]");
  EXPECT_FALSE(none.root().list("ports", Value::ListForm::kListOrOne));
  EXPECT_TRUE(none.root().list("ports", Value::ListForm::kListOrEmpty));
}

TEST(Findings, AreInTheOrderOfTheFileAndCountedBeyondTheirLimit) {
  Read read("[a, b, c, d, e]");
  const auto elements = *read.root().list("numbers", Value::ListForm::kList);
  for (std::size_t i = elements.size(); i > 0; --i) elements[i - 1].error(elements[i - 1].node().text);
  EXPECT_TRUE(read.findings.full());
  EXPECT_EQ(read.said(), "1:8: [2]: c\n1:11: [3]: d\n1:14: [4]: e\nand 2 more errors\n");
}

TEST(InQuotes, CutsLongTextBetweenCharacters) {
  EXPECT_EQ(in_quotes("a"), "\"a\"");
  std::string text(59, 'a');
  text += "\xe2\x82\xac\xe2\x82\xac";
  EXPECT_EQ(in_quotes(text), "\"" + std::string(59, 'a') + "…\"");
}

}  // namespace
}  // namespace limpid::config
