#include "tls_proxy/capture.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/tls_proxy/interception.h"

namespace limpid::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;
using tls::CapturedSession;
using tls::CaptureFilter;
using tls::CaptureOrder;

FlowFacts facts_of(std::string_view client, std::string_view server) {
  return {.client = *SocketAddress::parse(client), .server = *SocketAddress::parse(server)};
}

TEST(CaptureOrder, WantsWhatFitsAllThatItAsksFor) {
  const FlowFacts facts = facts_of("10.0.0.5:50000", "192.0.2.7:443");
  EXPECT_TRUE(CaptureOrder({}).wants(facts, ""));
  EXPECT_TRUE(CaptureOrder({.host = "shop"}).wants(facts, "www.SHOP.example"));
  EXPECT_FALSE(CaptureOrder({.host = "shop"}).wants(facts, ""));
  EXPECT_TRUE(CaptureOrder({.client = IpPrefix::parse("10.0.0.0/8")}).wants(facts, ""));
  EXPECT_FALSE(CaptureOrder({.client = IpPrefix::parse("10.1.0.0/16")}).wants(facts, ""));
  EXPECT_FALSE(CaptureOrder({.server = IpPrefix::parse("192.0.2.8")}).wants(facts, ""));
  EXPECT_TRUE(CaptureOrder({.server_port = 443}).wants(facts, ""));
  EXPECT_FALSE(CaptureOrder({.host = "shop", .server_port = 444}).wants(facts, "shop"));
}

TEST(CaptureOrder, RecordsNoMoreAtATimeThanItMayHave) {
  CaptureOrder order({.sessions_max = 2});
  EXPECT_TRUE(order.enter());
  EXPECT_TRUE(order.enter());
  EXPECT_FALSE(order.enter());
  order.leave();
  EXPECT_TRUE(order.enter());
  EXPECT_TRUE(order.take_place());
  EXPECT_TRUE(order.take_place());
  EXPECT_FALSE(order.take_place());
  order.leave();
  EXPECT_FALSE(order.enter()) << "it has all that it wanted";
  EXPECT_EQ(order.refused(), 0U);
}

TEST(CaptureOrder, WhereOnlyFailuresAreWantedLooksAtMoreSessionsThanItTakes) {
  CaptureOrder order({.failed = true, .sessions_max = 1});
  for (std::uint32_t i = 0; i < CaptureOrder::kAtOnce; ++i) EXPECT_TRUE(order.enter());
  EXPECT_FALSE(order.enter());
  EXPECT_EQ(order.refused(), 1U) << "who knows whether that one would have failed";
}

// --- Whole sessions -------------------------------------------------------------------------------------

const CapturedSession& captured(const Interception& it) { return *it.records.captured.at(0); }

std::string said(const tls::CapturedLeg& leg, tool::Direction direction) {
  std::string text;
  for (const tls::CapturedPiece& piece : leg.pieces) {
    if (piece.direction == direction) text += as_text(piece.bytes);
  }
  return text;
}
constexpr auto kFromClient = tool::Direction::kFromClient;
constexpr auto kFromServer = tool::Direction::kFromServer;

void expect_hello(const tls::CapturedLeg& leg) {
  EXPECT_THAT(said(leg, kFromClient), StartsWith("\x16\x03\x01"));
  EXPECT_THAT(said(leg, kFromClient), HasSubstr("server.example"));
}

TEST(Capture, HoldsTheHandshakesOfBothLegsAndNothingBehindThem) {
  Interception it(Interception::usual());
  it.interceptor->capture(std::make_shared<CaptureOrder>(CaptureFilter{.number = 7, .host = "server"}));
  it.connect();
  ASSERT_EQ(it.records.captured.size(), 1U) << "as soon as both are over";
  for (const tls::CapturedLeg* leg : {&captured(it).client, &captured(it).server}) {
    expect_hello(*leg);
    EXPECT_THAT(said(*leg, kFromServer), StartsWith("\x16\x03\x03"));
    EXPECT_TRUE(leg->secrets.empty()) << "nobody has asked for them";
  }
  EXPECT_NE(said(captured(it).client, kFromClient), said(captured(it).server, kFromClient));
  EXPECT_EQ(captured(it).host, "server.example");
  EXPECT_EQ(captured(it).order, 7U);
  EXPECT_FALSE(captured(it).failed);
  const std::size_t size = captured(it).client.size;
  it.expect_conversation();
  EXPECT_EQ(captured(it).client.size, size);
}

