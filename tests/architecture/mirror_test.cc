// Tests mirror the sources: a/b.cc has tests/unit/a/b_test.cc. What has none is listed with its reason, and
// the list is checked: a reason that no longer holds is an error. Every folder says in its README what it is.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <set>
#include <string>

#include "tests/architecture/source_tree.h"

namespace limpid::architecture {
namespace {

struct Exemption {
  std::string_view source;
  std::string_view tested_by;  // a file that is there
  std::string_view reason;
};
constexpr std::array<Exemption, 10> kExemptions{{
    {"control/appliance.cc", "tests/interop/test_clients.py", "the wiring: needs every part, a NIC and root"},
    {"control/inline_tools.cc", "tests/interop/test_tool_health.py", "the wiring of inline tools, likewise"},
    {"control/ledger_file.cc", "tests/interop/test_restart.py",
     "maps a file for the ledger, which has its test"},
    {"control/main.cc", "tests/interop/test_clients.py", "starts the program"},
    {"dataplane/base/random.cc", "tests/interop/test_clients.py", "asks the kernel"},
    {"dataplane/base/system_clock.cc", "tests/interop/test_clients.py", "asks the kernel"},
    {"dataplane/flow/adopted_flow.cc", "tests/unit/dataplane/flow/adopt_test.cc",
     "a part of the flow engine"},
    {"dataplane/flow/flow_core.cc", "tests/unit/dataplane/flow/flow_engine_test.cc",
     "a part of the flow engine"},
    {"dataplane/flow/open_flow.cc", "tests/unit/dataplane/flow/flow_engine_test.cc",
     "a part of the flow engine"},
    {"tls_proxy/openssl/engine_callbacks.cc", "tests/unit/tls_proxy/openssl/engine_test.cc",
     "called by OpenSSL within an engine"},
}};

bool exempt(const std::string& path) {
  return std::any_of(kExemptions.begin(), kExemptions.end(),
                     [&](const Exemption& e) { return e.source == path; });
}

std::string test_of(const std::string& source) {
  return "tests/unit/" + std::filesystem::path(source).replace_extension().string() + "_test.cc";
}

bool is_product(const SourceFile& file) { return file.is_cpp() && !file.path.starts_with("tests/"); }

TEST(Mirror, EverySourceHasItsTest) {
  for (const SourceFile& file : source_tree()) {
    if (!is_product(file) || file.extension() != ".cc" || exempt(file.path)) continue;
    EXPECT_NE(find_file(test_of(file.path)), nullptr)
        << file.path << ": " << test_of(file.path) << " is missing";
  }
}

TEST(Mirror, EveryExemptionStillHolds) {
  for (const Exemption& exemption : kExemptions) {
    const std::string source(exemption.source);
    EXPECT_NE(find_file(source), nullptr) << source << " is gone: take it from the exemptions";
    EXPECT_EQ(find_file(test_of(source)), nullptr) << source << " has its test: take it from the exemptions";
    EXPECT_NE(find_file(exemption.tested_by), nullptr)
        << exemption.tested_by << ", which tests " << source << ", is gone";
    EXPECT_FALSE(exemption.reason.empty()) << source << " is exempt without a reason";
  }
}

TEST(Mirror, EveryFolderHasAReadme) {
  std::set<std::string> folders;
  for (const SourceFile& file : source_tree()) {
    // The folders below tests/unit mirror the sources, whose READMEs they share.
    if (!file.is_cpp() && file.extension() != ".py") continue;
    if (!file.path.starts_with("tests/unit/")) folders.insert(file.folder());
  }
  folders.insert("tests/unit");
  for (const std::string& folder : folders) {
    EXPECT_TRUE(std::filesystem::exists(folder + "/README.md")) << folder << ": README.md is missing";
  }
}

TEST(Mirror, EveryTestIsBuilt) {
  for (const SourceFile& file : source_tree()) {
    if (!file.path.starts_with("tests/") || !file.path.ends_with("_test.cc")) continue;
    const SourceFile* build = find_file(file.folder() + "/CMakeLists.txt");
    ASSERT_NE(build, nullptr) << file.path << ": no CMakeLists.txt beside it";
    const std::string name = std::filesystem::path(file.path).filename().string();
    EXPECT_TRUE(std::any_of(build->lines.begin(), build->lines.end(),
                            [&](const std::string& line) { return line.find(name) != std::string::npos; }))
        << file.path << " is not in " << build->path;
  }
}

}  // namespace
}  // namespace limpid::architecture
