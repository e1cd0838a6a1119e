#include "config/configuration.h"

#include <gtest/gtest.h>

namespace limpid::config {
namespace {

TEST(ConfigurationWords, AreThoseOfTheFile) {
  EXPECT_EQ(name(Idle::kAdaptive), "adaptive");
  EXPECT_EQ(name(Idle::kBusy), "busy");
  EXPECT_EQ(name(Driver::kAfPacket), "af_packet");
  EXPECT_EQ(name(Driver::kAfXdp), "af_xdp");
  EXPECT_EQ(name(MemifRole::kServer), "server");
  EXPECT_EQ(name(MemifRole::kClient), "client");
  EXPECT_EQ(name(Driver::kTap), "tap");
  EXPECT_EQ(name(LogLevel::kDebug), "debug");
  EXPECT_EQ(name(LogLevel::kInfo), "info");
  EXPECT_EQ(name(LogLevel::kWarning), "warning");
  EXPECT_EQ(name(LogLevel::kError), "error");
}

TEST(Names, AreInTheOrderOfTheFile) {
  Configuration configuration;
  configuration.segments.resize(2);
  configuration.segments[0].name = "edge";
  configuration.segments[1].name = "core";
  configuration.tools.resize(1);
  configuration.tools[0].name = "ids";
  EXPECT_EQ(names(configuration).segments, (std::vector<std::string>{"edge", "core"}));
  EXPECT_EQ(names(configuration).tools, (std::vector<std::string>{"ids"}));
}

}  // namespace
}  // namespace limpid::config
