#include "tls_proxy/certificate/sighting_filter.h"

#include <gtest/gtest.h>

namespace limpid::certificate {
namespace {

using std::chrono::seconds;

TEST(SightingFilter, PassesAPlaceOnceAMinute) {
  SightingFilter filter(16);
  const Fingerprint chain{};
  const SocketAddress server = *SocketAddress::parse("192.0.2.1:443");
  const WallTime now{seconds(1'000'000)};
  EXPECT_TRUE(filter.pass(chain, server, "a.example", now));
  EXPECT_FALSE(filter.pass(chain, server, "a.example", now + seconds(59)));
  EXPECT_TRUE(filter.pass(chain, server, "a.example", now + seconds(60)));
}

TEST(SightingFilter, AnotherChainServerOrNameIsAnotherPlace) {
  SightingFilter filter(16);
  const Fingerprint chain{};
  Fingerprint other{};
  other[0] = std::byte{1};
  const SocketAddress server = *SocketAddress::parse("192.0.2.1:443");
  const WallTime now{seconds(1'000'000)};
  EXPECT_TRUE(filter.pass(chain, server, "a.example", now));
  EXPECT_TRUE(filter.pass(other, server, "a.example", now));
  EXPECT_TRUE(filter.pass(chain, *SocketAddress::parse("192.0.2.1:8443"), "a.example", now));
  EXPECT_TRUE(filter.pass(chain, server, "b.example", now));
}

}  // namespace
}  // namespace limpid::certificate
