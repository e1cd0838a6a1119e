// Numbers as people read them. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "dataplane/base/clock.h"

namespace limpid::control {

/// "999 B", "1.5 KB", "20 MB": 1000 each, at most three digits.
std::string bytes_text(std::uint64_t bytes);
/// "0.4s", "12s", "3m05s", "2h10m", "4d03h".
std::string duration_text(Duration duration);
/// "2026-11-20 12:00", UTC.
std::string time_text(std::int64_t unix_s);
/// "12.3%"; "-" where there is no whole.
std::string percent_text(std::uint64_t part, std::uint64_t whole);
/// "30d", "4w" or "30": days.
std::optional<std::uint32_t> parse_days(std::string_view text);

}  // namespace limpid::control
