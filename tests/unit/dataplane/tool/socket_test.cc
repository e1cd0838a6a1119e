#include "dataplane/tool/socket.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <array>

namespace limpid::tool {
namespace {

class SocketOf : public testing::TestWithParam<const char*> {
 protected:
  SocketAddress host() const { return {*IpAddress::parse(GetParam()), 0}; }
  int family() const { return host().ip.is_v6() ? AF_INET6 : AF_INET; }
};

TEST_P(SocketOf, TakesConnectionsWhereItSays) {
  const auto listener = listening_socket(host());
  if (!listener && host().ip.is_v6()) GTEST_SKIP() << "this machine has no IPv6";
  ASSERT_TRUE(listener.ok());
  const SocketAddress at = address_of(*listener);
  EXPECT_EQ(at.ip, host().ip);
  EXPECT_NE(at.port, 0);
  const auto client = open_socket(family(), SOCK_STREAM, 0);
  ASSERT_TRUE(client.ok());
  const KernelAddress address(at);
  ASSERT_EQ(::connect(client->number(), address.get(), address.size), 0);
  const Descriptor accepted(::accept(listener->number(), nullptr, nullptr));
  ASSERT_GE(accepted.number(), 0);
  ASSERT_EQ(::write(client->number(), "x", 1), 1);
  std::array<char, 2> got{};
  EXPECT_EQ(::read(accepted.number(), got.data(), got.size()), 1);
}

TEST_P(SocketOf, SaysThatAPortIsTaken) {
  const auto first = listening_socket(host());
  if (!first && host().ip.is_v6()) GTEST_SKIP() << "this machine has no IPv6";
  ASSERT_TRUE(first.ok());
  const auto second = listening_socket(address_of(*first));
  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.error(), EADDRINUSE);
}

INSTANTIATE_TEST_SUITE_P(BothFamilies, SocketOf, testing::Values("127.0.0.1", "::1"));

}  // namespace
}  // namespace limpid::tool
