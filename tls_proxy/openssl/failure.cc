#include "tls_proxy/openssl/failure.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/sslerr.h>

namespace limpid::openssl {

namespace {

// clang-format off
std::string_view known_alert(int description) {
  switch (description) {
    case 0: return "close_notify";
    case 10: return "unexpected_message";
    case 20: return "bad_record_mac";
    case 21: return "decryption_failed";
    case 22: return "record_overflow";
    case 30: return "decompression_failure";
    case 40: return "handshake_failure";
    case 41: return "no_certificate";
    case 42: return "bad_certificate";
    case 43: return "unsupported_certificate";
    case 44: return "certificate_revoked";
    case 45: return "certificate_expired";
    case 46: return "certificate_unknown";
    case 47: return "illegal_parameter";
    case 48: return "unknown_ca";
    case 49: return "access_denied";
    case 50: return "decode_error";
    case 51: return "decrypt_error";
    case 60: return "export_restriction";
    case 70: return "protocol_version";
    case 71: return "insufficient_security";
    case 80: return "internal_error";
    case 86: return "inappropriate_fallback";
    case 90: return "user_canceled";
    case 100: return "no_renegotiation";
    case 109: return "missing_extension";
    case 110: return "unsupported_extension";
    case 111: return "certificate_unobtainable";
    case 112: return "unrecognized_name";
    case 113: return "bad_certificate_status_response";
    case 114: return "bad_certificate_hash_value";
    case 115: return "unknown_psk_identity";
    case 116: return "certificate_required";
    case 120: return "no_application_protocol";
    case 121: return "ech_required";
    default: return {};
  }
}
// clang-format on

/// What clients say when they do not like a certificate. Some say decrypt_error or internal_error: those may
/// mean anything.
bool refuses_certificate(int alert) {
  return (alert >= 42 && alert <= 46) || alert == 48 || alert == 49 || alert == 113;
}

/// What OpenSSL says of bytes that were never meant as TLS.
bool is_not_tls(int reason) {
  return reason == SSL_R_WRONG_VERSION_NUMBER || reason == SSL_R_HTTP_REQUEST ||
         reason == SSL_R_HTTPS_PROXY_REQUEST || reason == SSL_R_PACKET_LENGTH_TOO_LONG ||
         reason == SSL_R_RECORD_LENGTH_MISMATCH || reason == SSL_R_ENCRYPTED_LENGTH_TOO_LONG ||
         reason == SSL_R_DATA_LENGTH_TOO_LONG || reason == SSL_R_BAD_RECORD_TYPE ||
         reason == SSL_R_UNEXPECTED_RECORD;
}

/// OpenSSL finds nothing of the client's offer that is strong enough to be sent on.
bool has_nothing_to_offer(int reason) {
  return reason == SSL_R_NO_CIPHERS_AVAILABLE || reason == SSL_R_NO_SUITABLE_SIGNATURE_ALGORITHM ||
         reason == SSL_R_NO_SUITABLE_GROUPS;
}

bool is_too_weak(int reason) {
  return reason == SSL_R_DH_KEY_TOO_SMALL || reason == SSL_R_UNSAFE_LEGACY_RENEGOTIATION_DISABLED;
}

Reason reason_of_alert(Role role, Phase phase, int alert) {
  const bool application = phase == Phase::kApplication;
  constexpr int kEchRequired = 121;
  if (role == Role::kClient) return application ? Reason::server_alert : Reason::server_handshake_failed;
  if (alert == kEchRequired) return Reason::client_ech_required;
  if (refuses_certificate(alert)) return Reason::client_rejected_certificate;
  return application ? Reason::client_alert : Reason::client_handshake_failed;
}

Reason reason_of_error(Role role, Phase phase, int error) {
  const bool application = phase == Phase::kApplication;
  if (role == Role::kServer) {
    if (error == SSL_R_UNSUPPORTED_PROTOCOL) return Reason::client_version_unsupported;
    return application ? Reason::client_protocol_error : Reason::client_handshake_failed;
  }
  if (phase == Phase::kBeforeServerHello && is_not_tls(error)) return Reason::server_not_tls;
  if (phase == Phase::kBeforeServerHello && has_nothing_to_offer(error)) return Reason::client_too_weak;
  if (!application && error == SSL_R_UNSUPPORTED_PROTOCOL) return Reason::server_version_unsupported;
  if (is_too_weak(error)) return Reason::server_too_weak;
  return application ? Reason::server_protocol_error : Reason::server_handshake_failed;
}

/// The first error that speaks of TLS: earlier ones, of the cryptography below, are how it was noticed; later
/// ones are its consequences.
unsigned long take_error() {
  unsigned long chosen = 0;
  for (unsigned long error = ERR_get_error(); error != 0; error = ERR_get_error()) {
    const bool better = ERR_GET_LIB(error) == ERR_LIB_SSL && ERR_GET_LIB(chosen) != ERR_LIB_SSL;
    if (chosen == 0 || better) chosen = error;
  }
  return chosen;
}

}  // namespace

std::string alert_name(int description) {
  if (description == kNoAlert) return {};
  const std::string_view known = known_alert(description);
  return known.empty() ? "alert_" + std::to_string(description) : std::string(known);
}

LegFailure take_failure(Role role, Phase phase, const Alerts& alerts) {
  const unsigned long error = take_error();
  const std::string peer = role == Role::kClient ? "the server" : "the client";
  if (alerts.received != kNoAlert) {
    return {reason_of_alert(role, phase, alerts.received),
            peer + " sent the alert " + alert_name(alerts.received)};
  }
  const char* text = error == 0 ? nullptr : ERR_reason_error_string(error);
  const std::string what = text == nullptr ? "no reason given" : text;
  if (error == 0 || ERR_GET_LIB(error) != ERR_LIB_SSL || ERR_GET_REASON(error) == ERR_R_INTERNAL_ERROR) {
    return {Reason::tls_engine_failed, "the TLS library failed towards " + peer + ": " + what};
  }
  std::string detail = peer + (phase == Phase::kApplication ? " broke the protocol: " : ": ") + what;
  if (alerts.sent != kNoAlert) detail += " (answered with the alert " + alert_name(alerts.sent) + ")";
  return {reason_of_error(role, phase, ERR_GET_REASON(error)), std::move(detail)};
}

}  // namespace limpid::openssl
