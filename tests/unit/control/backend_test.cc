#include "control/backend.h"

#include <gtest/gtest.h>

#include "tests/unit/control/rows.h"

namespace limpid::control {
namespace {

TEST(SessionQuery, AloneMeansWhatIsBeingInterceptedNow) {
  const SessionQuery query;
  EXPECT_TRUE(query.matches(live_session()));
  EXPECT_FALSE(query.matches(forwarded_flow()));
  EXPECT_FALSE(query.matches(failed_session()));
}

TEST(SessionQuery, AllMeansForwardedAndFinishedOnesToo) {
  SessionQuery query;
  query.all = true;
  for (const SessionRow& row : {live_session(), forwarded_flow(), failed_session()})
    EXPECT_TRUE(query.matches(row));
}

TEST(SessionQuery, FailedMeansThoseAloneThatFailedWhetherTheyHaveFinishedOrNot) {
  SessionQuery query;
  query.failed = true;
  EXPECT_FALSE(query.matches(live_session()));
  EXPECT_FALSE(query.matches(forwarded_flow()));
  EXPECT_TRUE(query.matches(failed_session()));
  SessionRow passed = failed_session();
  passed.failed = false;  // a reason, but it went on
  EXPECT_FALSE(query.matches(passed));
  query.host = "bank";
  EXPECT_FALSE(query.matches(failed_session()));
}

TEST(SessionQuery, HostIsAnyPartOfTheNameInAnyCase) {
  SessionQuery query;
  query.host = "SHOP";
  EXPECT_TRUE(query.matches(live_session()));
  query.host = "shop.example.org";
  EXPECT_FALSE(query.matches(live_session()));
}

TEST(SessionQuery, HostIsAnyPartOfWhatTheServersCertificateNamesToo) {
  SessionRow nameless = live_session();
  nameless.host.clear();
  nameless.certificate_subject = "CN=Front,O=Big Shop";
  nameless.certificate_names = {"other.example", "www.Market.example"};
  for (const char* part : {"big shop", "market.example", "OTHER"}) {
    SessionQuery query;
    query.host = part;
    EXPECT_TRUE(query.matches(nameless)) << part;
  }
  SessionQuery query;
  query.host = "bank";
  EXPECT_FALSE(query.matches(nameless));
}

TEST(SessionQuery, StateIsTheBeginningOfTheState) {
  SessionQuery query;
  query.state = "est:est";
  EXPECT_TRUE(query.matches(live_session()));
  query.state = "SYN";
  EXPECT_FALSE(query.matches(live_session()));
}

TEST(LearntQuery, AsksForAPartOfTheServerAndForOneState) {
  EXPECT_TRUE(LearntQuery{}.matches(learnt_row()));
  EXPECT_TRUE(LearntQuery{.host = "PINNED"}.matches(learnt_row()));
  EXPECT_FALSE(LearntQuery{.host = "shop"}.matches(learnt_row()));
  EXPECT_TRUE(LearntQuery{.state = "bypass"}.matches(learnt_row()));
  EXPECT_FALSE(LearntQuery{.state = "by"}.matches(learnt_row()));
}

}  // namespace
}  // namespace limpid::control
