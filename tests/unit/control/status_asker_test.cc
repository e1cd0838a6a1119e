#include "control/status_asker.h"

#include <gtest/gtest.h>

#include <future>

#include "tests/support/manual_clock.h"
#include "tests/support/pki.h"

namespace limpid::control {
namespace {

using certificate::LiveStatus;
using What = LiveStatus::Answer::What;

struct StatusAskerTest : ::testing::Test {
  StatusAskerTest() { clock.advance(testing::kTestNow - clock.wall()); }
  /// As a session does, until the answer is there.
  LiveStatus::Answer heard(LiveStatus& live, const std::string& question) {
    LiveStatus::Answer answer = live.ask(question);
    while (answer.what == What::kAwaited) {
      std::this_thread::yield();
      answer = live.ask(question);
    }
    return answer;
  }
  StatusAsker::Warn remember() {
    return [this](const std::string& line) { lines.push_back(line); };
  }
  ManualClock clock;
  std::vector<std::string> lines;  // by the threads one after the other
  testing::Credential issuer = testing::make_certificate(testing::ca_spec("Issuer"));
  std::string response = testing::make_ocsp_response(issuer, testing::make_certificate({}, &issuer));
};

TEST_F(StatusAskerTest, BringsTheAnswersOfManyWorkersQuestions) {
  LiveStatus live(clock);
  auto asker = std::make_unique<StatusAsker>(
      live,
      [&](const std::string& url) -> Result<std::string, HttpFailure> {
        if (url.ends_with("7")) return std::string("<html>");
        return response;
      },
      remember());
  std::vector<std::future<int>> workers;
  for (int worker = 0; worker < 3; ++worker) {
    workers.push_back(std::async(std::launch::async, [&] {
      int known = 0;
      for (int i = 0; i < 50; ++i)
        known += heard(live, "http://r.example/" + std::to_string(i)).what == What::kKnown ? 1 : 0;
      return known;
    }));
  }
  for (std::future<int>& worker : workers) EXPECT_EQ(worker.get(), 45);
  asker.reset();
  EXPECT_EQ(lines,
            std::vector<std::string>{
                "asking http://r.example whether a certificate is revoked: its answer says nothing of use"})
      << "once";
}

TEST_F(StatusAskerTest, AResponderThatTakesItsTimeHoldsUpNoOther) {
  LiveStatus live(clock);
  std::promise<void> release;
  const std::shared_future<void> released = release.get_future().share();
  const StatusAsker asker(
      live,
      [&](const std::string& url) -> Result<std::string, HttpFailure> {
        if (url == "slow") released.wait();
        return response;
      },
      remember());
  EXPECT_EQ(live.ask("slow").what, What::kAwaited);
  EXPECT_EQ(heard(live, "quick").what, What::kKnown);
  EXPECT_EQ(live.ask("slow").what, What::kAwaited);
  release.set_value();
  EXPECT_EQ(heard(live, "slow").what, What::kKnown);
}

TEST_F(StatusAskerTest, SaysWhereAnAnswerIsOfNoUse) {
  LiveStatus live(clock);
  {
    const StatusAsker asker(
        live, [](const std::string&) { return std::string("<html>"); }, remember());
    EXPECT_EQ(heard(live, "http://r.example:8080/a/b").what, What::kNone);
  }
  ASSERT_EQ(lines.size(), 1U);
  EXPECT_EQ(lines.front(),
            "asking http://r.example:8080 whether a certificate is revoked: its answer says nothing of use");
}

TEST_F(StatusAskerTest, ARefusalIsOfOneQuestionAndSilenceOfAllOfThem) {
  LiveStatus live(clock);
  {
    const StatusAsker asker(
        live,
        [&](const std::string& url) -> Result<std::string, HttpFailure> {
          if (url.ends_with("/good")) return response;
          if (url.ends_with("/unknown")) return Failure{HttpFailure{"the answer is HTTP/1.1 404"}};
          return Failure{HttpFailure{"r.example cannot be reached", true}};
        },
        remember());
    EXPECT_EQ(heard(live, "http://r.example/unknown").what, What::kNone);
    EXPECT_EQ(heard(live, "http://r.example/good").what, What::kKnown);
    EXPECT_EQ(heard(live, "http://silent.example/").what, What::kNone);
    EXPECT_EQ(heard(live, "http://silent.example/good").what, What::kNone);
  }
  ASSERT_EQ(lines.size(), 2U);
  EXPECT_EQ(lines.front(),
            "asking http://r.example whether a certificate is revoked: the answer is HTTP/1.1 404");
}

TEST_F(StatusAskerTest, EndsThoughNobodyHasAskedAnything) {
  LiveStatus live(clock);
  {
    const StatusAsker asker(
        live, [](const std::string&) { return std::string(); }, remember());
  }
  EXPECT_EQ(live.ask("http://r.example/").what, What::kAwaited) << "and whoever asks then is not held up";
}

}  // namespace
}  // namespace limpid::control
