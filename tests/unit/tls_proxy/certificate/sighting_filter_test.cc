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

// --- what is kept back ---

class SightingFilterRepetitions : public ::testing::Test {
 protected:
  /// A sighting, reported where it passes.
  std::uint32_t sight(const std::string& name, int at_s) {
    const std::uint32_t times = filter.pass({}, server, name, now + seconds(at_s));
    if (times == 0) return 0;
    ObservedCertificate report;
    report.chain = {"leaf of " + name, "authority"};
    report.outcome = "trusted";
    report.facts.server = server;
    report.sni = name;
    report.seen = now + seconds(at_s);
    report.intercepted = true;
    filter.reported(report);
    return times;
  }

  SightingFilter filter{3};
  SocketAddress server = *SocketAddress::parse("192.0.2.1:443");
  WallTime now{seconds(1'000'000)};
};

TEST_F(SightingFilterRepetitions, AreTakenWithAllThatTellsWhatTheyRepeat) {
  for (int i = 0; i <= 5; ++i) sight("a.example", i);
  sight("b.example", 0);
  const std::vector<ObservedCertificate> taken = filter.take_repetitions(10);
  ASSERT_EQ(taken.size(), 1U) << "b.example was seen once, and that was said";
  EXPECT_EQ(taken[0].times, 5U);
  EXPECT_EQ(taken[0].leaf, sha256_hex("leaf of a.example"));
  EXPECT_TRUE(taken[0].chain.empty());
  EXPECT_EQ(taken[0].sni, "a.example");
  EXPECT_EQ(taken[0].outcome, "trusted");
  EXPECT_EQ(taken[0].facts.server, server);
  EXPECT_TRUE(taken[0].intercepted);
  EXPECT_EQ(taken[0].seen, now + seconds(5));
}

TEST_F(SightingFilterRepetitions, AreSaidOnce) {
  for (int i = 0; i <= 5; ++i) sight("a.example", i);
  EXPECT_EQ(filter.take_repetitions(10).size(), 1U);
  EXPECT_TRUE(filter.take_repetitions(10).empty());
  sight("a.example", 6);
  EXPECT_EQ(sight("a.example", 60), 2U) << "itself, and the one since they were taken";
  EXPECT_TRUE(filter.take_repetitions(10).empty());
}

TEST_F(SightingFilterRepetitions, AreTakenSoManyAtATime) {
  for (const char* name : {"a", "b", "c"}) {
    sight(name, 0);
    sight(name, 1);
  }
  EXPECT_EQ(filter.take_repetitions(2).size(), 2U);
  EXPECT_EQ(filter.take_repetitions(2).size(), 1U);
  EXPECT_TRUE(filter.take_repetitions(2).empty());
}

TEST_F(SightingFilterRepetitions, OutliveTheirPlace) {
  sight("a", 0);
  sight("a", 1);
  EXPECT_FALSE(filter.any_pushed_out());
  for (const char* name : {"b", "c", "d"}) sight(name, 2);
  EXPECT_TRUE(filter.any_pushed_out());
  const std::vector<ObservedCertificate> taken = filter.take_repetitions(10);
  ASSERT_EQ(taken.size(), 1U);
  EXPECT_EQ(taken[0].sni, "a");
  EXPECT_EQ(taken[0].times, 1U);
  EXPECT_FALSE(filter.any_pushed_out());
}

}  // namespace
}  // namespace limpid::certificate
