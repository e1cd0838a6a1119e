#include "control/list_fetcher.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "tests/support/manual_clock.h"
#include "tests/support/pki.h"

namespace limpid::control {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using testing::ca_spec;
using testing::Credential;
using testing::make_certificate;
using testing::make_revocation_list;
using testing::revocation_list_pem;

constexpr const char* kUrl = "http://authority.example/a.crl";

class ListFetcherTest : public ::testing::Test {
 protected:
  ListFetcherTest() { clock_.advance(testing::kTestNow - clock_.wall()); }

  void want(const std::string& url = kUrl) {
    std::vector<certificate::ListSource> sources;
    sources.push_back({url, openssl::share(authority_.certificate.get())});
    fetcher_.want(std::move(sources));
  }
  void fetch() {
    fetcher_.fetch_due([] { return false; });
  }
  void serve(const Credential& signer, const testing::RevocationListSpec& spec = {}) {
    answer_ = revocation_list_pem(make_revocation_list(signer, spec).get());
  }

  ManualClock clock_;
  Credential authority_ = make_certificate(ca_spec("Authority"));
  Result<std::string, std::string> answer_ = Failure{std::string("nobody answers")};
  std::vector<std::string> asked_;
  ListFetcher fetcher_{[this](const std::string& url) {
                         asked_.push_back(url);
                         return answer_;
                       },
                       clock_};
};

TEST_F(ListFetcherTest, FetchesEachListOnceAndAgainAtHalfOfItsTime) {
  serve(authority_, {.until = hours(8)});
  want();
  want();
  fetch();
  fetch();
  EXPECT_EQ(asked_, std::vector<std::string>{kUrl});
  const auto changes = fetcher_.take_changes();
  ASSERT_TRUE(changes.lists);
  EXPECT_EQ(changes.lists->size(), 1U);
  EXPECT_TRUE(changes.failures.empty());
  clock_.advance(hours(4) - minutes(1));
  fetch();
  EXPECT_EQ(asked_.size(), 1U);
  clock_.advance(minutes(1));
  fetch();
  EXPECT_EQ(asked_.size(), 2U);
  EXPECT_FALSE(fetcher_.take_changes().lists) << "it is the same";
}

TEST_F(ListFetcherTest, KeepsTheListThatItHasWhereANewOneCannotBeHad) {
  serve(authority_, {.until = hours(8)});
  want();
  fetch();
  EXPECT_TRUE(fetcher_.take_changes().lists);
  const Credential impostor = make_certificate(ca_spec("Authority"));
  serve(impostor);
  clock_.advance(hours(4));
  fetch();
  const auto changes = fetcher_.take_changes();
  EXPECT_FALSE(changes.lists);
  EXPECT_EQ(changes.failures,
            std::vector<std::string>{std::string(kUrl) +
                                     ": the revocation list is not signed by the certificate's issuer"});
}

TEST_F(ListFetcherTest, AnOlderListThanTheOneItHasIsNotTaken) {
  serve(authority_, {.from = -hours(1), .until = hours(8)});
  want();
  fetch();
  EXPECT_TRUE(fetcher_.take_changes().lists);
  serve(authority_, {.from = -hours(2), .until = hours(8)});
  clock_.advance(hours(4));
  fetch();
  const auto changes = fetcher_.take_changes();
  EXPECT_FALSE(changes.lists);
  ASSERT_EQ(changes.failures.size(), 1U);
  EXPECT_EQ(changes.failures[0],
            std::string(kUrl) + ": the revocation list is older than the one that is held");
}

TEST_F(ListFetcherTest, TriesAgainSoonAndComplainsOnce) {
  want();
  fetch();
  EXPECT_EQ(fetcher_.take_changes().failures,
            std::vector<std::string>{std::string(kUrl) + ": nobody answers"});
  clock_.advance(ListFetcher::kAgainAtLeast);
  fetch();
  EXPECT_EQ(asked_.size(), 2U);
  EXPECT_TRUE(fetcher_.take_changes().failures.empty());
  serve(authority_);
  clock_.advance(ListFetcher::kAgainAtLeast);
  fetch();
  EXPECT_TRUE(fetcher_.take_changes().lists);
}

TEST_F(ListFetcherTest, ADateFarAwayIsNoReasonToFetchSeldom) {
  serve(authority_, {.until = hours(24 * 365 * 200)});
  want();
  fetch();
  clock_.advance(ListFetcher::kAgainAtMost);
  fetch();
  EXPECT_EQ(asked_.size(), 2U);
}

TEST_F(ListFetcherTest, WhereThereAreTooManySourcesTheLongestUnwantedMakesRoom) {
  for (std::size_t i = 0; i < ListFetcher::kSourcesMax; ++i) want(kUrl + std::to_string(i));
  clock_.advance(std::chrono::seconds(1));
  for (std::size_t i = 5; i < ListFetcher::kSourcesMax; ++i) want(kUrl + std::to_string(i));
  for (std::size_t i = 0; i < 5; ++i) want("http://new.example/" + std::to_string(i));
  fetch();
  EXPECT_EQ(asked_.size(), ListFetcher::kSourcesMax);
  const auto asked = [this](const std::string& url) {
    return std::find(asked_.begin(), asked_.end(), url) != asked_.end();
  };
  EXPECT_TRUE(asked("http://new.example/4"));
  EXPECT_TRUE(asked(kUrl + std::to_string(5)));
  EXPECT_FALSE(asked(kUrl + std::to_string(4)));
}

TEST_F(ListFetcherTest, StopsBetweenTwoFetchesWhereItIsToldTo) {
  want("http://a.example/");
  want("http://b.example/");
  fetcher_.fetch_due([this] { return !asked_.empty(); });
  EXPECT_EQ(asked_.size(), 1U);
}

}  // namespace
}  // namespace limpid::control
