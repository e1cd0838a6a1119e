// The size that the path takes: told by ICMP (RFC 1191, 8201), or found out (RFC 4821).
#include "tests/unit/dataplane/tcp/endpoint_harness.h"

namespace limpid::tcp {
namespace {

using TcpPath = EndpointTest;

TEST_F(TcpPath, SendsAgainInSmallerSegmentsWhatWasTooBig) {  // RFC 1191 §6.4
  adopt();
  const std::string all = text(2500);
  write(all);
  EXPECT_TRUE(endpoint().on_too_big(kOurs + 1000, 600));
  const auto again = flush();
  ASSERT_EQ(again.size(), 4U) << "at once, and no more than what was too big";
  EXPECT_EQ(again[0].text + again[1].text + again[2].text + again[3].text, all.substr(0, 2000));
  for (const Sent& one : again) EXPECT_LE(one.text.size(), 600U);
  EXPECT_EQ(endpoint().congestion_window(), 10'000U) << "says nothing of congestion";
  receive(segment({.ack = kOurs + 2500}));
  EXPECT_EQ(write(text(1000))[0].text.size(), 600U);
}

TEST_F(TcpPath, TheOptionsCountToo) {
  Adoption stamped = adoption();
  stamped.timestamps = true;
  adopt(stamped);
  write(text(1000));
  EXPECT_TRUE(endpoint().on_too_big(kOurs, 600));
  EXPECT_EQ(flush()[0].text.size(), 588U);
}

TEST_F(TcpPath, BelievesOnlyWhoQuotesABiggerSegmentInFlight) {  // RFC 5927 §4.1
  adopt();
  write(text(2500));
  receive(segment({.ack = kOurs + 1000}));
  EXPECT_FALSE(endpoint().on_too_big(kOurs, 600)) << "acknowledged already";
  EXPECT_FALSE(endpoint().on_too_big(kOurs + 2500, 600)) << "never sent";
  EXPECT_FALSE(endpoint().on_too_big(kOurs - 70'000, 600));
  EXPECT_FALSE(endpoint().on_too_big(kOurs + 2000, 600)) << "500 bytes would have passed";
  EXPECT_FALSE(endpoint().on_too_big(kOurs + 1000, 1500)) << "larger than what is sent";
  EXPECT_FALSE(endpoint().on_too_big(kOurs + 1000, 300)) << "less than any path takes";
  EXPECT_EQ(endpoint().segment_max(), kSegment);
  EXPECT_TRUE(endpoint().on_too_big(kOurs + 1000, 600));
}

TEST_F(TcpPath, CutsWithTheFinInItsPlace) {
  adopt();
  endpoint().write(as_bytes(text(900)));
  endpoint().finish();
  flush();
  EXPECT_TRUE(endpoint().on_too_big(kOurs, 600));
  const auto again = flush();
  ASSERT_EQ(again.size(), 2U);
  EXPECT_FALSE(again[0].has(kFin));
  EXPECT_TRUE(again[1].has(kFin));
  EXPECT_EQ(again[1].header.seq, kOurs + 600);
  receive(segment({.ack = kOurs + 901}));
  EXPECT_EQ(endpoint().state(), State::kFinWait2);
}

TEST_F(TcpPath, TriesSmallerSegmentsWhereLargeOnesVanish) {  // RFC 4821 §7.7
  Adoption large = adoption();
  large.mss = 8960;
  adopt(large);
  write(text(4000));
  std::vector<Sent> sent;
  while (endpoint().counters().timeouts < 3) sent = wait_for_timer();
  ASSERT_FALSE(sent.empty());
  EXPECT_EQ(sent[0].text.size(), 1220U) << "what every IPv6 path takes";
  EXPECT_EQ(sent[0].header.seq, kOurs);
  while (endpoint().counters().timeouts < 4) sent = wait_for_timer();
  EXPECT_EQ(sent[0].text.size(), 536U);
  EXPECT_EQ(endpoint().failure(), Reason::none) << "all of that within R2";
}

TEST_F(TcpPath, AnOutageThatLookedLikeABlackHoleDoesNotMakeSegmentsSmallForGood) {  // RFC 4821 §7.7
  Adoption large = adoption();
  large.mss = 1460;
  adopt(large);
  write(text(1460));
  while (endpoint().counters().timeouts < 3) wait_for_timer();
  ASSERT_EQ(endpoint().segment_max(), 1220U);
  receive(segment({.ack = kOurs + 1460}));
  now_ += seconds{6};
  EXPECT_EQ(write(text(1460)).at(0).text.size(), 1460U) << "tried again";
  EXPECT_EQ(endpoint().segment_max(), 1220U) << "nobody has it yet";
  receive(segment({.ack = kOurs + 2920}));
  EXPECT_EQ(endpoint().segment_max(), 1460U);
  EXPECT_EQ(write(text(1460)).at(0).text.size(), 1460U);
}

TEST_F(TcpPath, ABlackHoleIsTriedAgainMoreAndMoreSeldom) {
  Adoption large = adoption();
  large.mss = 1460;
  adopt(large);
  // A path that swallows whatever has more than 1220 bytes, and acknowledges the rest.
  std::uint32_t acknowledged = 0;
  int swallowed = 0;
  for (int second = 0; second < 200; ++second) {
    std::vector<Sent> sent = write(text(1460));
    while (acknowledged < static_cast<std::uint32_t>(second + 1) * 1460) {
      for (const Sent& one : sent) {
        if (one.text.size() > 1220) ++swallowed;
        if (one.text.size() <= 1220 && one.header.seq == kOurs + acknowledged)
          acknowledged += static_cast<std::uint32_t>(one.text.size());
      }
      sent = receive(segment({.ack = kOurs + acknowledged}));
      if (sent.empty() && endpoint().unacknowledged() > 0) sent = wait_for_timer();
    }
    now_ += seconds{1};
  }
  EXPECT_EQ(endpoint().failure(), Reason::none);
  EXPECT_EQ(endpoint().segment_max(), 1220U);
  EXPECT_LE(swallowed, 20);
}

TEST_F(TcpPath, SmallSegmentsThatVanishSayNothingOfTheirSize) {
  adopt();
  write(text(200));
  while (endpoint().counters().timeouts < 4) wait_for_timer();
  EXPECT_EQ(endpoint().segment_max(), kSegment);
}

}  // namespace
}  // namespace limpid::tcp
