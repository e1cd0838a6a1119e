#include "tls_proxy/certificate/dates.h"

#include <gtest/gtest.h>

#include <memory>

namespace limpid::certificate {
namespace {

using DatePtr = std::unique_ptr<ASN1_TIME, openssl::Freed<ASN1_TIME_free>>;

DatePtr date(const char* text) {
  DatePtr made(ASN1_TIME_new());
  EXPECT_EQ(ASN1_TIME_set_string_X509(made.get(), text), 1) << text;
  return made;
}

TEST(Dates, AreReadInBothForms) {
  EXPECT_EQ(unix_seconds(date("300101000000Z").get()), 1'893'456'000);
  EXPECT_EQ(unix_seconds(date("20510101000000Z").get()), 2'556'144'000);
  EXPECT_EQ(date_text(date("300101123456Z").get()), "2030-01-01 12:34:56 UTC");
}

TEST(Dates, TheYear9999IsTheEndOfTimeNotItsBeginning) {
  const DatePtr never = date("99991231235959Z");
  EXPECT_EQ(unix_seconds(never.get()), 253'402'300'799);
  EXPECT_GT(*wall_time(never.get()), WallTime(std::chrono::seconds(9'000'000'000)));
  EXPECT_GT(wall_time(253'402'300'799), wall_time(std::int64_t{9'000'000'000}));
  EXPECT_LT(wall_time(-253'402'300'799), wall_time(std::int64_t{-9'000'000'000}));
}

TEST(Dates, WhatIsNoDateIsNone) {
  EXPECT_EQ(unix_seconds(static_cast<const ASN1_TIME*>(nullptr)), std::nullopt);
  const DatePtr nonsense(ASN1_TIME_new());
  ASN1_STRING_set(nonsense.get(), "yesterday", 9);
  EXPECT_EQ(unix_seconds(nonsense.get()), std::nullopt);
  EXPECT_EQ(wall_time(nonsense.get()), std::nullopt);
  EXPECT_EQ(date_text(nonsense.get()), "an unreadable date");
}

TEST(Dates, TimesBeforeTheEpochAreRoundedDown) {
  EXPECT_EQ(unix_seconds(WallTime(std::chrono::milliseconds(-1))), -1);
  EXPECT_EQ(unix_seconds(WallTime(std::chrono::milliseconds(1'999))), 1);
}

}  // namespace
}  // namespace limpid::certificate
