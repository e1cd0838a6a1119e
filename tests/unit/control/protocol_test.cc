#include "control/protocol.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/control/rows.h"

namespace limpid::control {
namespace {

using ::testing::HasSubstr;

TEST(Protocol, ASessionComesThroughWhole) {
  FakeBackend backend;
  backend.session_rows = {live_session(), failed_session()};
  const auto rows = read_sessions(answer(request(SessionQuery{}), backend));
  ASSERT_TRUE(rows.ok()) << rows.error();
  ASSERT_EQ(rows->size(), 2U);
  EXPECT_EQ(sessions_json(*rows), sessions_json(backend.session_rows));
  EXPECT_EQ((*rows)[0].certificate_names, live_session().certificate_names);
  EXPECT_EQ((*rows)[0].age, live_session().age);
  EXPECT_EQ((*rows)[0].opened, live_session().opened);
  EXPECT_EQ((*rows)[1].reason, "client_reset");
}

TEST(Protocol, ACertificateComesThroughWhole) {
  FakeBackend backend;
  const auto rows = read_certificates_answer(answer(request(CertificateQuery{}), backend));
  ASSERT_TRUE(rows.ok()) << rows.error();
  EXPECT_EQ(certificates_json(*rows), certificates_json({certificate_row()}));
}

TEST(Protocol, StatsComeThroughWhole) {
  FakeBackend backend;
  const auto stats = read_stats(answer(stats_request(), backend));
  ASSERT_TRUE(stats.ok()) << stats.error();
  EXPECT_EQ(stats_json(*stats), stats_json(some_stats()));
  EXPECT_EQ(stats_text(*stats), stats_text(some_stats()));
}

TEST(Protocol, TheVersionComesThroughWhole) {
  FakeBackend backend;
  const auto version = read_version(answer(version_request(), backend));
  ASSERT_TRUE(version.ok()) << version.error();
  EXPECT_EQ(version->limpid, "9.9");
  EXPECT_EQ(version->hyperscan, "5.4");
}

TEST(Protocol, ATakingOutOfServiceComesThroughWholeAndSoDoesItsRefusal) {
  FakeBackend backend;
  const auto changed = read_service(answer(service_request("ips", false), backend));
  ASSERT_TRUE(changed);
  EXPECT_EQ(backend.service.tool, "ips");
  EXPECT_FALSE(backend.service.in_service);
  EXPECT_EQ(service_json(*changed), service_json(backend.service));
  EXPECT_EQ(read_service(answer(service_request("isp", true), backend)).error(),
            "there is no inline tool isp");
}

TEST(Protocol, ACaptureComesThroughWholeWhateverItsBytesAre) {
  FakeBackend backend;
  std::string bytes;
  for (int i = 0; i < 256; ++i) bytes += static_cast<char>(i);
  backend.captures = {{.number = 4},
                      {.number = 4, .sessions = 3, .failed = 2, .lost = 1, .over = "", .bytes = bytes}};
  const CaptureQuery query{.host = "shop",
                           .client = "10.0.0.0/8",
                           .server = "192.0.2.7:443",
                           .failed = true,
                           .secrets = true,
                           .count = 3,
                           .seconds = 5};
  const auto began = read_capture(answer(request(query), backend));
  ASSERT_TRUE(began.ok()) << began.error();
  EXPECT_EQ(request(backend.capture_query), request(query));
  EXPECT_EQ(began->number, 4U);
  const auto progress = read_capture(answer(captured_request(4, true), backend));
  ASSERT_TRUE(progress.ok()) << progress.error();
  EXPECT_EQ(progress->bytes, bytes);
  EXPECT_EQ(progress->sessions, 3U);
  EXPECT_EQ(progress->failed, 2U);
  EXPECT_EQ(progress->lost, 1U);
  EXPECT_EQ(progress->over, "stopped");
  EXPECT_TRUE(backend.capture_stopped);
  EXPECT_EQ(read_capture(answer(captured_request(4, false), backend)).error(), "this capture has ended");
}

TEST(Protocol, ACapturesBytesThatAreNoneAreNotUnderstood) {
  for (const char* bytes : {"0", "0g", "zz"}) {
    EXPECT_FALSE(read_capture(R"({"ok":true,"result":{"bytes":")" + std::string(bytes) + "\"}}").ok())
        << bytes;
  }
}

TEST(Protocol, WhatWasLearntComesThroughWholeAndSoDoesTheOperatorsWordOnIt) {
  FakeBackend backend;
  const auto rows = read_learnt(answer(request(LearntQuery{}), backend));
  ASSERT_TRUE(rows.ok()) << rows.error();
  EXPECT_EQ(learnt_json(*rows), learnt_json(backend.learnt_rows));
  EXPECT_EQ((*rows)[0].until, learnt_row().until);
  const auto judge = [&](const std::string& id, LearntVerdict verdict) {
    return read_judged_learnt(answer(learnt_request(id, verdict), backend));
  };
  EXPECT_EQ(judge("0123456789ab", LearntVerdict::kAccept)->state, "accepted");
  EXPECT_EQ(judge("0123456789ab", LearntVerdict::kForget)->state, "forgotten");
  EXPECT_EQ(judge("x", LearntVerdict::kForget).error(), "there is no entry x");
}

TEST(Protocol, QueriesComeThroughWhole) {
  FakeBackend backend;
  answer(request(SessionQuery{.host = "shop", .state = "EST", .all = true, .limit = 7}), backend);
  EXPECT_EQ(backend.session_query.host, "shop");
  EXPECT_EQ(backend.session_query.state, "EST");
  EXPECT_TRUE(backend.session_query.all);
  EXPECT_FALSE(backend.session_query.failed);
  EXPECT_EQ(backend.session_query.limit, 7U);
  answer(request(SessionQuery{.failed = true}), backend);
  EXPECT_TRUE(backend.session_query.failed);
  answer(request(CertificateQuery{.host = "shop", .expiring_days = 30, .limit = 8}), backend);
  EXPECT_EQ(backend.certificate_query.host, "shop");
  EXPECT_EQ(backend.certificate_query.expiring_days, 30U);
  EXPECT_EQ(backend.certificate_query.limit, 8U);
  answer(request(LearntQuery{.host = "shop", .state = "bypass", .limit = 9}), backend);
  EXPECT_EQ(backend.learnt_query.host, "shop");
  EXPECT_EQ(backend.learnt_query.state, "bypass");
  EXPECT_EQ(backend.learnt_query.limit, 9U);
}

TEST(Protocol, AnAnswerIsOneLineWhateverItHolds) {
  FakeBackend backend;
  backend.session_rows[0].host = std::string("a\n\xff\0b", 5);
  const std::string line = answer(request(SessionQuery{}), backend);
  EXPECT_EQ(line.find('\n'), line.size() - 1);
  EXPECT_TRUE(read_sessions(line).ok());
}

TEST(Protocol, ReasonsCarryTheirCulpritAndSentence) {
  EXPECT_THAT(stats_json(some_stats()), HasSubstr("\"culprit\": \"client\""));
  EXPECT_THAT(stats_json(some_stats()), HasSubstr("the client reset the connection"));
}

TEST(Protocol, RefusesWhatIsNotARequestAndSaysWhy) {
  FakeBackend backend;
  const std::pair<const char*, const char*> refused[] = {
      {"", "not a JSON object"},
      {"sessions", "not a JSON object"},
      {"[1]", "not a JSON object"},
      {"{\"version\":1", "not a JSON object"},
      {"{}", "version 1"},
      {"{\"version\":2,\"request\":\"stats\"}", "version 1"},
      {"{\"version\":\"1\",\"request\":\"stats\"}", "version 1"},
      {"{\"version\":1}", "is not a request"},
      {"{\"version\":1,\"request\":\"shutdown\"}", "is not a request"},
      {"{\"version\":1,\"request\":7}", "has to be a string"},
      {"{\"version\":1,\"request\":\"sessions\",\"hots\":\"a\"}", "not a field"},
      {"{\"version\":1,\"request\":\"sessions\",\"all\":1}", "true or false"},
      {"{\"version\":1,\"request\":\"sessions\",\"limit\":-1}", "a number"},
      {"{\"version\":1,\"request\":\"sessions\",\"limit\":20001}", "a number"},
      {"{\"version\":1,\"request\":\"certificates\",\"expiring_days\":1.5}", "a number"},
      {"{\"version\":1,\"request\":\"stats\",\"host\":\"a\"}", "not a field"},
      {"{\"version\":1,\"request\":\"service\",\"tool\":\"ips\"}", "is missing"},
      {"{\"version\":1,\"request\":\"learnt\",\"all\":true}", "not a field"},
      {"{\"version\":1,\"request\":\"judge_learnt\",\"id\":\"a\"}", "accept or forget"},
      {"{\"version\":1,\"request\":\"service\",\"tool\":\"ips\",\"in_service\":0}", "true or false"},
  };
  for (const auto& [line, why] : refused) {
    const auto rows = read_sessions(answer(line, backend));
    ASSERT_FALSE(rows.ok()) << line;
    EXPECT_THAT(rows.error(), HasSubstr(why)) << line;
  }
}

TEST(Protocol, DeepNestingIsRefusedBeforeItIsParsed) {
  FakeBackend backend;
  EXPECT_THAT(answer(std::string(60'000, '['), backend), HasSubstr("nested too deeply"));
}

TEST(Protocol, AnAnswerThatCannotBeUnderstoodIsAnError) {
  for (const char* line : {"", "x", "{}", "[]", "{\"ok\":1}", "{\"ok\":true}", "{\"ok\":true,\"result\":7}",
                           "{\"ok\":true,\"result\":[{\"client\":7}]}"}) {
    EXPECT_FALSE(read_sessions(line).ok()) << line;
  }
}

TEST(Protocol, AFieldThatAnOlderLimpidDoesNotSendKeepsItsDefault) {
  const auto rows = read_sessions("{\"ok\":true,\"result\":[{\"client\":\"a\",\"new\":1}]}");
  ASSERT_TRUE(rows.ok()) << rows.error();
  EXPECT_EQ((*rows)[0].client, "a");
  EXPECT_EQ((*rows)[0].bytes_from_client, 0U);
}

}  // namespace
}  // namespace limpid::control
