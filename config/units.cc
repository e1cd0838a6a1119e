#include "config/units.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <limits>

namespace limpid::config {

namespace {

struct Unit {
  std::string_view name;
  std::uint64_t factor;
};

// The largest first.
constexpr std::array<Unit, 5> kSizes = {{{"TiB", std::uint64_t{1} << 40U},
                                         {"GiB", std::uint64_t{1} << 30U},
                                         {"MiB", std::uint64_t{1} << 20U},
                                         {"KiB", std::uint64_t{1} << 10U},
                                         {"B", 1}}};
constexpr std::array<Unit, 5> kDurations = {{{"d", 86'400'000'000'000U},
                                             {"h", 3'600'000'000'000U},
                                             {"min", 60'000'000'000U},
                                             {"s", 1'000'000'000U},
                                             {"ms", 1'000'000U}}};

template <std::size_t N>
std::optional<std::uint64_t> parse(std::string_view text, const std::array<Unit, N>& units) {
  const std::size_t digits = std::min(text.find_first_not_of("0123456789"), text.size());
  const std::optional<std::uint64_t> number = parse_number(text.substr(0, digits));
  if (!number) return std::nullopt;
  std::string_view rest = text.substr(digits);
  if (rest.starts_with(' ')) rest.remove_prefix(1);
  for (const Unit& unit : units) {
    if (rest != unit.name) continue;
    if (*number > std::numeric_limits<std::int64_t>::max() / unit.factor) return std::nullopt;
    return *number * unit.factor;
  }
  return std::nullopt;
}

template <std::size_t N>
std::string text_of(std::uint64_t value, const std::array<Unit, N>& units) {
  for (const Unit& unit : units) {
    if (value != 0 && value % unit.factor == 0)
      return std::to_string(value / unit.factor) + std::string(unit.name);
  }
  return std::to_string(value / units.back().factor) + std::string(units.back().name);
}

}  // namespace

std::optional<std::uint64_t> parse_number(std::string_view text) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (text.empty() || error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

std::optional<std::uint64_t> parse_size(std::string_view text) { return parse(text, kSizes); }

std::optional<Duration> parse_duration(std::string_view text) {
  const std::optional<std::uint64_t> value = parse(text, kDurations);
  if (!value) return std::nullopt;
  return Duration(static_cast<Duration::rep>(*value));
}

std::string size_text(std::uint64_t bytes) { return text_of(bytes, kSizes); }

std::string duration_text(Duration duration) {
  return text_of(static_cast<std::uint64_t>(duration.count()), kDurations);
}

}  // namespace limpid::config
