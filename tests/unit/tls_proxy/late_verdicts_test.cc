#include "tls_proxy/late_verdicts.h"

#include <gtest/gtest.h>

namespace limpid::tls {
namespace {

using std::chrono::seconds;

const LateVerdicts::Place kPlace{*SocketAddress::parse("192.0.2.1:443"), "shop.example", "", 3};
const Instant kNow{seconds(1000)};

TEST(LateVerdicts, AreFoundWhereEverythingIsTheSame) {
  LateVerdicts verdicts(10, seconds(60));
  verdicts.remember(kPlace, {Reason::server_wants_client_certificate}, kNow);
  EXPECT_EQ(verdicts.find(kPlace, kNow).why, Reason::server_wants_client_certificate);
  LateVerdicts::Place other = kPlace;
  other.rule = 4;
  EXPECT_EQ(verdicts.find(other, kNow).why, Reason::none);
  other = kPlace;
  other.server.port = 444;
  EXPECT_EQ(verdicts.find(other, kNow).why, Reason::none);
  other = kPlace;
  other.vlan = 7;
  EXPECT_EQ(verdicts.find(other, kNow).why, Reason::none) << "another tenant's server with this address";
  other = kPlace;
  other.segment = 1;
  EXPECT_EQ(verdicts.find(other, kNow).why, Reason::none);
  other = kPlace;
  other.sni = "shop.exampl";
  other.connect = "e";
  EXPECT_EQ(verdicts.find(other, kNow).why, Reason::none) << "the two names do not run together";
}

TEST(LateVerdicts, LastForAWhileHoweverOftenTheyAreFound) {
  LateVerdicts verdicts(10, seconds(60));
  verdicts.remember(kPlace, {Reason::server_certificate_expired}, kNow);
  EXPECT_NE(verdicts.find(kPlace, kNow + seconds(59)).why, Reason::none);
  EXPECT_EQ(verdicts.find(kPlace, kNow + seconds(60)).why, Reason::none);
}

TEST(LateVerdicts, AreNoMoreThanTheirLimit) {
  LateVerdicts verdicts(2, seconds(60));
  LateVerdicts::Place place = kPlace;
  for (const std::int32_t rule : {1, 2, 3}) {
    place.rule = rule;
    verdicts.remember(place, {Reason::server_certificate_expired}, kNow);
  }
  EXPECT_NE(verdicts.find(place, kNow).why, Reason::none);
  place.rule = 1;
  EXPECT_EQ(verdicts.find(place, kNow).why, Reason::none) << "the oldest went first";
}

TEST(LateVerdicts, AreGoneWithThePolicy) {
  LateVerdicts verdicts(10, seconds(60));
  verdicts.remember(kPlace, {Reason::server_certificate_expired}, kNow);
  verdicts.clear();
  EXPECT_EQ(verdicts.find(kPlace, kNow).why, Reason::none);
}

TEST(LateVerdicts, KeepNoMoreOfCertificatesThanTheirLimitOfBytes) {
  LateVerdicts verdicts(1'000, seconds(60));
  policy::CertificateFacts large;
  large.names.assign(1'000, std::string(250, 'a'));
  const auto shown = std::make_shared<const policy::CertificateFacts>(large);
  LateVerdicts::Place place = kPlace;
  std::size_t known = 0;
  for (std::int32_t rule = 0; rule < 100; ++rule) {
    place.rule = rule;
    verdicts.remember(place, {Reason::passed_by_certificate, shown}, kNow);
  }
  for (std::int32_t rule = 0; rule < 100; ++rule) {
    place.rule = rule;
    known += verdicts.find(place, kNow).shown != nullptr ? 1U : 0U;
  }
  EXPECT_GT(known, 5U);
  EXPECT_LT(known, 20U) << "4 MiB";
}

}  // namespace
}  // namespace limpid::tls
