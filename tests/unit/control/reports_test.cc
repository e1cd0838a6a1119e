#include "control/reports.h"

#include <gtest/gtest.h>

#include "tests/unit/control/folder.h"
#include "tests/unit/control/rows.h"

namespace limpid::control {
namespace {

/// The texts as an operator sees them, whole.
std::string golden(const std::string& name) { return contents("tests/unit/control/golden/" + name + ".txt"); }

TEST(Reports, SessionsShowStateDecisionAndWhatWentWrong) {
  SessionRow hostile = live_session();
  hostile.host = "\x1b[2J.example";
  EXPECT_EQ(sessions_text({live_session(), forwarded_flow(), failed_session(), hostile}), golden("sessions"));
}

TEST(Reports, ASessionWithoutANameShowsTheOneInItsServersCertificate) {
  SessionRow nameless = live_session();
  nameless.certificate_names = {"*.shop.example", "other.example"};
  EXPECT_EQ(sessions_text({nameless}).find("certificate"), std::string::npos);
  nameless.host.clear();
  EXPECT_NE(sessions_text({nameless}).find(" - (certificate: *.shop.example) "), std::string::npos);
}

TEST(Reports, FailedSessionsShowWhoseFaultItIsTheCauseAndHowFarBothLegsCame) {
  SessionRow defective = failed_session();
  defective.certificate = "expired";
  defective.certificate_detail = "certificate has expired (2024-02-01)";
  defective.detail = "a detail\x1b[2J";
  EXPECT_EQ(failures_text({failed_session(), defective}), golden("failures"));
}

TEST(Reports, CertificatesShowWhereTheyWereSeenAndWhenTheyEnd) {
  CertificateRow expired = certificate_row();
  expired.not_after_s = kNow_s - 1;
  expired.server_ip = "2001:db8::7";
  expired.sni.clear();
  expired.outcome = "expired";
  EXPECT_EQ(certificates_text({certificate_row(), expired}, now()), golden("certificates"));
}

TEST(Reports, StatisticsNameEveryReasonWithItsCulpritAndMeaning) {
  EXPECT_EQ(stats_text(some_stats()), golden("stats"));
}

TEST(Reports, NothingToShowIsSaid) {
  EXPECT_EQ(sessions_text({}), "no sessions\n");
  EXPECT_EQ(failures_text({}), "no failed sessions\n");
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

TEST(Reports, SayHowASessionCameToTls) {
  SessionRow mail = live_session();
  mail.upgrade = "smtp";
  SessionRow proxied = live_session();
  proxied.upgrade = "connect";
  proxied.connect = "shop.example:443";
  const std::string text = sessions_text({mail, proxied});
  EXPECT_NE(text.find("shop.example (upgrade: smtp)"), std::string::npos) << text;
  EXPECT_NE(text.find("shop.example (connect: shop.example:443)"), std::string::npos) << text;
}

}  // namespace
}  // namespace limpid::control
