// Makes a GoogleTest of each script: suite = topic, name = claim, place = the script's line.
#pragma once

#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>

#include "tests/scenario/parser.h"
#include "tests/scenario/player.h"

namespace limpid::scenario {

/// Registers `Test(script)` for each script that is wanted, and runs all tests. For main(): scripts that
/// cannot be read are a failure of the whole.
template <typename Test, typename Wanted>
int run_scripts(const Wanted& wanted) {
  try {
    for (const Script& script : load("tests/scenario/scripts")) {
      if (!wanted(script)) continue;
      testing::RegisterTest(script.topic.c_str(), script.test_name().c_str(), nullptr, nullptr,
                            script.file.c_str(), script.line,
                            [script]() -> testing::Test* { return new Test(script); });
    }
  } catch (const ParseError& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return EXIT_FAILURE;
  }
  return RUN_ALL_TESTS();
}

}  // namespace limpid::scenario
