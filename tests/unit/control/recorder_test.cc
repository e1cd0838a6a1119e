#include "control/recorder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/manual_clock.h"
#include "tests/unit/control/folder.h"
#include "tests/unit/control/sightings.h"
#include "tls_proxy/capture.h"
#include "tls_proxy/session_record.h"

namespace limpid::control {
namespace {

class RecorderTest : public ::testing::Test {
 protected:
  static std::unique_ptr<Log> open_log(const std::string& path) {
    auto log = Log::open({.level = "info", .file = path});
    EXPECT_TRUE(log.ok()) << log.error();
    return std::move(log).value();
  }
  static tls::SessionRecord record(const std::string& host, Reason reason = Reason::none) {
    tls::SessionRecord record;
    record.sni = host;
    record.reason = reason;
    record.finished = true;
    return record;
  }

  Folder folder_;
  std::unique_ptr<Log> log_ = open_log(folder_.file("limpid.log"));
  ManualClock clock_;
  Inventory inventory_{{.database = folder_.file("inventory.db")}, clock_, [](std::string_view) {}};
  RecordQueues queues_{{.workers = 2}};
  Recorder recorder_{queues_, *log_, inventory_, {"edge"}};
};

TEST_F(RecorderTest, CapturedSessionsGoToWhoeverWantsThem) {
  const auto capture = [this](const char* host) {
    auto session = std::make_unique<tls::CapturedSession>();
    session->host = host;
    queues_.for_worker(0).on_captured(std::move(session));
    recorder_.pump();
  };
  capture("nobody.wants");
  std::vector<std::string> hosts;
  recorder_.tell_captured([&](const tls::CapturedSession& session) { hosts.push_back(session.host); });
  capture("shop.example");
  EXPECT_EQ(hosts, std::vector<std::string>{"shop.example"});
}

TEST_F(RecorderTest, EverySessionIsALineARowAndACount) {
  queues_.for_worker(0).on_session(record("one.example"));
  queues_.for_worker(1).on_session(record("two.example", Reason::server_reset));
  EXPECT_EQ(recorder_.pump(), 2U);
  EXPECT_EQ(recorder_.sessions_finished(), 2U);
  EXPECT_EQ(recorder_.sessions_failed(), 1U);
  ASSERT_EQ(recorder_.finished().size(), 2U);
  EXPECT_EQ(recorder_.finished()[0].host, "two.example");  // the latest first
  EXPECT_EQ(recorder_.finished()[0].segment, "edge");
  log_->flush();
  const std::string text = contents(folder_.file("limpid.log"));
  EXPECT_THAT(text, ::testing::HasSubstr("host=one.example"));
  EXPECT_THAT(text, ::testing::HasSubstr("reason=server_reset culprit=server"));
  EXPECT_EQ(recorder_.pump(), 0U);
}

TEST_F(RecorderTest, KeepsOnlyTheLatestOfManySessions) {
  for (std::size_t i = 0; i < Recorder::kFinishedMax + 5; ++i) queues_.for_worker(0).on_session(record("a"));
  recorder_.pump();
  EXPECT_EQ(recorder_.finished().size(), Recorder::kFinishedMax);
  EXPECT_EQ(recorder_.sessions_finished(), Recorder::kFinishedMax + 5);
}

TEST_F(RecorderTest, CertificatesGoToTheInventory) {
  queues_.for_worker(0).on_certificate(seen(chain_for("shop.example"), "shop.example"));
  EXPECT_EQ(recorder_.pump(), 1U);
  EXPECT_TRUE(inventory_.flush(std::chrono::minutes(2)));
  EXPECT_EQ(inventory_.stats().written, 1U);
}

TEST_F(RecorderTest, WarnsOnceOfACertificateThatHasChanged) {
  const auto changed = [&](const std::string& sentence) {
    certificate::ObservedCertificate sighting = seen(chain_for("shop.example"), "shop.example");
    sighting.changed = sentence;
    queues_.for_worker(0).on_certificate(certificate::ObservedCertificate(sighting));
    queues_.for_worker(1).on_certificate(std::move(sighting));
    recorder_.pump();
  };
  changed("the shop has changed");
  changed("the shop has changed");
  changed("the shop has changed again");
  log_->flush();
  const std::string text = contents(folder_.file("limpid.log"));
  const std::string first = text.substr(text.find("the shop"));
  EXPECT_THAT(text, ::testing::HasSubstr("the shop has changed again"));
  EXPECT_EQ(first.find("the shop", first.find("the shop", 1) + 1), std::string::npos) << text;
}

}  // namespace
}  // namespace limpid::control
