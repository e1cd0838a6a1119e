#include "control/handshake_capture.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "control/backend.h"
#include "tests/support/manual_clock.h"
#include "tests/unit/dataplane/tool/pcapng_reader.h"

namespace limpid::control {
namespace {

using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using tool::Direction;

class HandshakeCaptureTest : public ::testing::Test {
 protected:
  static std::vector<std::byte> bytes(std::string_view text) {
    const Bytes all = as_bytes(text);
    return {all.begin(), all.end()};
  }
  tls::CapturedSession session(std::string_view secrets = "") const {
    tls::CapturedSession made;
    made.order = number_;
    made.facts.client = *SocketAddress::parse("10.0.0.5:50000");
    made.facts.server = *SocketAddress::parse("192.0.2.7:443");
    made.host = "shop.example";
    made.client.pieces.push_back({Direction::kFromClient, clock_.wall(), bytes("client hello")});
    made.client.pieces.push_back({Direction::kFromServer, clock_.wall(), bytes("forged flight")});
    made.server.pieces.push_back({Direction::kFromClient, clock_.wall(), bytes("our hello")});
    made.server.secrets = bytes(secrets);
    made.client.size = 25;
    made.server.size = 9;
    return made;
  }
  tool::PcapngContents fetched() {
    const auto progress = capture_.fetch(number_, false);
    EXPECT_TRUE(progress.ok()) << progress.error();
    over_ = progress->over;
    return tool::read_pcapng(as_bytes(progress->bytes));
  }
  void start(const CaptureQuery& query = {}) {
    const auto started = capture_.start(query);
    ASSERT_TRUE(started.ok()) << started.error();
    number_ = started->number;
  }

