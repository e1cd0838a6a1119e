// Pages of the docs that are made from the sources must be what the sources say now.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <regex>
#include <sstream>
#include <string>

#include "tests/architecture/reasons_page.h"
#include "tests/architecture/source_tree.h"
#include "tests/architecture/state_machines_page.h"

namespace limpid::architecture {
namespace {

std::string contents(const std::string& path) {
  std::ostringstream out;
  out << std::ifstream(path).rdbuf();
  return out.str();
}

TEST(Generated, ThePageOfReasonsIsWhatTheListSays) {
  EXPECT_EQ(contents("docs/operations/reasons.md"), reasons_page())
      << "mend it: build/release/tests/architecture/print_page reasons > docs/operations/reasons.md";
}

TEST(Generated, TheDiagramsOfStatesAreWhatTheTablesSay) {
  EXPECT_EQ(contents("docs/state-machines.md"), state_machines_page())
      << "mend it: build/release/tests/architecture/print_page state-machines > docs/state-machines.md";
}

TEST(Generated, LinksBetweenPagesLeadSomewhere) {
  const std::regex link(R"(\]\(([^)#:]+)(#[^)]*)?\))");
  for (const SourceFile& file : source_tree()) {
    if (file.extension() != ".md") continue;
    for (std::size_t i = 0; i < file.lines.size(); ++i) {
      for (auto found = std::sregex_iterator(file.lines[i].begin(), file.lines[i].end(), link);
           found != std::sregex_iterator(); ++found) {
        const auto target = std::filesystem::path(file.folder()) / (*found)[1].str();
        EXPECT_TRUE(std::filesystem::exists(target)) << at(file, i) << target << " is not there";
      }
    }
  }
}

}  // namespace
}  // namespace limpid::architecture
