#include "tls_proxy/certificate/live_status.h"

#include <gtest/gtest.h>

#include "tests/support/manual_clock.h"
#include "tests/support/pki.h"

namespace limpid::certificate {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using testing::make_ocsp_response;
using What = LiveStatus::Answer::What;

class LiveStatusTest : public ::testing::Test {
 protected:
  LiveStatusTest() { clock_.advance(testing::kTestNow - clock_.wall()); }
  What ask() { return live_.ask(kQuestion).what; }
  void answer(const LiveStatus::Body& body) { live_.answer(kQuestion, body); }

  const std::string kQuestion = "http://responder.example/MFMw";
  ManualClock clock_;
  testing::Credential issuer_ = testing::make_certificate(testing::ca_spec("Issuer"));
  testing::Credential leaf_ = testing::make_certificate({}, &issuer_);
  std::string good_ = make_ocsp_response(issuer_, leaf_, {.until = hours(2)});
  LiveStatus live_{clock_};
};

TEST_F(LiveStatusTest, AsksOnceForAllWhoWantToKnow) {
  EXPECT_EQ(ask(), What::kAwaited);
  EXPECT_EQ(ask(), What::kAwaited);
  EXPECT_EQ(live_.next({}), kQuestion);
  std::stop_source stopped;
  stopped.request_stop();
  EXPECT_FALSE(live_.next(stopped.get_token())) << "there is no second question";
}

TEST_F(LiveStatusTest, KnowsAnAnswerAsLongAsItIsGoodForAndAsksAgainThen) {
  ask();
  answer(good_);
  EXPECT_EQ(live_.ask(kQuestion).response, good_);
  clock_.advance(hours(2));
  EXPECT_EQ(ask(), What::kKnown);
  clock_.advance(std::chrono::seconds(1));
  EXPECT_EQ(ask(), What::kAwaited);
}

TEST_F(LiveStatusTest, KeepsNoAnswerForDays) {
  ask();
  answer(make_ocsp_response(issuer_, leaf_, {.until = hours(24 * 7)}));
  clock_.advance(LiveStatus::kKeptMax);
  EXPECT_EQ(ask(), What::kAwaited);
}

TEST_F(LiveStatusTest, AsksNobodyAgainSoonWhoHasNotAnsweredAsHeShould) {
  const std::string late = make_ocsp_response(issuer_, leaf_, {.until = -hours(1)});
  const std::vector<LiveStatus::Body> bodies = {std::string("<html>"), late, std::string(17'000, 'x'),
                                                Failure{LiveStatus::None::kRefusal}};
  for (const auto& body : bodies) {
    EXPECT_EQ(ask(), What::kAwaited);
    answer(body);
    EXPECT_EQ(ask(), What::kNone);
    clock_.advance(LiveStatus::kAskAgainAfter);
  }
}

TEST_F(LiveStatusTest, AResponderThatCannotBeReachedIsAskedNothingForAWhile) {
  const std::string another = "http://other.example/MFMx";
  ask();
  live_.ask(kQuestion + "2");
  live_.ask(kQuestion + "3");
  live_.ask(another);
  EXPECT_EQ(live_.next({}), kQuestion);
  EXPECT_EQ(live_.next({}), kQuestion + "2");
  EXPECT_EQ(live_.next({}), another) << "two at once are enough for one responder";
  answer(Failure{LiveStatus::None::kSilence});
  EXPECT_EQ(ask(), What::kNone);
  EXPECT_EQ(live_.ask(kQuestion + "4").what, What::kNone) << "nor anything else";
  std::stop_source stopped;
  stopped.request_stop();
  EXPECT_FALSE(live_.next(stopped.get_token())) << "what has waited for it is not asked either";
  EXPECT_EQ(live_.ask(kQuestion + "3").what, What::kNone);
  clock_.advance(LiveStatus::kAskAgainAfter);
  EXPECT_EQ(ask(), What::kAwaited);
}

TEST_F(LiveStatusTest, AResponderThatRefusesOneQuestionIsAskedOthers) {
  const std::string second = kQuestion + "2";
  ask();
  EXPECT_EQ(live_.next({}), kQuestion);
  answer(Failure{LiveStatus::None::kRefusal});
  EXPECT_EQ(ask(), What::kNone) << "that one not again at once";
  ASSERT_EQ(live_.ask(second).what, What::kAwaited);
  EXPECT_EQ(live_.next({}), second);
  EXPECT_TRUE(live_.answer(second, good_));
  EXPECT_EQ(live_.ask(second).what, What::kKnown);
}

TEST_F(LiveStatusTest, AnAnswerThatIsRefusedIsNotKept) {
  ask();
  answer(good_);
  live_.refuse(kQuestion);
  EXPECT_EQ(ask(), What::kNone);
  clock_.advance(LiveStatus::kAskAgainAfter);
  EXPECT_EQ(ask(), What::kAwaited);
}

TEST_F(LiveStatusTest, LetsSoManyWaitAndNoMore) {
  for (std::size_t i = 0; i < LiveStatus::kWaitingMax; ++i)
    ASSERT_EQ(live_.ask(kQuestion + std::to_string(i)).what, What::kAwaited);
  EXPECT_EQ(ask(), What::kNone);
  EXPECT_TRUE(live_.next({}));
  EXPECT_EQ(ask(), What::kAwaited);
}

}  // namespace
}  // namespace limpid::certificate
