// Dates of certificates as time. X.509 dates reach to the year 9999 (RFC 5280 §4.1.2.5 uses its last second
// for "no end"); WallTime counts nanoseconds and ends in 2262, so what lies beyond is clamped. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "dataplane/base/clock.h"
#include "tls_proxy/openssl/pointers.h"

namespace limpid::certificate {

/// Unix time; none where the date cannot be read.
std::optional<std::int64_t> unix_seconds(const ASN1_TIME* date);
std::int64_t unix_seconds(WallTime when);
/// Clamped to what WallTime can say.
WallTime wall_time(std::int64_t unix_seconds);
/// Likewise; none where the date cannot be read.
std::optional<WallTime> wall_time(const ASN1_TIME* date);
/// "2030-01-01 00:00:00 UTC"; "an unreadable date".
std::string date_text(const ASN1_TIME* date);

}  // namespace limpid::certificate
