// The shipped examples are what operators begin with: they must load as they are.
#include <gtest/gtest.h>

#include <filesystem>

#include "config/effective.h"
#include "config/load.h"

namespace limpid::config {
namespace {

TEST(Examples, LoadWithoutAWordOfComplaint) {
  std::size_t seen = 0;
  for (const auto& entry : std::filesystem::directory_iterator("config/examples")) {
    if (entry.path().extension() != ".yaml") continue;
    ++seen;
    const auto made = load(entry.path().string(), {.check_files = false});
    ASSERT_TRUE(made.ok()) << text(made.error());
    EXPECT_EQ(text(made->warnings), "") << entry.path();
    const auto again = load_text(render_effective(*made), "/x/y.yaml", {.check_files = false});
    ASSERT_TRUE(again.ok()) << text(again.error());
    EXPECT_EQ(*again, *made) << entry.path();
  }
  EXPECT_GE(seen, 2U);
}

}  // namespace
}  // namespace limpid::config
