#include "tls_proxy/certificate/dates.h"

#include <algorithm>
#include <array>
#include <ctime>

namespace limpid::certificate {

std::optional<std::int64_t> unix_seconds(const ASN1_TIME* date) {
  std::tm parts{};
  // A null date would be read as the present time.
  if (date == nullptr || ASN1_TIME_to_tm(date, &parts) != 1) return std::nullopt;
  return std::int64_t{timegm(&parts)};
}

std::int64_t unix_seconds(WallTime when) {
  return std::chrono::floor<std::chrono::seconds>(when).time_since_epoch().count();
}

WallTime wall_time(std::int64_t unix_seconds) {
  constexpr std::int64_t kFirst = WallTime::min().time_since_epoch() / std::chrono::seconds(1);
  constexpr std::int64_t kLast = WallTime::max().time_since_epoch() / std::chrono::seconds(1);
  return WallTime(std::chrono::seconds(std::clamp(unix_seconds, kFirst, kLast)));
}

std::optional<WallTime> wall_time(const ASN1_TIME* date) {
  const std::optional<std::int64_t> seconds = unix_seconds(date);
  if (!seconds) return std::nullopt;
  return wall_time(*seconds);
}

std::string date_text(const ASN1_TIME* date) {
  std::tm parts{};
  if (date == nullptr || ASN1_TIME_to_tm(date, &parts) != 1) return "an unreadable date";
  std::array<char, 64> text{};
  const std::size_t size = std::strftime(text.data(), text.size(), "%Y-%m-%d %H:%M:%S UTC", &parts);
  return {text.data(), size};
}

}  // namespace limpid::certificate
