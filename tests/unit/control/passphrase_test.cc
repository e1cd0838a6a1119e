#include "control/passphrase.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <fstream>

#include "tests/unit/control/folder.h"

namespace limpid::control {
namespace {

TEST(Passphrase, IsTheFirstLineOfItsFile) {
  Folder folder;
  const auto read = [&](const std::string& text) {
    std::ofstream(folder.file("secret")) << text;
    return read_passphrase({.file = folder.file("secret"), .env = ""});
  };
  EXPECT_EQ(read("open sesame\nnothing more\n").value(), "open sesame");
  EXPECT_EQ(read("open sesame\r\n").value(), "open sesame");
  EXPECT_EQ(read("open sesame").value(), "open sesame");
  EXPECT_EQ(read("\n").error(), folder.file("secret") + ": its first line is empty");
  EXPECT_EQ(read("").error(), folder.file("secret") + ": cannot be read, or is empty");
}

// NOLINTBEGIN(concurrency-mt-unsafe): this program has one thread
TEST(Passphrase, IsTheVariableThatTheConfigurationNames) {
  const config::PassphraseSource source{.file = "", .env = "LIMPID_TEST_PASSPHRASE"};
  ::unsetenv("LIMPID_TEST_PASSPHRASE");
  EXPECT_EQ(read_passphrase(source).error(), "the environment variable LIMPID_TEST_PASSPHRASE is not set");
  ::setenv("LIMPID_TEST_PASSPHRASE", "open sesame", 1);
  EXPECT_EQ(read_passphrase(source).value(), "open sesame");
  ::unsetenv("LIMPID_TEST_PASSPHRASE");
}
// NOLINTEND(concurrency-mt-unsafe)

}  // namespace
}  // namespace limpid::control
