// StapledResponse: the OCSP response (RFC 6960) that a server sends with its certificate (RFC 6066 §8). What
// it says counts only if it is about this certificate, signed by its issuer or by whom that has appointed,
// and in time. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "dataplane/base/clock.h"
#include "tls_proxy/openssl/pointers.h"

namespace limpid::certificate {

struct StapledStatus {
  bool revoked = false;  // else good
  WallTime until;        // exclusive
};

/// Nothing where the response says nothing valid about the certificate.
std::optional<StapledStatus> stapled_status(std::string_view response, const X509* certificate, X509* issuer,
                                            WallTime now);

/// Until when (exclusive) what it says holds, whoever has signed it. Nothing where that has not begun, is
/// over, or cannot be read.
std::optional<WallTime> in_time_until(std::string_view response, WallTime now);

}  // namespace limpid::certificate
