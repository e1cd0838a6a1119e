#include "config/config_error.h"

#include <gtest/gtest.h>

namespace limpid::config {
namespace {

ConfigError decript() {
  ConfigError error;
  error.file = "limpid.yaml";
  error.line = 14;
  error.column = 9;
  error.path = "policy.rules[2].then";
  error.what = "\"decript\" is not a decision";
  error.expected = "one of: decrypt, pass, block";
  error.hint = "did you mean \"decrypt\"?";
  return error;
}

TEST(ConfigErrorText, HasPlacePathExpectationAndHint) {
  EXPECT_EQ(text(decript()),
            "limpid.yaml:14:9: policy.rules[2].then: \"decript\" is not a decision\n"
            "    expected one of: decrypt, pass, block        did you mean \"decrypt\"?\n");
}

TEST(ConfigErrorText, LeavesOutWhatIsNotKnown) {
  ConfigError error;
  error.file = "limpid.yaml";
  error.what = "the file is empty";
  EXPECT_EQ(text(error), "limpid.yaml: the file is empty\n");
  error.severity = Severity::kWarning;
  error.hint = "write something";
  EXPECT_EQ(text(error), "limpid.yaml: warning: the file is empty\n    write something\n");
}

TEST(ConfigErrorText, EscapesControlCharacters) {
  ConfigError error = decript();
  error.path = "a\x1b[2J";
  error.what = "b\nc";
  error.expected = "\r";
  EXPECT_EQ(text(error).find('\x1b'), std::string::npos);
  EXPECT_NE(text(error).find("a\\x1b[2J: b\\x0ac"), std::string::npos);
}

TEST(ConfigErrorJson, IsAListOfObjects) {
  EXPECT_EQ(
      json({decript()}),
      R"([{"column":9,"expected":"one of: decrypt, pass, block","file":"limpid.yaml",)"
      R"("hint":"did you mean \"decrypt\"?","line":14,"path":"policy.rules[2].then","severity":"error",)"
      R"("what":"\"decript\" is not a decision"}])");
  EXPECT_EQ(json({}), "[]");
}

}  // namespace
}  // namespace limpid::config
