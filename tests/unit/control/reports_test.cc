#include "control/reports.h"

#include <gtest/gtest.h>

#include "tests/unit/control/rows.h"

namespace limpid::control {
namespace {

// The texts as an operator sees them, whole.
constexpr std::string_view kSessions =
    R"(CLIENT               SERVER              HOST             STATE              DECISION/RULE  VERSION  FROM CLIENT  FROM SERVER    AGE  REASON
10.0.0.5:50000       192.0.2.7:443       shop.example     EST:EST:INIT:INIT  decrypt/rest   1.3/1.2        999 B       1.2 MB  3m05s  -
[2001:db8::5]:50001  [2001:db8:f::7]:22  -                forward            -              -                0 B          0 B   1.5s  -
10.0.0.5:50000       192.0.2.7:443       shop.example     closed             decrypt/rest   -/1.3          999 B       1.2 MB  3m05s  client_reset
10.0.0.5:50000       192.0.2.7:443       \x1b[2J.example  EST:EST:INIT:INIT  decrypt/rest   1.3/1.2        999 B       1.2 MB  3m05s  -
)";
constexpr std::string_view kCertificates =
    R"(HOST          SUBJECT          SERVER             ISSUER      NOT AFTER             OUTCOME  FIRST SEEN        LAST SEEN         COUNT
shop.example  CN=shop.example  192.0.2.7:443      CN=Some CA  2026-11-30 (10d)      trusted  2026-11-19 12:00  2026-11-20 12:00      3
-             CN=shop.example  [2001:db8::7]:443  CN=Some CA  2026-11-20 (expired)  expired  2026-11-19 12:00  2026-11-20 12:00      3
)";
constexpr std::string_view kStatistics = R"(up 1d02h, 18 sessions finished, 2 of them failed

WORKER  CORE   BUSY  BUSY TIME  PACKETS   BYTES  FORWARDED  COMPOSED  DROPPED  FLOWS  SESSIONS    STREAM MEMORY
     0     1  15.0%       1.5s    12345  6.8 MB        300     12000        0     21        20  20 KB of 512 MB

FLOWS      NOW  SINCE THE START
watch        0               21
forward      0                1
terminate    2               20
drop         -                0

REASON        CULPRIT  COUNT  WHAT IT MEANS
client_reset  client       2  the client reset the connection
not_tls       client       1  the first bytes are not a TLS ClientHello: forwarded unchanged

MIRROR    KIND    SESSIONS  PACKETS   BYTES  LOST: QUEUE  LOST: WRITE
recorder  pcapng        20      400  500 KB            0            1

INVENTORY     RECORDED  WRITTEN  WAITING  LOST  LAST FAILURE
inventory.db         4        4        0     0  -

COUNTER           COUNT
port d0 received      7
)";

TEST(Reports, SessionsShowStateDecisionAndWhatWentWrong) {
  SessionRow hostile = live_session();
  hostile.host = "\x1b[2J.example";
  EXPECT_EQ(sessions_text({live_session(), forwarded_flow(), failed_session(), hostile}), kSessions);
}

TEST(Reports, CertificatesShowWhereTheyWereSeenAndWhenTheyEnd) {
  CertificateRow expired = certificate_row();
  expired.not_after_s = kNow_s - 1;
  expired.server_ip = "2001:db8::7";
  expired.sni.clear();
  expired.outcome = "expired";
  EXPECT_EQ(certificates_text({certificate_row(), expired}, now()), kCertificates);
}

TEST(Reports, StatisticsNameEveryReasonWithItsCulpritAndMeaning) {
  EXPECT_EQ(stats_text(some_stats()), kStatistics);
}

TEST(Reports, NothingToShowIsSaid) {
  EXPECT_EQ(sessions_text({}), "no sessions\n");
  EXPECT_EQ(certificates_text({}, now()), "no certificates\n");
}

TEST(Reports, OnlyReasonsThatOccurredAreCounted) {
  ReasonCounters counters;
  counters.count(Reason::not_tls, 3);
  const std::vector<ReasonCount> counts = reason_counts(counters);
  ASSERT_EQ(counts.size(), 1U);
  EXPECT_EQ(counts[0].reason, "not_tls");
  EXPECT_EQ(counts[0].count, 3U);
}

TEST(Reports, VersionsThatAreNotKnownAreLeftOut) {
  EXPECT_EQ(version_text({"1.0.0", "3.5.0", "", "5.4.0"}),
            "limpid 1.0.0\n  OpenSSL 3.5.0\n  Hyperscan 5.4.0\n");
}

}  // namespace
}  // namespace limpid::control
