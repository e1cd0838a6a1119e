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
  EXPECT_TRUE(filter.pass(chain, *SocketAddress::parse("192.0.2.2:443"), "a.example", now));
  EXPECT_TRUE(filter.pass(chain, *SocketAddress::parse("192.0.2.1:8443"), "a.example", now));
  EXPECT_TRUE(filter.pass(chain, server, "b.example", now));
}

TEST(SightingFilter, AReportSaysForHowManySightingsItStands) {
  SightingFilter filter(16);
  const Fingerprint chain{};
  const SocketAddress server = *SocketAddress::parse("[2001:db8::1]:443");
  const WallTime now{seconds(1'000'000)};
  EXPECT_EQ(filter.pass(chain, server, "", now), 1U);
  for (int i = 1; i <= 5; ++i) EXPECT_EQ(filter.pass(chain, server, "", now + seconds(i)), 0U);
  EXPECT_EQ(filter.pass(chain, server, "", now + seconds(61)), 6U);
  EXPECT_EQ(filter.pass(chain, server, "", now + seconds(122)), 1U);
}

TEST(SightingFilter, AClockThatWasSetBackSilencesNothing) {
  SightingFilter filter(16);
  const SocketAddress server = *SocketAddress::parse("192.0.2.1:443");
  const WallTime now{seconds(1'000'000)};
  EXPECT_TRUE(filter.pass({}, server, "", now));
  EXPECT_TRUE(filter.pass({}, server, "", now - seconds(3'600)));
}

TEST(SightingFilter, ForgetsTheOldestPlaceWhenFull) {
  SightingFilter filter(2);
  const SocketAddress server = *SocketAddress::parse("192.0.2.1:443");
  const WallTime now{seconds(1'000'000)};
  for (const char* name : {"a", "b", "c"}) EXPECT_TRUE(filter.pass({}, server, name, now));
  EXPECT_TRUE(filter.pass({}, server, "a", now));
  EXPECT_FALSE(filter.pass({}, server, "c", now));
}

}  // namespace
}  // namespace limpid::certificate
