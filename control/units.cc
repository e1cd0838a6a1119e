#include "control/units.h"

#include <array>
#include <charconv>
#include <chrono>
#include <cstdio>

namespace limpid::control {

namespace {

constexpr std::uint32_t kDaysMax = 36'500;

template <typename... Values>
std::string print(const char* format, Values... values) {
  std::array<char, 64> text{};
  const int size = std::snprintf(text.data(), text.size(), format, values...);
  return {text.data(), static_cast<std::size_t>(size)};
}

}  // namespace

std::string bytes_text(std::uint64_t bytes) {
  if (bytes < 1'000) return print("%u B", static_cast<unsigned>(bytes));
  auto value = static_cast<double>(bytes);
  std::string_view unit;
  for (const std::string_view next : {"KB", "MB", "GB", "TB", "PB", "EB"}) {
    value /= 1'000;
    unit = next;
    if (value < 999.5) break;
  }
  return print(value < 9.95 ? "%.1f " : "%.0f ", value) + std::string(unit);
}

std::string duration_text(Duration duration) {
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(duration).count();
  if (seconds < 10) return print("%.1fs", std::chrono::duration<double>(duration).count());
  if (seconds < 60) return print("%ds", static_cast<int>(seconds));
  const auto minutes = seconds / 60;
  if (minutes < 60) return print("%dm%02ds", static_cast<int>(minutes), static_cast<int>(seconds % 60));
  const auto hours = minutes / 60;
  if (hours < 24) return print("%dh%02dm", static_cast<int>(hours), static_cast<int>(minutes % 60));
  return print("%lldd%02dh", static_cast<long long>(hours / 24), static_cast<int>(hours % 24));
}

std::string time_text(std::int64_t unix_s) {
  const std::chrono::sys_seconds time{std::chrono::seconds(unix_s)};
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date(day);
  const auto minutes = std::chrono::duration_cast<std::chrono::minutes>(time - day).count();
  return print("%04d-%02u-%02u %02d:%02d", static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
               static_cast<unsigned>(date.day()), static_cast<int>(minutes / 60),
               static_cast<int>(minutes % 60));
}

std::string percent_text(std::uint64_t part, std::uint64_t whole) {
  if (whole == 0) return "-";
  return print("%.1f%%", 100.0 * static_cast<double>(part) / static_cast<double>(whole));
}

std::optional<std::uint32_t> parse_days(std::string_view text) {
  std::uint32_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || number > kDaysMax) return std::nullopt;
  const std::string_view unit(end, static_cast<std::size_t>(text.data() + text.size() - end));
  if (unit.empty() || unit == "d") return number;
  if (unit == "w" && number <= kDaysMax / 7) return number * 7;
  return std::nullopt;
}

}  // namespace limpid::control
