// Values with units, as the configuration writes them: "1GiB", "30s". Pure functions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "dataplane/base/clock.h"

namespace limpid::config {

/// A whole number with B, KiB, MiB, GiB or TiB.
std::optional<std::uint64_t> parse_size(std::string_view text);
/// A whole number with ms, s, min, h or d; not negative.
std::optional<Duration> parse_duration(std::string_view text);
/// Decimal digits alone.
std::optional<std::uint64_t> parse_number(std::string_view text);

/// With the largest unit that leaves a whole number.
std::string size_text(std::uint64_t bytes);
std::string duration_text(Duration duration);

}  // namespace limpid::config
