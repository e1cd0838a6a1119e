// Why a TLS leg failed: the one place where OpenSSL's error queue becomes a Reason and a sentence. Always
// leaves the queue empty: SSL_get_error() is right only then. Thread: the worker's.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "dataplane/base/reasons.h"

namespace limpid::openssl {

/// What we are on a leg: a client on the server leg, a server on the client leg.
enum class Role : std::uint8_t { kClient, kServer };

/// Descriptions of fatal alerts (RFC 8446 §6); kNoAlert where there was none.
inline constexpr int kNoAlert = -1;
struct Alerts {
  int received = kNoAlert;
  int sent = kNoAlert;
};
/// "unknown_ca"; "alert_200" for what has no name; empty for kNoAlert.
std::string alert_name(int description);

enum class Phase : std::uint8_t { kBeforeServerHello, kHandshake, kApplication };

struct LegFailure {
  Reason reason = Reason::none;
  std::string detail;  // a sentence
};

LegFailure take_failure(Role role, Phase phase, const Alerts& alerts);

}  // namespace limpid::openssl
