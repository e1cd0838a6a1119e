// Words that must not stand in the sources: calls that would make a part depend on more than it is given,
// reminders that nobody will read, and names that have another word here (docs/glossary.md).
#include <gtest/gtest.h>

#include <algorithm>
#include <regex>
#include <string>
#include <vector>

#include "tests/architecture/source_tree.h"

namespace limpid::architecture {
namespace {

bool below(const SourceFile& file, const std::vector<std::string>& folders) {
  return std::any_of(folders.begin(), folders.end(), [&](const std::string& folder) {
    return file.path == folder || file.path.starts_with(folder + "/");
  });
}

struct Ban {
  std::string pattern;
  std::string why;
  std::vector<std::string> folders;  // where it holds
  std::vector<std::string> but;      // and where, of these, it does not
};

const std::vector<std::string>& product() {
  static const std::vector<std::string> kProduct{"config", "control", "dataplane", "policy", "tls_proxy"};
  return kProduct;
}

/// Judged on code without comments and literals.
std::vector<Ban> code_bans() {
  return {
      {R"(_clock::now\b)",
       "clocks are injected (dataplane/base/clock.h)",
       product(),
       {"dataplane/base/system_clock.cc"}},
      {R"(\b(s?rand|random|drand48)\s*\(|\brandom_device\b)",
       "randomness is injected (dataplane/base/random.h)",
       product(),
       {}},
      {R"(\b(secure_)?getenv\s*\()",
       "the environment decides nothing",
       {"config", "control", "dataplane", "policy", "tests", "tls_proxy"},
       {"control/passphrase.cc"}},  // where the configuration names a variable
      {R"(\b(sleep_for|sleep_until|usleep|nanosleep)\b)",
       "nothing sleeps a fixed time: wait for what can be observed",
       {"config", "control", "dataplane", "policy", "tests", "tls_proxy"},
       {"dataplane/worker/sleeper.cc"}},
      {R"(\b(throw|try|catch)\b)",
       "no exceptions on the data plane: typed results",
       {"dataplane", "policy", "tls_proxy"},
       {}},
      {R"(\bstd::abort\b|\bassert\s*\()",
       "LIMPID_CHECK, and for defects of our own only",
       {"dataplane", "policy", "tls_proxy"},
       {"dataplane/base/check.cc"}},
      {R"(\bstd::(cout|cerr)\b|\b(f?printf|puts)\s*\()",
       "nothing below control/ prints",
       {"config", "dataplane", "policy", "tls_proxy"},
       {"dataplane/base/check.cc"}},
      {R"(\b\w*(Manager|Helper|Util|Impl)\b)",
       "a name that says what the thing does",
       {"config", "control", "dataplane", "policy", "tests", "tls_proxy"},
       {}},
  };
}

/// Judged on the whole text, comments too.
std::vector<Ban> text_bans() {
  const std::vector<std::string> everything{"config", "control", "dataplane", "docs",
                                            "policy", "tests",   "tls_proxy"};
  const std::vector<std::string> this_file{"tests/architecture/words_test.cc"};
  return {
      {R"(\b(TODO|FIXME|XXX)\b)", "do it, or open an issue", everything, this_file},
      {R"(\b([Uu]p|[Dd]own)stream\b)", "client leg, server leg, client side, server side", everything, {}},
      {R"(/(work|root|home)/\w)", "a path of one machine", everything, {}},
  };
}

void check(const std::vector<Ban>& bans, bool code_only) {
  for (const Ban& ban : bans) {
    const std::regex pattern(ban.pattern);
    for (const SourceFile& file : source_tree()) {
      if (!below(file, ban.folders) || below(file, ban.but)) continue;
      if (code_only && !file.is_cpp()) continue;
      const std::vector<std::string>& lines = code_only ? file.code : file.lines;
      for (std::size_t i = 0; i < lines.size(); ++i) {
        std::smatch found;
        if (!std::regex_search(lines[i], found, pattern)) continue;
        ADD_FAILURE() << at(file, i) << "\"" << found.str() << "\": " << ban.why;
      }
    }
  }
}

TEST(Words, CodeDependsOnNothingThatItIsNotGiven) { check(code_bans(), true); }

TEST(Words, TextHoldsNoRemindersNoForbiddenNamesAndNoMachinesPaths) { check(text_bans(), false); }

TEST(Words, EveryPlaceThatIsSparedIsThereAndNeedsIt) {
  std::vector<Ban> bans = code_bans();
  for (Ban& ban : text_bans()) bans.push_back(ban);
  for (const Ban& ban : bans) {
    for (const std::string& path : ban.but) {
      const SourceFile* file = find_file(path);
      ASSERT_NE(file, nullptr) << path << " is gone: take it from the list";
      const std::regex pattern(ban.pattern);
      EXPECT_TRUE(std::any_of(file->lines.begin(), file->lines.end(),
                              [&](const std::string& line) { return std::regex_search(line, pattern); }))
          << path << " does not need to be spared from " << ban.pattern;
    }
  }
}

TEST(Words, LinesFitIntoAColumnsLimit) {
  constexpr std::size_t kColumns = 110;
  for (const SourceFile& file : source_tree()) {
    if (!file.is_cpp()) continue;
    for (std::size_t i = 0; i < file.lines.size(); ++i) {
      EXPECT_LE(columns(file.lines[i]), kColumns) << at(file, i) << "longer than " << kColumns << " columns";
    }
  }
}

TEST(Words, EveryFileSaysAtItsHeadWhatItIs) {
  for (const SourceFile& file : source_tree()) {
    if (file.extension() != ".h") continue;
    ASSERT_FALSE(file.lines.empty()) << file.path;
    EXPECT_TRUE(file.lines.front().starts_with("//")) << at(file, 0) << "a header begins with what it is";
    EXPECT_TRUE(std::find(file.lines.begin(), file.lines.end(), "#pragma once") != file.lines.end())
        << file.path;
  }
}

}  // namespace
}  // namespace limpid::architecture
