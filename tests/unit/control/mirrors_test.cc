#include "control/mirrors.h"

#include <gtest/gtest.h>

#include "dataplane/base/system_clock.h"
#include "tests/unit/control/folder.h"

namespace limpid::control {
namespace {

config::Tool tool_with(config::Mirror mirror) {
  config::Tool tool;
  tool.name = "copy";
  tool.mirror = std::move(mirror);
  return tool;
}

class MirrorsTest : public testing::Test {
 protected:
  auto open(const config::Tool& tool) {
    return open_mirror(tool, *MaskMaker::compile(tool.mirror.mask), 2, clock_, [](std::string_view) {});
  }

  Folder folder_;
  SystemClock clock_;
};

TEST_F(MirrorsTest, EveryTargetButAPortHasAThreadOfItsOwn) {
  config::Mirror file;
  file.pcapng = folder_.file("plain.pcapng");
  config::Mirror tunnel;
  tunnel.tunnel.emplace().collector = *SocketAddress::parse("127.0.0.1:4789");
  config::Mirror server;
  server.server.emplace().listen = *SocketAddress::parse("127.0.0.1:0");
  for (const config::Mirror& mirror : {file, tunnel, server}) {
    const auto made = open(tool_with(mirror));
    ASSERT_TRUE(made.ok()) << made.error();
    ASSERT_NE(*made, nullptr);
    EXPECT_NE(&(*made)->for_worker(0), &(*made)->for_worker(1));
  }
}

TEST_F(MirrorsTest, APortIsTheWorkersOwnAndAnInlineToolIsNoMirror) {
  config::Mirror port;
  port.port.emplace().interface = "m0";
  config::Tool inline_tool;
  inline_tool.inline_tool.emplace();
  for (const config::Tool& tool : {tool_with(port), inline_tool}) {
    const auto made = open(tool);
    ASSERT_TRUE(made.ok());
    EXPECT_EQ(*made, nullptr);
  }
}

TEST_F(MirrorsTest, WhatCannotBeOpenedIsSaidWithTheToolsName) {
  config::Mirror file;
  file.pcapng = "/nonexistent/x.pcapng";
  const auto made = open(tool_with(file));
  ASSERT_FALSE(made.ok());
  EXPECT_EQ(made.error(),
            "tool copy: /nonexistent/x.pcapng: cannot be opened for writing: No such file or directory");
}

TEST_F(MirrorsTest, KindsAreTheWordsOfTheConfiguration) {
  config::Mirror port;
  port.port.emplace();
  config::Mirror tunnel;
  tunnel.tunnel.emplace().kind = config::TunnelKind::kErspan;
  EXPECT_EQ(mirror_kind(port), "interface");
  EXPECT_EQ(mirror_kind(tunnel), "erspan");
  config::Mirror server;
  server.server.emplace();
  EXPECT_EQ(mirror_kind(server), "pcap_over_ip");
  EXPECT_EQ(mirror_kind({}), "pcapng");
}

}  // namespace
}  // namespace limpid::control