  ManualClock clock_;
  std::vector<std::shared_ptr<tls::CaptureOrder>> told_;
  bool taken_ = true;  // by the workers
  HandshakeCapture capture_{clock_, [this](const std::shared_ptr<tls::CaptureOrder>& order) {
                              told_.push_back(order);
                              return taken_;
                            }};
  std::uint64_t number_ = 0;
  std::string over_;
};

TEST_F(HandshakeCaptureTest, TellsBothLegsAsConnectionsOfTwoInterfaces) {
  start();
  capture_.take(session());
  const tool::PcapngContents contents = fetched();
  EXPECT_THAT(contents.interfaces, ElementsAre("client leg", "server leg"));
  std::string legs;
  for (const std::uint32_t interface : contents.interface_of) legs += interface == 0 ? 'c' : 's';
  EXPECT_EQ(legs, std::string(7, 'c') + std::string(5, 's'))
      << "a handshake, and pieces with what acknowledges them";
  EXPECT_EQ(contents.comments[0], "client leg of shop.example");
  EXPECT_EQ(contents.comments[7], "server leg of shop.example");
  EXPECT_EQ(contents.comments[1], "");
}

TEST_F(HandshakeCaptureTest, SaysInTheFileWhyASessionFailed) {
  start();
  tls::CapturedSession failed = session();
  failed.failed = true;
  failed.reason = Reason::client_reset;
  failed.cause = "it pins";
  capture_.take(failed);
  EXPECT_EQ(
      fetched().comments[0],
      "client leg of shop.example; client_reset: the client reset the connection; likely cause: it pins");
}

TEST_F(HandshakeCaptureTest, TellsHowThePeerOfALegLeft) {
  start({.count = 4});
  std::string ends;
  for (const Reason reason : {Reason::client_reset, Reason::server_reset, Reason::client_handshake_closed,
                              Reason::server_handshake_closed}) {
    tls::CapturedSession left = session();
    left.reason = reason;
    capture_.take(left);
    const tool::PcapngContents contents = fetched();
    for (std::size_t i = 0; i < contents.frames.size(); ++i) {
      const auto view = wire::parse(contents.frames[i].bytes);
      ASSERT_TRUE(view.ok());
      const bool from_client = view->source().port != 443;
      if ((view->flags & (tcp::kRst | tcp::kFin)) == 0) continue;
      ends += contents.interface_of[i] == 0 ? "client leg: " : "server leg: ";
      ends += (view->flags & tcp::kRst) != 0 ? "RST from " : "FIN from ";
      ends += from_client ? "client; " : "server; ";
    }
  }
  EXPECT_EQ(ends,
            "client leg: RST from client; server leg: RST from server; client leg: FIN from client; "
            "server leg: FIN from server; ");
}

TEST_F(HandshakeCaptureTest, SecretsStandBeforeWhatTheyOpen) {
  start();
  capture_.take(session());
  capture_.take(session("CLIENT_RANDOM 1 2\n"));
  const tool::PcapngContents contents = fetched();
  EXPECT_THAT(contents.secrets, ElementsAre("CLIENT_RANDOM 1 2\n"));
  EXPECT_THAT(contents.secrets_before, ElementsAre(12U));
}

TEST_F(HandshakeCaptureTest, TellsTheWorkersWhatIsWantedAndWhenNothingIsAnyMore) {
  start({.host = "Shop",
         .client = "10.0.0.0/8",
         .server = "192.0.2.7:443",
         .failed = true,
         .secrets = true,
         .count = 1});
  ASSERT_EQ(told_.size(), 1U);
  const tls::CaptureFilter& filter = told_[0]->filter();
  EXPECT_EQ(filter.host, "shop");
  EXPECT_EQ(filter.client, IpPrefix::parse("10.0.0.0/8"));
  EXPECT_EQ(filter.server, IpPrefix::parse("192.0.2.7"));
  EXPECT_EQ(filter.server_port, 443);
  EXPECT_TRUE(filter.failed && filter.secrets);
  capture_.take(session());
  ASSERT_EQ(told_.size(), 2U);
  EXPECT_EQ(told_[1], nullptr);
  fetched();
  EXPECT_EQ(over_, "all sessions recorded");
}

TEST_F(HandshakeCaptureTest, TellsWorkersAgainThatDidNotTakeIt) {
  taken_ = false;
  start();
  capture_.look();
  EXPECT_EQ(told_.size(), 2U);
  taken_ = true;
  capture_.look();
  capture_.look();
  EXPECT_EQ(told_.size(), 3U);
}

TEST_F(HandshakeCaptureTest, UnderstandsServersWithAndWithoutPorts) {
  const auto filter = [this](const char* server) {
    EXPECT_TRUE(capture_.start({.server = server}).ok()) << server;
    const tls::CaptureFilter made = told_.back()->filter();
    EXPECT_TRUE(capture_.fetch(++number_, true).ok());
    return made.server->text() + " " + std::to_string(made.server_port);
  };
  EXPECT_EQ(filter("192.0.2.0/24"), "192.0.2.0/24 0");
  EXPECT_EQ(filter("192.0.2.0/24:8443"), "192.0.2.0/24 8443");
  EXPECT_EQ(filter("[2001:db8::1]:443"), IpPrefix::parse("2001:db8::1")->text() + " 443");
  EXPECT_EQ(filter("2001:db8::1"), IpPrefix::parse("2001:db8::1")->text() + " 0");
  for (const char* wrong : {"shop.example", "192.0.2.0/24:", "192.0.2.0/33:1", "1.2.3.4:99999"})
    EXPECT_THAT(capture_.start({.server = wrong}).error(), HasSubstr("is not an address or prefix")) << wrong;
  EXPECT_THAT(capture_.start({.client = "10.0.0.5:1"}).error(), HasSubstr("is not an address or prefix"));
}

TEST_F(HandshakeCaptureTest, OnlyOneRunsAtATime) {
  start();
  EXPECT_THAT(capture_.start({}).error(), HasSubstr("another capture is running"));
  EXPECT_TRUE(capture_.fetch(number_, true).ok());
  start();
  EXPECT_EQ(capture_.fetch(number_ - 1, false).error(), "this capture has ended");
}

TEST_F(HandshakeCaptureTest, WhatAnEarlierOneWantedDoesNotComeIntoItsFile) {
  start({.secrets = true});
  const tls::CapturedSession late = session("CLIENT_RANDOM 1 2\n");
  EXPECT_EQ(late.order, told_[0]->filter().number);
  EXPECT_TRUE(capture_.fetch(number_, true).ok());
  start();
  capture_.take(late);
  EXPECT_TRUE(fetched().secrets.empty());
  EXPECT_EQ(fetched().frames.size(), 0U);
}

TEST_F(HandshakeCaptureTest, EndsWithItsTimeAndWhatHasComeIsStillFetched) {
  start({.seconds = 5});
  capture_.take(session());
  clock_.advance(seconds(5));
  capture_.look();
  capture_.take(session());
  EXPECT_EQ(fetched().frames.size(), 12U);
  EXPECT_EQ(over_, "its time is over");
  EXPECT_FALSE(capture_.fetch(number_, false).ok());
}

TEST_F(HandshakeCaptureTest, EndsWhereNobodyFetchesIt) {
  start();
  clock_.advance(HandshakeCapture::kUnfetchedMax);
  capture_.look();
  EXPECT_EQ(told_.back(), nullptr);
  EXPECT_FALSE(capture_.fetch(number_, false).ok());
  start();
}

TEST_F(HandshakeCaptureTest, KeepsNoMoreThanALimitAndCountsWhatIsLost) {
  start({.count = 1'000});
  tls::CapturedSession large = session();
  large.server.pieces[0].bytes.assign(2U << 20U, std::byte{1});
  large.server.size = 2U << 20U;
  for (int i = 0; i < 20; ++i) capture_.take(large);
  const auto progress = capture_.fetch(number_, false);
  ASSERT_TRUE(progress.ok());
  EXPECT_LT(progress->bytes.size(), HandshakeCapture::kWaitingMax);
  EXPECT_GT(progress->lost, 0U);
  EXPECT_EQ(progress->sessions + progress->lost, 20U);
}

}  // namespace
}  // namespace limpid::control
