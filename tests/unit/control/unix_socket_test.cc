#include "control/unix_socket.h"

#include <gtest/gtest.h>

namespace limpid::control {
namespace {

TEST(UnixAddress, RefusesPathsThatDoNotFit) {
  EXPECT_TRUE(unix_address(std::string(107, 'x')));
  EXPECT_FALSE(unix_address(std::string(108, 'x')));
  EXPECT_FALSE(unix_address(""));
}

}  // namespace
}  // namespace limpid::control