TEST(Capture, HoldsTheSecretsOfBothLegsWhereTheyAreAskedFor) {
  Interception it(Interception::usual());
  it.interceptor->capture(std::make_shared<CaptureOrder>(CaptureFilter{.secrets = true}));
  it.connect();
  ASSERT_EQ(it.records.captured.size(), 1U);
  for (const tls::CapturedLeg* leg : {&captured(it).client, &captured(it).server})
    EXPECT_THAT(std::string(as_text(leg->secrets)), HasSubstr("SERVER_HANDSHAKE_TRAFFIC_SECRET "));
}

TEST(Capture, OfFailuresHoldsWhatTheyCameToAndLeavesOutTheRest) {
  Interception it(Interception::usual());
  it.interceptor->capture(std::make_shared<CaptureOrder>(CaptureFilter{.failed = true}));
  it.connect();
  EXPECT_TRUE(it.records.captured.empty());
  it.client_settings().trust = TestPki::shared().root.certificate.get();
  it.again();
  it.pass(std::chrono::seconds(3));
  ASSERT_EQ(it.records.captured.size(), 1U);
  EXPECT_TRUE(captured(it).failed);
  EXPECT_EQ(captured(it).reason, Reason::client_rejected_certificate);
  EXPECT_THAT(captured(it).cause, HasSubstr("is not installed there"));
  expect_hello(captured(it).client);
}

TEST(Capture, OfAClientThatIsNeverAnsweredHoldsItsHelloAndTheAlert) {
  auto setup = Interception::usual();
  setup.server.version_min = TLS1_3_VERSION;
  setup.client.version_max = TLS1_2_VERSION;
  Interception it(std::move(setup));
  it.interceptor->capture(std::make_shared<CaptureOrder>(CaptureFilter{}));
  it.connect();
  it.pass(std::chrono::seconds(3));
  ASSERT_EQ(it.records.captured.size(), 1U);
  expect_hello(captured(it).client);
  EXPECT_EQ(said(captured(it).client, kFromServer), std::string("\x15\x03\x03\x00\x02\x02\x46", 7));
  expect_hello(captured(it).server);
}

TEST(Capture, LeavesOtherSessionsAloneAndEndsWhereItIsTakenBack) {
  Interception it(Interception::usual());
  it.interceptor->capture(std::make_shared<CaptureOrder>(CaptureFilter{.host = "other"}));
  it.connect();
  it.interceptor->capture(nullptr);
  it.again();
  EXPECT_TRUE(it.client.connected());
  EXPECT_TRUE(it.records.captured.empty());
}

TEST(Capture, TellsWhatIsReadAtOnceAsOnePieceAndWhatComesLaterAsAnother) {
  RecordedSessions records;
  const auto capture = tls::SessionCapture::begin(std::make_shared<CaptureOrder>(CaptureFilter{}),
                                                  facts_of("10.0.0.5:1", "10.0.0.6:2"), "");
  const auto tap = capture->server_tap();
  const WallTime began{};
  tap->on_bytes(kFromServer, as_bytes("header "), began);
  tap->on_bytes(kFromServer, as_bytes("body"), began + std::chrono::microseconds(9));
  tap->on_bytes(kFromClient, as_bytes("answer"), began + std::chrono::microseconds(10));
  tap->on_bytes(kFromClient, as_bytes("more"), began + std::chrono::seconds(1));
  capture->finish({}, records);
  const std::vector<tls::CapturedPiece>& pieces = records.captured.at(0)->server.pieces;
  ASSERT_EQ(pieces.size(), 3U);
  EXPECT_EQ(as_text(pieces[0].bytes), "header body");
  EXPECT_EQ(pieces[2].when, began + std::chrono::seconds(1));
}

TEST(Capture, KeepsNoMoreOfALegThanALimit) {
  auto order = std::make_shared<CaptureOrder>(CaptureFilter{});
  RecordedSessions records;
  const auto capture = tls::SessionCapture::begin(order, facts_of("10.0.0.5:1", "10.0.0.6:2"), "a");
  ASSERT_NE(capture, nullptr);
  const auto tap = capture->server_tap();
  const std::string much(100'000, 'x');
  for (int i = 0; i < 3; ++i) tap->on_bytes(kFromServer, as_bytes(much), {});
  capture->finish({}, records);
  tap->on_bytes(kFromServer, as_bytes(much), {});
  ASSERT_EQ(records.captured.size(), 1U);
  EXPECT_EQ(records.captured[0]->server.size, tls::SessionCapture::kLegMax);
}

}  // namespace
}  // namespace limpid::testing
