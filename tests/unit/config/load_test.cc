#include "config/load.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "tests/unit/config/configurations.h"

namespace limpid::config {
namespace {

namespace fs = std::filesystem;

std::string why(const Result<Configuration, std::vector<ConfigError>>& result) {
  return result ? "good" : text(result.error());
}

/// A folder of the test's own, removed with it.
class LoadFile : public testing::Test {
 protected:
  LoadFile() {
    std::string pattern = (fs::temp_directory_path() / "limpid-load-XXXXXX").string();
    folder_ = ::mkdtemp(pattern.data());
  }
  ~LoadFile() override { fs::remove_all(folder_); }
  std::string write(const std::string& name, std::string_view content) {
    const std::string path = (folder_ / name).string();
    std::ofstream(path, std::ios::binary) << content;
    return path;
  }

  fs::path folder_;
};

TEST_F(LoadFile, ReadsItAndResolvesPathsAgainstItsFolder) {
  const auto made = load(write("limpid.yaml", good()), {.check_files = false});
  ASSERT_TRUE(made.ok()) << why(made);
  EXPECT_EQ(made->tls.trusted->certificate, (folder_ / "a").string());
  EXPECT_EQ(made->control.socket, (folder_ / "limpid.sock").string());
  EXPECT_EQ(made->inventory.database, (folder_ / "inventory.db").string());
  EXPECT_EQ(made->dataplane.ledger, (folder_ / "limpid.ledger").string());
}

TEST_F(LoadFile, SaysWhyItCannotBeOpened) {
  const std::string absent = (folder_ / "absent.yaml").string();
  EXPECT_EQ(why(load(absent)), absent + ": the file cannot be opened: No such file or directory\n");
  EXPECT_EQ(why(load(folder_.string())), folder_.string() + ": this is a folder\n");
}

TEST_F(LoadFile, RefusesAFileThatIsTooLarge) {
  const std::string path = write("large.yaml", "");
  fs::resize_file(path, kFileBytesMax + 1);
  EXPECT_EQ(why(load(path)), path + ": the file is larger than 64 MiB\n");
}

TEST_F(LoadFile, ReadsWhatHasNoSize) { EXPECT_EQ(why(load("/dev/null")), "/dev/null: the file is empty\n"); }

TEST(LoadText, RefusesNothingAtAll) {
  EXPECT_EQ(said(""), "the file is empty\n");
  EXPECT_EQ(said("# only a comment\n"), "the file is empty\n");
  EXPECT_EQ(said("hello\n"), "1:1: is a single value\n    expected a map (key: value)\n");
}

TEST(LoadText, ReportsWhereTheYamlEnds) { EXPECT_EQ(said("segments: [\n"), "2:1: the \"]\" is missing\n"); }

TEST(LoadText, ReportsEverySectionInOneRun) {
  const std::string all = said(
      "dataplan: {}\n"
      "segments: 7\n"
      "tools: 7\n"
      "tls: 7\n"
      "policy: 7\n"
      "inventory: 7\n"
      "control: 7\n"
      "logging: 7\n");
  EXPECT_EQ(
      all,
      "1:1: dataplan: unknown key\n"
      "    expected one of: dataplane, segments, tools, policy, tls, inventory, control, logging        "
      "did you mean \"dataplane\"?\n"
      "2:11: segments: is a single value\n    expected a list of segments\n"
      "3:8: tools: is a single value\n    expected a list of tools\n"
      "4:6: tls: is a single value\n    expected a map (key: value)\n"
      "5:9: policy: is a single value\n    expected a map (key: value)\n"
      "6:12: inventory: is a single value\n    expected a map (key: value)\n"
      "7:10: control: is a single value\n    expected a map (key: value)\n"
      "8:10: logging: is a single value\n    expected a map (key: value)\n");
}

TEST(LoadText, CountsErrorsBeyondItsLimit) {
  std::string keys;
  for (int i = 0; i < 250; ++i) keys += "key" + std::to_string(i) + ": 1\n";
  const auto result = loaded(good() + keys);
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().size(), kErrorsMax + 1);
  EXPECT_EQ(result.error().back().what, "and 150 more errors");
}

TEST(LoadText, GivesWarningsWithAGoodConfiguration) {
  const auto made = loaded(good() + "policy: { rules: [ { then: pass }, { then: pass } ] }\n");
  ASSERT_TRUE(made.ok());
  ASSERT_EQ(made->warnings.size(), 1U);
  EXPECT_EQ(made->warnings[0].severity, Severity::kWarning);
}

}  // namespace
}  // namespace limpid::config
