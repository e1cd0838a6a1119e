#include "control/command_check_config.h"

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "tests/unit/control/folder.h"

namespace limpid::control {
namespace {

constexpr const char* kGood =
    "segments: [ { name: s, client_side: { interface: a }, server_side: { interface: b } } ]\n"
    "policy: { default: pass }\n";

struct Ran {
  int code = 0;
  std::string out{};
  std::string err{};
};

Ran ran(const CheckConfigArguments& arguments) {
  std::ostringstream out;
  std::ostringstream err;
  const int code = check_config(arguments, WallTime{}, out, err);
  return {code, out.str(), err.str()};
}

std::string written(const Folder& folder, const std::string& text) {
  std::ofstream(folder.file("limpid.yaml")) << text;
  return folder.file("limpid.yaml");
}

TEST(CheckConfig, SaysWhatAGoodConfigurationHas) {
  const Folder folder;
  const std::string file = written(folder, kGood);
  const Ran good = ran({.file = file});
  EXPECT_EQ(good.code, 0);
  EXPECT_EQ(good.out, file + ": good: 1 segment, 0 tools, 0 rules\n");
  EXPECT_EQ(good.err, "");
}

TEST(CheckConfig, ShowsEveryErrorAndCountsThem) {
  const Folder folder;
  const std::string file = written(folder, std::string(kGood) + "polcy: 1\nlogging: { level: loud }\n");
  const Ran bad = ran({.file = file});
  EXPECT_EQ(bad.code, 2);
  EXPECT_EQ(bad.out, "");
  EXPECT_EQ(
      bad.err,
      file +
          ":3:1: polcy: unknown key\n    expected one of: dataplane, segments, tools, policy, tls, "
          "inventory, "
          "control, logging        did you mean \"policy\"?\n" +
          file +
          ":4:19: logging.level: \"loud\" is not a log level\n    expected one of: debug, info, warning, "
          "error\n2 errors in " +
          file + "\n");
}

TEST(CheckConfig, ShowsEveryDefaultOnRequest) {
  const Folder folder;
  const Ran good = ran({.file = written(folder, kGood), .effective = true});
  EXPECT_EQ(good.code, 0);
  EXPECT_NE(good.out.find("  memory: 1GiB\n"), std::string::npos);
}

TEST(CheckConfig, SpeaksJson) {
  const Folder folder;
  const Ran good = ran({.file = written(folder, kGood), .json = true});
  EXPECT_EQ(good.out, "{\"ok\":true,\"problems\":[]}\n");
  const Ran bad = ran({.file = written(folder, ""), .json = true});
  EXPECT_EQ(bad.code, 2);
  EXPECT_EQ(bad.out,
            "{\"ok\":false,\"problems\":[{\"column\":0,\"expected\":\"\",\"file\":\"" +
                folder.file("limpid.yaml") +
                "\",\"hint\":\"\",\"line\":0,\"path\":\"\",\"severity\":\"error\",\"what\":\"the file is "
                "empty\"}]}\n");
}

TEST(CheckConfig, FailsWhereItsAnswerCannotBeWritten) {
  const Folder folder;
  std::ofstream full("/dev/full");
  std::ostringstream err;
  EXPECT_EQ(check_config({.file = written(folder, kGood)}, WallTime{}, full, err), 1);
}

}  // namespace
}  // namespace limpid::control
