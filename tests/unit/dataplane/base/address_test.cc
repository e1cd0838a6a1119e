#include "dataplane/base/address.h"

#include <gtest/gtest.h>

namespace limpid {
namespace {

TEST(IpAddress, ReadsAndWritesBothFamilies) {
  EXPECT_EQ(IpAddress::parse("192.0.2.1")->text(), "192.0.2.1");
  EXPECT_EQ(IpAddress::parse("2001:DB8:0::1")->text(), "2001:db8::1");
}

TEST(IpAddress, RefusesAnythingThatIsNotExactlyAnAddress) {
  for (const char* text : {"", "1.2.3", "1.2.3.4 ", "1.2.3.256", "[::1]", "::1%eth0", "a.example"}) {
    EXPECT_FALSE(IpAddress::parse(text)) << text;
  }
}

TEST(SocketAddress, PutsBracketsAroundIpv6AndWantsThem) {
  EXPECT_EQ(SocketAddress::parse("[::1]:443")->text(), "[::1]:443");
  EXPECT_EQ(SocketAddress::parse("10.0.0.1:80")->text(), "10.0.0.1:80");
  for (const char* text :
       {"::1:443", "10.0.0.1", "10.0.0.1:", "10.0.0.1:65536", "[10.0.0.1]:80", "10.0.0.1:+1"}) {
    EXPECT_FALSE(SocketAddress::parse(text)) << text;
  }
}

TEST(IpPrefix, ContainsExactlyTheAddressesUnderIt) {
  const IpPrefix prefix = *IpPrefix::parse("10.1.128.0/17");
  EXPECT_TRUE(prefix.contains(*IpAddress::parse("10.1.128.0")));
  EXPECT_TRUE(prefix.contains(*IpAddress::parse("10.1.255.255")));
  EXPECT_FALSE(prefix.contains(*IpAddress::parse("10.1.127.255")));
  EXPECT_FALSE(prefix.contains(*IpAddress::parse("::a01:8000")));
}

TEST(IpPrefix, AnAddressAloneIsItsFullLengthAndZeroMeansAll) {
  EXPECT_EQ(IpPrefix::parse("2001:db8::1")->length, 128);
  EXPECT_TRUE(IpPrefix::parse("::/0")->contains(*IpAddress::parse("ff02::1")));
}

TEST(IpPrefix, RefusesBitsBeyondItsLength) {
  EXPECT_FALSE(IpPrefix::parse("10.1.0.1/16"));
  EXPECT_FALSE(IpPrefix::parse("10.1.0.0/33"));
  EXPECT_FALSE(IpPrefix::parse("10.1.0.0/"));
}

}  // namespace
}  // namespace limpid
