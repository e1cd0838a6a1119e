// Who may include whom. The folders are the layers; a folder that is not in the table may include nothing, so
// a new one is a decision that is made here.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "tests/architecture/source_tree.h"

namespace limpid::architecture {
namespace {

using Folders = std::set<std::string>;

const std::map<std::string, Folders>& allowed() {
  static const std::map<std::string, Folders> kAllowed{
      {"dataplane/base", {}},
      {"dataplane/wire", {"dataplane/base"}},
      {"dataplane/tcp", {"dataplane/base", "dataplane/wire"}},
      {"dataplane/tool", {"dataplane/base", "dataplane/wire", "dataplane/tcp"}},
      {"dataplane/flow", {"dataplane/base", "dataplane/wire", "dataplane/tcp"}},
      {"dataplane/nic", {"dataplane/base", "dataplane/wire"}},
      {"dataplane/worker",
       {"dataplane/base", "dataplane/wire", "dataplane/flow", "dataplane/tool", "dataplane/nic"}},
      {"policy", {"dataplane/base"}},
      {"config", {"dataplane/base", "policy"}},
      {"tls_proxy/openssl", {"dataplane/base", "dataplane/tcp"}},
      {"tls_proxy/certificate", {"dataplane/base", "tls_proxy/openssl"}},
      {"tls_proxy/upgrade", {"dataplane/base", "policy"}},
      {"tls_proxy",
       {"dataplane/base", "dataplane/flow", "dataplane/tool", "policy", "tls_proxy/openssl",
        "tls_proxy/certificate", "tls_proxy/upgrade"}},
      {"control",
       {"dataplane/base", "dataplane/flow", "dataplane/nic", "dataplane/tool", "dataplane/worker", "policy",
        "config", "tls_proxy", "tls_proxy/certificate"}},
  };
  return kAllowed;
}

struct Exception {
  std::string_view file;
  std::string_view includes;
  std::string_view reason;
};
constexpr std::array<Exception, 4> kExceptions{{
    {"tls_proxy/openssl/contexts.h", "tls_proxy/certificate/lru_cache.h",
     "a container that depends on nothing; it moves to dataplane/base when a third folder wants it"},
    {"tls_proxy/openssl/client_sessions.h", "tls_proxy/certificate/lru_cache.h", "likewise"},
    {"dataplane/tool/packet_path.h", "dataplane/flow/detour.h",
     "the seam between flows and tools: interfaces of flow's that tools implement, so that flow knows no "
     "tools"},
    {"dataplane/tool/frame_path.h", "dataplane/flow/detour.h", "the same, for what is no TCP flow's"},
}};

bool excepted(const std::string& file, const std::string& include) {
  return std::any_of(kExceptions.begin(), kExceptions.end(),
                     [&](const Exception& e) { return e.file == file && e.includes == include; });
}

bool is_product(const SourceFile& file) { return file.is_cpp() && !file.path.starts_with("tests/"); }

std::string folder_of(const std::string& path) { return std::filesystem::path(path).parent_path().string(); }

TEST(IncludeRules, EachFolderIncludesOnlyWhatIsBelowIt) {
  for (const SourceFile& file : source_tree()) {
    if (!is_product(file)) continue;
    const auto rule = allowed().find(file.folder());
    ASSERT_NE(rule, allowed().end()) << file.path << ": the folder is not in the table of layers";
    for (std::size_t i = 0; i < file.lines.size(); ++i) {
      const Include include = include_of(file.lines[i]);
      if (include.path.empty() || include.angled) continue;
      const std::string folder = folder_of(include.path);
      if (folder == file.folder() || excepted(file.path, include.path)) continue;
      EXPECT_TRUE(rule->second.contains(folder))
          << at(file, i) << file.folder() << " must not include " << include.path;
    }
  }
}

TEST(IncludeRules, TheLayersHaveNoCycle) {
  std::set<std::string> settled;
  while (settled.size() < allowed().size()) {
    const std::size_t before = settled.size();
    for (const auto& [folder, below] : allowed()) {
      if (std::includes(settled.begin(), settled.end(), below.begin(), below.end())) settled.insert(folder);
    }
    ASSERT_GT(settled.size(), before) << "the table of layers has a cycle";
  }
}

TEST(IncludeRules, EveryPermissionIsUsed) {
  for (const auto& [folder, below] : allowed()) {
    Folders used;
    for (const SourceFile& file : source_tree()) {
      if (!is_product(file) || file.folder() != folder) continue;
      for (const std::string& line : file.lines) used.insert(folder_of(include_of(line).path));
    }
    for (const std::string& permitted : below) {
      EXPECT_TRUE(used.contains(permitted))
          << folder << " does not include " << permitted << ": take it from the table";
    }
  }
}

TEST(IncludeRules, EveryExceptionIsStillNeeded) {
  for (const Exception& exception : kExceptions) {
    const SourceFile* file = find_file(exception.file);
    ASSERT_NE(file, nullptr) << exception.file << " is gone: take it from the exceptions";
    EXPECT_TRUE(
        std::any_of(file->lines.begin(), file->lines.end(),
                    [&](const std::string& line) { return include_of(line).path == exception.includes; }))
        << exception.file << " does not include " << exception.includes
        << " any more: take it from the exceptions";
  }
}

TEST(IncludeRules, QuotedIncludesAreWrittenFromTheRepositorysRoot) {
  for (const SourceFile& file : source_tree()) {
    if (!file.is_cpp()) continue;
    for (std::size_t i = 0; i < file.lines.size(); ++i) {
      const Include include = include_of(file.lines[i]);
      if (include.path.empty() || include.angled) continue;
      EXPECT_TRUE(std::filesystem::exists(include.path)) << at(file, i) << include.path << " is not there";
    }
  }
}

// --- third-party headers ---

struct ThirdParty {
  std::string_view prefix;
  Folders folders;     // these only
  bool heavy = false;  // in .cc files only: too slow to compile everywhere
};

const std::vector<ThirdParty>& third_parties() {
  static const std::vector<ThirdParty> kThirdParties{
      {"rte_", {"dataplane/nic"}},
      {"openssl/", {"tls_proxy", "tls_proxy/openssl", "tls_proxy/certificate"}},
      {"hs/", {"policy"}, true},
      {"hs.h", {}},  // as hs/hs.h only
      {"yaml-cpp/", {"config"}, true},
      {"spdlog/", {"control"}, true},
      {"fmt/", {"control"}, true},
      {"nlohmann/", {"config", "policy", "control"}, true},
      {"CLI/", {"control"}, true},
      {"sqlite3.h", {"control"}},
  };
  return kThirdParties;
}

TEST(IncludeRules, ThirdPartyHeadersStayInTheirPlace) {
  for (const SourceFile& file : source_tree()) {
    if (!is_product(file)) continue;
    for (std::size_t i = 0; i < file.lines.size(); ++i) {
      const Include include = include_of(file.lines[i]);
      if (!include.angled) continue;
      for (const ThirdParty& library : third_parties()) {
        if (!include.path.starts_with(library.prefix)) continue;
        EXPECT_TRUE(library.folders.contains(file.folder()))
            << at(file, i) << "<" << include.path << "> does not belong in " << file.folder();
        EXPECT_FALSE(library.heavy && file.extension() == ".h")
            << at(file, i) << "<" << include.path << "> is too slow to compile for a header";
      }
    }
  }
}

TEST(IncludeRules, TheLogAndTheRulesOfPatternsHaveTheirFiles) {
  const std::map<std::string_view, Folders> files{
      {"spdlog/", {"control/log.cc"}},
      {"hs/", {"policy/pattern_database.cc", "policy/secret_patterns.cc"}},  // names, and streams
      {"yaml-cpp/", {"config/yaml_tree.cc"}},
      {"CLI/", {"control/command_line.cc"}},
      {"sqlite3.h", {"control/sqlite.h"}}};
  for (const SourceFile& file : source_tree()) {
    if (!is_product(file)) continue;
    for (std::size_t i = 0; i < file.lines.size(); ++i) {
      const Include include = include_of(file.lines[i]);
      for (const auto& [prefix, only] : files) {
        if (!include.angled || !include.path.starts_with(prefix)) continue;
        EXPECT_TRUE(only.contains(file.path)) << at(file, i) << "<" << include.path << "> has its files";
      }
    }
  }
}

}  // namespace
}  // namespace limpid::architecture
