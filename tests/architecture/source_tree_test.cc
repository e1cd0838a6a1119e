// The rules are only as good as the reading of the sources.
#include "tests/architecture/source_tree.h"

#include <gtest/gtest.h>

namespace limpid::architecture {
namespace {

TEST(SourceTree, HoldsTheSourcesOfEveryLayer) {
  EXPECT_GT(source_tree().size(), 100U);
  EXPECT_NE(find_file("dataplane/base/reasons.def"), nullptr);
  EXPECT_NE(find_file("tests/architecture/source_tree_test.cc"), nullptr);
  EXPECT_EQ(find_file("no/such/file.cc"), nullptr);
}

TEST(SourceTree, CommentsAndLiteralsAreNotCode) {
  EXPECT_EQ(without_comments({"a(\"b // c\"); // d", "e /* f", "g */ h", "i('\\'', 1'000)"}),
            (std::vector<std::string>{"a(        );     ", "e     ", "     h", "i(    , 1'000)"}));
}

TEST(SourceTree, RawStringsAreNotCodeOverManyLines) {
  EXPECT_EQ(without_comments({"a R\"(b \" // c", "d )\" e"}),
            (std::vector<std::string>{"a            ", "     e"}));
}

TEST(SourceTree, ColumnsAreCodePoints) { EXPECT_EQ(columns("a\u00a7\u2026b"), 4U); }

TEST(SourceTree, IncludesAreRead) {
  EXPECT_EQ(include_of("#include \"dataplane/base/bytes.h\"").path, "dataplane/base/bytes.h");
  EXPECT_FALSE(include_of("#include \"dataplane/base/bytes.h\"").angled);
  EXPECT_EQ(include_of("#include <openssl/ssl.h>  // why").path, "openssl/ssl.h");
  EXPECT_TRUE(include_of("#include <vector>").angled);
  EXPECT_EQ(include_of("int x;").path, "");
}

}  // namespace
}  // namespace limpid::architecture
